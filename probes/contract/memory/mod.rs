//! What an armed probe remembers from one visit to the next.

mod kept;
mod series;
mod time;
mod window;

use std::{
    any::{Any, TypeId},
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use kept::{Cabinet, Lost, SavedValue};
use series::{SavedSeries, Thinned};
use window::SavedWindow;

pub(in crate::contract) use time::{millis, moment};

pub use kept::{Kept, NotKept};
pub use series::{Point, Series};
pub use window::{Sample, Window, WindowSummary};

/// What one armed probe remembers: windows of measurements, series of numbers, and values of its own
/// types. Judges never see it: `observe` puts what matters into the evidence.
///
/// It lasts as long as the probe observes the same thing. Windows, series and
/// [kept](Memory::keep) values survive a restart; [stored](Memory::store) values do not.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    windows: BTreeMap<String, Window>,
    series: BTreeMap<String, Thinned>,
    kept: Cabinet,
    values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
    left_out: VecDeque<(SystemTime, SystemTime)>,
    changes: Changes,
    notices: Notices,
}

/// How often a memory changed, by how much a restart without the change would hurt.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Changes {
    /// Kept values.
    pub kept: u64,
    /// Windows and series.
    pub measured: u64,
}

/// What the daemon should say about a memory: each thing once.
#[derive(Debug, Default)]
struct Notices {
    waiting: Vec<String>,
    said: BTreeSet<String>,
    refused: u64,
}

impl Memory {
    /// Adds a measurement taken at `at` to the window of this name and returns the window's summary.
    ///
    /// A measurement within an interval that was [forgotten](Memory::forget_between) is left out.
    pub fn record(&self, window: &str, at: SystemTime, sample: Sample) -> WindowSummary {
        let mut inner = self.lock();
        if inner.leaves_out(at) {
            return inner.windows.get(window).map(Window::summary).unwrap_or_default();
        }
        if !inner
            .has_room(window, |inner| (inner.windows.contains_key(window), inner.windows.len()))
        {
            return WindowSummary::default();
        }
        inner.changes.measured += 1;
        let window = inner.windows.entry(window.to_owned()).or_default();
        window.push(at, sample);
        window.summary()
    }

    /// The summary of the window of this name; empty if nothing was recorded.
    #[must_use]
    pub fn summary(&self, window: &str) -> WindowSummary {
        self.lock().windows.get(window).map(Window::summary).unwrap_or_default()
    }

    /// Adds a number to the series of this name. Notes may come out of order; one that is not finite,
    /// or within a [forgotten](Memory::forget_between) interval, is left out.
    pub fn note(&self, series: &str, at: SystemTime, value: f64) {
        let mut inner = self.lock();
        if inner.leaves_out(at) {
            return;
        }
        if !value.is_finite() {
            inner.notices.refuse(format!("a note of the series `{series}` is not a finite number"));
            return;
        }
        if !inner.has_room(series, |inner| (inner.series.contains_key(series), inner.series.len()))
        {
            return;
        }
        inner.changes.measured += 1;
        inner.series.entry(series.to_owned()).or_default().note(at, value);
    }

    /// The series of this name as of `now`: what is dated later does not show. Empty if nothing was
    /// noted.
    #[must_use]
    pub fn series(&self, series: &str, now: SystemTime) -> Series {
        self.lock().series.get(series).map(|known| known.as_of(now)).unwrap_or_default()
    }

    /// Drops the window and the series of this name.
    pub fn forget(&self, name: &str) {
        let mut inner = self.lock();
        let had = (inner.windows.remove(name).is_some(), inner.series.remove(name).is_some());
        if had != (false, false) {
            inner.changes.measured += 1;
        }
    }

    /// Leaves an interval, ends included, out of every window and series: measurements that were taken
    /// then, and those that are still to be recorded.
    pub fn forget_between(&self, from: SystemTime, to: SystemTime) {
        let mut inner = self.lock();
        if inner.left_out.len() == MOST_INTERVALS {
            inner.left_out.pop_front();
        }
        inner.left_out.push_back((from, to));
        let mut changed = false;
        for window in inner.windows.values_mut() {
            changed |= window.forget_between(from, to);
        }
        for series in inner.series.values_mut() {
            changed |= series.forget_between(from, to);
        }
        inner.changes.measured += u64::from(changed);
    }

    /// Keeps a value across restarts, in place of any other of its type.
    pub fn keep<T: Kept>(&self, value: T) -> Result<(), NotKept> {
        let mut inner = self.lock();
        match inner.kept.keep(value) {
            Ok(changed) => {
                inner.changes.kept += u64::from(changed);
                Ok(())
            }
            Err(error) => {
                inner.notices.refuse(error.to_string());
                Err(error)
            }
        }
    }

    /// The value that was kept under this type, by an earlier visit or before a restart. One of another
    /// version, or a damaged one, is as good as none, and is said.
    #[must_use]
    pub fn kept<T: Kept>(&self) -> Option<Arc<T>> {
        let mut inner = self.lock();
        let (name, version) = (T::NAME, T::VERSION);
        match inner.kept.kept() {
            Ok(value) => Some(value),
            Err(Lost::Absent) => None,
            Err(Lost::OtherVersion(other)) => {
                inner.notices.say(format!(
                    "the stored value `{name}` has version {other}, not {version}; it was set aside"
                ));
                None
            }
            Err(Lost::Damaged(why)) => {
                inner.notices.say(format!("the stored value `{name}` was dropped: {why}"));
                None
            }
        }
    }

    /// What an earlier visit stored under this type since gonogo was started.
    #[must_use]
    pub fn recall<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.lock().values.get(&TypeId::of::<T>()).cloned()?;
        value.downcast().ok()
    }

    /// Stores a value for later visits, until gonogo is restarted, in place of any other of its type.
    pub fn store<T: Send + Sync + 'static>(&self, value: T) {
        self.lock().values.insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// How often it changed.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.lock().changes
    }

    /// How much was refused since the last call because it was too much, or no number.
    #[must_use]
    pub fn refused(&self) -> u64 {
        std::mem::take(&mut self.lock().notices.refused)
    }

    /// What there is to be said since the last call.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().notices.waiting)
    }

    /// What survives a restart.
    #[must_use]
    pub fn saved(&self) -> Saved {
        let inner = self.lock();
        let windows = inner.windows.iter().map(|(name, it)| (name.clone(), it.saved()));
        let series = inner.series.iter().map(|(name, it)| (name.clone(), it.saved()));
        Saved { kept: inner.kept.saved(), windows: windows.collect(), series: series.collect() }
    }

    /// A memory as it was before a restart. What is dated later than `now` is left out.
    #[must_use]
    pub fn restored(saved: Saved, now: SystemTime) -> Self {
        let memory = Self::default();
        memory.restore(saved, now);
        memory
    }

    /// Takes over what was stored before a restart, in place of what it has of the same names. What is
    /// dated later than `now` is left out.
    pub fn restore(&self, saved: Saved, now: SystemTime) {
        let mut inner = self.lock();
        inner.kept = Cabinet::restored(saved.kept);
        let windows = saved.windows.into_iter().take(MOST_NAMES);
        let windows = windows.filter_map(|(name, it)| Some((name, Window::restored(it, now)?)));
        inner.windows = windows.collect();
        let series = saved.series.into_iter().take(MOST_NAMES);
        inner.series = series.map(|(name, it)| (name, Thinned::restored(it, now))).collect();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A probe that panicked while it held the lock left whole samples behind, never half of one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn leaves_out(&self, at: SystemTime) -> bool {
        self.left_out.iter().any(|(from, to)| (*from..=*to).contains(&at))
    }

    /// Whether something of this name may be written: it is there already, or there is room for it.
    fn has_room(&mut self, name: &str, there: impl FnOnce(&Self) -> (bool, usize)) -> bool {
        let (known, count) = there(self);
        if known {
            return true;
        }
        if count >= MOST_NAMES {
            self.notices.refuse(format!(
                "no window and no series beyond {MOST_NAMES} of each is remembered"
            ));
            return false;
        }
        if name.len() > LONGEST_NAME {
            self.notices.refuse(format!(
                "the name of a window or series is longer than {LONGEST_NAME} bytes"
            ));
            return false;
        }
        true
    }
}

impl Notices {
    fn refuse(&mut self, notice: String) {
        self.refused += 1;
        self.say(notice);
    }

    fn say(&mut self, notice: String) {
        if self.said.len() < MOST_NOTICES && self.said.insert(notice.clone()) {
            self.waiting.push(notice);
        }
    }
}

/// What of a memory survives a restart, as it is stored.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Saved {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kept: Vec<SavedValue>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    windows: BTreeMap<String, SavedWindow>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    series: BTreeMap<String, SavedSeries>,
}

impl Saved {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.windows.is_empty() && self.series.is_empty()
    }
}

/// Windows, and as many series: a probe names them after parts of itself, not after what targets say.
const MOST_NAMES: usize = 64;
/// Bytes.
const LONGEST_NAME: usize = 200;
/// Intervals that are left out of what is still to be recorded.
const MOST_INTERVALS: usize = 16;
/// Different things that are said of one memory.
const MOST_NOTICES: usize = 32;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const OK: Sample = Sample { latency: Some(Duration::from_millis(1)), ok: true };

    fn at(secs: i64) -> SystemTime {
        moment(secs * 1000)
    }

    #[derive(Debug, Deserialize, Serialize)]
    struct Seen(u8);

    impl Kept for Seen {
        const NAME: &'static str = "seen";
        const VERSION: u32 = 1;
        const MOST: usize = 2;
    }

    #[derive(Debug, Deserialize, Serialize)]
    struct SeenOtherwise(u8);

    impl Kept for SeenOtherwise {
        const NAME: &'static str = "seen";
        const VERSION: u32 = 2;
        const MOST: usize = 2;
    }

    #[test]
    fn values_are_stored_by_type_until_a_restart() {
        let memory = Memory::default();
        memory.store(7_u8);
        memory.store("leaf".to_owned());
        assert_eq!(memory.recall::<u8>().as_deref(), Some(&7));
        assert_eq!(memory.recall::<u16>(), None);
        assert!(memory.saved().is_empty());
    }

    #[test]
    fn windows_series_and_kept_values_survive_a_restart() {
        let memory = Memory::default();
        memory.record("ready", at(100), OK);
        memory.note("heap", at(100), 1.5);
        memory.keep(Seen(3)).expect("small");
        let text = serde_json::to_string(&memory.saved()).expect("JSON");
        let after = Memory::restored(serde_json::from_str(&text).expect("JSON"), at(200));
        assert_eq!(after.summary("ready"), memory.summary("ready"));
        assert_eq!(after.series("heap", at(200)), memory.series("heap", at(200)));
        assert_eq!(after.kept::<Seen>().expect("kept").0, 3);
    }

    #[test]
    fn a_clock_that_was_ahead_leaves_nothing_behind() {
        let memory = Memory::default();
        memory.record("ready", at(9000), OK);
        memory.note("heap", at(9000), 1.5);
        assert!(memory.series("heap", at(100)).points.is_empty());
        let after = Memory::restored(memory.saved(), at(100));
        assert_eq!(after.summary("ready").count, 0);
        assert!(after.series("heap", at(10_000)).points.is_empty());
    }

    #[test]
    fn an_interval_is_left_out_of_what_was_and_of_what_will_be_recorded() {
        let memory = Memory::default();
        for secs in [10, 20, 30] {
            memory.record("ready", at(secs), OK);
            memory.note("heap", at(secs), 1.0);
        }
        memory.forget_between(at(15), at(25));
        assert_eq!(memory.record("ready", at(25), OK).count, 2);
        memory.note("heap", at(16), 1.0);
        assert_eq!(memory.series("heap", at(99)).points.len(), 2);
        assert_eq!(memory.record("ready", at(26), OK).count, 3);
    }

    #[test]
    fn windows_and_series_are_bounded_and_the_rest_is_counted_and_said_once() {
        let memory = Memory::default();
        for i in 0..MOST_NAMES + 10 {
            memory.record(&format!("{i}"), at(1), OK);
            memory.note(&format!("{i}"), at(1), 1.0);
        }
        memory.note("0", at(2), f64::NAN);
        let saved = memory.saved();
        assert_eq!((saved.windows.len(), saved.series.len()), (MOST_NAMES, MOST_NAMES));
        assert_eq!(memory.refused(), 21);
        assert_eq!(memory.notices().len(), 2);
        assert!(memory.notices().is_empty());
        memory.note("0", at(3), 1.0);
        assert_eq!(memory.series("0", at(3)).points.len(), 2, "those that are there go on");
        memory.note(&"n".repeat(LONGEST_NAME + 1), at(1), 1.0);
        assert_eq!(memory.refused(), 1);
    }

    #[test]
    fn what_is_too_large_and_what_has_another_version_is_said_once() {
        let memory = Memory::default();
        assert!(memory.keep(Seen(200)).is_err());
        assert!(memory.keep(Seen(200)).is_err());
        assert_eq!(memory.refused(), 2);
        assert_eq!(memory.notices(), ["`seen` takes 3 bytes, more than the 2 it may"]);
        memory.keep(Seen(2)).expect("small");
        assert!(memory.kept::<SeenOtherwise>().is_none());
        assert!(memory.kept::<SeenOtherwise>().is_none());
        assert_eq!(
            memory.notices(),
            ["the stored value `seen` has version 1, not 2; it was set aside"]
        );
    }

    #[test]
    fn changes_are_counted_by_what_they_are() {
        let memory = Memory::default();
        memory.record("ready", at(1), OK);
        memory.note("heap", at(1), 1.0);
        memory.keep(Seen(1)).expect("small");
        memory.keep(Seen(1)).expect("small");
        memory.store(1_u8);
        memory.forget("nothing");
        assert_eq!(memory.changes(), Changes { kept: 1, measured: 2 });
        memory.forget("ready");
        assert_eq!(memory.summary("ready").count, 0);
        assert_eq!(memory.changes().measured, 3);
    }
}
