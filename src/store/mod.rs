//! What survives a restart: the latest findings, so that a restarted daemon neither forgets since when
//! a check has failed nor starts with an hour of UNKNOWN; what probes remember; and which experiments
//! were started.
//!
//! ```text
//! lock               held while gonogo runs
//! targets/*.state    one file a target: what was found
//! targets/*.memory   one file a target: what its probes remember
//! visits.gz          when targets were visited with nothing new to be said
//! experiments.gz     marks of experiments
//! removed/           files of targets that are no longer configured, for a week
//! set-aside/         files that are damaged or of another version, for a week
//! ```
//!
//! All are JSON in gzip. Files are written beside the old ones, flushed to the disk and renamed over
//! them: after a crash there is the old file or the new, never half of one, and a full disk loses
//! nothing that was written before. There is one file a target, not one journal, so that damage stays
//! where it is, a removed target's history is a file that can be moved away and back, and nothing
//! needs to be compacted. What they hold is as redacted as a report. What they say is believed as long
//! as it would have been without the restart, and only for armed probes that are still the same.

mod adopt;
mod disk;
mod error;
mod experiments;
mod known;
mod name;
mod save;
mod sealed;
mod state;
#[cfg(test)]
mod tests;
mod time;
mod visits;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

pub use adopt::Adopted;
pub use error::StoreError;
pub use experiments::{Experiment, Latch};
pub use known::{Remembered, RememberedProbe};
pub use save::{Effort, Written};

use disk::Disk;
use experiments::Experiments;
use known::Known;
use visits::{Notes, Visits};

/// A directory that keeps the state. Every call blocks for as long as the disk takes.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Mutex<Inner>>,
}

/// What time it is, by the clock, and by one that is never set.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// By the clock.
    pub at: SystemTime,
    /// By the one that is never set.
    pub tick: Instant,
}

#[derive(Debug)]
struct Inner {
    disk: Disk,
    targets: HashMap<String, Known>,
    visits: Visits,
    /// What `visits` said when it was read, until the first configuration is adopted.
    notes: Option<Notes>,
    experiments: Experiments,
    /// What there was to be said when the directory was opened.
    errors: Vec<StoreError>,
    purged: Option<Instant>,
}

impl Store {
    /// Opens a directory, which is made if need be. It is ours alone from then on.
    pub fn open(directory: &Path, now: SystemTime) -> Result<Self, StoreError> {
        let mut disk = Disk::open(directory)?;
        let mut errors = Vec::new();
        if disk.read("", EARLIER)?.is_some() {
            let flaw = sealed::Flaw::Foreign("gonogo/state/v1".to_owned());
            errors.push(disk.set_aside("", EARLIER, flaw, now));
        }
        let (experiments, trouble) = Experiments::load(&mut disk, now);
        errors.extend(trouble);
        let (visits, notes, trouble) = Visits::load(&disk, now);
        errors.extend(trouble);
        let inner = Inner {
            disk,
            targets: HashMap::new(),
            visits,
            notes: Some(notes),
            experiments,
            errors,
            purged: None,
        };
        Ok(Self { inner: Arc::new(Mutex::new(inner)) })
    }

    /// Bytes written since the directory was opened.
    pub fn written(&self) -> u64 {
        self.lock().disk.written
    }

    /// Marks an experiment as under way. Nothing may be disrupted before this has returned.
    pub fn mark_experiment(
        &self,
        target: &str,
        probe: &str,
        started: SystemTime,
    ) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let Inner { disk, experiments, .. } = &mut *inner;
        experiments.start(disk, (target, probe), started)
    }

    /// Marks an experiment as over: the target is as it was before.
    pub fn clear_experiment(&self, target: &str, probe: &str) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let Inner { disk, experiments, .. } = &mut *inner;
        experiments.clear(disk, (target, probe))
    }

    /// The experiments that were started and not cleared, across restarts: the targets to restore.
    pub fn under_way(&self) -> Vec<Experiment> {
        self.lock().experiments.under_way()
    }

    /// When a probe's experiment on a target was last started.
    pub fn last_started(&self, target: &str, probe: &str) -> Option<SystemTime> {
        self.lock().experiments.last_started((target, probe))
    }

    /// Keeps a probe's experiments on a target from starting until they are re-armed.
    pub fn latch_experiment(
        &self,
        target: &str,
        probe: &str,
        at: SystemTime,
        why: &str,
    ) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let Inner { disk, experiments, .. } = &mut *inner;
        experiments.latch(disk, (target, probe), at, why)
    }

    /// Why a probe's experiments on a target must not start, if they must not.
    pub fn latched(&self, target: &str, probe: &str) -> Option<Latch> {
        self.lock().experiments.latched((target, probe))
    }

    /// Lets a probe's experiments on a target start again, and tells whether they could not before.
    pub fn rearm_experiment(&self, target: &str, probe: &str) -> Result<bool, StoreError> {
        let mut inner = self.lock();
        let Inner { disk, experiments, .. } = &mut *inner;
        experiments.rearm(disk, (target, probe))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // What is known of the disk is changed after the disk, so a panic leaves too much to write.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Deletes what nobody has asked for in a week, once a day.
    fn purge(&mut self, now: Now) {
        let is_due = |last| now.tick.saturating_duration_since(last) >= BETWEEN_PURGES;
        if self.purged.is_none_or(is_due) {
            self.purged = Some(now.tick);
            self.disk.purge(disk::REMOVED, KEPT, now.at);
            self.disk.purge(disk::SET_ASIDE, KEPT, now.at);
        }
    }
}

/// The one file of versions before this one.
const EARLIER: &str = "state.json";
/// How long files of removed targets are kept: a mistake in a configuration must not cost history.
const KEPT: Duration = Duration::from_hours(7 * 24);
const BETWEEN_PURGES: Duration = Duration::from_hours(24);
/// The endings of a target's two files.
const STATE: &str = ".state";
const MEMORY: &str = ".memory";
