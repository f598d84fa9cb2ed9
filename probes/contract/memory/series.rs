//! Series: numbers over days in a fixed number of points.

use std::{collections::VecDeque, time::SystemTime};

use serde::{Deserialize, Serialize};

use super::time::{differences, millis, moment, sums};

/// A number over time, oldest first.
///
/// The latest notes are here one by one. Earlier ones are gathered in cells of equal width, of which
/// the lowest and the highest value remain: a lower (or upper) envelope over windows at least as wide
/// as a cell is the same as without thinning.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The points, each later than the one before.
    pub points: Vec<Point>,
}

/// A point of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When the lowest value was noted.
    pub at: SystemTime,
    /// The lowest value.
    pub low: f64,
    /// The highest value; the same as the lowest where the point is one note.
    pub high: f64,
}

impl Series {
    /// How many points a series has at most.
    pub const CAPACITY: usize = RECENT + CELLS;

    /// The part after a moment: a process that was started anew has a history of its own.
    #[must_use]
    pub fn after(mut self, moment: SystemTime) -> Self {
        self.points.retain(|point| point.at > moment);
        self
    }
}

/// A series as it is remembered.
#[derive(Clone, Debug)]
pub(super) struct Thinned {
    /// The latest notes, one by one, by time.
    recent: VecDeque<(i64, f64)>,
    /// What came before, by time.
    cells: Vec<Cell>,
    /// How wide a cell is, in milliseconds. Cells begin at multiples of it.
    width: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Cell {
    /// When the lowest value was noted.
    at: i64,
    low: f64,
    high: f64,
}

impl Default for Thinned {
    fn default() -> Self {
        Self { recent: VecDeque::new(), cells: Vec::new(), width: NARROWEST }
    }
}

impl Thinned {
    /// Takes a note; notes may come out of order. A second one of the same moment replaces the first.
    pub(super) fn note(&mut self, at: SystemTime, value: f64) {
        self.note_at(millis(at), value);
    }

    fn note_at(&mut self, at: i64, value: f64) {
        if self.cells.last().is_some_and(|cell| at <= cell.at) {
            self.gather(Cell { at, low: value, high: value });
            return;
        }
        match self.recent.binary_search_by_key(&at, |(at, _)| *at) {
            Ok(place) => self.recent[place].1 = value,
            Err(place) => self.recent.insert(place, (at, value)),
        }
        while self.recent.len() > RECENT {
            let Some((at, value)) = self.recent.pop_front() else { return };
            self.gather(Cell { at, low: value, high: value });
        }
    }

    /// Puts something into the cell it belongs to, and makes cells wider while there are too many.
    fn gather(&mut self, new: Cell) {
        let index = |cell: &Cell| cell.at.div_euclid(self.width);
        match self.cells.binary_search_by_key(&index(&new), index) {
            Ok(place) => self.cells[place] = self.cells[place].with(new),
            Err(place) => self.cells.insert(place, new),
        }
        while self.cells.len() > CELLS {
            if self.width >= WIDEST {
                self.cells.remove(0);
                continue;
            }
            self.width *= 2;
            let width = self.width;
            self.cells.dedup_by(|later, earlier| {
                let same = later.at.div_euclid(width) == earlier.at.div_euclid(width);
                if same {
                    *earlier = earlier.with(*later);
                }
                same
            });
        }
    }

    /// The series as of `now`: what is dated later was noted by a clock that was wrong.
    pub(super) fn as_of(&self, now: SystemTime) -> Series {
        let now = millis(now);
        let older = self.cells.iter().copied();
        let recent = self.recent.iter().map(|&(at, value)| Cell { at, low: value, high: value });
        let known = older.chain(recent).take_while(|cell| cell.at <= now);
        let points =
            known.map(|cell| Point { at: moment(cell.at), low: cell.low, high: cell.high });
        Series { points: points.collect() }
    }

    /// Drops the points of an interval, ends included.
    pub(super) fn forget_between(&mut self, from: SystemTime, to: SystemTime) -> bool {
        let (from, to) = (millis(from), millis(to));
        let before = self.recent.len() + self.cells.len();
        self.recent.retain(|(at, _)| *at < from || *at > to);
        self.cells.retain(|cell| cell.at < from || cell.at > to);
        self.recent.len() + self.cells.len() != before
    }

    pub(super) fn saved(&self) -> SavedSeries {
        let is_one = self.cells.iter().all(|cell| cell.low.to_bits() == cell.high.to_bits());
        let high = self.cells.iter().filter(|_| !is_one).map(|cell| cell.high);
        SavedSeries {
            width: self.width,
            at: differences(self.cells.iter().map(|cell| cell.at)),
            low: self.cells.iter().map(|cell| cell.low).collect(),
            high: high.collect(),
            recent_at: differences(self.recent.iter().map(|(at, _)| *at)),
            recent: self.recent.iter().map(|(_, value)| *value).collect(),
        }
    }

    /// The series as it was stored, without what is dated later than `now`.
    pub(super) fn restored(mut saved: SavedSeries, now: SystemTime) -> Self {
        let now = millis(now);
        let mut series = Self { width: saved.width.clamp(NARROWEST, WIDEST), ..Self::default() };
        if saved.high.is_empty() {
            saved.high.clone_from(&saved.low);
        }
        for ((at, low), high) in sums(saved.at).zip(saved.low).zip(saved.high) {
            if at <= now {
                series.gather(Cell { at, low, high });
            }
        }
        for (at, value) in sums(saved.recent_at).zip(saved.recent) {
            if at <= now {
                series.note_at(at, value);
            }
        }
        series
    }
}

impl Cell {
    /// Both in one. Of equal lows the earlier stays.
    fn with(self, other: Self) -> Self {
        let (first, second) = if other.at < self.at { (other, self) } else { (self, other) };
        let lower = if second.low < first.low { second } else { first };
        Self { at: lower.at, low: lower.low, high: first.high.max(second.high) }
    }
}

/// A series as it is stored.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct SavedSeries {
    width: i64,
    at: Vec<i64>,
    low: Vec<f64>,
    /// Nothing where every high is the low.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    high: Vec<f64>,
    recent_at: Vec<i64>,
    recent: Vec<f64>,
}

/// Two hours of notes a minute apart.
const RECENT: usize = 120;
const CELLS: usize = 240;
/// Milliseconds: the minute in which most notes come.
const NARROWEST: i64 = 60_000;
/// Milliseconds. Cells as wide as this reach ten days back; then the oldest are dropped.
const WIDEST: i64 = 60 * NARROWEST;

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;

    fn series(notes: impl IntoIterator<Item = (i64, f64)>) -> Thinned {
        let mut series = Thinned::default();
        for (at, value) in notes {
            series.note_at(at, value);
        }
        series
    }

    fn points(series: &Thinned) -> Vec<(i64, f64, f64)> {
        let all = series.as_of(moment(i64::MAX / 4)).points;
        all.iter().map(|point| (millis(point.at), point.low, point.high)).collect()
    }

    #[test]
    fn the_latest_notes_stay_as_they_are() {
        let series = series((0..100).map(|i| (i * MINUTE, i as f64)));
        let expected: Vec<_> = (0..100).map(|i| (i * MINUTE, i as f64, i as f64)).collect();
        assert_eq!(points(&series), expected);
    }

    #[test]
    fn a_day_and_a_week_fit_into_the_same_number_of_points() {
        for days in [1, 7] {
            let series = series((0..days * 24 * 60).map(|i| (i * MINUTE, i as f64)));
            let points = points(&series);
            assert!(points.len() <= Series::CAPACITY, "{}", points.len());
            assert!(points.len() >= Series::CAPACITY / 2, "{}", points.len());
            assert_eq!(points[0].0, 0, "the beginning is still there");
        }
    }

    #[test]
    fn after_ten_days_the_oldest_is_dropped() {
        let series = series((0..20 * 24 * 60).map(|i| (i * MINUTE, 1.0)));
        let points = points(&series);
        assert!(points.len() <= Series::CAPACITY);
        let span = points[points.len() - 1].0 - points[0].0;
        assert!((9 * 24 * 60 * MINUTE..11 * 24 * 60 * MINUTE).contains(&span), "{span}");
    }

    #[test]
    fn the_slope_of_a_leak_under_a_saw_tooth_survives_thinning() {
        // 1 MiB an hour, under a saw-tooth of 64 MiB that falls back every 37 minutes.
        let leak = |i: i64| 5e8 + i as f64 * 1_048_576.0 / 60.0;
        let value = |i: i64| leak(i) + (i % 37) as f64 * 67_108_864.0 / 37.0;
        let series = series((0..36 * 60).map(|i| (i * MINUTE, value(i))));
        let lows = envelope(&points(&series), 40 * MINUTE);
        let mut slopes: Vec<f64> = Vec::new();
        for (i, a) in lows.iter().enumerate() {
            slopes.extend(lows[i + 1..].iter().map(|b| (b.1 - a.1) / (b.0 - a.0) as f64));
        }
        slopes.sort_by(f64::total_cmp);
        let an_hour = slopes[slopes.len() / 2] * 60.0 * MINUTE as f64;
        assert!((an_hour / 1_048_576.0 - 1.0).abs() < 0.02, "{an_hour} bytes an hour");
    }

    /// The lowest point of each window of this width.
    fn envelope(points: &[(i64, f64, f64)], width: i64) -> Vec<(i64, f64)> {
        let mut lows: Vec<(i64, f64)> = Vec::new();
        for &(at, low, _) in points {
            match lows.last_mut().filter(|last| last.0.div_euclid(width) == at.div_euclid(width)) {
                Some(last) if last.1 <= low => {}
                Some(last) => *last = (at, low),
                None => lows.push((at, low)),
            }
        }
        lows
    }

    #[test]
    fn a_note_out_of_order_finds_its_place() {
        let series = series([(3, 3.0), (1, 1.0), (2, 2.0), (1, 9.0)]);
        assert_eq!(points(&series), [(1, 9.0, 9.0), (2, 2.0, 2.0), (3, 3.0, 3.0)]);
    }

    #[test]
    fn a_late_note_joins_the_cell_it_belongs_to() {
        let mut series = series((0..200).map(|i| (i * MINUTE, 5.0)));
        series.note_at(10 * MINUTE + 1, 1.0);
        let there: Vec<_> = points(&series).into_iter().filter(|point| point.1 < 5.0).collect();
        assert_eq!(there, [(10 * MINUTE + 1, 1.0, 5.0)]);
    }

    #[test]
    fn what_is_dated_later_than_now_does_not_show() {
        let series = series([(1, 1.0), (2, 2.0), (1000, 3.0)]);
        assert_eq!(series.as_of(moment(2)).points.len(), 2);
        let restored = Thinned::restored(series.saved(), moment(2));
        assert_eq!(points(&restored).len(), 2);
    }

    #[test]
    fn what_was_damaged_is_not_believed_beyond_its_bounds() {
        let saved = SavedSeries {
            width: i64::MIN,
            at: vec![5, 0, i64::MIN, i64::MAX, 1],
            low: vec![1.0; 3],
            high: vec![2.0; 9],
            recent_at: vec![7; 10_000],
            recent: vec![1.0; 10_000],
        };
        let series = Thinned::restored(saved, moment(i64::MAX / 4));
        let points = points(&series);
        assert!(points.len() <= Series::CAPACITY);
        assert!(points.is_sorted_by(|a, b| a.0 < b.0), "{points:?}");
    }

    #[test]
    fn an_interval_can_be_left_out() {
        let mut series = series((0..300).map(|i| (i * MINUTE, 1.0)));
        assert!(series.forget_between(moment(10 * MINUTE), moment(200 * MINUTE)));
        let left = points(&series);
        assert!(left.iter().all(|point| !(10 * MINUTE..=200 * MINUTE).contains(&point.0)));
        assert_eq!(left.len(), 300 - 191);
    }

    #[test]
    fn a_full_series_takes_few_bytes_a_point_on_disk_and_in_memory() {
        let notes = (0..36 * 60).map(|i| {
            let value = 512_000_000 + i * 4096 + (i * 7919 % 977) * 65_536;
            (1_764_252_411_123 + i * MINUTE + i % 13, value as f64)
        });
        let series = series(notes);
        let count = points(&series).len();
        let json = serde_json::to_vec(&series.saved()).expect("JSON");
        assert!(json.len() / count < 40, "{} bytes a point", json.len() / count);
        let memory = size_of_val(series.cells.as_slice()) + series.recent.capacity() * 16;
        assert!(memory / count < 40, "{} bytes a point", memory / count);
    }

    proptest! {
        #[test]
        fn every_cell_keeps_the_lowest_and_the_highest_of_its_notes(
            steps in proptest::collection::vec((1_i64..5 * MINUTE, -1e9_f64..1e9), 1..2000),
        ) {
            let mut at = 0;
            let notes: Vec<(i64, f64)> =
                steps.iter().map(|(step, value)| { at += step; (at, *value) }).collect();
            let series = series(notes.iter().copied());
            prop_assert!(points(&series).len() <= Series::CAPACITY);
            let edge = series.recent.front().map_or(i64::MAX, |first| first.0);
            for cell in &series.cells {
                let index = cell.at.div_euclid(series.width);
                let inside = notes.iter().filter(|note| {
                    note.0 < edge && note.0.div_euclid(series.width) == index
                });
                let values: Vec<f64> = inside.map(|note| note.1).collect();
                let lowest = values.iter().copied().min_by(f64::total_cmp).expect("a note");
                let highest = values.iter().copied().max_by(f64::total_cmp).expect("a note");
                prop_assert_eq!((cell.low.to_bits(), cell.high.to_bits()), (lowest.to_bits(), highest.to_bits()));
            }
        }

        #[test]
        fn storing_changes_nothing(
            notes in proptest::collection::vec((0_i64..100_000_000, -1e9_f64..1e9), 0..1500),
        ) {
            let before = series(notes);
            let json = serde_json::to_string(&before.saved()).expect("JSON");
            let saved = serde_json::from_str(&json).expect("what was written");
            let after = Thinned::restored(saved, moment(i64::MAX / 4));
            prop_assert_eq!(points(&before), points(&after));
        }

        #[test]
        fn points_are_in_order_whatever_order_notes_come_in(
            notes in proptest::collection::vec((0_i64..10_000_000, -1e3_f64..1e3), 0..1500),
        ) {
            let points = points(&series(notes));
            prop_assert!(points.is_sorted_by(|a, b| a.0 < b.0));
        }
    }
}
