//! The moments of a validity, in every form that some client reads (RFC 5280 section 4.1.2.5).

use crate::wire::der::{GENERALIZED_TIME, UTC_TIME, Values};

/// A moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Time {
    /// In seconds since the epoch.
    pub(crate) at: i64,
    /// What is wrong with its form.
    pub(crate) flaw: Option<Flaw>,
}

/// A form that the standard does not allow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flaw {
    WithoutSeconds,
    Fraction,
    Offset,
    WithoutZone,
    LeapSecond,
}

impl Time {
    /// The next value as a moment.
    pub(crate) fn next(values: &mut Values<'_>, what: &str) -> Result<Self, String> {
        let value = values.next(what)?;
        let years = match value.tag {
            UTC_TIME => 2,
            GENERALIZED_TIME => 4,
            tag => return Err(format!("{what} has the tag {tag:#04x}, which is no time's")),
        };
        Self::of(value.content, years).ok_or_else(|| format!("{what} is no moment"))
    }

    fn of(text: &[u8], year_digits: usize) -> Option<Self> {
        let (year, rest) = number(text, year_digits)?;
        let (month, rest) = number(rest, 2)?;
        let (day, rest) = number(rest, 2)?;
        let (hour, rest) = number(rest, 2)?;
        let (minute, mut rest) = number(rest, 2)?;
        let mut flaw = None;
        let second = if let Some((second, after)) = number(rest, 2) {
            rest = after;
            second
        } else {
            flaw = Some(Flaw::WithoutSeconds);
            0
        };
        if second == 60 {
            flaw = Some(Flaw::LeapSecond);
        }
        if let Some(fraction) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (flaw, rest) = (Some(Flaw::Fraction), &fraction[digits..]);
        }
        let offset = match rest {
            b"Z" => 0,
            b"" => {
                flaw = Some(Flaw::WithoutZone);
                0
            }
            [sign @ (b'+' | b'-'), digits @ ..] => {
                flaw = Some(Flaw::Offset);
                let (hours, digits) = number(digits, 2)?;
                let (minutes, digits) = number(digits, 2)?;
                let ahead = hours * 3600 + minutes * 60;
                digits.is_empty().then_some(if *sign == b'+' { ahead } else { -ahead })?
            }
            _ => return None,
        };
        // RFC 5280 section 4.1.2.5.1.
        let year = match (year_digits, year) {
            (2, 50..) => 1900 + year,
            (2, _) => 2000 + year,
            _ => year,
        };
        let is_moment = (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        let seconds = hour * 3600 + minute * 60 + second - offset;
        is_moment.then(|| Self { at: days_since_epoch(year, month, day) * 86_400 + seconds, flaw })
    }
}

fn number(text: &[u8], digits: usize) -> Option<(i64, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let is_number = number.iter().all(u8::is_ascii_digit);
    let value = number.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0')));
    is_number.then_some((value, rest))
}

fn days_of(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts from the first of March of the year 0, so that leap days come last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use x509_parser::asn1_rs::GeneralizedTime;

    use super::*;

    fn utc(text: &str) -> Option<Time> {
        Time::of(text.as_bytes(), 2)
    }

    fn general(text: &str) -> Option<Time> {
        Time::of(text.as_bytes(), 4)
    }

    #[test]
    fn sound_moments_have_no_flaw() {
        assert_eq!(utc("270115080000Z"), Some(Time { at: 1_800_000_000, flaw: None }));
        assert_eq!(general("20270115080000Z"), Some(Time { at: 1_800_000_000, flaw: None }));
        assert_eq!(general("19700101000000Z"), Some(Time { at: 0, flaw: None }));
        assert_eq!(utc("500101000000Z").map(|time| time.at), Some(-631_152_000));
    }

    #[test]
    fn every_other_form_is_told_apart() {
        let forms = [
            (utc("2701150800Z"), Flaw::WithoutSeconds),
            (general("20270115080000.5Z"), Flaw::Fraction),
            (utc("270115090000+0100"), Flaw::Offset),
            (general("20270115080000"), Flaw::WithoutZone),
        ];
        for (time, flaw) in forms {
            assert_eq!(time, Some(Time { at: 1_800_000_000, flaw: Some(flaw) }));
        }
        assert_eq!(utc("270115075960Z").and_then(|time| time.flaw), Some(Flaw::LeapSecond));
    }

    #[test]
    fn nonsense_is_no_moment() {
        for text in ["", "27", "270230080000Z", "27011508000xZ", "270115080000Zx", "271315080000Z"]
        {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_calendar_is_that_of_another_library(
            year in 1900u32..2200, month in 1u32..13, day in 1u32..29, hour in 0u32..24,
        ) {
            let text = format!("{year:04}{month:02}{day:02}{hour:02}0759Z");
            let other = GeneralizedTime::from_bytes(text.as_bytes()).and_then(|time| time.utc_datetime());
            prop_assert_eq!(general(&text).map(|time| time.at), other.map_or(None, |time| Some(time.unix_timestamp())));
        }
    }
}
