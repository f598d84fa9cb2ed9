//! Reports over time, whatever the clock does.

use std::time::Duration;

use gonogo_probes::contract::{Confidence, Finding, Footprint, Item, Obstacle, Report, Timeline};
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    assessment::{Rulings, assess},
    policy::{Policy, Required, Status},
    testing::{self, DOOR, FUSE, at, door, expected, report, visit},
};

fn known() -> Findings {
    let findings = Findings::default();
    findings.expect(&[expected("shop")]);
    findings
}

fn pass() -> Report {
    report(&DOOR, vec![Item::pass("", "shut")])
}

fn fail() -> Report {
    report(&DOOR, vec![Item::fail(Confidence::Firm, "", "open")])
}

fn verdict(findings: &Findings, now: SystemTime) -> Verdict {
    assess(&findings.snapshot().targets[0], &Rulings::default(), now).card.verdict
}

#[test]
fn a_report_of_other_settings_is_refused() {
    let findings = known();
    let other = Reporter { identity: &[1; 32], ..door("shop") };
    assert_eq!(findings.record(other, visit(100), pass()), None);
    let other = Reporter { probe: "window", ..door("shop") };
    assert_eq!(findings.record(other, visit(100), pass()), None);
    assert_eq!(findings.record(door("cart"), visit(100), pass()), None);
    assert!(findings.snapshot().targets[0].probes[0].visited.is_none());
    assert_eq!(findings.record(door("shop"), visit(100), pass()), Some(Settled::Yes));
}

#[test]
fn a_report_with_other_answers_is_refused() {
    let findings = known();
    let short = Report { findings: Vec::new(), ..pass() };
    assert_eq!(findings.record(door("shop"), visit(100), short), None);
    let kind = &testing::WINDOW;
    assert_eq!(
        findings.record(door("shop"), visit(100), report(kind, vec![Item::pass("", "")])),
        None
    );
}

#[test]
fn a_revision_told_to_other_settings_is_not_taken() {
    let findings = known();
    let other = Reporter { identity: &[1; 32], ..door("shop") };
    assert!(!findings.record_revision(other, "a".to_owned(), at(1)));
    assert_eq!(findings.snapshot().targets[0].revision, None);
}

#[test]
fn a_revision_first_seen_in_the_future_is_first_seen_when_it_is_seen_again() {
    let findings = known();
    findings.record_revision(door("shop"), "a".to_owned(), at(5000));
    assert!(!findings.record_revision(door("shop"), "a".to_owned(), at(100)));
    let revision = findings.snapshot().targets[0].revision.clone().expect("seen");
    assert_eq!(revision.first_seen, at(100));
    assert!(findings.record_revision(door("shop"), "b".to_owned(), at(100)));
}

#[test]
fn what_holds_is_no_news() {
    let findings = known();
    findings.record(door("shop"), visit(100), pass());
    assert_eq!(findings.record_verdict("shop", Verdict::Go, at(101)), Some(None));
    let before = findings.snapshot();
    for now in [101, 115, 130] {
        assert_eq!(findings.record_verdict("shop", Verdict::Go, at(now)), None);
        assert!(findings.doubt_dates_after(at(now)).is_empty());
    }
    let after = findings.snapshot();
    assert_eq!(after.version, before.version);
    assert!(Arc::ptr_eq(&after.targets[0], &before.targets[0]));
}

#[test]
fn a_go_was_last_seen_when_it_was_last_looked_at() {
    let findings = known();
    let last_go = |now: u64| {
        let snapshot = findings.snapshot();
        let card = assess(&snapshot.targets[0], &Rulings::default(), at(now)).card;
        snapshot.targets[0].last_go(card.verdict, at(now))
    };
    assert_eq!(last_go(100), None);
    findings.record(door("shop"), visit(100), pass());
    findings.record_verdict("shop", Verdict::Go, at(101));
    findings.record_verdict("shop", Verdict::Go, at(116));
    assert_eq!(last_go(120), Some(at(120)));
    // The process is stopped here, and goes on much later.
    findings.record(door("shop"), visit(9000), fail());
    findings.record_verdict("shop", Verdict::NoGo, at(9001));
    assert_eq!(last_go(9001), Some(at(116)));
    findings.record_verdict("shop", Verdict::Unknown, at(9500));
    assert_eq!(last_go(9500), Some(at(116)));
}

#[test]
fn after_a_restart_a_go_was_last_seen_at_its_last_visit() {
    let findings = known();
    findings.record(door("shop"), visit(100), pass());
    findings.record_verdict("shop", Verdict::Go, at(101));
    let before = findings.snapshot().targets[0].clone();
    let restarted = known();
    restarted.restore(vec![Restored {
        target: "shop".to_owned(),
        revision: None,
        standing: before.standing,
        probes: before.probes.clone(),
    }]);
    restarted.record_verdict("shop", Verdict::Unknown, at(9000));
    let standing = restarted.snapshot().targets[0].standing.expect("noted");
    assert_eq!(standing.last_go, Some(at(101)));
}

#[test]
fn a_doubted_answer_is_not_believed_when_its_date_comes() {
    let findings = known();
    findings.record(door("shop"), visit(5000), pass());
    assert_eq!(verdict(&findings, at(5001)), Verdict::Go);
    assert_eq!(verdict(&findings, at(1400)), Verdict::Unknown);
    assert_eq!(findings.doubt_dates_after(at(1400)), ["shop"]);
    assert!(findings.doubt_dates_after(at(1400)).is_empty(), "once is enough");
    assert_eq!(verdict(&findings, at(5001)), Verdict::Unknown);
    findings.record(door("shop"), visit(1410), pass());
    assert_eq!(verdict(&findings, at(1415)), Verdict::Go);
}

#[test]
fn what_is_in_the_way_decides_how_soon_another_look_helps() {
    let settled = |obstacle: Obstacle| {
        let obstructed = obstacle.because("");
        let items = vec![Item::unknown("", &obstructed)];
        let report = Report { obstructed: Some(obstructed), ..report(&DOOR, items) };
        known().record(door("shop"), visit(100), report)
    };
    assert_eq!(settled(Obstacle::Refused), Some(Settled::Soon));
    assert_eq!(settled(Obstacle::Timeout), Some(Settled::Soon));
    assert_eq!(settled(Obstacle::Throttled), Some(Settled::Later));
    assert_eq!(settled(Obstacle::OverBudget), Some(Settled::Later));
}

#[test]
fn a_visit_that_could_answer_nothing_is_obstructed_whatever_it_says() {
    let items = vec![Item::unknown("", &Obstacle::Refused.because(""))];
    let settled = known().record(door("shop"), visit(100), report(&DOOR, items));
    assert_eq!(settled, Some(Settled::Soon));
}

/// What happens to a daemon.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A visit that says pass, fail or unknown, takes so many seconds, and during which the clock is
    /// set by so many.
    Visit { word: char, took: u64, step: i64 },
    /// The clock is set.
    Step(i64),
    /// Time passes without visits: the schedule is dead, or the process stopped.
    Wait(u64),
    /// The daemon is stopped and started again, which takes so many seconds.
    Restart(u64),
    /// A sweep.
    Sweep,
}

fn event() -> impl Strategy<Value = Event> {
    let step =
        || prop_oneof![4 => Just(0_i64), 1 => Just(3_600), 1 => Just(-3_600), 1 => -200_i64..200];
    prop_oneof![
        8 => (prop::sample::select(vec!['p', 'f', 'u']), 0_u64..20, step())
            .prop_map(|(word, took, step)| Event::Visit { word, took, step }),
        1 => step().prop_map(Event::Step),
        3 => (0_u64..100).prop_map(Event::Wait),
        1 => (100_u64..10_000).prop_map(Event::Wait),
        1 => (0_u64..400).prop_map(Event::Restart),
        2 => Just(Event::Sweep),
    ]
}

/// A daemon's clock and findings, and what really happened.
struct World {
    kind: &'static gonogo_probes::contract::Kind,
    findings: Findings,
    clock: i64,
    /// What visits said and when they ended by the clock, oldest first.
    visits: Vec<(char, i64)>,
    /// When the last visit began, by a clock that is never set.
    steady: u64,
    last_began: u64,
    /// By how much the clock was set back since then, at most.
    set_back: u64,
}

const START: i64 = 10_000;
const INTERVAL: i64 = 60;

impl World {
    fn new(kind: &'static gonogo_probes::contract::Kind) -> Self {
        let findings = Findings::default();
        findings.expect(&[testing::expecting("shop", kind)]);
        Self {
            kind,
            findings,
            clock: START,
            visits: Vec::new(),
            steady: 0,
            last_began: 0,
            set_back: 0,
        }
    }

    fn now(&self) -> SystemTime {
        let away = Duration::from_secs(self.clock.unsigned_abs());
        if self.clock < 0 { SystemTime::UNIX_EPOCH - away } else { SystemTime::UNIX_EPOCH + away }
    }

    fn pass_time(&mut self, secs: u64) {
        self.clock += i64::try_from(secs).expect("small");
        self.steady += secs;
    }

    fn step(&mut self, by: i64) {
        self.clock += by;
        self.set_back += if by < 0 { by.unsigned_abs() } else { 0 };
    }

    fn sweep(&mut self) {
        self.findings.doubt_dates_after(self.now());
        // What is dated later than now has no say any more, nor has what came before.
        if self.visits.last().is_some_and(|(_, ended)| ended - self.clock > 1) {
            self.visits.clear();
        }
        self.findings.record_verdict("shop", verdict(&self.findings, self.now()), self.now());
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Visit { word, took, step } => {
                let (began, ended) = (self.now(), self.clock + i64::try_from(took).expect("small"));
                (self.last_began, self.set_back) = (self.steady, 0);
                self.pass_time(took);
                self.step(step);
                let item = match word {
                    'p' => Item::pass("", ""),
                    'f' => Item::fail(Confidence::Firm, "", ""),
                    _ => Item::unknown("", &Obstacle::Timeout.because("")),
                };
                let took = Duration::from_secs(took);
                let visited = Visited::new(began, took, Duration::from_secs(20), None);
                let report = report(self.kind, vec![item]);
                let reporter = Reporter { probe: self.kind.name, ..door("shop") };
                self.findings.record(reporter, visited, report).expect("expected");
                self.visits.push((word, ended));
                self.findings.record_verdict(
                    "shop",
                    verdict(&self.findings, self.now()),
                    self.now(),
                );
            }
            Event::Step(by) => self.step(by),
            Event::Wait(secs) => self.pass_time(secs),
            Event::Restart(secs) => {
                self.pass_time(secs);
                let expected = [testing::expecting("shop", self.kind)];
                self.findings = testing::restarted(&self.findings, &expected, self.now());
                self.sweep();
            }
            Event::Sweep => self.sweep(),
        }
    }

    /// The words of the last three visits that are young enough by the date of the last, newest first.
    fn young(&self) -> Vec<char> {
        let Some(&(_, last)) = self.visits.last() else { return Vec::new() };
        let young = |(_, ended): &&(char, i64)| (-1..3 * INTERVAL).contains(&(last - ended));
        self.visits.iter().rev().take(3).filter(young).map(|(word, _)| *word).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_go_is_seen_whatever_the_clock_does(events in vec(event(), 1..30)) {
        for kind in [&DOOR, &testing::WINDOW] {
            let is_noisy = std::ptr::eq(kind, &raw const testing::WINDOW);
            let mut world = World::new(kind);
            for (i, event) in events.iter().enumerate() {
                world.happen(*event);
                let verdict = verdict(&world.findings, world.now());
                if verdict != Verdict::Go {
                    continue;
                }
                let young = world.young();
                let said = |word| young.iter().filter(|said| **said == word).count();
                prop_assert!(said('p') > 0, "no visit said pass: {i} {young:?}");
                if is_noisy {
                    let outvoted = said('f') > 1 || said('u') > 1;
                    prop_assert!(young[0] == 'p' || !outvoted, "outvoted: {i} {young:?}");
                } else {
                    prop_assert_eq!(young[0], 'p', "the last visit did not say pass: {}", i);
                }
                let (_, ended) = *world.visits.last().expect("a pass");
                let age = world.clock - ended;
                prop_assert!((-1..3 * INTERVAL).contains(&age), "stale by the clock: {age}");
                let steady = world.steady - world.last_began;
                let most = 3 * INTERVAL.unsigned_abs() + 20 + world.set_back;
                prop_assert!(steady <= most, "really {steady} s old");
            }
        }
    }

    #[test]
    fn a_clock_before_1970_is_no_panic_and_no_go_that_nobody_saw(
        events in vec(event(), 1..20),
        start in -5_000_i64..5_000,
    ) {
        let mut world = World::new(&DOOR);
        world.clock = start;
        for event in &events {
            world.happen(*event);
            let verdict = verdict(&world.findings, world.now());
            let last = world.visits.last().map(|(word, _)| *word);
            prop_assert!(verdict != Verdict::Go || last == Some('p'));
        }
    }
}

/// What is known of a target with a fuse, after visits that began in these seconds.
struct House {
    findings: Findings,
}

impl House {
    fn new() -> Self {
        let findings = Findings::default();
        findings.expect(&[testing::expecting("house", &FUSE)]);
        Self { findings }
    }

    fn reporter() -> Reporter<'static> {
        Reporter { target: "house", probe: "fuse", identity: &[0; 32] }
    }

    /// An ordinary visit, which finds the fuse.
    fn visit(&self, began: u64) {
        let checks = FUSE.checks();
        let findings = vec![
            Finding::of(checks[0], vec![Item::pass("", "there is one")]),
            Finding::not_asked(checks[1], Footprint::Disruptive),
        ];
        self.findings.record(Self::reporter(), visit(began), Report { findings, ..pass() });
    }

    /// An experiment, which finds it dark; its answers hold for 1,000 s.
    fn experiment(&self, began: u64) {
        let checks = FUSE.checks();
        let findings = vec![
            Finding::of(checks[0], vec![Item::pass("", "there is one")]),
            Finding::of(checks[1], vec![Item::fail(Confidence::Firm, "", "dark")]),
        ];
        let visited = visit(began).holding(Duration::from_secs(1000));
        self.findings.record(Self::reporter(), visited, Report { findings, ..pass() });
    }

    /// The status of both checks.
    fn statuses(&self, rulings: &Rulings, now: u64) -> [Status; 2] {
        let snapshot = self.findings.snapshot();
        let assessment = assess(&snapshot.targets[0], rulings, at(now));
        [assessment.lines[0].status, assessment.lines[1].status]
    }
}

fn requiring(id: &str) -> Rulings {
    let required = Required::Listed([id.to_owned()].into());
    Rulings { policy: Policy { required, ..Policy::default() }, ..Rulings::default() }
}

const DARK: Status = Status::Fail(Confidence::Firm);

#[test]
fn what_was_never_asked_is_skipped_unless_it_is_required() {
    let house = House::new();
    let (plain, required) = (Rulings::default(), requiring("fuse-darkens"));
    for began in [100, 160] {
        assert_eq!(house.statuses(&plain, began)[1], Status::Skip);
        assert_eq!(house.statuses(&required, began)[1], Status::Unknown(Obstacle::NotAsked));
        house.visit(began);
    }
    assert_eq!(house.statuses(&plain, 161), [Status::Pass, Status::Skip]);
    assert_eq!(house.statuses(&plain, 5000), [Status::Unknown(Obstacle::Stale), Status::Skip]);
}

#[test]
fn the_answer_of_an_experiment_outlives_ordinary_visits_until_its_time_ends() {
    let house = House::new();
    let plain = Rulings::default();
    house.experiment(100);
    for began in [160, 220, 280] {
        house.visit(began);
        assert_eq!(house.statuses(&plain, began + 1), [Status::Pass, DARK]);
    }
    assert_eq!(house.statuses(&plain, 1100), [Status::Unknown(Obstacle::Stale), DARK]);
    assert_eq!(house.statuses(&plain, 1101)[1], Status::Skip);
    let required = requiring("fuse-darkens");
    assert_eq!(house.statuses(&required, 1101)[1], Status::Unknown(Obstacle::Stale));
    // A clock that was set back.
    assert_eq!(house.statuses(&required, 50)[1], Status::Unknown(Obstacle::Stale));
}

#[test]
fn a_new_revision_ends_what_an_experiment_has_shown() {
    let house = House::new();
    let plain = Rulings::default();
    house.findings.record_revision(House::reporter(), "one".to_owned(), at(90));
    house.experiment(100);
    house.findings.record_revision(House::reporter(), "one".to_owned(), at(110));
    assert_eq!(house.statuses(&plain, 111)[1], DARK);
    house.findings.record_revision(House::reporter(), "two".to_owned(), at(120));
    assert_eq!(house.statuses(&plain, 121), [Status::Pass, Status::Skip]);
}

#[test]
fn answers_do_not_age_while_an_experiment_holds_visits_back() {
    let house = House::new();
    let plain = Rulings::default();
    house.visit(100);
    house.findings.hold("house", Hold { from: at(110), until: at(1110) });
    assert_eq!(house.statuses(&plain, 1000)[0], Status::Pass);
    assert_eq!(
        house.statuses(&plain, 1110)[0],
        Status::Unknown(Obstacle::Stale),
        "it takes too long"
    );
    house.findings.release("house", at(1000));
    assert_eq!(house.statuses(&plain, 1000)[0], Status::Pass);
    assert_eq!(house.statuses(&plain, 1170)[0], Status::Pass);
    assert_eq!(house.statuses(&plain, 1171)[0], Status::Unknown(Obstacle::Stale));
    house.visit(1175);
    assert_eq!(house.statuses(&plain, 1176 + 180)[0], Status::Unknown(Obstacle::Stale), "as ever");
}

fn with_timeline(timeline: Option<Timeline>) -> Report {
    Report { timeline, ..report(&DOOR, vec![Item::pass("", "shut")]) }
}

#[test]
fn the_last_timeline_is_kept_with_its_date_and_survives_a_restart() {
    let findings = Findings::default();
    let expected = [expected("shop")];
    findings.expect(&expected);
    let timeline = testing::timeline();
    findings.record(door("shop"), visit(100), with_timeline(Some(timeline.clone())));
    findings.record(door("shop"), visit(160), with_timeline(None));
    let wanted = DatedTimeline { began: at(100), timeline };
    let kept = |findings: &Findings| findings.target("shop")?.probes[0].timeline.clone();
    assert_eq!(kept(&findings).as_deref(), Some(&wanted));
    let after = testing::restarted(&findings, &expected, at(200));
    assert_eq!(kept(&after).as_deref(), Some(&wanted));
    findings.record(door("shop"), visit(220), with_timeline(Some(Timeline::default())));
    assert_eq!(kept(&findings).map(|dated| dated.began), Some(at(220)));
}
