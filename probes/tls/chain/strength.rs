//! Which keys and signatures are too weak to be relied on.

use std::fmt;

use x509_parser::{
    asn1_rs::FromDer, der_parser::oid::Oid, public_key::PublicKey, x509::SubjectPublicKeyInfo,
};

use super::{certificate::oid_text, verify::pss_hash};
use crate::wire::{
    der::bits,
    x509::{self, oid::dotted},
};

/// A public key: what kind, and how large.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) enum Key {
    /// RSA, with the bits of its modulus.
    Rsa(u32),
    /// Elliptic curve, with the curve's name and bits.
    Ec(String, u32),
    /// DSA. No version of TLS that is still in use has it.
    Dsa,
    /// Another kind, which has one size only: Ed25519, ML-DSA.
    Other(String),
}

impl Key {
    pub(super) const ED25519: &str = "Ed25519";
    pub(super) const RSA_PSS: &str = "RSASSA-PSS";

    pub(super) fn of(key: &x509::Key<'_>) -> Self {
        match dotted(key.algorithm.oid).as_str() {
            "1.3.101.112" => return Self::Other(Self::ED25519.to_owned()),
            "1.2.840.113549.1.1.10" => return Self::Other(Self::RSA_PSS.to_owned()),
            _ => {}
        }
        let Ok((_, key)) = SubjectPublicKeyInfo::from_der(key.whole) else {
            return Self::Other(oid_text(&Oid::new(key.algorithm.oid.into())));
        };
        match key.parsed() {
            Ok(PublicKey::RSA(rsa)) => Self::Rsa(bits(rsa.modulus)),
            Ok(PublicKey::EC(point)) => {
                let curve = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
                let (name, size) =
                    curve.as_ref().map_or_else(|| ("unnamed curve".to_owned(), 0), curve_of);
                // A point has two coordinates of the curve's size, rounded up to bytes.
                let size =
                    if size == 0 { u32::try_from(point.key_size()).unwrap_or(0) } else { size };
                Self::Ec(name, size)
            }
            Ok(PublicKey::DSA(_)) => Self::Dsa,
            _ => Self::Other(oid_text(&key.algorithm.algorithm)),
        }
    }

    /// A SubjectPublicKeyInfo's key.
    pub(super) fn read(der: &[u8]) -> Self {
        x509::Key::read(der).map_or_else(Self::Other, |key| Self::of(&key))
    }

    /// Why it is too weak, if it is.
    pub(in crate::tls) fn weakness(&self) -> Option<String> {
        match self {
            Self::Rsa(bits) if *bits < 2048 => Some(format!("{self} is shorter than 2048 bits")),
            Self::Ec(_, bits) if *bits < 256 => Some(format!("{self} is shorter than 256 bits")),
            Self::Dsa => Some("DSA was removed from TLS".to_owned()),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::Ec(curve, _) => write!(f, "ECDSA {curve}"),
            Self::Dsa => f.write_str("DSA"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// The algorithm a certificate is signed with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::tls) struct Signature {
    /// "sha256WithRSAEncryption".
    pub(in crate::tls) algorithm: String,
    /// The broken hash it relies on, if it does.
    pub(in crate::tls) broken_hash: Option<&'static str>,
}

impl Signature {
    pub(super) fn of(algorithm: &x509::Algorithm<'_>) -> Self {
        let id = dotted(algorithm.oid);
        let broken_hash = broken_hash(&id).or_else(|| match pss_hash(algorithm)?.as_str() {
            "1.3.14.3.2.26" => Some("SHA-1"),
            "1.2.840.113549.2.5" => Some("MD5"),
            _ => None,
        });
        Self { algorithm: oid_text(&Oid::new(algorithm.oid.into())), broken_hash }
    }
}

fn curve_of(oid: &Oid<'_>) -> (String, u32) {
    let (name, bits) = match oid.to_id_string().as_str() {
        "1.2.840.10045.3.1.1" => ("P-192", 192),
        "1.3.132.0.33" => ("P-224", 224),
        "1.2.840.10045.3.1.7" => ("P-256", 256),
        "1.3.132.0.34" => ("P-384", 384),
        "1.3.132.0.35" => ("P-521", 521),
        "1.3.132.0.10" => ("secp256k1", 256),
        other => return (other.to_owned(), 0),
    };
    (name.to_owned(), bits)
}

fn broken_hash(oid: &str) -> Option<&'static str> {
    match oid {
        "1.2.840.113549.1.1.2" => Some("MD2"),
        "1.2.840.113549.1.1.3" => Some("MD4"),
        "1.2.840.113549.1.1.4" | "1.3.14.3.2.3" => Some("MD5"),
        "1.2.840.113549.1.1.5"
        | "1.3.14.3.2.29"
        | "1.2.840.10045.4.1"
        | "1.2.840.10040.4.3"
        | "1.3.14.3.2.27" => Some("SHA-1"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modulus_is_measured_in_significant_bits() {
        assert_eq!(bits(&[0, 0x80, 0]), 16);
        assert_eq!(bits(&[0x7f, 0xff]), 15);
        assert_eq!(bits(&[]), 0);
    }

    #[test]
    fn keys_are_weak_below_their_limit() {
        assert!(Key::Rsa(2047).weakness().is_some());
        assert!(Key::Rsa(2048).weakness().is_none());
        assert!(Key::Rsa(8192).weakness().is_none());
        assert!(Key::Ec("P-224".to_owned(), 224).weakness().is_some());
        assert!(Key::Ec("P-256".to_owned(), 256).weakness().is_none());
        assert!(Key::Dsa.weakness().is_some());
        assert!(Key::Other("Ed25519".to_owned()).weakness().is_none());
    }

    #[test]
    fn every_broken_hash_is_known_by_its_identifiers() {
        assert_eq!(broken_hash("1.2.840.113549.1.1.4"), Some("MD5"));
        assert_eq!(broken_hash("1.2.840.113549.1.1.5"), Some("SHA-1"));
        assert_eq!(broken_hash("1.2.840.10045.4.1"), Some("SHA-1"));
        assert_eq!(broken_hash("1.2.840.113549.1.1.11"), None);
    }
}
