//! What a certificate says, as far as checks and people ask.

use std::{fmt, net::IpAddr};

use aws_lc_rs::digest;
use x509_parser::{
    asn1_rs::FromDer, der_parser::oid::Oid, oid_registry::OidRegistry, x509::X509Name,
};

use super::{Key, Signature};
use crate::{
    tls::statements::timestamps::Timestamp,
    wire::{
        der::{OCTET_STRING, Values},
        x509::{
            self,
            extension::{self, BasicConstraints},
            general_name::GeneralName,
            oid,
        },
    },
};

/// A certificate, read once. Distinguished names keep their DER beside their text, because names are
/// linked by their encoding.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Certificate {
    /// "CN=shop.example".
    pub(in crate::tls) subject: Name,
    /// Who signed it, or says so.
    pub(in crate::tls) issuer: Name,
    /// Hexadecimal.
    pub(in crate::tls) serial: String,
    /// The DNS names and IP addresses it is for; the first [`Certificate::NAMES`] of them.
    pub(in crate::tls) names: Vec<String>,
    /// How many there are; `None` without a subjectAltName extension.
    pub(in crate::tls) name_count: Option<usize>,
    /// The key it vouches for.
    pub(in crate::tls) key: Key,
    /// How it is signed.
    pub(in crate::tls) signature: Signature,
    /// First second of its life, since the epoch.
    pub(in crate::tls) not_before: i64,
    /// Last second of its life, since the epoch.
    pub(in crate::tls) not_after: i64,
    /// Whether basicConstraints make it an authority.
    pub(in crate::tls) is_authority: bool,
    /// Whether its key may sign revocation lists, which a keyUsage extension may forbid.
    pub(in crate::tls) signs_lists: bool,
    /// What the certificate may be used for; `None` without an extendedKeyUsage extension.
    pub(in crate::tls) purposes: Option<Purposes>,
    /// Where its issuer's certificate may be fetched (RFC 5280 section 4.2.2.1). We never do.
    pub(in crate::tls) issuer_url: Option<String>,
    /// SHA-256 of the DER, as browsers show it.
    pub(in crate::tls) fingerprint: String,
    /// The key it vouches for, as DER (a SubjectPublicKeyInfo).
    pub(in crate::tls) key_der: Box<[u8]>,
    /// Whether it promises that its server staples an OCSP response (RFC 7633).
    pub(in crate::tls) must_staple: bool,
    /// Certificate timestamps that its authority put into it.
    pub(in crate::tls) timestamps: Vec<Timestamp>,
}

impl Certificate {
    /// How many names are kept. The number that is reported is the true one.
    const NAMES: usize = 20;
    /// Letters of a name that are kept; DNS has no longer ones.
    const LONGEST_NAME: usize = 255;

    /// Reads a certificate. What it cannot read is named, as a lower-case fragment.
    pub(in crate::tls) fn read(der: &[u8]) -> Result<Self, String> {
        x509::Certificate::read(der).map(|read| Self::of(&read))
    }

    /// What is kept of a certificate. Extensions that are malformed count as absent: what clients make
    /// of those is judged elsewhere.
    pub(super) fn of(read: &x509::Certificate<'_>) -> Self {
        let (names, name_count) = alternative_names(read);
        let purposes = read.extension(oid::EXTENDED_KEY_USAGE).map(extension::purposes);
        let basic = read.extension(oid::BASIC_CONSTRAINTS).map(BasicConstraints::of);
        let usage = read.extension(oid::KEY_USAGE).map(extension::KeyUsage::of);
        let access = read.extension(oid::AUTHORITY_INFO_ACCESS).map(extension::access);
        let features = read.extension(oid::TLS_FEATURE).map(extension::tls_features);
        Self {
            subject: Name::of(read.subject),
            issuer: Name::of(read.issuer),
            serial: hex(read.serial),
            names,
            name_count,
            key: Key::of(&read.key),
            signature: Signature::of(&read.algorithm),
            not_before: read.not_before.at,
            not_after: read.not_after.at,
            is_authority: matches!(basic, Some(Ok(basic)) if basic.is_authority),
            signs_lists: match usage {
                Some(Ok(usage)) => usage.has(extension::KeyUsage::CRL_SIGN),
                _ => true,
            },
            purposes: purposes.and_then(Result::ok).map(|purposes| Purposes::of(&purposes)),
            issuer_url: access.and_then(Result::ok).flatten().map(str::to_owned),
            fingerprint: fingerprint(read.whole),
            key_der: read.key.whole.into(),
            must_staple: features.is_some_and(|all| all.contains(&STATUS_REQUEST)),
            timestamps: timestamps(read),
        }
    }

    /// Whether its subject and issuer are the same, as a root's are.
    pub(in crate::tls) fn is_self_issued(&self) -> bool {
        self.subject.der == self.issuer.der
    }

    /// Whether this moment, in seconds since the epoch, is in its life.
    pub(in crate::tls) fn is_valid_at(&self, at: i64) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }

    /// Seconds from its first to its last, both counted, as the Baseline Requirements count.
    pub(in crate::tls) fn lifetime(&self) -> i64 {
        self.not_after.saturating_sub(self.not_before).saturating_add(1)
    }
}

/// A distinguished name.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Name {
    text: String,
    der: Box<[u8]>,
}

impl Name {
    /// Reads a name, with tag and length.
    pub(super) fn of(der: &[u8]) -> Self {
        let text = X509Name::from_der(der).map(|(_, name)| name.to_string());
        Self { text: text.unwrap_or_default(), der: der.into() }
    }

    /// Its DER.
    pub(in crate::tls) fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether this is its common name, its organisation, or all of it as it is shown.
    pub(in crate::tls) fn is_called(&self, text: &str) -> bool {
        let Ok((_, name)) = X509Name::from_der(&self.der) else { return false };
        let mut parts = name.iter_common_name().chain(name.iter_organization());
        self.text == text || parts.any(|part| part.as_str() == Ok(text))
    }

    /// Whether both are the same name, byte for byte, which is how clients link a chain.
    pub(in crate::tls) fn is(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.as_str() {
            "" => f.write_str("(no name)"),
            // A name may be as long as its maker likes; what identifies it stands in the beginning.
            text => f.write_str(text.get(..text.floor_char_boundary(160)).unwrap_or(text)),
        }
    }
}

/// The extendedKeyUsage extension.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Purposes {
    /// Whether it has serverAuth.
    pub(in crate::tls) server: bool,
    /// Whether it has anyExtendedKeyUsage.
    pub(in crate::tls) any: bool,
    /// Every purpose, for people.
    pub(in crate::tls) named: String,
}

impl Purposes {
    fn of(purposes: &[&[u8]]) -> Self {
        let named = purposes.iter().map(|purpose| match *purpose {
            oid::ANY_PURPOSE => "anyExtendedKeyUsage".to_owned(),
            oid::SERVER_AUTH => "serverAuth".to_owned(),
            oid::CLIENT_AUTH => "clientAuth".to_owned(),
            oid::CODE_SIGNING => "codeSigning".to_owned(),
            oid::EMAIL_PROTECTION => "emailProtection".to_owned(),
            oid::TIME_STAMPING => "timeStamping".to_owned(),
            oid::OCSP_SIGNING => "OCSPSigning".to_owned(),
            other => oid::dotted(other),
        });
        Self {
            server: purposes.contains(&oid::SERVER_AUTH),
            any: purposes.contains(&oid::ANY_PURPOSE),
            named: named.collect::<Vec<_>>().join(", "),
        }
    }
}

/// SHA-256 of a certificate, in hexadecimal.
pub(in crate::tls) fn fingerprint(der: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, der).as_ref())
}

/// The text of an object identifier: its name where it has one.
pub(in crate::tls) fn oid_text(oid: &Oid<'_>) -> String {
    let registry = OidRegistry::default().with_all_crypto().with_x509();
    registry.get(oid).map_or_else(|| oid.to_id_string(), |entry| entry.sn().to_owned())
}

fn alternative_names(read: &x509::Certificate<'_>) -> (Vec<String>, Option<usize>) {
    let all = read.extension(oid::SUBJECT_ALT_NAME).map(|one| GeneralName::all(one.value));
    let Some(Ok(all)) = all else { return (Vec::new(), None) };
    let names = || all.iter().filter_map(server_name);
    (names().take(Certificate::NAMES).collect(), Some(names().count()))
}

fn server_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::Dns(name) => {
            Some(String::from_utf8_lossy(name).chars().take(Certificate::LONGEST_NAME).collect())
        }
        GeneralName::Ip(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn timestamps(read: &x509::Certificate<'_>) -> Vec<Timestamp> {
    let list = read.extension(TIMESTAMPS).and_then(|extension| {
        let list = Values(extension.value).expect(OCTET_STRING, "").ok()?;
        Timestamp::list(list.content).ok()
    });
    list.unwrap_or_default()
}

/// Bytes in hexadecimal.
pub(in crate::tls) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// 1.3.6.1.4.1.11129.2.4.2.
const TIMESTAMPS: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x02];
/// The number of the extension status_request.
const STATUS_REQUEST: u32 = 5;
