//! The latest report of every target and probe. One owner; everybody else reads snapshots.

mod answer;
mod items;
mod probe;
mod snapshot;
#[cfg(test)]
mod tests;
mod visited;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use gonogo_probes::contract::Report;

pub use answer::{Answer, Held, Past, Vote};
pub use items::{Beginning, Beginnings};
pub use probe::{DatedTimeline, ProbeFindings, Settled};
use snapshot::same_probe;
pub use snapshot::{
    Expected, ExpectedProbe, Hold, Restored, Revision, Snapshot, Standing, TargetFindings,
};
pub use visited::{Stale, Visited};

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
    /// When each target's verdict was last seen to be GO. Not part of a snapshot: that a GO holds is
    /// no news.
    seen_go: HashMap<String, SystemTime>,
}

/// Who reports: a probe, as it was armed for a target when its visit began.
#[derive(Clone, Copy, Debug)]
pub struct Reporter<'a> {
    /// The target's name.
    pub target: &'a str,
    /// The probe's name on the target.
    pub probe: &'a str,
    /// Kind, settings and target, as a digest.
    pub identity: &'a [u8; 32],
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
        let Book { places, seen_go, .. } = &mut *book;
        seen_go.retain(|target, _| places.contains_key(target));
    }

    /// Takes over what was known before a restart, for every armed probe that is still the same.
    pub fn restore(&self, known: Vec<Restored>) {
        let mut book = self.lock();
        for before in known {
            let Some(now) = book.target(&before.target) else { continue };
            let now = Arc::make_mut(now);
            now.revision = before.revision;
            now.standing = before.standing;
            for probe in &mut now.probes {
                if let Some(same) = same_probe(&before.probes, &probe.name, &probe.identity) {
                    let (interval, ordinary) = (probe.interval, probe.ordinary);
                    let same = ProbeFindings { interval, ordinary, ..(**same).clone() };
                    *probe = Arc::new(same);
                }
            }
            let was_go = now.standing.is_some_and(|standing| standing.verdict == Verdict::Go);
            if let Some(seen) = now.last_seen().filter(|_| was_go) {
                book.seen_go.insert(before.target, seen);
            }
            book.known.version += 1;
        }
    }

    /// Takes a visit's report. `None` if nobody expects it any more: the probe is gone, or has other
    /// settings by now.
    pub fn record(
        &self,
        reporter: Reporter<'_>,
        visited: Visited,
        report: Report,
    ) -> Option<Settled> {
        let mut book = self.lock();
        let target = book.target(reporter.target)?;
        let place = reporter.place(target)?;
        if !target.probes[place].fits(&report) {
            return None;
        }
        let (after, settled) = target.probes[place].after(visited, report);
        Arc::make_mut(target).probes[place] = Arc::new(after);
        book.known.version += 1;
        Some(settled)
    }

    /// Takes what the target says is deployed, and tells whether that replaces something else. What
    /// is said to a reporter that nobody expects any more is not taken.
    pub fn record_revision(&self, reporter: Reporter<'_>, value: String, at: SystemTime) -> bool {
        let mut book = self.lock();
        let Some(target) = book.target(reporter.target) else { return false };
        if reporter.place(target).is_none() {
            return false;
        }
        let known = target.revision.as_ref();
        let same = known.is_some_and(|revision| revision.value == value);
        // What was first seen later than now was dated by a clock that has been set since.
        if same && known.is_some_and(|revision| revision.first_seen <= at) {
            return false;
        }
        let replaced = known.is_some() && !same;
        let target = Arc::make_mut(target);
        target.revision = Some(Revision { value, first_seen: at });
        if replaced {
            for probe in &mut target.probes {
                if let Some(without) = probe.without_experiments() {
                    *probe = Arc::new(without);
                }
            }
        }
        book.known.version += 1;
        replaced
    }

    /// Says that an experiment has the target to itself from now on, and until when at most.
    pub fn hold(&self, target: &str, hold: Hold) {
        let mut book = self.lock();
        if let Some(target) = book.target(target) {
            Arc::make_mut(target).hold = Some(hold);
            book.known.version += 1;
        }
    }

    /// Says that the target's ordinary visits go on.
    pub fn release(&self, target: &str, at: SystemTime) {
        let mut book = self.lock();
        let Some(target) = book.target(target) else { return };
        let target = Arc::make_mut(target);
        let Some(Hold { from, until }) = target.hold.take() else { return };
        // A clock that is set meanwhile, or a process that is stopped, makes no answer younger.
        let most = until.duration_since(from).unwrap_or_default();
        let took = at.duration_since(from).unwrap_or_default().min(most);
        for probe in &mut target.probes {
            Arc::make_mut(probe).held_back += took;
        }
        book.known.version += 1;
    }

    /// Takes what the target's verdict is now, and returns what it was if that is different.
    pub fn record_verdict(
        &self,
        target: &str,
        verdict: Verdict,
        at: SystemTime,
    ) -> Option<Option<Verdict>> {
        let mut book = self.lock();
        let standing = book.target(target)?.standing;
        let seen_go = match verdict {
            Verdict::Go => book.seen_go.insert(target.to_owned(), at),
            _ => book.seen_go.remove(target),
        };
        let same = standing.filter(|standing| standing.verdict == verdict);
        if same.is_some_and(|standing| standing.since <= at) {
            return None;
        }
        let last_go = standing.and_then(|standing| match standing.verdict {
            Verdict::Go => Some(seen_go.unwrap_or(standing.since).min(at)),
            _ => standing.last_go,
        });
        let now = Standing { verdict, since: at, last_go };
        Arc::make_mut(book.target(target)?).standing = Some(now);
        book.known.version += 1;
        same.is_none().then_some(standing.map(|standing| standing.verdict))
    }

    /// Marks what is dated later than now, which happens when the clock is set back, so that it is
    /// not believed when its date comes. Returns the targets where there was any.
    pub fn doubt_dates_after(&self, now: SystemTime) -> Vec<String> {
        let mut book = self.lock();
        let mut doubted = Vec::new();
        for target in &mut book.known.targets {
            let probes = target.probes.iter().enumerate();
            let misdated: Vec<_> =
                probes.filter_map(|(place, probe)| Some((place, probe.doubted(now)?))).collect();
            if misdated.is_empty() {
                continue;
            }
            let target = Arc::make_mut(target);
            for (place, probe) in misdated {
                target.probes[place] = Arc::new(probe);
            }
            doubted.push(target.target.name.clone());
        }
        book.known.version += u64::from(!doubted.is_empty());
        doubted
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        // Every change is one assignment of something whole, so a panic elsewhere leaves no half.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn target(&mut self, name: &str) -> Option<&mut Arc<TargetFindings>> {
        self.places.get(name).and_then(|&place| self.known.targets.get_mut(place))
    }
}

impl Reporter<'_> {
    /// Its place among a target's probes; `None` if they have changed.
    fn place(&self, target: &TargetFindings) -> Option<usize> {
        target
            .probes
            .iter()
            .position(|known| *known.name == *self.probe && known.identity == *self.identity)
    }
}
