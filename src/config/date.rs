//! Days and moments that people write.

use std::time::{Duration, SystemTime};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;

/// The moment something ends: a date, whose whole day (UTC) still counts, or an RFC 3339 timestamp.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^\\d{4}-\\d{2}-\\d{2}", "examples" = ["2026-12-31", "2026-12-31T18:00:00Z"]))]
pub(super) struct End {
    /// The first moment after it.
    pub(super) end: SystemTime,
    /// The beginning of its last day, or the moment itself.
    pub(super) from: SystemTime,
}

impl TryFrom<String> for End {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a date like 2026-12-31 or 2026-12-31T18:00:00Z");
        if text.len() == "2026-12-31".len() {
            let date: Date = text.parse().map_err(|_| wrong())?;
            let from = date.to_zoned(TimeZone::UTC).map_err(|_| wrong())?.timestamp().into();
            return Ok(Self { end: from + DAY, from });
        }
        let moment: Timestamp = text.parse().map_err(|_| wrong())?;
        Ok(Self { end: moment.into(), from: moment.into() })
    }
}

/// The day (UTC) of a moment, as people write it.
pub(super) fn day(moment: SystemTime) -> String {
    Timestamp::try_from(moment)
        .map_or_else(|_| "an unknown day".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// A moment in RFC 3339.
pub(super) fn moment(moment: SystemTime) -> String {
    Timestamp::try_from(moment).map_or_else(|_| "unknown".to_owned(), |at| at.to_string())
}

pub(super) const DAY: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> Result<u64, String> {
        let end = End::try_from(text.to_owned())?.end;
        Ok(end.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs())
    }

    #[test]
    fn a_day_lasts_until_its_end_and_a_moment_until_itself() {
        assert_eq!(end("1970-01-02"), Ok(2 * 86_400));
        assert_eq!(end("1970-01-02T00:00:00Z"), Ok(86_400));
        assert_eq!(end("1970-01-02T01:00:00+01:00"), Ok(86_400));
        for wrong in ["2026-02-30", "31.12.2026", "2026-12-31T18:00", "soon", ""] {
            assert!(end(wrong).is_err(), "{wrong}");
        }
        assert_eq!(day(SystemTime::UNIX_EPOCH + DAY), "1970-01-02");
    }
}
