//! The store as the daemon uses it: saved, stopped at any moment, opened again.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use gonogo_probes::contract::{Confidence, Item, Kept, Memory, Sample};
use tempfile::TempDir;

use super::{
    Effort, Now, Remembered, RememberedProbe, Store, StoreError, Written,
    sealed::{seal, unseal},
    state::SCHEMA,
};
use crate::{
    assessment::{Rulings, assess},
    findings::{Findings, TargetFindings},
    scorecard::Verdict,
    testing::{self, CATALOGUE, at},
};

/// A value that a probe keeps.
#[derive(serde::Deserialize, serde::Serialize)]
struct Seen(u64);

impl Kept for Seen {
    const NAME: &'static str = "seen";
    const VERSION: u32 = 1;
    const MOST: usize = 20;
}

/// A daemon's findings and store, on a directory that outlives them.
struct Desk {
    findings: Findings,
    store: Store,
    memories: Vec<Remembered>,
    errors: Vec<StoreError>,
    began: Instant,
    /// Seconds since 1970 at the start.
    epoch: u64,
    passed: u64,
}

impl Desk {
    /// Starts in second 1000 with these targets.
    fn start(directory: &TempDir, targets: &[&str]) -> Self {
        Self::start_at(directory, targets, 1000)
    }

    fn start_at(directory: &TempDir, targets: &[&str], epoch: u64) -> Self {
        let mut desk = Self {
            findings: Findings::default(),
            store: Store::open(directory.path(), at(epoch)).expect("writable"),
            memories: Vec::new(),
            errors: Vec::new(),
            began: Instant::now(),
            epoch,
            passed: 0,
        };
        desk.configure(targets);
        desk
    }

    fn now(&self) -> Now {
        Now {
            at: at(self.epoch + self.passed),
            tick: self.began + Duration::from_secs(self.passed),
        }
    }

    /// Takes over a configuration with these targets.
    fn configure(&mut self, targets: &[&str]) {
        let known = std::mem::take(&mut self.memories);
        self.memories = targets
            .iter()
            .map(|name| {
                let before = known.iter().find(|it| it.target == *name);
                before.cloned().unwrap_or_else(|| remembered(name))
            })
            .collect();
        let before = self.findings.snapshot();
        let adopted = self.store.adopt(&before, self.memories.clone(), &CATALOGUE, self.now());
        let expected: Vec<_> = targets.iter().map(|name| testing::expected(name)).collect();
        self.findings.expect(&expected);
        self.findings.restore(adopted.known);
        self.errors = adopted.errors;
    }

    fn visit(&self, target: &str, item: Item) {
        self.visit_with(target, vec![item]);
    }

    fn visit_with(&self, target: &str, items: Vec<Item>) {
        let report = testing::report(&testing::DOOR, items);
        let visit = testing::visit(self.epoch + self.passed - 1);
        self.findings.record(testing::door(target), visit, report).expect("expected");
    }

    fn save(&self) -> Result<Written, StoreError> {
        self.store.save(&self.findings.snapshot(), self.now(), Effort::Due)
    }

    fn stop(self) {
        let written = self.store.save(&self.findings.snapshot(), self.now(), Effort::Last);
        assert!(!written.expect("written").pending);
    }

    fn target(&self, name: &str) -> Arc<TargetFindings> {
        self.findings.target(name).expect("configured")
    }

    /// When the door of a target was last looked at.
    fn visited_at(&self, name: &str) -> Option<SystemTime> {
        self.target(name).probes[0].visited.as_ref().map(|visited| visited.ended)
    }

    fn word(&self, name: &str) -> &'static str {
        self.target(name).probes[0].answers[0].finding.outcome.as_str()
    }

    fn memory(&self, name: &str) -> &Memory {
        let known = self.memories.iter().find(|it| it.target == name).expect("configured");
        &known.probes[0].memory
    }
}

fn remembered(target: &str) -> Remembered {
    let probe = RememberedProbe { name: "door".into(), observes: [1; 32], memory: Arc::default() };
    Remembered { target: target.to_owned(), probes: vec![probe] }
}

fn pass() -> Item {
    Item::pass("front", "shut")
}

fn fail() -> Item {
    Item::fail(Confidence::Firm, "front", "open")
}

fn file(directory: &TempDir, name: &str) -> PathBuf {
    directory.path().join(name)
}

#[test]
fn findings_survive_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(&directory, &["shop"]);
    desk.visit("shop", fail().replay("ls"));
    desk.findings.record_verdict("shop", Verdict::NoGo, at(1000));
    let before = desk.target("shop");
    desk.stop();
    let desk = Desk::start(&directory, &["shop"]);
    let after = desk.target("shop");
    assert_eq!(after.standing, before.standing);
    let (before, after) = (&before.probes[0], &after.probes[0]);
    assert_eq!(after.answers[0].finding.items, before.answers[0].finding.items);
    assert_eq!(after.answers[0].since, before.answers[0].since);
    assert_eq!(after.answers[0].past, before.answers[0].past);
    assert_eq!(after.answers[0].beginnings, before.answers[0].beginnings);
    assert!(after.answers[0].beginnings.since(0).is_some());
    let visited = |it: &crate::findings::ProbeFindings| {
        it.visited.as_ref().map(|it| (it.began, it.ended, it.took, it.misdated))
    };
    assert_eq!(visited(after), visited(before));
    assert_eq!(after.readings, before.readings);
    assert_eq!(after.interval, before.interval);
    assert_eq!(after.stale_at(), before.stale_at());
    assert!(desk.errors.is_empty(), "{:?}", desk.errors);
}

#[test]
fn nothing_is_written_when_nothing_happened() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut desk = Desk::start(&directory, &["shop"]);
    desk.visit("shop", pass());
    desk.memory("shop").record("door", at(1000), Sample { latency: None, ok: true });
    desk.stop();
    desk = Desk::start(&directory, &["shop"]);
    let before = desk.store.written();
    for hours in 0..48 {
        desk.passed = hours * 3600;
        assert_eq!(desk.save().expect("nothing to do"), Written::default());
    }
    assert_eq!(desk.store.written(), before);
}

#[test]
fn a_target_that_was_never_visited_has_no_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(&directory, &["shop"]);
    desk.findings.record_verdict("shop", Verdict::Unknown, at(1000));
    assert_eq!(desk.save().expect("nothing to do"), Written::default());
}

#[test]
fn a_visit_that_says_the_same_again_costs_a_few_bytes_and_is_known_after_a_crash() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut desk = Desk::start(&directory, &["shop"]);
    // The second one confirms the first.
    desk.visit("shop", pass());
    desk.visit("shop", pass());
    assert_eq!(desk.save().expect("written").files, 1);
    let before = desk.store.written();
    desk.passed = 60;
    desk.visit("shop", Item::pass("front", "shut, in other words"));
    assert_eq!(desk.save().expect("written"), Written::default());
    assert!(desk.store.written() - before < 150, "{}", desk.store.written() - before);
    drop(desk);
    let desk = Desk::start(&directory, &["shop"]);
    assert_eq!(desk.visited_at("shop"), Some(at(1060)));
}

#[test]
fn a_changed_answer_is_written_at_once_but_not_at_any_rate() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut desk = Desk::start(&directory, &["shop"]);
    desk.visit("shop", pass());
    assert_eq!(desk.save().expect("written"), Written { files: 1, pending: false });
    desk.passed = 1;
    desk.visit("shop", fail());
    assert_eq!(desk.save().expect("nothing due"), Written { files: 0, pending: true });
    desk.passed = 10;
    assert_eq!(desk.save().expect("written"), Written { files: 1, pending: false });
    drop(desk);
    assert_eq!(Desk::start(&directory, &["shop"]).word("shop"), "fail");
}

#[test]
fn texts_and_gauges_are_written_now_and_then() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut desk = Desk::start(&directory, &["shop"]);
    let mut files = 0;
    for minute in 0..6 * 60 {
        desk.passed = minute * 60;
        desk.visit("shop", Item::pass("front", format!("shut for the {minute}th time")));
        files += desk.save().expect("written").files;
    }
    assert!((6..=8).contains(&files), "{files}");
}

#[test]
fn a_note_of_a_visit_makes_no_answer_fresh_that_it_does_not_mean() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut desk = Desk::start(&directory, &["shop"]);
    desk.visit("shop", pass());
    desk.save().expect("written");
    let earlier = fs::read(file(&directory, "targets/shop.state")).expect("written");
    desk.passed = 60;
    desk.visit("shop", fail());
    desk.save().expect("written");
    desk.passed = 120;
    desk.visit("shop", fail());
    desk.save().expect("noted");
    drop(desk);
    // As if the machine had crashed before the second file was on its disk.
    fs::write(file(&directory, "targets/shop.state"), earlier).expect("written");
    let desk = Desk::start(&directory, &["shop"]);
    assert_eq!((desk.word("shop"), desk.visited_at("shop")), ("pass", Some(at(1000))));
}

#[test]
fn an_answer_that_could_not_be_written_leaves_the_one_before_with_its_age() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut desk = Desk::start(&directory, &["shop", "cart"]);
    desk.visit("shop", pass());
    desk.visit("cart", pass());
    desk.save().expect("written");
    let in_the_way = file(&directory, "targets/shop.state.new");
    fs::create_dir(&in_the_way).expect("made");
    for minute in 1..4 {
        desk.passed = minute * 60;
        desk.visit("shop", fail());
        desk.visit("cart", fail());
        let error = desk.save().expect_err("something is in the way");
        assert!(error.to_string().contains("shop.state"), "{error}");
    }
    fs::remove_dir(&in_the_way).expect("removed");
    let crashed = tempfile::tempdir().expect("a directory");
    for entry in fs::read_dir(file(&directory, "targets")).expect("readable").flatten() {
        fs::create_dir_all(file(&crashed, "targets")).expect("made");
        fs::copy(entry.path(), file(&crashed, "targets").join(entry.file_name())).expect("copied");
    }
    fs::copy(file(&directory, "visits.gz"), file(&crashed, "visits.gz")).expect("copied");
    let after = Desk::start(&crashed, &["shop", "cart"]);
    assert_eq!((after.word("shop"), after.visited_at("shop")), ("pass", Some(at(1000))));
    assert_eq!((after.word("cart"), after.visited_at("cart")), ("fail", Some(at(1180))));
    assert_eq!(desk.save().expect("written").files, 1, "what is left is written later");
}

#[test]
fn a_file_cut_at_any_byte_costs_its_own_target_and_no_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(&directory, &["shop", "cart"]);
    desk.visit("shop", fail());
    desk.visit("cart", fail());
    desk.stop();
    let path = file(&directory, "targets/shop.state");
    let whole = fs::read(&path).expect("written");
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).expect("cut");
        let desk = Desk::start(&directory, &["shop", "cart"]);
        assert!(matches!(desk.errors[..], [StoreError::Damaged { .. }]), "{:?}", desk.errors);
        assert_eq!((desk.word("shop"), desk.word("cart")), ("unknown", "fail"), "cut at {end}");
        assert!(desk.visited_at("shop").is_none());
        assert_eq!(fs::read(file(&directory, "set-aside/shop.state")).expect("kept"), whole[..end]);
        desk.visit("shop", pass());
        assert_eq!(desk.save().expect("written").files, 1);
    }
}

#[test]
fn a_file_of_another_version_is_set_aside_and_said() {
    let directory = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(&directory, &["shop"]);
    desk.visit("shop", fail());
    desk.stop();
    let path = file(&directory, "targets/shop.state");
    for other in ["gonogo/state/v1", "gonogo/state/v3"] {
        fs::write(&path, seal(other, &"whatever it holds").expect("in memory")).expect("written");
        let desk = Desk::start(&directory, &["shop"]);
        let said = desk.errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(";");
        assert!(said.contains(other) && said.contains("set-aside"), "{said}");
        assert_eq!(desk.word("shop"), "unknown");
        assert!(!path.exists());
    }
}

#[test]
fn the_one_file_of_earlier_versions_is_set_aside_and_said() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(file(&directory, "state.json"), "{}").expect("written");
    let desk = Desk::start(&directory, &["shop"]);
    assert!(matches!(desk.errors[..], [StoreError::Foreign { .. }]), "{:?}", desk.errors);
    assert!(file(&directory, "set-aside/state.json").exists());
}

#[test]
fn a_directory_belongs_to_one_at_a_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = Store::open(directory.path(), at(0)).expect("writable");
    let error = Store::open(directory.path(), at(0)).expect_err("in use");
    let said = error.to_string();
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    drop(first);
    Store::open(directory.path(), at(0)).expect("free again");
}

#[test]
fn a_directory_that_cannot_be_made_is_said() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(file(&directory, "file"), "").expect("written");
    for path in [file(&directory, "file/state"), PathBuf::from("/proc/gonogo")] {
        let error = Store::open(&path, at(0)).expect_err("no directory");
        assert!(error.to_string().contains("--storage.path"), "{error}");
    }
}

#[test]
fn what_a_crash_left_half_written_is_cleared_away() {
    let directory = tempfile::tempdir().expect("a directory");
    drop(Desk::start(&directory, &["shop"]));
    fs::write(file(&directory, "targets/shop.state.new"), "half").expect("written");
    drop(Desk::start(&directory, &["shop"]));
    assert!(!file(&directory, "targets/shop.state.new").exists());
}

#[test]
fn a_removed_target_gets_its_history_back_within_a_week() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut desk = Desk::start(&directory, &["shop", "cart"]);
    desk.visit("shop", fail());
    desk.memory("shop").note("width", at(1000), 0.9);
    desk.configure(&["cart"]);
    assert!(desk.errors.is_empty(), "{:?}", desk.errors);
    assert!(!file(&directory, "targets/shop.state").exists());
    desk.passed = 6 * 86_400;
    desk.save().expect("nothing to do");
    desk.configure(&["cart", "shop"]);
    assert_eq!((desk.word("shop"), desk.visited_at("shop")), ("fail", Some(at(1000))));
    assert_eq!(desk.memory("shop").series("width", at(2000)).points.len(), 1);
}

#[test]
fn a_target_removed_while_gonogo_did_not_run_gets_its_history_back_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(&directory, &["shop"]);
    desk.visit("shop", fail());
    desk.stop();
    drop(Desk::start_at(&directory, &["cart"], 40 * 86_400));
    assert!(file(&directory, "removed/shop.state").exists());
    let desk = Desk::start_at(&directory, &["shop"], 46 * 86_400);
    assert_eq!(desk.word("shop"), "fail");
}

#[test]
fn files_of_a_removed_target_are_deleted_after_a_week() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut desk = Desk::start(&directory, &["shop"]);
    desk.visit("shop", fail());
    desk.configure(&[]);
    assert!(file(&directory, "removed/shop.state").exists());
    desk.passed = 8 * 86_400;
    desk.save().expect("nothing to do");
    assert!(!file(&directory, "removed/shop.state").exists());
    desk.configure(&["shop"]);
    assert_eq!(desk.word("shop"), "unknown");
}

#[test]
fn what_probes_remember_survives_and_is_not_taken_for_something_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(&directory, &["shop"]);
    desk.memory("shop").record("door", at(1000), Sample { latency: None, ok: true });
    desk.memory("shop").note("width", at(1000), 0.9);
    desk.stop();
    let mut desk = Desk::start(&directory, &["shop"]);
    assert_eq!(desk.memory("shop").summary("door").count, 1);
    assert_eq!(desk.memory("shop").series("width", at(1000)).points.len(), 1);
    desk.memories[0].probes[0].observes = [2; 32];
    desk.memories[0].probes[0].memory = Arc::default();
    let store = desk.store.clone();
    desk.configure(&["shop"]);
    assert_eq!(desk.memory("shop").summary("door").count, 0);
    desk.memory("shop").note("height", at(1001), 2.0);
    desk.stop();
    drop(store);
    let desk = Desk::start(&directory, &["shop"]);
    assert_eq!(desk.memory("shop").summary("door").count, 0, "it observes something else");
}

#[test]
fn a_kept_value_is_on_disk_within_seconds_and_a_measurement_within_the_hour() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut desk = Desk::start(&directory, &["shop"]);
    desk.memory("shop").keep(Seen(1)).expect("small");
    assert_eq!(desk.save().expect("written").files, 1);
    let mut files = 0;
    for minute in 1..=6 * 60 {
        desk.passed = minute * 60;
        desk.memory("shop").keep(Seen(1)).expect("small");
        desk.memory("shop").note("width", desk.now().at, 0.9);
        files += desk.save().expect("written").files;
    }
    assert!((10..=13).contains(&files), "{files}");
}

/// Replaces a text within a file.
fn rewrite(path: &Path, from: &str, to: &str) {
    let bytes = fs::read(path).expect("written");
    let content: serde_json::Value = unseal(SCHEMA, &bytes).expect("sound");
    let text = content.to_string();
    assert!(text.contains(from), "{text}");
    let content: serde_json::Value = serde_json::from_str(&text.replace(from, to)).expect("JSON");
    fs::write(path, seal(SCHEMA, &content).expect("in memory")).expect("written");
}

#[test]
fn dates_that_no_clock_tells_are_stale_and_no_panic() {
    for date in ["9e18", "1e300", "-1e300", "-1", "4102444800"] {
        let directory = tempfile::tempdir().expect("a directory");
        let desk = Desk::start(&directory, &["shop"]);
        desk.visit("shop", pass());
        desk.stop();
        let path = file(&directory, "targets/shop.state");
        rewrite(&path, "\"visited_at\":1000.0", &format!("\"visited_at\":{date}"));
        let desk = Desk::start(&directory, &["shop"]);
        let (rulings, target) = (Rulings::default(), desk.target("shop"));
        // A machine without a battery starts in 1970.
        for now in [0, 30, 1100] {
            let card = assess(&target, &rulings, at(now)).card;
            assert_eq!(card.verdict, Verdict::Unknown, "{date} at {now}");
        }
    }
}

#[test]
fn answers_to_other_questions_are_not_taken_over() {
    let directory = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(&directory, &["shop"]);
    desk.visit("shop", pass());
    desk.stop();
    rewrite(&file(&directory, "targets/shop.state"), "door-open", "door-ajar");
    assert!(Desk::start(&directory, &["shop"]).visited_at("shop").is_none());
}

#[test]
fn a_noted_visit_has_a_vote_and_earlier_ones_grow_old() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut desk = Desk::start(&directory, &["shop"]);
    desk.visit("shop", pass());
    desk.visit("shop", pass());
    desk.save().expect("written");
    desk.passed = 60;
    desk.visit("shop", pass());
    desk.save().expect("noted");
    drop(desk);
    let votes = Desk::start(&directory, &["shop"]).target("shop").probes[0].answers[0].past.votes;
    assert_eq!(votes.map(|vote| vote.map(|it| it.at)), [Some(at(1060)), Some(at(1000))]);
}

#[test]
fn a_name_leads_nowhere_else() {
    let directory = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(&directory, &["../../etc/passwd"]);
    desk.visit("../../etc/passwd", pass());
    desk.save().expect("written");
    let names: Vec<_> = fs::read_dir(file(&directory, "targets"))
        .expect("readable")
        .flatten()
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect();
    assert_eq!(names, ["%2e%2e%2f%2e%2e%2fetc%2fpasswd.state"]);
}

#[test]
fn a_hundred_idle_targets_write_little() {
    let directory = tempfile::tempdir().expect("a directory");
    let names: Vec<String> = (0..100).map(|i| format!("target-{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut desk = Desk::start(&directory, &names);
    let round = |desk: &Desk| {
        for name in &names {
            desk.visit(name, pass());
        }
        desk.save().expect("written");
    };
    round(&desk);
    let before = desk.store.written();
    for minute in 1..=30 {
        desk.passed = minute * 60;
        round(&desk);
    }
    let a_minute = (desk.store.written() - before) / 30;
    assert!(a_minute < 30_000, "{a_minute} bytes");
}

#[test]
fn marks_of_experiments_survive_whatever_happens_to_targets() {
    let directory = tempfile::tempdir().expect("a directory");
    let desk = Desk::start(&directory, &["shop"]);
    desk.store.mark_experiment("shop", "shutdown", at(1000)).expect("written");
    drop(desk);
    let mut desk = Desk::start(&directory, &[]);
    assert_eq!(desk.store.under_way().len(), 1);
    desk.passed = 30 * 86_400;
    desk.save().expect("nothing to do");
    desk.store.latch_experiment("shop", "shutdown", at(1001), "no recovery").expect("written");
    desk.store.clear_experiment("shop", "shutdown").expect("written");
    drop(desk);
    let store = Store::open(directory.path(), at(0)).expect("writable");
    assert!(store.under_way().is_empty());
    assert_eq!(store.last_started("shop", "shutdown"), Some(at(1000)));
    assert!(store.latched("shop", "shutdown").is_some());
    assert!(store.rearm_experiment("shop", "shutdown").expect("written"));
}

/// Killed at any moment while it writes as fast as it can: the next start finds what was written last,
/// whole.
#[test]
fn a_writer_can_be_killed_at_any_moment() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut last = 0;
    for round in 0..40 {
        let mut writer = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "store::tests::writes_until_it_is_killed", "--nocapture"])
            .env(WRITER, directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs again");
        let lines = BufReader::new(writer.stdout.take().expect("piped")).lines();
        // After some saves, in the middle of one.
        let said = lines.map_while(Result::ok).filter(|line| line.starts_with("saved"));
        assert_eq!(said.take(2 + round % 7).count(), 2 + round % 7, "the writer ended by itself");
        std::thread::sleep(Duration::from_micros(fastrand::u64(0..3000)));
        writer.kill().expect("killed");
        writer.wait().expect("ended");
        let desk = Desk::start(&directory, &NAMES);
        assert!(desk.errors.is_empty(), "{:?}", desk.errors);
        let found = NAMES.map(|name| {
            let target = desk.target(name);
            let items = target.probes[0].answers[0].finding.items.clone();
            let texts: Vec<u64> =
                items.iter().map(|it| it.seen.parse().expect("a number")).collect();
            assert!(texts.len() == 2 && texts[0] == texts[1], "{texts:?}");
            texts[0]
        });
        let newest = found.into_iter().max().expect("a target");
        assert!(newest > last, "{newest} after {last}");
        last = newest;
        let kept = desk.memory(NAMES[0]).kept::<Seen>().expect("kept").0;
        assert!(kept <= newest && kept + 400 > newest, "{kept} of {newest}");
    }
}

const NAMES: [&str; 3] = ["shop", "cart", "till"];
const WRITER: &str = "GONOGO_TEST_WRITER";

/// Does nothing unless the test above has started it.
#[test]
#[expect(clippy::disallowed_methods, reason = "how a test tells its own copy what to do")]
#[expect(clippy::print_stdout, reason = "how the copy tells how far it is")]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(WRITER) else { return };
    let store = Store::open(Path::new(&path), at(1000)).expect("writable");
    let memories: Vec<Remembered> = NAMES.iter().map(|name| remembered(name)).collect();
    let findings = Findings::default();
    let (began, start) = (Instant::now(), Now { at: at(1000), tick: Instant::now() });
    let adopted = store.adopt(&findings.snapshot(), memories.clone(), &CATALOGUE, start);
    findings.expect(&NAMES.map(testing::expected));
    findings.restore(adopted.known);
    let known = findings.target(NAMES[0]).expect("configured");
    let first = known.probes[0].answers[0].finding.items[0].seen.parse().unwrap_or(0_u64);
    let mut desk = Desk {
        findings,
        store,
        memories,
        errors: adopted.errors,
        began,
        epoch: 1000 + first * 10,
        passed: 0,
    };
    for number in first + 1.. {
        desk.passed += 10;
        for name in NAMES {
            let fails = number % 2 == 0;
            let item = |subject: &str| {
                if fails {
                    Item::fail(Confidence::Firm, subject, number.to_string())
                } else {
                    Item::pass(subject, number.to_string())
                }
            };
            desk.visit_with(name, vec![item("front"), item("back")]);
            desk.memory(name).keep(Seen(number)).expect("small");
        }
        desk.save().expect("written");
        println!("saved {number}");
    }
}
