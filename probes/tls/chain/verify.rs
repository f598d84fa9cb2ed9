//! Signatures, also those that current clients refuse: without them a chain that is merely weak looks
//! like one from an unknown issuer.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1,
    ECDSA_P256K1_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA1_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA384, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::asn1_rs::FromDer;

use crate::wire::{
    der::Values,
    x509::{Algorithm, Certificate, Key, oid::dotted},
};

/// Whether a key made a signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verified {
    Yes,
    No,
    /// We do not have the algorithm.
    Unknown,
}

/// Whether a certificate is signed with this key, a SubjectPublicKeyInfo.
pub(super) fn signed_by(certificate: &Certificate<'_>, key: &[u8]) -> Verified {
    let Ok(Key { algorithm: key_algorithm, bits, .. }) = Key::read(key) else {
        return Verified::Unknown;
    };
    let Some(algorithm) = algorithm(&certificate.algorithm, &key_algorithm) else {
        return if fits(&certificate.algorithm, &key_algorithm) {
            Verified::Unknown
        } else {
            Verified::No
        };
    };
    let verified =
        UnparsedPublicKey::new(algorithm, bits).verify(certificate.signed, certificate.signature);
    match (verified, is_too_short(&key_algorithm, bits)) {
        (Ok(()), _) => Verified::Yes,
        (Err(_), true) => Verified::Unknown,
        (Err(_), false) => Verified::No,
    }
}

/// Whether the library does not verify with such a key, whatever is signed. Its content is about as
/// long as the modulus.
fn is_too_short(key: &Algorithm<'_>, bits: &[u8]) -> bool {
    matches!(dotted(key.oid).as_str(), RSA | PSS) && bits.len() < 128
}

/// Whether such a key may make such a signature.
fn fits(signature: &Algorithm<'_>, key: &Algorithm<'_>) -> bool {
    let signature = dotted(signature.oid);
    match dotted(key.oid).as_str() {
        RSA => signature.starts_with("1.2.840.113549.1.1.") || signature.starts_with("1.3.14.3.2."),
        PSS => signature == PSS,
        EC => signature.starts_with("1.2.840.10045.4."),
        other => other == signature || !signature.starts_with("1.2.840."),
    }
}

fn algorithm(
    signature: &Algorithm<'_>,
    key: &Algorithm<'_>,
) -> Option<&'static dyn VerificationAlgorithm> {
    let curve = Values(key.parameters).next("a curve").ok();
    let curve = curve.map(|curve| dotted(curve.content)).unwrap_or_default();
    Some(match (dotted(key.oid).as_str(), dotted(signature.oid).as_str(), curve.as_str()) {
        (RSA, "1.2.840.113549.1.1.5" | "1.3.14.3.2.29", _) => {
            &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY
        }
        (RSA, "1.2.840.113549.1.1.11", _) => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (RSA, "1.2.840.113549.1.1.12", _) => &RSA_PKCS1_2048_8192_SHA384,
        (RSA, "1.2.840.113549.1.1.13", _) => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        (RSA | PSS, PSS, _) => match pss_hash(signature)?.as_str() {
            "2.16.840.1.101.3.4.2.1" => &RSA_PSS_2048_8192_SHA256,
            "2.16.840.1.101.3.4.2.2" => &RSA_PSS_2048_8192_SHA384,
            "2.16.840.1.101.3.4.2.3" => &RSA_PSS_2048_8192_SHA512,
            _ => return None,
        },
        (EC, "1.2.840.10045.4.1", P256) => &ECDSA_P256_SHA1_ASN1,
        (EC, "1.2.840.10045.4.1", P521) => &ECDSA_P521_SHA1_ASN1,
        (EC, "1.2.840.10045.4.3.2", P256) => &ECDSA_P256_SHA256_ASN1,
        (EC, "1.2.840.10045.4.3.3", P256) => &ECDSA_P256_SHA384_ASN1,
        (EC, "1.2.840.10045.4.3.4", P256) => &ECDSA_P256_SHA512_ASN1,
        (EC, "1.2.840.10045.4.3.2", P384) => &ECDSA_P384_SHA256_ASN1,
        (EC, "1.2.840.10045.4.3.3", P384) => &ECDSA_P384_SHA384_ASN1,
        (EC, "1.2.840.10045.4.3.4", P384) => &ECDSA_P384_SHA512_ASN1,
        (EC, "1.2.840.10045.4.3.2", P521) => &ECDSA_P521_SHA256_ASN1,
        (EC, "1.2.840.10045.4.3.3", P521) => &ECDSA_P521_SHA384_ASN1,
        (EC, "1.2.840.10045.4.3.4", P521) => &ECDSA_P521_SHA512_ASN1,
        (EC, "1.2.840.10045.4.3.2", "1.3.132.0.10") => &ECDSA_P256K1_SHA256_ASN1,
        (ED, ED, _) => &ED25519,
        _ => return None,
    })
}

/// The hash that RSASSA-PSS names in its parameters; it means SHA-1 without any (RFC 4055 section 3.1).
pub(super) fn pss_hash(signature: &Algorithm<'_>) -> Option<String> {
    if dotted(signature.oid) != PSS {
        return None;
    }
    let (_, parameters) =
        x509_parser::signature_algorithm::RsaSsaPssParams::from_der(signature.parameters).ok()?;
    Some(parameters.hash_algorithm_oid().to_id_string())
}

const RSA: &str = "1.2.840.113549.1.1.1";
const PSS: &str = "1.2.840.113549.1.1.10";
const EC: &str = "1.2.840.10045.2.1";
const ED: &str = "1.3.101.112";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
const P521: &str = "1.3.132.0.35";
