//! What a certificate says, as far as checks and people ask.

use std::{fmt, net::IpAddr};

use aws_lc_rs::digest;
use x509_parser::{
    asn1_rs::FromDer,
    certificate::X509Certificate,
    der_parser::oid::Oid,
    extensions::{GeneralName, ParsedExtension},
    oid_registry::{OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS, OidRegistry},
    parse_x509_certificate,
    x509::X509Name,
};

use super::{Key, Signature};
use crate::{
    tls::statements::timestamps::Timestamp,
    wire::der::{INTEGER, SEQUENCE, Values, wrap},
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
    /// What the key may be used for; `None` without a keyUsage extension.
    pub(in crate::tls) key_usage: Option<KeyUsage>,
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

    /// Reads a certificate. What it cannot read is named, as a lower-case fragment.
    pub(in crate::tls) fn read(der: &[u8]) -> Result<Self, String> {
        let (rest, x509) = parse_x509_certificate(der)
            .map_err(|error| format!("it is not an X.509 certificate ({error})"))?;
        if !rest.is_empty() {
            return Err(format!("{} bytes follow the certificate", rest.len()));
        }
        let (names, name_count) = alternative_names(&x509)?;
        let validity = x509.validity();
        Ok(Self {
            subject: Name::of(x509.subject()),
            issuer: Name::of(x509.issuer()),
            serial: hex(x509.raw_serial()),
            names,
            name_count,
            key: Key::of(x509.public_key()),
            signature: Signature::of(&x509.signature_algorithm),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            is_authority: x509.is_ca(),
            key_usage: unique(x509.key_usage())?.map(|usage| KeyUsage {
                signs_handshakes: usage.value.digital_signature(),
                named: usage.value.to_string(),
            }),
            purposes: unique(x509.extended_key_usage())?.map(|usage| Purposes::of(usage.value)),
            issuer_url: issuer_url(&x509),
            fingerprint: fingerprint(der),
            key_der: x509.public_key().raw.into(),
            must_staple: must_staple(&x509),
            timestamps: timestamps(&x509),
        })
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
    fn of(name: &X509Name<'_>) -> Self {
        Self { text: name.to_string(), der: name.as_raw().into() }
    }

    /// The name of an authority of which a verifier knows no more than this: a name without its outer
    /// tag and length.
    pub(super) fn of_anchor(content: &[u8]) -> Self {
        let der = wrap(SEQUENCE, content);
        let text = X509Name::from_der(&der).map(|(_, name)| name.to_string());
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

/// The keyUsage extension.
#[derive(Clone, Debug)]
pub(in crate::tls) struct KeyUsage {
    /// Whether it has digitalSignature.
    pub(in crate::tls) signs_handshakes: bool,
    /// Every bit that is set, for people.
    pub(in crate::tls) named: String,
}

/// The extendedKeyUsage extension.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Purposes {
    /// Whether it has serverAuth.
    pub(in crate::tls) server: bool,
    /// Every purpose, for people.
    pub(in crate::tls) named: String,
}

impl Purposes {
    fn of(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Self {
        let known = [
            (usage.any, "anyExtendedKeyUsage"),
            (usage.server_auth, "serverAuth"),
            (usage.client_auth, "clientAuth"),
            (usage.code_signing, "codeSigning"),
            (usage.email_protection, "emailProtection"),
            (usage.time_stamping, "timeStamping"),
            (usage.ocsp_signing, "OCSPSigning"),
        ];
        let known = known.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).to_owned());
        let named: Vec<String> = known.chain(usage.other.iter().map(Oid::to_id_string)).collect();
        Self { server: usage.server_auth, named: named.join(", ") }
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

fn alternative_names(x509: &X509Certificate<'_>) -> Result<(Vec<String>, Option<usize>), String> {
    let Some(extension) = unique(x509.subject_alternative_name())? else {
        return Ok((Vec::new(), None));
    };
    let names = || extension.value.general_names.iter().filter_map(server_name);
    Ok((names().take(Certificate::NAMES).collect(), Some(names().count())))
}

fn server_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the TLS features (RFC 7633) that the certificate promises have the status request.
fn must_staple(x509: &X509Certificate<'_>) -> bool {
    let features = x509.extensions().iter().find(|one| one.oid.as_bytes() == TLS_FEATURE);
    features.is_some_and(|extension| {
        let mut values = Values(extension.value);
        let Ok(mut features) = values.enter(SEQUENCE, "") else { return false };
        std::iter::from_fn(|| features.expect(INTEGER, "").ok())
            .any(|feature| feature.content == STATUS_REQUEST)
    })
}

fn timestamps(x509: &X509Certificate<'_>) -> Vec<Timestamp> {
    let mut extensions = x509.extensions().iter();
    let found = extensions.find_map(|one| Timestamp::embedded(one.parsed_extension()));
    found.unwrap_or_default()
}

fn issuer_url(x509: &X509Certificate<'_>) -> Option<String> {
    let access = x509.extensions().iter().find_map(|extension| {
        let ParsedExtension::AuthorityInfoAccess(access) = extension.parsed_extension() else {
            return None;
        };
        Some(&access.accessdescs)
    })?;
    access.iter().find_map(|description| match description.access_location {
        GeneralName::URI(url)
            if description.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS =>
        {
            Some(url.to_owned())
        }
        _ => None,
    })
}

fn unique<T, E: fmt::Display>(extension: Result<T, E>) -> Result<T, String> {
    extension.map_err(|error| format!("its extensions cannot be read ({error})"))
}

/// Bytes in hexadecimal.
pub(in crate::tls) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// 1.3.6.1.5.5.7.1.24.
const TLS_FEATURE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18];
/// The number of the extension status_request, as an integer's content.
const STATUS_REQUEST: &[u8] = &[5];
