//! Experiments: when each was last started, whether one is under way, and which must not start again.
//!
//! Every mark is on disk before the call returns, so that neither a restart nor a crash repeats an
//! experiment, and a restarted gonogo knows what it has to restore.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{
    disk::Disk,
    error::StoreError,
    sealed::{seal, unseal},
    time::{millis, moment},
};

/// A mark of one probe's experiments on one target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Experiment {
    /// The target.
    pub target: String,
    /// The probe.
    pub probe: String,
    /// When it was last started.
    pub started: SystemTime,
}

/// Why a probe's experiments on a target must not start until they are re-armed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Latch {
    /// Since when; `None` where that is not known any more.
    pub since: Option<SystemTime>,
    /// Why, as a lower-case fragment.
    pub why: String,
}

/// All marks.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Experiments {
    /// Whether earlier marks could not be read: then nobody knows what was started.
    lost: bool,
    marks: Vec<Mark>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Mark {
    target: String,
    probe: String,
    /// Milliseconds since 1970, as every moment here.
    started: Option<i64>,
    under_way: bool,
    latched: Option<(i64, String)>,
    /// Whether it was re-armed after marks were lost.
    known_again: bool,
}

impl Experiments {
    /// Reads the marks. Where they cannot be read, every probe counts as latched.
    pub(super) fn load(disk: &mut Disk, now: SystemTime) -> (Self, Vec<StoreError>) {
        let lost = || Self { lost: true, marks: Vec::new() };
        let bytes = match disk.read("", FILE) {
            Ok(None) => return (Self::default(), Vec::new()),
            Ok(Some(bytes)) => bytes,
            Err(error) => return (lost(), vec![error]),
        };
        match unseal(SCHEMA, &bytes) {
            Ok(marks) => (marks, Vec::new()),
            Err(flaw) => {
                let mut errors = vec![disk.set_aside("", FILE, flaw, now)];
                // Until it is written, the next start finds none and takes that for a first start.
                errors.extend(lost().write(disk).err());
                (lost(), errors)
            }
        }
    }

    /// Changes a mark, on disk first.
    fn change(
        &mut self,
        disk: &mut Disk,
        (target, probe): (&str, &str),
        change: impl FnOnce(&mut Mark),
    ) -> Result<(), StoreError> {
        let mut after = self.clone();
        let place = after.marks.iter().position(|it| it.target == target && it.probe == probe);
        let place = place.unwrap_or_else(|| {
            after.marks.push(Mark {
                target: target.to_owned(),
                probe: probe.to_owned(),
                started: None,
                under_way: false,
                latched: None,
                known_again: false,
            });
            after.marks.len() - 1
        });
        change(&mut after.marks[place]);
        after.write(disk)?;
        *self = after;
        Ok(())
    }

    fn write(&self, disk: &mut Disk) -> Result<(), StoreError> {
        let bytes = seal(SCHEMA, self);
        let bytes =
            bytes.map_err(|source| StoreError::Write { path: disk.path("", FILE), source })?;
        disk.replace("", FILE, &bytes)?;
        disk.sync("")
    }

    pub(super) fn start(
        &mut self,
        disk: &mut Disk,
        who: (&str, &str),
        at: SystemTime,
    ) -> Result<(), StoreError> {
        self.change(disk, who, |mark| (mark.started, mark.under_way) = (Some(millis(at)), true))
    }

    pub(super) fn clear(&mut self, disk: &mut Disk, who: (&str, &str)) -> Result<(), StoreError> {
        self.change(disk, who, |mark| mark.under_way = false)
    }

    pub(super) fn latch(
        &mut self,
        disk: &mut Disk,
        who: (&str, &str),
        at: SystemTime,
        why: &str,
    ) -> Result<(), StoreError> {
        self.change(disk, who, |mark| mark.latched = Some((millis(at), why.to_owned())))
    }

    pub(super) fn rearm(&mut self, disk: &mut Disk, who: (&str, &str)) -> Result<bool, StoreError> {
        let was = self.latched(who).is_some();
        if was {
            self.change(disk, who, |mark| (mark.latched, mark.known_again) = (None, true))?;
        }
        Ok(was)
    }

    pub(super) fn under_way(&self) -> Vec<Experiment> {
        let marks = self.marks.iter().filter(|mark| mark.under_way);
        let experiment = |mark: &Mark| Experiment {
            target: mark.target.clone(),
            probe: mark.probe.clone(),
            started: moment(mark.started.unwrap_or_default()),
        };
        marks.map(experiment).collect()
    }

    pub(super) fn last_started(&self, who: (&str, &str)) -> Option<SystemTime> {
        Some(moment(self.mark(who)?.started?))
    }

    pub(super) fn latched(&self, who: (&str, &str)) -> Option<Latch> {
        let mark = self.mark(who);
        if let Some((since, why)) = mark.and_then(|mark| mark.latched.as_ref()) {
            return Some(Latch { since: Some(moment(*since)), why: why.clone() });
        }
        let is_known = mark.is_some_and(|mark| mark.known_again);
        (self.lost && !is_known).then(|| Latch { since: None, why: LOST.to_owned() })
    }

    fn mark(&self, (target, probe): (&str, &str)) -> Option<&Mark> {
        self.marks.iter().find(|mark| mark.target == target && mark.probe == probe)
    }
}

const FILE: &str = "experiments.gz";
const SCHEMA: &str = "gonogo/experiments/v1";
const LOST: &str = "the record of earlier experiments could not be read, so one may have been left unfinished; see whether the target is sound, then re-arm";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    const WHO: (&str, &str) = ("shop", "shutdown");

    fn disk(directory: &tempfile::TempDir) -> Disk {
        Disk::open(directory.path()).expect("writable")
    }

    fn reread(disk: &mut Disk) -> Experiments {
        let (marks, errors) = Experiments::load(disk, at(0));
        assert!(errors.is_empty(), "{errors:?}");
        marks
    }

    #[test]
    fn a_mark_is_on_disk_when_the_call_returns() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut disk = disk(&directory);
        let mut marks = reread(&mut disk);
        assert_eq!(marks.last_started(WHO), None);
        marks.start(&mut disk, WHO, at(100)).expect("written");
        let mut after = reread(&mut disk);
        let experiment =
            Experiment { target: "shop".into(), probe: "shutdown".into(), started: at(100) };
        assert_eq!(after.under_way(), [experiment]);
        after.clear(&mut disk, WHO).expect("written");
        let after = reread(&mut disk);
        assert!(after.under_way().is_empty());
        assert_eq!(after.last_started(WHO), Some(at(100)), "so that a restart does not repeat it");
        assert_eq!(after.last_started(("shop", "load")), None);
    }

    #[test]
    fn a_latch_holds_until_it_is_re_armed() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut disk = disk(&directory);
        let mut marks = reread(&mut disk);
        marks.latch(&mut disk, WHO, at(100), "it did not come back").expect("written");
        let mut after = reread(&mut disk);
        let latch = after.latched(WHO).expect("latched");
        assert_eq!((latch.since, &*latch.why), (Some(at(100)), "it did not come back"));
        assert!(after.rearm(&mut disk, WHO).expect("written"));
        assert_eq!(reread(&mut disk).latched(WHO), None);
        assert!(!after.rearm(&mut disk, WHO).expect("nothing to do"));
    }

    #[test]
    fn lost_marks_latch_everything_across_restarts_until_re_armed() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut disk = disk(&directory);
        reread(&mut disk).start(&mut disk, WHO, at(100)).expect("written");
        let whole = disk.read("", FILE).expect("readable").expect("there");
        for end in 0..whole.len() {
            disk.replace("", FILE, &whole[..end]).expect("cut");
            let (marks, errors) = Experiments::load(&mut disk, at(0));
            assert!(matches!(errors[..], [StoreError::Damaged { .. }]), "{errors:?}");
            assert!(marks.latched(WHO).is_some());
            assert!(reread(&mut disk).latched(("cart", "load")).is_some(), "after a restart too");
        }
        let newer = seal("gonogo/experiments/v2", &1).expect("in memory");
        disk.replace("", FILE, &newer).expect("written");
        let (mut marks, errors) = Experiments::load(&mut disk, at(0));
        assert!(matches!(errors[..], [StoreError::Foreign { .. }]), "{errors:?}");
        assert!(marks.rearm(&mut disk, WHO).expect("written"));
        let after = reread(&mut disk);
        assert_eq!(after.latched(WHO), None);
        assert!(after.latched(("cart", "load")).is_some());
    }

    #[test]
    fn what_cannot_be_written_is_not_marked() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut disk = disk(&directory);
        let mut marks = reread(&mut disk);
        // Where the new file would be written, something stands that cannot be replaced.
        std::fs::create_dir(disk.path("", "experiments.gz.new")).expect("made");
        assert!(marks.start(&mut disk, WHO, at(100)).is_err());
        assert!(marks.under_way().is_empty());
        assert_eq!(marks.last_started(WHO), None);
    }
}
