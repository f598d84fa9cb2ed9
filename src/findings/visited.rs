//! When a visit was made, and for how long its answers may be believed.

use std::time::{Duration, SystemTime};

use gonogo_probes::contract::Obstructed;

/// When a visit was made and how it went.
#[derive(Clone, Debug)]
pub struct Visited {
    /// When it began.
    pub began: SystemTime,
    /// When it ended, by the clock it began by and within its deadline: neither a clock that is set
    /// meanwhile nor a process that is stopped meanwhile makes its answers younger.
    pub ended: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// What was in the way, if it brought back no evidence.
    pub obstructed: Option<Obstructed>,
    /// For how long its answers hold, where it was an experiment.
    pub holds_for: Option<Duration>,
    /// Whether a clock that was read later showed an earlier time: how old the answers are cannot be
    /// told, and never will be.
    pub misdated: bool,
}

/// Why answers are too old to be believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stale {
    /// They are this old.
    Old(Duration),
    /// They are dated later than now.
    Misdated,
    /// They are an experiment's, which no longer counts.
    Expired,
}

impl Visited {
    /// A visit that began at `began` and took `took`, of which at most `deadline` counts.
    pub fn new(
        began: SystemTime,
        took: Duration,
        deadline: Duration,
        obstructed: Option<Obstructed>,
    ) -> Self {
        let ended = began.checked_add(took.min(deadline)).unwrap_or(began);
        Self { began, ended, took, obstructed, holds_for: None, misdated: false }
    }

    /// The same as an experiment, whose answers hold for so long.
    #[must_use]
    pub fn holding(self, holds_for: Duration) -> Self {
        Self { holds_for: Some(holds_for), ..self }
    }

    /// Why its answers are not believed at `now`, where answers are believed for `believed_for`.
    pub fn stale(&self, now: SystemTime, believed_for: Duration) -> Option<Stale> {
        if self.misdated {
            return Some(Stale::Misdated);
        }
        stale(self.ended, now, believed_for)
    }
}

/// Why what was seen at `seen` is not believed at `now`.
pub(super) fn stale(seen: SystemTime, now: SystemTime, believed_for: Duration) -> Option<Stale> {
    match now.duration_since(seen) {
        Ok(age) => (age >= believed_for).then_some(Stale::Old(age)),
        Err(ahead) => (ahead.duration() > ONE_AFTER_THE_OTHER).then_some(Stale::Misdated),
    }
}

/// A reader may have asked for the time just before the visit it reads of ended.
const ONE_AFTER_THE_OTHER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn an_answer_is_believed_for_its_time_and_not_before_its_date() {
        let visited = Visited::new(at(100), MINUTE, MINUTE, None);
        assert_eq!(visited.stale(at(219), MINUTE), None);
        assert_eq!(visited.stale(at(220), MINUTE), Some(Stale::Old(MINUTE)));
        assert_eq!(visited.stale(at(159), MINUTE), None);
        assert_eq!(visited.stale(at(158), MINUTE), Some(Stale::Misdated));
        assert_eq!(visited.stale(SystemTime::UNIX_EPOCH - MINUTE, MINUTE), Some(Stale::Misdated));
    }

    #[test]
    fn a_process_that_is_stopped_during_a_visit_does_not_make_its_answers_younger() {
        let stopped = Visited::new(at(100), Duration::from_hours(1), MINUTE, None);
        assert_eq!((stopped.ended, stopped.took), (at(160), Duration::from_hours(1)));
    }

    #[test]
    fn dates_beyond_any_calendar_are_no_panic() {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(i64::MAX as u64);
        let visited = Visited::new(end, MINUTE, MINUTE, None);
        assert_eq!(visited.stale(at(100), Duration::MAX), Some(Stale::Misdated));
        assert_eq!(visited.stale(end, Duration::MAX), None);
    }
}
