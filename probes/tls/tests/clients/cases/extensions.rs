//! Extensions that are malformed, doubled, or critical.

use super::{
    super::{
        case::{Case, case, told},
        made::{UNKNOWN, dns, extension, name, uri},
    },
    ALL,
};
use crate::wire::{
    der::{BIT_STRING, BOOLEAN, INTEGER, OCTET_STRING, OID, SEQUENCE, wrap},
    x509::oid::{
        AUTHORITY_INFO_ACCESS, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CA_ISSUERS,
        CRL_DISTRIBUTION_POINTS, NETSCAPE_CERT_TYPE, SUBJECT_ALT_NAME, SUBJECT_KEY_ID, TLS_FEATURE,
    },
};

pub(super) fn all() -> Vec<Case> {
    vec![
        case("unknown and critical in the leaf", ALL, |s| s.leaf.set(UNKNOWN, true, &[5, 0])),
        case("unknown and critical in the intermediate", ALL, |s| {
            s.middle.set(UNKNOWN, true, &[5, 0]);
        }),
        case("unknown and critical in the root", "OGTFC", |s| s.root.set(UNKNOWN, true, &[5, 0])),
        case("unknown", "", |s| s.leaf.set(UNKNOWN, false, &[5, 0])),
        Case {
            refusers: ALL,
            ..told(
                "a promise of staples that is critical",
                &["tls-certificate-unreadable", "tls-staple-missing"],
                |s| s.leaf.set(TLS_FEATURE, true, &wrap(SEQUENCE, &wrap(INTEGER, &[5]))),
            )
        },
        case("another TLS feature that is critical", "OGJFCW", |s| {
            s.leaf.set(TLS_FEATURE, true, &wrap(SEQUENCE, &wrap(INTEGER, &[17])));
        }),
        case("a poison", ALL, |s| {
            let poison = [0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x03];
            s.leaf.set(&poison, true, &[5, 0]);
        }),
        case("authorityInfoAccess that is critical", "OnJCW", |s| {
            s.leaf.set(AUTHORITY_INFO_ACCESS, true, &access());
        }),
        case("distribution points that are critical", "JFC", |s| {
            s.leaf.set(CRL_DISTRIBUTION_POINTS, true, &points());
        }),
        case("nsCertType that is critical", "GJTCW", |s| {
            s.leaf.set(NETSCAPE_CERT_TYPE, true, &wrap(BIT_STRING, &[6, 0x40]));
        }),
        case("authorityKeyIdentifier that is critical", "OnJFCW", |s| {
            let value = wrap(SEQUENCE, &wrap(0x80, &super::super::made::id_of(&s.middle.key)));
            s.leaf.set(AUTHORITY_KEY_ID, true, &value);
        }),
        case("authorityInfoAccess that is malformed", "GFC", |s| {
            s.leaf.set(AUTHORITY_INFO_ACCESS, false, &wrap(INTEGER, &[1]));
        }),
        case("distribution points that are malformed", "OGW", |s| {
            s.leaf.set(CRL_DISTRIBUTION_POINTS, false, &wrap(INTEGER, &[1]));
        }),
        case("subjectKeyIdentifier that is malformed", "OGC", |s| {
            s.leaf.set(SUBJECT_KEY_ID, false, &wrap(INTEGER, &[1]));
        }),
        case("names that are malformed", ALL, |s| {
            s.leaf.subject = name("somebody");
            s.leaf.set(SUBJECT_ALT_NAME, false, &wrap(INTEGER, &[1]));
        }),
        case("names that are malformed, and the common name", "OGTFCW", |s| {
            s.leaf.set(SUBJECT_ALT_NAME, false, &wrap(INTEGER, &[1]));
        }),
        Case {
            refusers: "GFCW",
            ..told("no names", &["tls-chain-not-portable", "tls-san-missing"], |s| {
                s.leaf.set(SUBJECT_ALT_NAME, false, &wrap(SEQUENCE, &[]));
            })
        },
        case("names that stand twice", ALL, |s| {
            let names = wrap(SEQUENCE, &dns("a.d.test"));
            s.leaf.push(SUBJECT_ALT_NAME, extension(SUBJECT_ALT_NAME, None, &names));
        }),
        case("an unknown extension that stands twice", "GJTC", |s| {
            s.leaf.set(UNKNOWN, false, &[5, 0]);
            s.leaf.push(UNKNOWN, extension(UNKNOWN, None, &[5, 0]));
        }),
        case("a written FALSE", "C", |s| {
            s.leaf.set(BASIC_CONSTRAINTS, true, &wrap(SEQUENCE, &wrap(BOOLEAN, &[0])));
        }),
        case("sound access, points and identifier", "", |s| {
            s.leaf.set(AUTHORITY_INFO_ACCESS, false, &access());
            s.leaf.set(CRL_DISTRIBUTION_POINTS, false, &points());
            s.leaf.set(SUBJECT_KEY_ID, false, &wrap(OCTET_STRING, &[1; 20]));
        }),
    ]
}

fn access() -> Vec<u8> {
    let one = [wrap(OID, CA_ISSUERS), uri("http://d.test/ca")].concat();
    wrap(SEQUENCE, &wrap(SEQUENCE, &one))
}

fn points() -> Vec<u8> {
    let full = wrap(0xa0, &uri("http://d.test/crl"));
    wrap(SEQUENCE, &wrap(SEQUENCE, &wrap(0xa0, &full)))
}
