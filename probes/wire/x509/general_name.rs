//! Names of every kind (RFC 5280 section 4.2.1.6).

use crate::wire::der::{SEQUENCE, Value, Values, implicit};

/// A GeneralName.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GeneralName<'a> {
    Other,
    Email(&'a [u8]),
    Dns(&'a [u8]),
    /// A Name, with tag and length.
    Directory(&'a [u8]),
    Uri(&'a [u8]),
    /// An address, or an address and its mask.
    Ip(&'a [u8]),
    RegisteredId,
}

impl<'a> GeneralName<'a> {
    pub(crate) fn of(value: Value<'a>, what: &str) -> Result<Self, String> {
        match value.tag {
            0xa0 | 0xa3 | 0xa5 => Ok(Self::Other),
            tag if tag == implicit(1) => Ok(Self::Email(value.content)),
            tag if tag == implicit(2) => Ok(Self::Dns(value.content)),
            0xa4 => {
                Values(value.content).expect(SEQUENCE, what).map(|name| Self::Directory(name.whole))
            }
            tag if tag == implicit(6) => Ok(Self::Uri(value.content)),
            tag if tag == implicit(7) => Ok(Self::Ip(value.content)),
            tag if tag == implicit(8) => Ok(Self::RegisteredId),
            tag => Err(format!("{what} has a name of an unknown kind ({tag:#04x})")),
        }
    }

    /// The names of a subjectAltName's value.
    pub(crate) fn all(value: &'a [u8]) -> Result<Vec<Self>, String> {
        let what = "subjectAltName";
        let mut values = Values(value);
        let mut inner = values.enter(SEQUENCE, what)?;
        values.finish(what)?;
        let mut all = Vec::new();
        while !inner.0.is_empty() {
            all.push(Self::of(inner.next(what)?, what)?);
        }
        Ok(all)
    }
}
