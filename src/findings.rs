//! The latest report of every target and probe. One owner; everybody else reads snapshots.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use gonogo_probes::contract::{
    Fact, Finding, GaugeReadings, Item, Kind, Obstacle, Obstructed, Outcome, Report, Settles,
    Target,
};

use crate::scorecard::Verdict;

/// Owns the latest findings. Readers take a [`Snapshot`], which never changes.
#[derive(Debug, Default)]
pub struct Findings {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    known: Snapshot,
    /// Where each target stands in the snapshot: there may be thousands, and a thousand reports a
    /// second.
    places: HashMap<String, usize>,
}

/// What is known at one moment. Cheap to copy: targets are shared.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Counts changes, so that a reader can tell whether anything is new.
    pub version: u64,
    /// In the order of the configuration.
    pub targets: Vec<Arc<TargetFindings>>,
}

/// What is known of one target.
#[derive(Clone, Debug)]
pub struct TargetFindings {
    /// The target.
    pub target: Arc<Target>,
    /// Its armed probes, in the order of the configuration.
    pub probes: Vec<Arc<ProbeFindings>>,
    /// What is deployed there, where the configuration says how to tell.
    pub revision: Option<Revision>,
    /// What its verdict was when last looked at.
    pub standing: Option<Standing>,
    /// Connections and requests made to it; the net counts them.
    pub requests: Arc<AtomicU64>,
}

/// What is known through one armed probe.
#[derive(Clone, Debug)]
pub struct ProbeFindings {
    /// The probe's name on this target.
    pub name: Arc<str>,
    /// Which probe it is.
    pub kind: &'static Kind,
    /// Settings and target, as a digest: findings of other settings are not carried over.
    pub identity: [u8; 32],
    /// The time between visits; `None` where visits are made on demand.
    pub interval: Option<Duration>,
    /// The last visit; `None` before the first.
    pub visited: Option<Visited>,
    /// An answer to every check, in declared order.
    pub answers: Vec<Answer>,
    /// The numbers of the last visit.
    pub readings: Vec<GaugeReadings>,
    /// What the last visit saw.
    pub facts: Vec<Fact>,
}

/// When a visit was made and how it went.
#[derive(Clone, Debug)]
pub struct Visited {
    /// When it ended.
    pub at: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// What was in the way, if it brought back no evidence.
    pub obstructed: Option<Obstructed>,
}

/// The answer to one check that is believed at the moment.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The finding.
    pub finding: Finding,
    /// Since when its outcome has been the same word; `None` before the first visit.
    pub since: Option<SystemTime>,
    /// The outcomes of the last two visits, newest first, whether believed or not.
    recent: [Option<Outcome>; 2],
}

/// What is deployed, and since when it has been seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revision {
    /// As the target tells it.
    pub value: String,
    /// When it was first seen.
    pub first_seen: SystemTime,
}

/// A verdict over time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Standing {
    /// The verdict.
    pub verdict: Verdict,
    /// Since when.
    pub since: SystemTime,
    /// When it was last GO.
    pub last_go: Option<SystemTime>,
}

/// Whether a visit's answers are believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Settled {
    /// They are; the next visit is due in its turn.
    Yes,
    /// Something was in the way, or a noisy answer changed: look again soon.
    No,
}

/// What a target is expected to have: the shape a configuration gives.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The target.
    pub target: Arc<Target>,
    /// Its armed probes.
    pub probes: Vec<ExpectedProbe>,
    /// Where the net counts connections and requests.
    pub requests: Arc<AtomicU64>,
}

/// An armed probe that is expected to report.
#[derive(Clone, Debug)]
pub struct ExpectedProbe {
    /// Its name on the target.
    pub name: Arc<str>,
    /// Which probe it is.
    pub kind: &'static Kind,
    /// Settings and target, as a digest.
    pub identity: [u8; 32],
    /// The time between visits.
    pub interval: Option<Duration>,
}

/// What was known of a target before a restart.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The target's name.
    pub target: String,
    /// What was deployed there.
    pub revision: Option<Revision>,
    /// What its verdict was.
    pub standing: Option<Standing>,
    /// What its probes had found.
    pub probes: Vec<Arc<ProbeFindings>>,
}

impl Findings {
    /// What is known now.
    pub fn snapshot(&self) -> Snapshot {
        self.lock().known.clone()
    }

    /// What is known of one target now.
    pub fn target(&self, name: &str) -> Option<Arc<TargetFindings>> {
        let book = self.lock();
        book.places.get(name).and_then(|&place| book.known.targets.get(place)).cloned()
    }

    /// Counts changes.
    pub fn version(&self) -> u64 {
        self.lock().known.version
    }

    /// Takes over a new configuration: what is no longer expected vanishes, what is unchanged keeps
    /// its findings, what is new is pending.
    pub fn expect(&self, expected: &[Expected]) {
        let mut book = self.lock();
        let targets = expected
            .iter()
            .map(|wanted| {
                let known = book.places.get(&wanted.target.name);
                let known = known.and_then(|&place| book.known.targets.get(place));
                Arc::new(TargetFindings::of(wanted, known))
            })
            .collect();
        book.known.targets = targets;
        book.known.version += 1;
        book.places = expected
            .iter()
            .enumerate()
            .map(|(place, wanted)| (wanted.target.name.clone(), place))
            .collect();
    }

    /// Takes over what was known before a restart, for every armed probe that is still the same.
    pub fn restore(&self, known: Vec<Restored>) {
        for before in known {
            self.change(&before.target, |now| {
                now.revision = before.revision;
                now.standing = before.standing;
                for probe in &mut now.probes {
                    if let Some(same) = same_probe(&before.probes, &probe.name, &probe.identity) {
                        let same = ProbeFindings { interval: probe.interval, ..(**same).clone() };
                        *probe = Arc::new(same);
                    }
                }
                true
            });
        }
    }

    /// Takes a visit's report. `None` if nobody expects it any more.
    pub fn record(
        &self,
        target: &str,
        probe: &str,
        visited: Visited,
        report: Report,
    ) -> Option<Settled> {
        let mut outcome = None;
        self.change(target, |known| {
            let Some(place) = known.probes.iter().position(|known| &*known.name == probe) else {
                return false;
            };
            let (after, settled) = known.probes[place].after(visited, report);
            known.probes[place] = Arc::new(after);
            outcome = Some(settled);
            true
        });
        outcome
    }

    /// Takes what the target says is deployed, and tells whether that replaces something else.
    pub fn record_revision(&self, target: &str, value: String, at: SystemTime) -> bool {
        let mut replaced = false;
        self.change(target, |known| {
            if known.revision.as_ref().is_some_and(|revision| revision.value == value) {
                return false;
            }
            replaced = known.revision.is_some();
            known.revision = Some(Revision { value, first_seen: at });
            true
        });
        replaced
    }

    /// Takes what the target's verdict is now, and returns what it was if that is different.
    pub fn record_verdict(
        &self,
        target: &str,
        verdict: Verdict,
        at: SystemTime,
    ) -> Option<Option<Verdict>> {
        let mut before = None;
        self.change(target, |known| {
            let last_go = match (verdict, known.standing) {
                (Verdict::Go, _) => Some(at),
                (_, standing) => standing.and_then(|standing| standing.last_go),
            };
            let same = known.standing.filter(|standing| standing.verdict == verdict);
            let since = same.map_or(at, |standing| standing.since);
            if same.is_none() {
                before = Some(known.standing.map(|standing| standing.verdict));
            }
            let now = Standing { verdict, since, last_go };
            let changed = known.standing != Some(now);
            known.standing = Some(now);
            changed
        });
        before
    }

    /// Changes what is known of one target; `change` tells whether it did.
    fn change(&self, target: &str, change: impl FnOnce(&mut TargetFindings) -> bool) {
        let mut book = self.lock();
        let Book { known, places } = &mut *book;
        let known_target = places.get(target).and_then(|&place| known.targets.get_mut(place));
        if let Some(target) = known_target
            && change(Arc::make_mut(target))
        {
            known.version += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        // Every change is one assignment of something whole, so a panic elsewhere leaves no half.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    /// The target of this name.
    pub fn target(&self, name: &str) -> Option<&Arc<TargetFindings>> {
        self.targets.iter().find(|known| known.target.name == name)
    }
}

impl TargetFindings {
    fn of(wanted: &Expected, known: Option<&Arc<TargetFindings>>) -> Self {
        let probes = wanted.probes.iter().map(|probe| {
            let known = known.map_or(&[][..], |known| &known.probes);
            let same = same_probe(known, &probe.name, &probe.identity);
            match same {
                Some(same) if same.interval == probe.interval => Arc::clone(same),
                Some(same) => {
                    Arc::new(ProbeFindings { interval: probe.interval, ..(**same).clone() })
                }
                None => Arc::new(ProbeFindings::pending(probe)),
            }
        });
        Self {
            target: Arc::clone(&wanted.target),
            probes: probes.collect(),
            revision: known.and_then(|known| known.revision.clone()),
            standing: known.and_then(|known| known.standing),
            requests: Arc::clone(&wanted.requests),
        }
    }

    /// Connections and requests made to it since gonogo started, as a metric.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    pub fn requests(&self) -> f64 {
        self.requests.load(Ordering::Relaxed) as f64
    }
}

/// Findings of a probe of this name with these settings.
fn same_probe<'a>(
    known: &'a [Arc<ProbeFindings>],
    name: &str,
    identity: &[u8; 32],
) -> Option<&'a Arc<ProbeFindings>> {
    known.iter().find(|old| &*old.name == name && old.identity == *identity)
}

impl ProbeFindings {
    /// Before the first visit: every check is unknown.
    fn pending(probe: &ExpectedProbe) -> Self {
        let pending = Obstacle::Pending.because("the first visit has not ended yet");
        let answer = |check| Answer {
            finding: Finding::of(check, vec![Item::unknown("", &pending)]),
            since: None,
            recent: [None; 2],
        };
        Self {
            name: Arc::clone(&probe.name),
            kind: probe.kind,
            identity: probe.identity,
            interval: probe.interval,
            visited: None,
            answers: probe.kind.checks().into_iter().map(answer).collect(),
            readings: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// When its answers are too old to be believed: three intervals after the last visit, or a day
    /// where visits are made on demand.
    pub fn stale_at(&self) -> Option<SystemTime> {
        const ON_DEMAND: Duration = Duration::from_hours(24);
        let age = self.interval.map_or(ON_DEMAND, |interval| interval * 3);
        self.visited.as_ref().map(|visited| visited.at + age)
    }

    /// The same after one more visit.
    fn after(&self, visited: Visited, report: Report) -> (Self, Settled) {
        let mut settled = if report.obstructed.is_some() { Settled::No } else { Settled::Yes };
        let mut answers = Vec::with_capacity(self.answers.len());
        for (before, finding) in self.answers.iter().zip(report.findings) {
            let (answer, believed) = before.after(finding, visited.at);
            if !believed {
                settled = Settled::No;
            }
            answers.push(answer);
        }
        let probe = Self {
            name: Arc::clone(&self.name),
            kind: self.kind,
            identity: self.identity,
            interval: self.interval,
            visited: Some(visited),
            answers,
            readings: report.readings,
            facts: report.facts,
        };
        (probe, settled)
    }
}

impl Answer {
    /// An answer as it was stored.
    pub fn restored(finding: Finding, since: Option<SystemTime>) -> Self {
        let recent = [since.map(|_| finding.outcome), None];
        Self { finding, since, recent }
    }

    /// The answer that is believed after one more finding, and whether that is the finding's own.
    fn after(&self, finding: Finding, at: SystemTime) -> (Self, bool) {
        let word = finding.outcome.as_str();
        let recent = [Some(finding.outcome), self.recent[0]];
        let same = self.finding.outcome.as_str() == word;
        let seen_before = self.recent.iter().flatten().any(|outcome| outcome.as_str() == word);
        let believed =
            same || self.since.is_none() || finding.check.settles == Settles::AtOnce || seen_before;
        if !believed {
            return (Self { recent, ..self.clone() }, false);
        }
        let since = if same { self.since.or(Some(at)) } else { Some(at) };
        (Self { finding, since, recent }, true)
    }
}

#[cfg(test)]
mod tests {
    use gonogo_probes::contract::{Check, Confidence, Dimension, Impact};

    use super::*;

    const fn check(settles: Settles) -> Check {
        Check {
            id: "x-y",
            fault: "",
            impact: Impact::High,
            dimension: Dimension::Resilience,
            settles,
            why: "",
            how: "",
            fix: "",
            sources: &[],
        }
    }

    static NOISY: Check = check(Settles::TwoOfThree);
    static STEADY: Check = check(Settles::AtOnce);

    fn at(secs: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(secs)
    }

    fn item(word: char) -> Item {
        match word {
            'p' => Item::pass("", ""),
            'f' => Item::fail(Confidence::Firm, "", ""),
            'u' => Item::unknown("", &Obstacle::Timeout.because("")),
            _ => Item::skip("", ""),
        }
    }

    /// The believed outcome after each of a series of findings, by first letters.
    fn believed(check: &'static Check, series: &str) -> String {
        let pending = Item::unknown("", &Obstacle::Pending.because(""));
        let mut answer =
            Answer { finding: Finding::of(check, vec![pending]), since: None, recent: [None; 2] };
        let mut words = String::new();
        for (i, word) in series.chars().enumerate() {
            let finding = Finding::of(check, vec![item(word)]);
            answer = answer.after(finding, at(i as u64)).0;
            words.push_str(&answer.finding.outcome.as_str()[..1]);
        }
        words
    }

    #[test]
    fn steady_answers_flip_at_once() {
        assert_eq!(believed(&STEADY, "pfpuf"), "pfpuf");
    }

    #[test]
    fn noisy_answers_flip_when_two_of_three_agree() {
        assert_eq!(believed(&NOISY, "pfppfpf"), "ppppppf");
        assert_eq!(believed(&NOISY, "pff"), "ppf");
        assert_eq!(believed(&NOISY, "ffpfp"), "ffffp");
        assert_eq!(believed(&NOISY, "f"), "f");
    }

    #[test]
    fn two_different_troubles_do_not_add_up() {
        assert_eq!(believed(&NOISY, "pfup"), "pppp");
    }

    #[test]
    fn since_is_when_the_word_changed() {
        let first = Answer::restored(Finding::of(&STEADY, vec![item('p')]), Some(at(1)));
        let second = first.after(Finding::of(&STEADY, vec![item('p')]), at(2)).0;
        assert_eq!(second.since, Some(at(1)));
        let third = second.after(Finding::of(&STEADY, vec![item('f')]), at(3)).0;
        assert_eq!(third.since, Some(at(3)));
    }
}
