//! The OCSP response that a server staples to its certificate: what the authority says of the
//! certificate, as of when, and whether it is the authority that says so. Pure; what depends on the
//! moment is left to the checks.

#[cfg(any(test, feature = "specimen"))]
pub(in crate::tls) mod made;
pub(in crate::tls) mod remembered;
pub(in crate::tls) mod response;
pub(in crate::tls) mod signer;
#[cfg(test)]
pub(in crate::tls) mod tests;

use aws_lc_rs::digest;
use x509_parser::{asn1_rs::FromDer, x509::SubjectPublicKeyInfo};

use self::response::{Basic, Entry, Response};
pub(in crate::tls) use self::{
    response::Status,
    signer::{Doubt, Signer},
};
use crate::tls::{
    chain::{Certificate, Issuer},
    statements::timestamps::Timestamp,
    when::DAY,
};

/// A stapled response.
#[derive(Clone, Debug)]
pub(in crate::tls) enum Staple {
    /// An answer about the certificate it is stapled to, from somebody who may give it.
    Answer(Answer),
    /// It says nothing to a client, for this reason.
    Broken(String),
    /// We cannot tell whether it says anything, for this reason.
    Unverifiable(String),
}

/// What an authority says of a certificate.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Answer {
    /// Whether it is good.
    pub(in crate::tls) status: Status,
    /// When that was known, in seconds since the epoch.
    pub(in crate::tls) this_update: i64,
    /// When more will be known.
    pub(in crate::tls) next_update: Option<i64>,
    /// When the answer was signed.
    pub(in crate::tls) produced_at: i64,
    /// Who signed it.
    pub(in crate::tls) signer: Signer,
    /// Certificate timestamps that came along.
    pub(in crate::tls) timestamps: Vec<Timestamp>,
}

impl Staple {
    /// Reads and verifies what was stapled to `leaf`. Without its issuer nothing can be verified.
    pub(in crate::tls) fn read(bytes: &[u8], leaf: &Certificate, issuer: Option<&Issuer>) -> Self {
        if bytes.len() > LARGEST {
            return Self::Unverifiable(format!("it is larger than {} KiB", LARGEST / 1024));
        }
        match response::read(bytes) {
            Err(why) => Self::Broken(format!("it is not an OCSP response: {why}")),
            Ok(Response::Refusal(status)) => {
                Self::Broken(format!("the server staples a refusal of the responder's: {status}"))
            }
            Ok(Response::Basic(basic)) => verified(&basic, leaf, issuer).unwrap_or_else(Self::from),
        }
    }

    /// The answer, if it is one.
    pub(in crate::tls) fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Answer(answer) => Some(answer),
            Self::Broken(_) | Self::Unverifiable(_) => None,
        }
    }
}

impl From<Doubt> for Staple {
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Broken(why) => Self::Broken(why),
            Doubt::Unverifiable(why) => Self::Unverifiable(why),
        }
    }
}

impl Answer {
    /// The last second for which it holds. Without a nextUpdate that is a day after it was known, as
    /// Firefox has it.
    pub(in crate::tls) fn holds_until(&self) -> i64 {
        self.next_update.unwrap_or_else(|| self.this_update.saturating_add(DAY))
    }
}

fn verified(
    basic: &Basic<'_>,
    leaf: &Certificate,
    issuer: Option<&Issuer>,
) -> Result<Staple, Doubt> {
    let Some(issuer) = issuer else {
        return Err(Doubt::Unverifiable(format!(
            "the certificate of {}, which should have signed it, was not sent and is not known",
            leaf.issuer
        )));
    };
    let entry = entry_for(basic, leaf, issuer)?;
    let signer = signer::of(basic, issuer)?;
    Ok(Staple::Answer(Answer {
        status: entry.status,
        this_update: entry.this_update,
        next_update: entry.next_update,
        produced_at: basic.produced_at,
        signer,
        timestamps: entry.timestamps.clone(),
    }))
}

/// The entry about this certificate.
fn entry_for<'a, 'b>(
    basic: &'a Basic<'b>,
    leaf: &Certificate,
    issuer: &Issuer,
) -> Result<&'a Entry<'b>, Doubt> {
    let of_serial = || basic.entries.iter().filter(|entry| entry.serial == leaf.serial);
    if let Some(entry) = of_serial().find(|entry| names(entry, issuer)) {
        return Ok(entry);
    }
    if of_serial().any(|entry| algorithm(entry.hash).is_none()) {
        let why = "it names the certificate's issuer by a hash that gonogo does not have";
        return Err(Doubt::Unverifiable(why.to_owned()));
    }
    let why = match (of_serial().next(), basic.entries.first()) {
        (Some(_), _) => {
            format!("it is about a certificate of another issuer than {}", leaf.issuer)
        }
        (None, Some(other)) => format!(
            "it is about another certificate, with the serial number {} instead of {}",
            other.serial, leaf.serial
        ),
        (None, None) => "it is about no certificate at all".to_owned(),
    };
    Err(Doubt::Broken(why))
}

/// Whether the entry is about a certificate of this issuer's.
fn names(entry: &Entry<'_>, issuer: &Issuer) -> bool {
    let Some(algorithm) = algorithm(entry.hash) else { return false };
    let hashes_to = |what: &[u8], wanted: &[u8]| digest::digest(algorithm, what).as_ref() == wanted;
    hashes_to(issuer.name.der(), entry.issuer_name)
        && key_bits(&issuer.key).is_some_and(|key| hashes_to(&key, entry.issuer_key))
}

/// What the hash of a key is made of: the key without its algorithm.
fn key_bits(key: &[u8]) -> Option<Vec<u8>> {
    let (_, key) = SubjectPublicKeyInfo::from_der(key).ok()?;
    Some(key.subject_public_key.data.into_owned())
}

fn algorithm(oid: &[u8]) -> Option<&'static digest::Algorithm> {
    let known: [(&[u8], &'static digest::Algorithm); 4] = [
        (SHA_1, &digest::SHA1_FOR_LEGACY_USE_ONLY),
        (SHA_256, &digest::SHA256),
        (SHA_384, &digest::SHA384),
        (SHA_512, &digest::SHA512),
    ];
    known.into_iter().find(|(known, _)| *known == oid).map(|(_, algorithm)| algorithm)
}

/// 1.3.14.3.2.26 and 2.16.840.1.101.3.4.2.1, .2 and .3.
const SHA_1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA_384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA_512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];

/// Responses have one or two kilobytes.
const LARGEST: usize = 64 * 1024;
