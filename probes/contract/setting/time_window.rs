//! A stretch of time that comes again: days, hours, time zone.

use std::{fmt, str::FromStr, time::SystemTime};

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

/// Hours of some days of the week, in a time zone.
///
/// A window that ends before it begins lasts until the next day; it belongs to the day it begins on.
/// Where the clocks are set forward over its beginning, it begins when they are; hours that come twice
/// count once, from the first.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TimeWindow {
    /// The days it begins on; by default every day.
    #[serde(default)]
    days: Vec<Day>,
    /// When it begins, such as `"10:00"`.
    from: Hour,
    /// When it ends, such as `"12:00"`; `"24:00"` is the end of the day.
    to: Hour,
    /// The time zone by its name in the IANA database, such as `Europe/Berlin`; by default `UTC`.
    #[serde(default)]
    zone: Zone,
}

/// One time that a window is open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Occurrence {
    /// When it begins.
    pub from: SystemTime,
    /// When it ends.
    pub to: SystemTime,
}

impl TimeWindow {
    /// The occurrence that `now` is in.
    #[must_use]
    pub fn open(&self, now: SystemTime) -> Option<Occurrence> {
        self.around(now).find(|one| one.from <= now && now < one.to)
    }

    /// The first occurrence that begins after `now`; `None` at the end of the calendar.
    #[must_use]
    pub fn next(&self, now: SystemTime) -> Option<Occurrence> {
        self.around(now).find(|one| now < one.from)
    }

    /// What is wrong with it, as a lower-case fragment, where its parts do not fit.
    #[must_use]
    pub fn mistake(&self) -> Option<String> {
        (self.from == self.to).then(|| {
            format!(
                "the window begins and ends at {}; for whole days write from 00:00 to 24:00",
                self.from
            )
        })
    }

    /// Occurrences from the day before `now` on, over a week and more.
    fn around(&self, now: SystemTime) -> impl Iterator<Item = Occurrence> + '_ {
        let today =
            Timestamp::try_from(now).ok().map(|now| now.to_zoned(self.zone.0.clone()).date());
        let days = today.into_iter().flat_map(|today| {
            (-2_i32..=9).filter_map(move |offset| today.checked_add(offset.days()).ok())
        });
        days.filter_map(|day| self.on(day))
    }

    /// The occurrence that begins on a day.
    fn on(&self, day: Date) -> Option<Occurrence> {
        let named = |wanted: &Day| wanted.0 == day.weekday();
        if !self.days.is_empty() && !self.days.iter().any(named) {
            return None;
        }
        let from = self.moment(day, self.from)?;
        let to = if self.from < self.to { day } else { day.tomorrow().ok()? };
        let to = self.moment(to, self.to)?;
        // Where the clocks were set forward over all of it there is no such hour.
        (from < to).then_some(Occurrence { from, to })
    }

    fn moment(&self, day: Date, hour: Hour) -> Option<SystemTime> {
        let at = match hour.0 {
            Some(time) => day.to_datetime(time),
            None => day.tomorrow().ok()?.to_datetime(Time::midnight()),
        };
        at.to_zoned(self.zone.0.clone()).ok().map(|zoned| zoned.timestamp().into())
    }
}

impl fmt::Display for TimeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<&str> = self.days.iter().map(|day| day.word()).collect();
        if !days.is_empty() {
            write!(f, "{} ", days.join(", "))?;
        }
        let zone = self.zone.0.iana_name().unwrap_or("UTC");
        write!(f, "{} to {} {zone}", self.from, self.to)
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Day(Weekday);

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Day {
    fn word(self) -> &'static str {
        DAYS.iter().find(|(_, day)| *day == self.0).map_or("", |(word, _)| word)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = DAYS.iter().find(|(word, _)| *word == text);
        known.map(|(_, day)| Self(*day)).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is not a day; write mon, tue, wed, thu, fri, sat or sun"
            ))
        })
    }
}

impl JsonSchema for Day {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words: Vec<&str> = DAYS.iter().map(|(word, _)| *word).collect();
        schemars::json_schema!({ "type": "string", "enum": words })
    }
}

/// A time of day; `None` is 24:00.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Hour(Option<Time>);

impl PartialOrd for Hour {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        // The end of the day comes after all of it.
        Some((self.0.is_none(), self.0).cmp(&(other.0.is_none(), other.0)))
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => write!(f, "{:02}:{:02}", time.hour(), time.minute()),
            None => f.write_str("24:00"),
        }
    }
}

impl FromStr for Hour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "24:00" {
            return Ok(Self(None));
        }
        let wrong =
            || format!("`{text}` is not a time of day; write one such as \"09:30\", in quotes");
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let number = |digits: &str| {
            let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
            if plain { digits.parse::<i8>().ok() } else { None }
        };
        let (hour, minute) = number(hour).zip(number(minute)).ok_or_else(wrong)?;
        Time::new(hour, minute, 0, 0).map(|time| Self(Some(time))).map_err(|_| wrong())
    }
}

impl<'de> Deserialize<'de> for Hour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Hour {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hour".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$" })
    }
}

/// A time zone that is known here.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        TimeZone::get(&text).map(Self).map_err(|_| {
            de::Error::custom(format!(
                "no time zone is called `{text}`; write one of the IANA database, such as Europe/Berlin"
            ))
        })
    }
}

impl JsonSchema for Zone {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Zone".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn window(value: serde_json::Value) -> TimeWindow {
        serde_json::from_value(value).expect("a window")
    }

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().expect("a moment").into()
    }

    fn occurrence(from: &str, to: &str) -> Occurrence {
        Occurrence { from: at(from), to: at(to) }
    }

    #[test]
    fn it_is_open_on_its_days_and_hours_in_its_zone() {
        let window = window(json!({
            "days": ["mon", "tue"], "from": "10:00", "to": "12:00", "zone": "Europe/Berlin"
        }));
        let monday = occurrence("2026-07-06T08:00:00Z", "2026-07-06T10:00:00Z");
        assert_eq!(window.open(at("2026-07-06T07:59:59Z")), None);
        assert_eq!(window.open(at("2026-07-06T08:00:00Z")), Some(monday));
        assert_eq!(window.open(at("2026-07-06T09:59:59Z")), Some(monday));
        assert_eq!(window.open(at("2026-07-06T10:00:00Z")), None);
        assert_eq!(window.open(at("2026-07-08T09:00:00Z")), None, "a Wednesday");
        let next = window.next(at("2026-07-07T10:00:00Z"));
        assert_eq!(next, Some(occurrence("2026-07-13T08:00:00Z", "2026-07-13T10:00:00Z")));
    }

    #[test]
    fn one_that_ends_before_it_begins_lasts_over_midnight() {
        let window = window(json!({ "days": ["sat"], "from": "22:00", "to": "02:00" }));
        let night = occurrence("2026-07-11T22:00:00Z", "2026-07-12T02:00:00Z");
        assert_eq!(window.open(at("2026-07-12T01:00:00Z")), Some(night), "on Sunday morning");
        assert_eq!(window.open(at("2026-07-11T01:00:00Z")), None, "the night before");
    }

    #[test]
    fn whole_days_follow_each_other() {
        let window = window(json!({ "from": "00:00", "to": "24:00" }));
        assert!(window.open(at("2026-07-11T23:59:59Z")).is_some());
        assert!(window.open(at("2026-07-12T00:00:00Z")).is_some());
    }

    #[test]
    fn an_hour_that_does_not_exist_begins_when_the_clocks_are_set() {
        // On 2026-03-29 the clocks of Berlin go from 02:00 to 03:00, at 01:00 UTC.
        let zone = "Europe/Berlin";
        let over = window(json!({ "from": "02:30", "to": "04:00", "zone": zone }));
        let short = over.open(at("2026-03-29T01:45:00Z")).expect("open");
        assert_eq!(short, occurrence("2026-03-29T01:30:00Z", "2026-03-29T02:00:00Z"));
        let within = window(json!({ "from": "02:10", "to": "02:50", "zone": zone }));
        let seen = within.next(at("2026-03-28T12:00:00Z")).expect("some day");
        assert!(seen.from >= at("2026-03-29T00:00:00Z"), "{seen:?}");
    }

    #[test]
    fn an_hour_that_comes_twice_counts_from_the_first() {
        // On 2026-10-25 the clocks of Berlin go from 03:00 to 02:00, at 01:00 UTC.
        let window = window(json!({ "from": "02:00", "to": "03:00", "zone": "Europe/Berlin" }));
        let long = window.open(at("2026-10-25T00:30:00Z")).expect("open");
        assert_eq!(long, occurrence("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"));
    }

    #[test]
    fn what_is_no_window_is_refused_with_what_would_be_right() {
        for (value, said) in [
            (json!({ "from": "9:00", "to": "10:00" }), "is not a time of day"),
            (json!({ "from": "25:00", "to": "10:00" }), "is not a time of day"),
            (json!({ "from": "09:00", "to": "10:00", "zone": "Mars/Base" }), "no time zone"),
            (json!({ "from": "09:00", "to": "10:00", "days": ["monday"] }), "is not a day"),
        ] {
            let error = serde_json::from_value::<TimeWindow>(value).expect_err("refused");
            assert!(error.to_string().contains(said), "{error}");
        }
        let empty = window(json!({ "from": "09:00", "to": "09:00" }));
        assert!(empty.mistake().is_some_and(|said| said.contains("24:00")));
    }

    #[test]
    fn before_and_after_the_calendar_nothing_is_open() {
        let window = window(json!({ "from": "00:00", "to": "24:00" }));
        let far = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 45);
        assert_eq!((window.open(far), window.next(far)), (None, None));
        assert!(window.open(SystemTime::UNIX_EPOCH).is_some());
    }

    proptest! {
        #[test]
        fn the_next_one_is_open_when_it_begins(secs in 0_u64..4_000_000_000, from in 0..24, to in 0..24) {
            prop_assume!(from != to);
            let window = window(json!({
                "days": ["mon", "thu"], "from": format!("{from:02}:00"), "to": format!("{to:02}:00"),
                "zone": "America/New_York"
            }));
            let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(secs);
            let next = window.next(now).expect("within a week");
            prop_assert!(now < next.from && next.from < next.to);
            prop_assert_eq!(window.open(next.from), Some(next));
            prop_assert!(window.open(next.to).is_none_or(|other| other.from >= next.to || other.to > next.to));
        }
    }
}
