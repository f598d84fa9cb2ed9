//! Moments and lengths of time as people read them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// "2027-02-01 12:00 UTC", from seconds since the epoch.
pub(super) fn date(at: i64) -> String {
    // RFC 5280 dates end with the year 9999, and so does the formatter.
    let at = u64::try_from(at.clamp(0, 253_402_300_799)).unwrap_or(0);
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(at)).to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => text,
    }
}

/// "72 days", "5 hours", "12 minutes": as exact as a decision needs.
pub(super) fn span(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let (count, unit) = match seconds {
        172_800.. => (seconds / 86_400, "day"),
        7_200.. => (seconds / 3_600, "hour"),
        _ => (seconds / 60, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Seconds since the epoch, which certificates count in.
pub(super) fn seconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_readable_to_the_end_of_their_range() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(1_800_000_000), "2027-01-15 08:00 UTC");
        assert_eq!(date(i64::MAX), "9999-12-31 23:59 UTC");
        assert_eq!(date(-1), "1970-01-01 00:00 UTC");
    }

    #[test]
    fn spans_are_as_exact_as_they_are_short() {
        assert_eq!(span(72 * DAY + 5), "72 days");
        assert_eq!(span(-2 * DAY), "2 days");
        assert_eq!(span(5 * 3600), "5 hours");
        assert_eq!(span(60), "1 minute");
    }
}
