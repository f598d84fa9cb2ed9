//! What a leaf may be used for, and leaves that are trusted themselves.

use super::super::case::{Case, KEYS, Shape, case, told};
use crate::wire::x509::oid::{
    ANY_PURPOSE, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CLIENT_AUTH, EXTENDED_KEY_USAGE, KEY_USAGE,
    SERVER_AUTH, SUBJECT_KEY_ID,
};

pub(super) fn all() -> Vec<Case> {
    vec![
        case("no purpose", "", |s| s.leaf.remove(EXTENDED_KEY_USAGE)),
        case("for servers and any purpose", "", |s| s.leaf.purposes(&[SERVER_AUTH, ANY_PURPOSE])),
        case("for any purpose", "OFW", |s| s.leaf.purposes(&[ANY_PURPOSE])),
        told("for clients", &["tls-wrong-usage"], |s| s.leaf.purposes(&[CLIENT_AUTH])),
        case("a key for encipherment", "JTC", |s| s.leaf.usage(&[2])),
        case("a key for agreement", "JTC", |s| s.leaf.usage(&[4])),
        case("a key for certificates", "OJTFC", |s| s.leaf.usage(&[5])),
        case("no keyUsage", "", |s| s.leaf.remove(KEY_USAGE)),
        case("an authority that another issued", "FW", |s| {
            s.leaf.authority(true, None);
            s.leaf.usage(&[0, 5]);
            s.leaf.set(SUBJECT_KEY_ID, false, &crate::wire::der::wrap(4, &[3; 20]));
        }),
        case("its own, trusted, no authority", "C", |s| {
            s.own();
            s.leaf.no_authority();
        }),
        case("its own, trusted, without extensions", "", |s| {
            s.own();
            s.leaf.remove(BASIC_CONSTRAINTS);
            s.leaf.remove(KEY_USAGE);
            s.leaf.remove(EXTENDED_KEY_USAGE);
            s.leaf.remove(AUTHORITY_KEY_ID);
        }),
        case("its own, trusted, an authority", "FW", |s| {
            s.own();
            s.leaf.authority(true, None);
            s.leaf.usage(&[0, 5]);
        }),
        case("its own, trusted, an authority that signs no handshakes", "OTFCW", |s| {
            s.own();
            s.leaf.authority(true, None);
            s.leaf.usage(&[5]);
        }),
        case("trusted, and another's", "OW", |s| s.shape = Shape::LeafTrusted),
        told("its own, and not trusted", &["tls-self-signed"], |s| {
            s.leaf.issuer = s.leaf.subject.clone();
            s.signers[0] = &KEYS[2];
        }),
        case("Ed25519", "FC", |s| s.leaf.key = public(&rcgen::PKCS_ED25519)),
        case("P-384", "", |s| s.leaf.key = public(&rcgen::PKCS_ECDSA_P384_SHA384)),
        case("P-521", "C", |s| s.leaf.key = public(&rcgen::PKCS_ECDSA_P521_SHA512)),
        told("signed with another key than the issuer's", &["tls-untrusted-issuer"], |s| {
            s.signers[0] = &KEYS[3];
        }),
    ]
}

fn public(algorithm: &'static rcgen::SignatureAlgorithm) -> Vec<u8> {
    use rcgen::PublicKeyData;
    rcgen::KeyPair::generate_for(algorithm).expect("a key").subject_public_key_info()
}
