//! What an armed probe remembers from one visit to the next.

use std::{
    any::{Any, TypeId},
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What one armed probe remembers: windows of measurements, and values of its own types.
///
/// Kept across reloads while the probe's settings stay the same. Judges never see it: `observe` puts
/// what matters into the evidence.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    windows: HashMap<String, Window>,
    values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

impl Memory {
    /// Adds a measurement to the window called `series` and returns the window's summary.
    pub fn record(&self, series: &str, sample: Sample) -> WindowSummary {
        let mut inner = self.lock();
        if !inner.windows.contains_key(series) {
            inner.windows.insert(series.to_owned(), Window::default());
        }
        let Some(window) = inner.windows.get_mut(series) else {
            return WindowSummary::default();
        };
        window.push(sample);
        window.summary()
    }

    /// The summary of the window called `series`; empty if nothing was recorded.
    #[must_use]
    pub fn summary(&self, series: &str) -> WindowSummary {
        self.lock().windows.get(series).map(Window::summary).unwrap_or_default()
    }

    /// What an earlier visit stored under this type.
    #[must_use]
    pub fn recall<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.lock().values.get(&TypeId::of::<T>()).cloned()?;
        value.downcast().ok()
    }

    /// Stores a value for later visits, in place of any other of its type.
    pub fn store<T: Send + Sync + 'static>(&self, value: T) {
        self.lock().values.insert(TypeId::of::<T>(), Arc::new(value));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A probe that panicked while it held the lock left whole samples behind, never half of one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One measurement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sample {
    /// How long it took; `None` where there was no answer to time.
    pub latency: Option<Duration>,
    /// Whether it came out as it should.
    pub ok: bool,
}

/// The last measurements of one series, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Window {
    samples: VecDeque<Sample>,
}

impl Window {
    /// How many measurements a window holds.
    pub const CAPACITY: usize = 120;

    fn push(&mut self, sample: Sample) {
        if self.samples.len() == Self::CAPACITY {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    fn summary(&self) -> WindowSummary {
        let mut latencies: Vec<Duration> =
            self.samples.iter().filter_map(|sample| sample.latency).collect();
        latencies.sort_unstable();
        WindowSummary {
            count: self.samples.len(),
            ok: self.samples.iter().filter(|sample| sample.ok).count(),
            latencies,
        }
    }
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

    fn sample(ms: u64) -> Sample {
        Sample { latency: Some(Duration::from_millis(ms)), ok: ms < 100 }
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let memory = Memory::default();
        for ms in 1..=20 {
            memory.record("ready", sample(ms));
        }
        let summary = memory.summary("ready");
        assert_eq!(summary.percentile(95.0), Some(Duration::from_millis(19)));
        assert_eq!(summary.percentile(100.0), Some(Duration::from_millis(20)));
        assert_eq!(summary.percentile(0.0), Some(Duration::from_millis(1)));
        assert_eq!(memory.summary("live").percentile(95.0), None);
        assert_eq!(summary.slower_than(Duration::from_millis(18)), 2);
        assert_eq!(summary.slower_than(Duration::from_millis(20)), 0);
    }

    #[test]
    fn a_window_forgets_the_oldest() {
        let memory = Memory::default();
        memory.record("ready", sample(500));
        for _ in 0..Window::CAPACITY {
            memory.record("ready", sample(1));
        }
        let summary = memory.summary("ready");
        assert_eq!(summary.percentile(100.0), Some(Duration::from_millis(1)));
        assert_eq!(summary.success_ratio(), Some(1.0));
    }

    #[test]
    fn an_unanswered_request_counts_against_success_and_has_no_latency() {
        let memory = Memory::default();
        memory.record("ready", sample(1));
        let summary = memory.record("ready", Sample { latency: None, ok: false });
        assert_eq!((summary.count, summary.timed()), (2, 1));
        assert_eq!(summary.success_ratio(), Some(0.5));
    }

    #[test]
    fn values_are_kept_by_type() {
        let memory = Memory::default();
        memory.store(7_u8);
        memory.store("leaf".to_owned());
        assert_eq!(memory.recall::<u8>().as_deref(), Some(&7));
        assert_eq!(memory.recall::<u16>(), None);
    }
}
