//! What is known at one moment, and what is expected to become known.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use gonogo_probes::contract::{Footprint, Kind, Target};

use super::probe::ProbeFindings;
use crate::scorecard::Verdict;

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
    /// The experiment that has it to itself.
    pub hold: Option<Hold>,
}

/// How long an experiment has a target to itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hold {
    /// When it began.
    pub from: SystemTime,
    /// When it must have ended, whatever happens.
    pub until: SystemTime,
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
    /// When it was last GO before that; [`TargetFindings::last_go`] knows about now.
    pub last_go: Option<SystemTime>,
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
    /// What ordinary visits do to the target; `None` if only experiments answer.
    pub ordinary: Option<Footprint>,
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

impl Snapshot {
    /// The target of this name.
    pub fn target(&self, name: &str) -> Option<&Arc<TargetFindings>> {
        self.targets.iter().find(|known| known.target.name == name)
    }
}

impl TargetFindings {
    pub(super) fn of(wanted: &Expected, known: Option<&Arc<TargetFindings>>) -> Self {
        let probes = wanted.probes.iter().map(|probe| {
            let known = known.map_or(&[][..], |known| &known.probes);
            let same = same_probe(known, &probe.name, &probe.identity);
            match same {
                Some(same) if same.is_as(probe) => Arc::clone(same),
                Some(same) => Arc::new(same.as_expected(probe)),
                None => Arc::new(ProbeFindings::pending(probe)),
            }
        });
        Self {
            target: Arc::clone(&wanted.target),
            probes: probes.collect(),
            revision: known.and_then(|known| known.revision.clone()),
            standing: known.and_then(|known| known.standing),
            requests: Arc::clone(&wanted.requests),
            hold: known.and_then(|known| known.hold),
        }
    }

    /// The moment that the age of its answers is told by: while ordinary visits are held back, the one
    /// at which that began.
    pub fn aged_to(&self, now: SystemTime) -> SystemTime {
        match self.hold {
            Some(Hold { from, until }) if from <= now && now < until => from,
            _ => now,
        }
    }

    /// Connections and requests made to it since gonogo started, as a metric.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
    pub fn requests(&self) -> f64 {
        self.requests.load(Ordering::Relaxed) as f64
    }

    /// When its verdict was last GO, where it is `verdict` at `now`.
    pub fn last_go(&self, verdict: Verdict, now: SystemTime) -> Option<SystemTime> {
        if verdict == Verdict::Go {
            return Some(now);
        }
        let standing = self.standing?;
        if standing.verdict == Verdict::Go {
            // It ended just now, and that is not noted yet.
            return self.last_seen().filter(|seen| *seen <= now).or(Some(standing.since));
        }
        standing.last_go
    }

    /// When the last visit ended.
    pub fn last_seen(&self) -> Option<SystemTime> {
        let visits = self.probes.iter().filter_map(|probe| probe.visited.as_ref());
        visits.filter(|visited| !visited.misdated).map(|visited| visited.ended).max()
    }
}

/// Findings of a probe of this name with these settings.
pub(super) fn same_probe<'a>(
    known: &'a [Arc<ProbeFindings>],
    name: &str,
    identity: &[u8; 32],
) -> Option<&'a Arc<ProbeFindings>> {
    known.iter().find(|old| &*old.name == name && old.identity == *identity)
}
