//! X.509 certificates, read leniently: whatever has the shape of a certificate can be asked about, and
//! what is wrong with it is left for others to judge (RFC 5280 section 4).

pub(crate) mod constraints;
pub(crate) mod extension;
pub(crate) mod general_name;
pub(crate) mod name;
pub(crate) mod oid;
pub(crate) mod policy;
pub(crate) mod time;

use self::{extension::Extension, time::Time};
use super::der::{BIT_STRING, INTEGER, OID, SEQUENCE, Values, explicit, implicit};

/// A certificate, as slices of its DER.
#[derive(Debug)]
pub(crate) struct Certificate<'a> {
    /// All of it.
    pub(crate) whole: &'a [u8],
    /// What is signed.
    pub(crate) signed: &'a [u8],
    /// 1, 2 or 3, or what it says instead.
    pub(crate) version: u8,
    /// The content of the INTEGER, of any length.
    pub(crate) serial: &'a [u8],
    /// The algorithm as the signed part names it.
    pub(crate) inner_algorithm: Algorithm<'a>,
    /// The algorithm as it stands beside the signature.
    pub(crate) algorithm: Algorithm<'a>,
    /// A Name, with tag and length.
    pub(crate) issuer: &'a [u8],
    /// A Name, with tag and length.
    pub(crate) subject: &'a [u8],
    pub(crate) not_before: Time,
    pub(crate) not_after: Time,
    pub(crate) key: Key<'a>,
    pub(crate) extensions: Vec<Extension<'a>>,
    pub(crate) signature: &'a [u8],
}

/// An AlgorithmIdentifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Algorithm<'a> {
    /// The content of the object identifier.
    pub(crate) oid: &'a [u8],
    /// The parameters with tag and length; empty without any.
    pub(crate) parameters: &'a [u8],
}

/// A SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'a> {
    /// All of it.
    pub(crate) whole: &'a [u8],
    pub(crate) algorithm: Algorithm<'a>,
    /// The key itself.
    pub(crate) bits: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads a certificate. What cannot be read is named, as a lower-case fragment.
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, String> {
        let mut file = Values(der);
        let mut outer = file.enter(SEQUENCE, "the certificate")?;
        file.finish("the certificate")?;
        let signed = outer.expect(SEQUENCE, "its signed part")?;
        let algorithm = Algorithm::next(&mut outer, "its signature algorithm")?;
        let signature = bit_string(&mut outer, "its signature")?;
        outer.finish("its signature")?;

        let mut inner = Values(signed.content);
        let version = match inner.optional(explicit(0), "its version")? {
            Some(value) => Values(value.content).expect(INTEGER, "its version")?.content,
            None => &[0],
        };
        let serial = inner.expect(INTEGER, "its serial number")?.content;
        let inner_algorithm = Algorithm::next(&mut inner, "its inner signature algorithm")?;
        let issuer = inner.expect(SEQUENCE, "its issuer")?.whole;
        let mut validity = inner.enter(SEQUENCE, "its validity")?;
        let not_before = Time::next(&mut validity, "its notBefore")?;
        let not_after = Time::next(&mut validity, "its notAfter")?;
        let subject = inner.expect(SEQUENCE, "its subject")?.whole;
        let key = Key::next(&mut inner)?;
        for number in [1, 2] {
            let what = "its unique identifiers";
            if inner.optional(implicit(number), what)?.is_none() {
                inner.optional(explicit(number), what)?;
            }
        }
        let extensions = match inner.optional(explicit(3), "its extensions")? {
            Some(value) => Extension::all(value.content)?,
            None => Vec::new(),
        };
        inner.finish("its extensions")?;
        Ok(Self {
            whole: der,
            signed: signed.whole,
            version: version.last().map_or(1, |version| version.saturating_add(1)),
            serial,
            inner_algorithm,
            algorithm,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            extensions,
            signature,
        })
    }

    /// The first extension of this kind.
    pub(crate) fn extension(&self, oid: &[u8]) -> Option<&Extension<'a>> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }

    /// Whether its subject and issuer are the same, byte for byte, as a root's are.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

impl<'a> Algorithm<'a> {
    fn next(values: &mut Values<'a>, what: &str) -> Result<Self, String> {
        let mut inner = values.enter(SEQUENCE, what)?;
        let oid = inner.expect(OID, what)?.content;
        Ok(Self { oid, parameters: inner.0 })
    }
}

impl<'a> Key<'a> {
    /// Reads a SubjectPublicKeyInfo.
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, String> {
        Self::next(&mut Values(der))
    }

    fn next(values: &mut Values<'a>) -> Result<Self, String> {
        let what = "its public key";
        let value = values.expect(SEQUENCE, what)?;
        let mut inner = Values(value.content);
        let algorithm = Algorithm::next(&mut inner, what)?;
        let bits = bit_string(&mut inner, what)?;
        Ok(Self { whole: value.whole, algorithm, bits })
    }
}

/// Whole bytes in a BIT STRING.
fn bit_string<'a>(values: &mut Values<'a>, what: &str) -> Result<&'a [u8], String> {
    match values.expect(BIT_STRING, what)?.content {
        [0, bytes @ ..] => Ok(bytes),
        _ => Err(format!("{what} is no whole number of bytes")),
    }
}
