//! DER, value by value: what the certificate library has no types for.

use x509_parser::asn1_rs::{Any, FromDer, GeneralizedTime};

pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const UTC_TIME: u8 = 0x17;

/// The tag `[number]` around another value.
pub(crate) const fn explicit(number: u8) -> u8 {
    0xa0 | number
}

/// The tag `[number]` in place of a primitive value's own.
pub(crate) const fn implicit(number: u8) -> u8 {
    0x80 | number
}

/// Values that stand one after another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a>(pub(crate) &'a [u8]);

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    /// Its first byte. Nothing we read has a tag of several.
    pub(crate) tag: u8,
    /// What is in it.
    pub(crate) content: &'a [u8],
    /// The same, with tag and length.
    pub(crate) whole: &'a [u8],
}

impl<'a> Values<'a> {
    /// The next value, which is called `what` where it cannot be read.
    pub(crate) fn next(&mut self, what: &str) -> Result<Value<'a>, String> {
        let (rest, any) =
            Any::from_der(self.0).map_err(|_| format!("{what} is missing or cut off"))?;
        let whole = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        let tag = whole.first().copied().unwrap_or_default();
        Ok(Value { tag, content: any.data, whole })
    }

    /// The next value, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8, what: &str) -> Result<Value<'a>, String> {
        let value = self.next(what)?;
        if value.tag == tag {
            return Ok(value);
        }
        Err(format!("{what} has the tag {:#04x} instead of {tag:#04x}", value.tag))
    }

    /// The next value, if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8, what: &str) -> Result<Option<Value<'a>>, String> {
        if self.0.first() == Some(&tag) { self.next(what).map(Some) } else { Ok(None) }
    }

    /// What is inside the next value, which must have this tag.
    pub(crate) fn enter(&mut self, tag: u8, what: &str) -> Result<Self, String> {
        self.expect(tag, what).map(|value| Self(value.content))
    }

    /// The next value as a moment in seconds since the epoch.
    pub(crate) fn time(&mut self, what: &str) -> Result<i64, String> {
        let value = self.expect(GENERALIZED_TIME, what)?;
        let time = GeneralizedTime::from_bytes(value.content).and_then(|time| time.utc_datetime());
        match time {
            Ok(time) => Ok(time.unix_timestamp()),
            Err(_) => Err(format!("{what} is no moment")),
        }
    }

    /// An error unless everything was read.
    pub(crate) fn finish(self, what: &str) -> Result<(), String> {
        match self.0.len() {
            0 => Ok(()),
            more => Err(format!("{more} bytes follow {what}")),
        }
    }
}

/// A value with this tag and content.
pub(crate) fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let skip = length.iter().take_while(|byte| **byte == 0).count();
    let length = &length[skip..];
    let mut der = vec![tag];
    match length {
        [] => der.push(0),
        [short] if *short < 0x80 => der.push(*short),
        // A length of at most eight bytes.
        long => {
            der.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            der.extend(long);
        }
    }
    der.extend(content);
    der
}

/// The bits of a number, without its leading zeros.
pub(crate) fn bits(number: &[u8]) -> u32 {
    let significant = number.iter().position(|byte| *byte != 0).map_or(&[][..], |i| &number[i..]);
    let all = u32::try_from(significant.len()).unwrap_or(u32::MAX / 8) * 8;
    all - significant.first().map_or(0, |byte| byte.leading_zeros())
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_says_what_is_missing_in_it() {
        assert_eq!(Values(&[]).next("the answer").unwrap_err(), "the answer is missing or cut off");
        assert!(Values(&[SEQUENCE, 5, 1]).next("the answer").unwrap_err().contains("cut off"));
        let wrong = Values(&[OCTET_STRING, 0]).expect(SEQUENCE, "the answer").unwrap_err();
        assert_eq!(wrong, "the answer has the tag 0x04 instead of 0x30");
        assert_eq!(Values(&[0, 0]).finish("the end").unwrap_err(), "2 bytes follow the end");
    }

    #[test]
    fn moments_are_read_and_nonsense_is_not() {
        let time = |text: &str| {
            let der = wrap(GENERALIZED_TIME, text.as_bytes());
            Values(&der).time("thisUpdate")
        };
        assert_eq!(time("20270115080000Z"), Ok(1_800_000_000));
        assert_eq!(time("20270230080000Z").unwrap_err(), "thisUpdate is no moment");
        assert!(time("soon").is_err());
    }

    proptest! {
        #[test]
        fn what_is_wrapped_is_read_again(content in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let der = wrap(OCTET_STRING, &content);
            let mut values = Values(&der);
            let value = values.next("it").expect("a value");
            prop_assert_eq!(value.content, &content[..]);
            prop_assert_eq!(value.whole, &der[..]);
            prop_assert!(values.finish("it").is_ok());
        }
    }
}
