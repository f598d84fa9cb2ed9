//! Extensions, and what the usual ones say.

use super::oid;
use crate::wire::der::{
    BIT_STRING, BOOLEAN, INTEGER, OCTET_STRING, OID, SEQUENCE, Values, implicit,
};

/// An extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extension<'a> {
    /// The content of its object identifier.
    pub(crate) oid: &'a [u8],
    pub(crate) critical: bool,
    /// Whether `critical` is written down where it is FALSE, which DER forbids for a default.
    pub(crate) writes_default: bool,
    /// What is in the OCTET STRING.
    pub(crate) value: &'a [u8],
}

impl<'a> Extension<'a> {
    pub(crate) fn all(content: &'a [u8]) -> Result<Vec<Self>, String> {
        let mut list = Values(content).enter(SEQUENCE, "its extensions")?;
        let mut all = Vec::new();
        while !list.0.is_empty() {
            let mut one = list.enter(SEQUENCE, "an extension")?;
            let oid = one.expect(OID, "an extension")?.content;
            let critical = one.optional(BOOLEAN, "an extension")?;
            let value = one.expect(OCTET_STRING, "an extension")?.content;
            let is_true = critical.is_some_and(|value| value.content != [0]);
            let writes_default = critical.is_some() && !is_true;
            all.push(Self { oid, critical: is_true, writes_default, value });
        }
        Ok(all)
    }

    /// The single SEQUENCE it consists of.
    pub(crate) fn sequence(&self, what: &str) -> Result<Values<'a>, String> {
        sequence(self.value, what)
    }
}

fn sequence<'a>(value: &'a [u8], what: &str) -> Result<Values<'a>, String> {
    let mut values = Values(value);
    let inner = values.enter(SEQUENCE, what)?;
    values.finish(what)?;
    Ok(inner)
}

/// basicConstraints.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct BasicConstraints {
    pub(crate) is_authority: bool,
    pub(crate) path_length: Option<u32>,
    /// Whether `cA` is written down where it is FALSE.
    pub(crate) writes_default: bool,
}

impl BasicConstraints {
    pub(crate) fn of(extension: &Extension<'_>) -> Result<Self, String> {
        let what = "basicConstraints";
        let mut inner = extension.sequence(what)?;
        let written = inner.optional(BOOLEAN, what)?;
        let path_length = inner.optional(INTEGER, what)?.map(|value| integer(value.content));
        inner.finish(what)?;
        let is_authority = written.is_some_and(|value| value.content != [0]);
        Ok(Self { is_authority, path_length, writes_default: written.is_some() && !is_authority })
    }
}

/// keyUsage, as a set of bits (RFC 5280 section 4.2.1.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct KeyUsage(u16);

impl KeyUsage {
    pub(crate) const DIGITAL_SIGNATURE: u8 = 0;
    pub(crate) const KEY_ENCIPHERMENT: u8 = 2;
    pub(crate) const KEY_AGREEMENT: u8 = 4;
    pub(crate) const CERT_SIGN: u8 = 5;
    pub(crate) const CRL_SIGN: u8 = 6;

    pub(crate) fn of(extension: &Extension<'_>) -> Result<Self, String> {
        let what = "keyUsage";
        let mut values = Values(extension.value);
        let bits = values.expect(BIT_STRING, what)?.content;
        values.finish(what)?;
        let (&unused, bits) = bits.split_first().ok_or_else(|| format!("{what} is empty"))?;
        if unused > 7 || bits.is_empty() && unused > 0 {
            return Err(format!("{what} has bits that are not there"));
        }
        let byte = |i: usize| bits.get(i).copied().unwrap_or_default();
        Ok(Self(u16::from_be_bytes([byte(0), byte(1)])))
    }

    /// Whether this bit, counted from the first, is set.
    pub(crate) fn has(self, bit: u8) -> bool {
        self.0 & (0x8000 >> bit) != 0
    }

    /// Every bit that is set, for people.
    pub(crate) fn named(self) -> String {
        let named = (0..).zip(USAGES).filter(|(bit, _)| self.has(*bit)).map(|(_, name)| name);
        named.collect::<Vec<_>>().join(", ")
    }
}

const USAGES: [&str; 9] = [
    "digitalSignature",
    "contentCommitment",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// The purposes of extendedKeyUsage, as object identifiers.
pub(crate) fn purposes<'a>(extension: &Extension<'a>) -> Result<Vec<&'a [u8]>, String> {
    let what = "extendedKeyUsage";
    let mut inner = extension.sequence(what)?;
    let mut all = Vec::new();
    while !inner.0.is_empty() {
        all.push(inner.expect(OID, what)?.content);
    }
    if all.is_empty() { Err(format!("{what} is empty")) } else { Ok(all) }
}

/// authorityKeyIdentifier.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AuthorityKeyId<'a> {
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) serial: Option<&'a [u8]>,
}

impl<'a> AuthorityKeyId<'a> {
    pub(crate) fn of(extension: &Extension<'a>) -> Result<Self, String> {
        let what = "authorityKeyIdentifier";
        let mut inner = extension.sequence(what)?;
        let key = inner.optional(implicit(0), what)?.map(|value| value.content);
        inner.optional(0xa1, what)?;
        let serial = inner.optional(implicit(2), what)?.map(|value| value.content);
        inner.finish(what)?;
        Ok(Self { key, serial })
    }
}

/// subjectKeyIdentifier.
pub(crate) fn subject_key_id<'a>(extension: &Extension<'a>) -> Result<&'a [u8], String> {
    let what = "subjectKeyIdentifier";
    let mut values = Values(extension.value);
    let id = values.expect(OCTET_STRING, what)?.content;
    values.finish(what).map(|()| id)
}

/// The features of TLS that are promised (RFC 7633), as numbers.
pub(crate) fn tls_features(extension: &Extension<'_>) -> Vec<u32> {
    let Ok(mut inner) = extension.sequence("TLS feature") else { return Vec::new() };
    std::iter::from_fn(|| inner.expect(INTEGER, "").ok())
        .map(|feature| integer(feature.content))
        .collect()
}

/// Where the issuer's certificate may be fetched, among the descriptions of authorityInfoAccess.
pub(crate) fn access<'a>(extension: &Extension<'a>) -> Result<Option<&'a str>, String> {
    let what = "authorityInfoAccess";
    let mut inner = extension.sequence(what)?;
    let mut url = None;
    let mut count = 0;
    while !inner.0.is_empty() {
        let mut one = inner.enter(SEQUENCE, what)?;
        let method = one.expect(OID, what)?.content;
        let place = one.next(what)?;
        one.finish(what)?;
        if method == oid::CA_ISSUERS && place.tag == implicit(6) && url.is_none() {
            url = std::str::from_utf8(place.content).ok();
        }
        count += 1;
    }
    if count == 0 { Err(format!("{what} is empty")) } else { Ok(url) }
}

/// Whether cRLDistributionPoints has the form of a list of points.
pub(crate) fn distribution_points(extension: &Extension<'_>) -> Result<(), String> {
    let what = "cRLDistributionPoints";
    let mut inner = extension.sequence(what)?;
    let mut count = 0;
    while !inner.0.is_empty() {
        let mut point = inner.enter(SEQUENCE, what)?;
        for tag in [0xa0, implicit(1), 0xa2] {
            point.optional(tag, what)?;
        }
        point.finish(what)?;
        count += 1;
    }
    if count == 0 { Err(format!("{what} is empty")) } else { Ok(()) }
}

/// A small number; a large or negative one counts as the largest.
pub(crate) fn integer(content: &[u8]) -> u32 {
    let is_negative = content.first().is_some_and(|byte| byte & 0x80 != 0);
    let significant: Vec<u8> = content.iter().copied().skip_while(|byte| *byte == 0).collect();
    if is_negative || significant.len() > 4 {
        return u32::MAX;
    }
    significant.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}
