//! Names in the leaf, and the one that is asked for.

use super::super::{
    case::{Case, case, told},
    made::{dns, ip, name, uri},
};
use crate::wire::x509::oid::SUBJECT_ALT_NAME;

pub(super) fn all() -> Vec<Case> {
    let mut all = matching();
    all.extend(others());
    all
}

fn matching() -> Vec<Case> {
    vec![
        case("upper case", "", |s| s.leaf.names(false, &[dns("A.D.TEST")])),
        case("a wildcard", "", |s| s.leaf.names(false, &[dns("*.d.test")])),
        case("a wildcard for an A-label", "", |s| {
            s.asked = "xn--mnchen-3ya.d.test";
            s.leaf.names(false, &[dns("*.d.test")]);
        }),
        case("a dot at the end", "OGJTFW", |s| s.leaf.names(false, &[dns("a.d.test.")])),
        case("a wildcard before part of a label", "GFCW", |s| {
            s.asked = "xfoo.d.test";
            s.leaf.names(false, &[dns("*foo.d.test")]);
        }),
        case("a wildcard after part of a label", "GTFCW", |s| {
            s.asked = "foox.d.test";
            s.leaf.names(false, &[dns("foo*.d.test")]);
        }),
        case("a wildcard in the middle", "OGTFCW", |s| {
            s.asked = "www.d.test";
            s.leaf.names(false, &[dns("www.*.test")]);
        }),
        case("a wildcard below the top", "OTFCW", |s| {
            s.asked = "d.test";
            s.leaf.names(false, &[dns("*.test")]);
        }),
        case("a bare wildcard", "OnJTFCW", |s| {
            s.asked = "localhost";
            s.leaf.names(false, &[dns("*")]);
        }),
        case("an underscore", "J", |s| {
            s.asked = "a_b.d.test";
            s.leaf.names(false, &[dns("a_b.d.test")]);
        }),
        case("an underscore under a wildcard", "OJ", |s| {
            s.asked = "a_b.d.test";
            s.leaf.names(false, &[dns("*.d.test")]);
        }),
        case("an address", "", |s| {
            s.asked = "127.0.0.1";
            s.leaf.names(false, &[ip(&[127, 0, 0, 1])]);
        }),
        case("a common name beside an address", "GTFCW", |s| {
            s.leaf.names(false, &[ip(&[127, 0, 0, 1])]);
        }),
        told("a common name alone", &["tls-san-missing"], |s| s.leaf.remove(SUBJECT_ALT_NAME)),
        told("a wildcard and no label", &["tls-hostname-mismatch"], |s| {
            s.asked = "d.test";
            s.leaf.names(false, &[dns("*.d.test")]);
        }),
        told("a wildcard and two labels", &["tls-hostname-mismatch"], |s| {
            s.asked = "a.b.d.test";
            s.leaf.names(false, &[dns("*.d.test")]);
        }),
        told("an address as a DNS name", &["tls-hostname-mismatch"], |s| {
            s.asked = "127.0.0.1";
            s.leaf.names(false, &[dns("127.0.0.1")]);
        }),
        told("the common name and another name", &["tls-hostname-mismatch"], |s| {
            s.leaf.names(false, &[dns("b.d.test")]);
        }),
        told("a space", &["tls-hostname-mismatch"], |s| s.leaf.names(false, &[dns("a.d.test ")])),
        told("a NUL", &["tls-hostname-mismatch"], |s| {
            s.leaf.names(false, &[dns("a.d.test\0.e.test")]);
        }),
        told("a port", &["tls-hostname-mismatch"], |s| s.leaf.names(false, &[dns("a.d.test:443")])),
    ]
}

fn others() -> Vec<Case> {
    vec![
        case("another name with a space, a NUL, a dot before it", "", |s| {
            let odd = [dns("a.d.test"), dns("b c.test"), dns("b\0.test"), dns(".d.test")];
            s.leaf.names(false, &odd);
        }),
        case("another name that is not ASCII", "GC", |s| {
            s.leaf.names(false, &[dns("a.d.test"), dns("münchen.test")]);
        }),
        case("an address of three bytes, and another subject", "GJC", |s| {
            s.leaf.subject = name("somebody");
            s.leaf.names(false, &[dns("a.d.test"), ip(&[1, 2, 3])]);
        }),
        case("an address of three bytes", "GC", |s| {
            s.leaf.names(false, &[dns("a.d.test"), ip(&[1, 2, 3])]);
        }),
        case("a URI that is none", "GJ", |s| {
            s.leaf.subject = name("somebody");
            s.leaf.names(false, &[dns("a.d.test"), uri("http://[bad")]);
        }),
        case("a URI", "", |s| s.leaf.names(false, &[dns("a.d.test"), uri("spiffe://d.test/a")])),
        case("an empty name", "T", |s| s.leaf.names(false, &[dns("a.d.test"), dns("")])),
        case("another subject", "", |s| s.leaf.subject = name("somebody")),
    ]
}
