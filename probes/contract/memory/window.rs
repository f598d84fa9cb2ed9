//! Windows: the last measurements of one kind, for percentiles and ratios.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::time::{differences, millis, sums};

/// One measurement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sample {
    /// How long it took; `None` where there was no answer to time.
    pub latency: Option<Duration>,
    /// Whether it came out as it should.
    pub ok: bool,
}

/// The last measurements of one kind, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Window {
    samples: VecDeque<Packed>,
}

/// A sample in eight bytes: there may be thousands of windows.
#[derive(Clone, Copy, Debug)]
struct Packed {
    /// Seconds since 1970.
    at: u32,
    /// Microseconds, and two flags.
    what: u32,
}

impl Window {
    /// How many measurements a window holds.
    pub const CAPACITY: usize = 120;

    pub(super) fn push(&mut self, at: SystemTime, sample: Sample) {
        self.push_packed(Packed::of(at, sample));
    }

    fn push_packed(&mut self, packed: Packed) {
        if self.samples.len() == Self::CAPACITY {
            self.samples.pop_front();
        }
        self.samples.push_back(packed);
    }

    /// Drops the measurements of an interval, ends included.
    pub(super) fn forget_between(&mut self, from: SystemTime, to: SystemTime) -> bool {
        let (from, to, before) = (seconds(from), seconds(to), self.samples.len());
        self.samples.retain(|sample| sample.at < from || sample.at > to);
        self.samples.len() != before
    }

    pub(super) fn summary(&self) -> WindowSummary {
        let timed = self.samples.iter().filter_map(|sample| sample.sample().latency);
        let mut latencies: Vec<Duration> = timed.collect();
        latencies.sort_unstable();
        WindowSummary {
            count: self.samples.len(),
            ok: self.samples.iter().filter(|sample| sample.sample().ok).count(),
            latencies,
        }
    }

    pub(super) fn saved(&self) -> SavedWindow {
        SavedWindow {
            at: differences(self.samples.iter().map(|sample| i64::from(sample.at))),
            what: self.samples.iter().map(|sample| sample.what).collect(),
        }
    }

    /// The window as it was stored, without what is dated later than `now`; nothing where even its
    /// latest measurement is too old to be continued.
    pub(super) fn restored(saved: SavedWindow, now: SystemTime) -> Option<Self> {
        let now = seconds(now);
        let mut window = Self::default();
        for (at, what) in sums(saved.at).zip(saved.what) {
            if let Some(at) = u32::try_from(at).ok().filter(|at| *at <= now) {
                window.push_packed(Packed { at, what });
            }
        }
        let latest = window.samples.iter().map(|sample| sample.at).max()?;
        (now - latest <= LONGEST_GAP).then_some(window)
    }
}

impl Packed {
    fn of(at: SystemTime, sample: Sample) -> Self {
        let micros = |latency: Duration| (latency.as_nanos() + 500) / 1000;
        let latency = sample.latency.map_or(0, |latency| {
            TIMED | u32::try_from(micros(latency)).unwrap_or(MICROS).min(MICROS)
        });
        Self { at: seconds(at), what: latency | if sample.ok { OK } else { 0 } }
    }

    fn sample(self) -> Sample {
        let micros = Duration::from_micros(u64::from(self.what & MICROS));
        Sample { latency: (self.what & TIMED != 0).then_some(micros), ok: self.what & OK != 0 }
    }
}

/// Seconds since 1970, as far as 32 bits go.
fn seconds(at: SystemTime) -> u32 {
    u32::try_from(millis(at).max(0) / 1000).unwrap_or(u32::MAX)
}

const OK: u32 = 1 << 31;
const TIMED: u32 = 1 << 30;
/// The rest of the bits: 17 minutes.
const MICROS: u32 = TIMED - 1;
/// Seconds. After a longer stop a window says nothing about now, and is filled anew.
const LONGEST_GAP: u32 = 3600;

/// A window as it is stored.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct SavedWindow {
    at: Vec<i64>,
    what: Vec<u32>,
}

/// What a window held at one moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct WindowSummary {
    /// How many measurements.
    pub count: usize,
    /// How many of them came out as they should.
    pub ok: usize,
    latencies: Vec<Duration>,
}

impl WindowSummary {
    /// How many measurements were timed.
    #[must_use]
    pub fn timed(&self) -> usize {
        self.latencies.len()
    }

    /// How many of them took longer than this.
    #[must_use]
    pub fn slower_than(&self, limit: Duration) -> usize {
        self.latencies.len() - self.latencies.partition_point(|latency| *latency <= limit)
    }

    /// The latency that `percent` of the timed measurements did not exceed, by nearest rank; `None`
    /// if none was timed. `percent` is from 0 to 100.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "the rank is between 0 and the number of samples, which is small"
    )]
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        let rank = (percent / 100.0 * self.latencies.len() as f64).ceil() as usize;
        self.latencies.get(rank.max(1) - 1).copied()
    }

    /// The share of measurements that came out as they should, from 0 to 1; `None` if there are none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a window holds few samples")]
    pub fn success_ratio(&self) -> Option<f64> {
        (self.count > 0).then(|| self.ok as f64 / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::memory::time::moment;

    fn sample(ms: u64) -> Sample {
        Sample { latency: Some(Duration::from_millis(ms)), ok: ms < 100 }
    }

    fn at(secs: i64) -> SystemTime {
        moment(secs * 1000)
    }

    fn window(samples: impl IntoIterator<Item = (i64, Sample)>) -> Window {
        let mut window = Window::default();
        for (secs, sample) in samples {
            window.push(at(secs), sample);
        }
        window
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let summary = window((1..=20).map(|ms| (0, sample(ms)))).summary();
        assert_eq!(summary.percentile(95.0), Some(Duration::from_millis(19)));
        assert_eq!(summary.percentile(100.0), Some(Duration::from_millis(20)));
        assert_eq!(summary.percentile(0.0), Some(Duration::from_millis(1)));
        assert_eq!(WindowSummary::default().percentile(95.0), None);
        assert_eq!(summary.slower_than(Duration::from_millis(18)), 2);
        assert_eq!(summary.slower_than(Duration::from_millis(20)), 0);
    }

    #[test]
    fn a_window_forgets_the_oldest() {
        let samples = (0..Window::CAPACITY).map(|_| (1, sample(1)));
        let summary = window(std::iter::once((0, sample(500))).chain(samples)).summary();
        assert_eq!(summary.percentile(100.0), Some(Duration::from_millis(1)));
        assert_eq!(summary.success_ratio(), Some(1.0));
    }

    #[test]
    fn an_unanswered_request_counts_against_success_and_has_no_latency() {
        let summary = window([(0, sample(1)), (1, Sample { latency: None, ok: false })]).summary();
        assert_eq!((summary.count, summary.timed()), (2, 1));
        assert_eq!(summary.success_ratio(), Some(0.5));
    }

    #[test]
    fn a_latency_is_kept_to_the_microsecond_up_to_a_quarter_of_an_hour() {
        let of = |latency| Packed::of(at(0), Sample { latency: Some(latency), ok: true }).sample();
        let precise = Duration::from_nanos(50_123_499);
        assert_eq!(of(precise).latency, Some(Duration::from_micros(50_123)));
        assert_eq!(of(Duration::from_mins(15)).latency, Some(Duration::from_mins(15)));
        assert!(of(Duration::MAX).latency > Some(Duration::from_mins(17)));
        assert_eq!(of(Duration::ZERO).latency, Some(Duration::ZERO));
    }

    #[test]
    fn an_interval_can_be_left_out() {
        let mut window = window((0..10).map(|secs| (secs, sample(1))));
        assert!(window.forget_between(at(3), at(5)));
        assert_eq!(window.summary().count, 7);
        assert!(!window.forget_between(at(3), at(5)));
    }

    #[test]
    fn a_window_survives_being_stored() {
        let before = window((100_i64..200).map(|secs| (secs, sample(secs.unsigned_abs()))));
        let after = Window::restored(before.saved(), at(300)).expect("recent");
        assert_eq!(after.summary(), before.summary());
    }

    #[test]
    fn what_is_dated_later_than_now_is_not_restored() {
        let before = window([(100, sample(1)), (5000, sample(1))]);
        let after = Window::restored(before.saved(), at(200)).expect("one of them");
        assert_eq!(after.summary().count, 1);
        assert!(Window::restored(before.saved(), at(50)).is_none());
    }

    #[test]
    fn a_window_is_not_continued_after_a_long_stop() {
        let before = window([(100, sample(1))]);
        assert!(Window::restored(before.saved(), at(3700)).is_some());
        assert!(Window::restored(before.saved(), at(3701)).is_none());
    }
}
