//! What intermediates and roots may do.

use super::{
    super::{
        case::{Case, KEYS, Shape, case, told},
        made::{Made, name, utc},
    },
    ALL,
};
use crate::wire::{
    der::{INTEGER, OCTET_STRING, SEQUENCE, wrap},
    x509::oid::{
        ANY_PURPOSE, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CLIENT_AUTH, KEY_USAGE, SUBJECT_KEY_ID,
        TLS_FEATURE,
    },
};

pub(super) fn all() -> Vec<Case> {
    let mut all = of_intermediates();
    all.extend(of_roots());
    all
}

fn of_intermediates() -> Vec<Case> {
    vec![
        case("no basicConstraints", ALL, |s| s.middle.remove(BASIC_CONSTRAINTS)),
        case("no authority", ALL, |s| s.middle.no_authority()),
        case("version 1", ALL, |s| {
            s.middle.version = None;
            s.middle.extensions.clear();
            s.leaf.remove(AUTHORITY_KEY_ID);
        }),
        case("no keyCertSign", "OGJTFC", |s| s.middle.usage(&[0])),
        case("constraints that are not critical", "S", |s| s.middle.authority(false, None)),
        case("no keyUsage", "S", |s| s.middle.remove(KEY_USAGE)),
        case("a path length that holds", "", |s| s.middle.authority(true, Some(0))),
        case("a path length that is broken", ALL, |s| {
            s.middle.authority(true, Some(0));
            below(s, "corpus lower");
        }),
        case("a rollover under a path length", "GTFW", |s| {
            s.middle.authority(true, Some(0));
            below(s, "corpus middle");
        }),
        case("for any purpose", "OTFW", |s| s.middle.purposes(&[ANY_PURPOSE])),
        case("for clients", "OGTFCW", |s| s.middle.purposes(&[CLIENT_AUTH])),
        case("a TLS feature and no staple", "TF", |s| {
            s.middle.set(TLS_FEATURE, false, &wrap(SEQUENCE, &wrap(INTEGER, &[5])));
        }),
        told("expired", &["tls-intermediate-missing", "tls-chain-element-expired"], |s| {
            s.middle.until = utc("260201000000Z");
        }),
        case("another identifier than the leaf says", "OT", |s| {
            s.middle.set(SUBJECT_KEY_ID, false, &wrap(OCTET_STRING, &[7; 20]));
        }),
        case("another serial than the leaf says, and its identifier", "O", |s| {
            let issuer = wrap(0xa1, &wrap(0xa4, &name("corpus root")));
            let id = wrap(0x80, &super::super::made::id_of(&s.middle.key));
            let value = wrap(SEQUENCE, &[id, issuer, wrap(0x82, &[9])].concat());
            s.leaf.set(AUTHORITY_KEY_ID, false, &value);
        }),
        case("another serial than the leaf says", "O", |s| {
            let issuer = wrap(0xa1, &wrap(0xa4, &name("corpus root")));
            let value = wrap(SEQUENCE, &[issuer, wrap(0x82, &[9])].concat());
            s.leaf.set(AUTHORITY_KEY_ID, false, &value);
        }),
        case("no identifier in the leaf", "S", |s| s.leaf.remove(AUTHORITY_KEY_ID)),
    ]
}

/// Puts another intermediate below the first, of this name.
fn below(s: &mut super::super::case::Scene, called: &str) {
    let upper = s.middle.signed_by(s.signers[1]);
    let mut lower = Made::new(called, "corpus middle", 4, &KEYS[3]);
    lower.authority(true, Some(0));
    lower.usage(&[5]);
    lower.identify(Some(&lower.key.clone()), Some(&s.middle.key));
    s.leaf.issuer = name(called);
    s.leaf.identify(None, Some(&lower.key));
    s.signers[0] = &KEYS[3];
    s.middle = lower;
    s.signers[1] = &KEYS[1];
    s.more.push(upper);
}

fn of_roots() -> Vec<Case> {
    vec![
        case("a root without keyCertSign", "OGJTFC", |s| s.root.usage(&[0])),
        case("a root that is no authority", "OGJTFC", |s| s.root.no_authority()),
        case("a root without constraints", "SGJF", |s| s.root.remove(BASIC_CONSTRAINTS)),
        case("a root without constraints and usage", "OGJF", |s| {
            s.root.remove(BASIC_CONSTRAINTS);
            s.root.remove(KEY_USAGE);
        }),
        case("a root of version 1", "S", |s| {
            s.root.version = None;
            s.root.extensions.clear();
        }),
        case("a root without usage, its constraints not critical", "S", |s| {
            s.root.authority(false, None);
            s.root.remove(KEY_USAGE);
        }),
        case("a root's path length", "OGTFC", |s| s.root.authority(true, Some(0))),
        case("a root for any purpose", "OF", |s| s.root.purposes(&[ANY_PURPOSE])),
        case("a root for clients", "OGFC", |s| s.root.purposes(&[CLIENT_AUTH])),
        told("an expired root", &["tls-chain-element-expired"], |s| {
            s.root.until = utc("260201000000Z");
        }),
        case("a root from the future", "OGTFC", |s| s.root.from = utc("480101000000Z")),
        case("an intermediate as root", "O", |s| s.shape = Shape::MiddleTrusted),
    ]
}
