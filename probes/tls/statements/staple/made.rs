//! OCSP responses as an authority makes them, sound and faulty, for tests and specimens.

use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::digest;
use rcgen::{
    CertificateParams, CertifiedIssuer, CustomExtension, ExtendedKeyUsagePurpose, KeyPair,
    SigningKey,
};
use rustls_pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

use crate::{
    tls::{
        chain::Certificate,
        statements::{
            staple::{
                SHA_1, SHA_256, key_bits,
                response::{BASIC, TIMESTAMPS},
            },
            timestamps,
        },
        when::DAY,
    },
    wire::der::{
        BIT_STRING, ENUMERATED, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, SEQUENCE, explicit,
        implicit, wrap,
    },
};

/// What a response shall be like.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Made {
    /// The serial number it is about.
    pub(in crate::tls) serial: Vec<u8>,
    /// 0 for good, 1 for revoked, 2 for unknown.
    pub(in crate::tls) status: u8,
    /// Why it is revoked: 1 for keyCompromise.
    pub(in crate::tls) reason: u8,
    /// When it was made, in seconds since the epoch.
    pub(in crate::tls) at: i64,
    pub(in crate::tls) this_update: i64,
    pub(in crate::tls) next_update: Option<i64>,
    /// Logs of which timestamps come along.
    pub(in crate::tls) logs: Vec<u8>,
    /// A status other than successful, and nothing else.
    pub(in crate::tls) refusal: Option<u8>,
    /// How many other certificates it is about before it comes to this one.
    pub(in crate::tls) others: u8,
    /// Whether somebody else's key signs.
    pub(in crate::tls) is_forged: bool,
    /// Whether the signature is of an algorithm that nobody has.
    pub(in crate::tls) is_of_unknown_algorithm: bool,
    /// Whether the issuer is named by SHA-256 instead of SHA-1.
    pub(in crate::tls) by_sha256: bool,
    /// Who signs in place of the issuer: from when and until when, and whether they may.
    pub(in crate::tls) responder: Option<(i64, i64, bool)>,
}

impl Made {
    /// A fresh one that says good.
    pub(in crate::tls) fn good(leaf: &CertificateDer<'_>, at: i64) -> Self {
        let (_, leaf) = parse_x509_certificate(leaf).expect("a certificate");
        Self {
            serial: leaf.raw_serial().to_vec(),
            status: 0,
            reason: 1,
            at,
            this_update: at - 3600,
            next_update: Some(at + 7 * DAY),
            logs: Vec::new(),
            refusal: None,
            others: 0,
            is_forged: false,
            is_of_unknown_algorithm: false,
            by_sha256: false,
            responder: None,
        }
    }

    /// Makes it say revoked, for a key that has leaked a day ago.
    pub(in crate::tls) fn revoke(&mut self) {
        self.status = 1;
    }

    /// The response, from this issuer or from whoever was wanted.
    pub(in crate::tls) fn signed_by(&self, issuer: &CertifiedIssuer<'_, KeyPair>) -> Vec<u8> {
        if let Some(status) = self.refusal {
            return wrap(SEQUENCE, &wrap(ENUMERATED, &[status]));
        }
        let data = self.data(&Certificate::read(issuer.der()).expect("a certificate"));
        let own = KeyPair::generate().expect("entropy");
        let key = if self.is_forged || self.responder.is_some() { &own } else { issuer.key() };
        let signature = key.sign(&data).expect("a key that signs");
        let algorithm =
            if self.is_of_unknown_algorithm { ECDSA_WITH_NOTHING } else { ECDSA_WITH_SHA_256 };
        let certificates = self.responder.map(|(from, until, may_sign)| {
            let responder = responder(&own, issuer, from, until, may_sign);
            wrap(explicit(0), &wrap(SEQUENCE, &responder))
        });
        let basic = [
            data,
            wrap(SEQUENCE, &wrap(OID, algorithm)),
            wrap(BIT_STRING, &[&[0][..], &signature].concat()),
            certificates.unwrap_or_default(),
        ];
        let content = wrap(OCTET_STRING, &wrap(SEQUENCE, &basic.concat()));
        let content = wrap(SEQUENCE, &[wrap(OID, BASIC), content].concat());
        wrap(SEQUENCE, &[wrap(ENUMERATED, &[0]), wrap(explicit(0), &content)].concat())
    }

    fn data(&self, issuer: &Certificate) -> Vec<u8> {
        let (oid, algorithm) = if self.by_sha256 {
            (SHA_256, &digest::SHA256)
        } else {
            (SHA_1, &digest::SHA1_FOR_LEGACY_USE_ONLY)
        };
        let hash = |bytes: &[u8]| wrap(OCTET_STRING, digest::digest(algorithm, bytes).as_ref());
        let key = key_bits(&issuer.key_der).expect("a key");
        let id = |serial: &[u8]| {
            let hash_of = wrap(SEQUENCE, &wrap(OID, oid));
            let parts = [hash_of, hash(issuer.subject.der()), hash(&key), wrap(INTEGER, serial)];
            wrap(SEQUENCE, &parts.concat())
        };
        let status = match self.status {
            1 => {
                let reason = wrap(explicit(0), &wrap(ENUMERATED, &[self.reason]));
                wrap(explicit(1), &[time(self.at - DAY), reason].concat())
            }
            other => wrap(implicit(other), &[]),
        };
        let extensions = (!self.logs.is_empty()).then(|| {
            let list = wrap(OCTET_STRING, &timestamps::made(&self.logs));
            let one = [wrap(OID, TIMESTAMPS), wrap(OCTET_STRING, &list)].concat();
            wrap(explicit(1), &wrap(SEQUENCE, &wrap(SEQUENCE, &one)))
        });
        let good = |other: u8| {
            let entry = [id(&[1, other]), wrap(implicit(0), &[]), time(self.this_update)];
            wrap(SEQUENCE, &entry.concat())
        };
        let others: Vec<u8> = (0..self.others).flat_map(good).collect();
        let entry = [
            id(&self.serial),
            status,
            time(self.this_update),
            self.next_update.map(|at| wrap(explicit(0), &time(at))).unwrap_or_default(),
            extensions.unwrap_or_default(),
        ];
        let data = [
            wrap(explicit(1), issuer.subject.der()),
            time(self.this_update),
            wrap(SEQUENCE, &[others, wrap(SEQUENCE, &entry.concat())].concat()),
        ];
        wrap(SEQUENCE, &data.concat())
    }
}

/// The extension with which a certificate promises a staple.
pub(in crate::tls) fn must_staple() -> CustomExtension {
    let content = wrap(SEQUENCE, &wrap(INTEGER, &[5]));
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], content)
}

/// The extension that holds timestamps of these logs.
pub(in crate::tls) fn embedded(logs: &[u8]) -> CustomExtension {
    let content = wrap(OCTET_STRING, &timestamps::made(logs));
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], content)
}

fn responder(
    key: &KeyPair,
    issuer: &CertifiedIssuer<'_, KeyPair>,
    from: i64,
    until: i64,
    may_sign: bool,
) -> Vec<u8> {
    let mut params = CertificateParams::default();
    if may_sign {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    }
    (params.not_before, params.not_after) = (moment(from).into(), moment(until).into());
    params.signed_by(key, issuer).expect("a certificate that can be signed").der().to_vec()
}

fn moment(at: i64) -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(at).expect("a moment since 1970"))
}

fn time(at: i64) -> Vec<u8> {
    let text = humantime::format_rfc3339_seconds(moment(at)).to_string();
    let text: String = text.chars().filter(|one| one.is_ascii_digit() || *one == 'Z').collect();
    wrap(GENERALIZED_TIME, text.as_bytes())
}

/// 1.2.840.10045.4.3.2, and one that does not exist.
const ECDSA_WITH_SHA_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_WITH_NOTHING: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x7f];
