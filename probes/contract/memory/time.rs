//! Moments as they are stored: numbers that fit beside a measurement.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; negative before.
pub(in crate::contract) fn millis(at: SystemTime) -> i64 {
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

/// The moment `millis` after 1970. What no clock can tell becomes 1970.
pub(in crate::contract) fn moment(millis: i64) -> SystemTime {
    let length = Duration::from_millis(millis.unsigned_abs());
    let at =
        if millis < 0 { UNIX_EPOCH.checked_sub(length) } else { UNIX_EPOCH.checked_add(length) };
    at.unwrap_or(UNIX_EPOCH)
}

/// Numbers as differences from the one before: small ones, which take little room in a file.
pub(super) fn differences(numbers: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut before = 0_i64;
    let difference = |number: i64| number.wrapping_sub(std::mem::replace(&mut before, number));
    numbers.into_iter().map(difference).collect()
}

/// The numbers that `differences` were made of.
pub(super) fn sums(differences: Vec<i64>) -> impl Iterator<Item = i64> {
    differences.into_iter().scan(0_i64, |sum, difference| {
        *sum = sum.wrapping_add(difference);
        Some(*sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_before_and_after_1970_come_back() {
        for millis_then in [0, 1, -1, 1_764_252_411_123, -86_400_000] {
            assert_eq!(millis(moment(millis_then)), millis_then);
        }
    }

    #[test]
    fn differences_add_up_to_the_numbers() {
        let numbers = [5, 7, 7, -3, i64::MAX, i64::MIN];
        assert_eq!(sums(differences(numbers)).collect::<Vec<_>>(), numbers);
    }
}
