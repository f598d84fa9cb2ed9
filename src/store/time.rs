//! Moments as numbers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; negative before.
pub(super) fn millis(at: SystemTime) -> i64 {
    let whole = |length: Duration| i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => whole(after),
        Err(before) => -whole(before.duration()),
    }
}

/// The moment `millis` after 1970. What no clock could have told becomes 1970, which is stale.
pub(super) fn moment(millis: i64) -> SystemTime {
    let length = Duration::from_millis(millis.unsigned_abs());
    let at =
        if millis < 0 { UNIX_EPOCH.checked_sub(length) } else { UNIX_EPOCH.checked_add(length) };
    at.unwrap_or(UNIX_EPOCH)
}
