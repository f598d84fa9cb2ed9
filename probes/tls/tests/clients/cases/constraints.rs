//! Name constraints and policies.

use super::{
    super::{
        case::{Case, case},
        made::{attribute, constraints, directory, dns, email, ip, name, uri},
    },
    ALL,
};
use crate::wire::{
    der::{INTEGER, OID, SEQUENCE, wrap},
    x509::oid::{
        ANY_POLICY, CERTIFICATE_POLICIES, COMMON_NAME, INHIBIT_ANY_POLICY, NAME_CONSTRAINTS,
        POLICY_CONSTRAINTS, POLICY_MAPPINGS,
    },
};

pub(super) fn all() -> Vec<Case> {
    let mut all = of_names();
    all.extend(of_policies());
    all
}

fn of_names() -> Vec<Case> {
    vec![
        case("permitted", "", |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[dns("d.test")], &[]));
        }),
        case("permitted by a base with a dot, not critical", "", |s| {
            s.middle.set(NAME_CONSTRAINTS, false, &constraints(&[dns(".d.test")], &[]));
        }),
        case("permitted by the root", "", |s| {
            s.root.set(NAME_CONSTRAINTS, true, &constraints(&[dns("d.test")], &[]));
        }),
        case("a base with a dot, and the name itself", ALL, |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[dns(".a.d.test")], &[]));
        }),
        case("not permitted", ALL, |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[dns("e.test")], &[]));
        }),
        case("an address that is not permitted", ALL, |s| {
            let net = ip(&[10, 0, 0, 0, 255, 0, 0, 0]);
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[net], &[]));
            s.leaf.names(false, &[dns("a.d.test"), ip(&[11, 0, 0, 1])]);
        }),
        case("not permitted by the root", "OGTFCW", |s| {
            s.root.set(NAME_CONSTRAINTS, true, &constraints(&[dns("e.test")], &[]));
        }),
        case("a subject that is permitted", "GW", |s| {
            s.middle.set(
                NAME_CONSTRAINTS,
                true,
                &constraints(&[directory(&name("a.d.test"))], &[]),
            );
        }),
        case("a subject that is not permitted", "OGJFCW", |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[directory(&name("b"))], &[]));
        }),
        case("a subject that is excluded", ALL, |s| {
            s.middle.set(
                NAME_CONSTRAINTS,
                true,
                &constraints(&[], &[directory(&name("a.d.test"))]),
            );
        }),
        case("a URI that is permitted", "FCW", |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[uri("d.test")], &[]));
            s.leaf.names(false, &[dns("a.d.test"), uri("https://d.test/")]);
        }),
        case("a URI that is not permitted", "OGJFCW", |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[uri("e.test")], &[]));
            s.leaf.names(false, &[dns("a.d.test"), uri("https://d.test/")]);
        }),
        case("URIs constrained, and none there", "", |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[uri("e.test")], &[]));
        }),
        case("every address excluded, and none there", "", |s| {
            let every = [ip(&[0; 8]), ip(&[0; 32])];
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[], &every));
        }),
        case("an email address that is not permitted", ALL, |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[email("d.test")], &[]));
            s.leaf.names(false, &[dns("a.d.test"), email("a@e.test")]);
        }),
        case("DNS names constrained, and an address there", "JT", |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[dns("d.test")], &[]));
            s.asked = "127.0.0.1";
            s.leaf.subject = name("somebody");
            s.leaf.names(false, &[ip(&[127, 0, 0, 1])]);
        }),
        case("the same with the address as common name", "OT", |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[dns("d.test")], &[]));
            s.asked = "127.0.0.1";
            s.leaf.subject = name("127.0.0.1");
            s.leaf.names(false, &[ip(&[127, 0, 0, 1])]);
        }),
        case("the same without a subject", "", |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[dns("d.test")], &[]));
            s.asked = "127.0.0.1";
            s.leaf.subject = name("");
            s.leaf.names(true, &[ip(&[127, 0, 0, 1])]);
        }),
        case("names of another kind constrained", "G", |s| {
            // A user principal name.
            let id = [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x14, 0x02, 0x03];
            let value = wrap(0xa0, &wrap(0x0c, b"d.test"));
            let other = wrap(0xa0, &[wrap(OID, &id), value].concat());
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[other], &[]));
        }),
        case("a wildcard for a name that is excluded", "nJFCW", |s| {
            s.middle.set(NAME_CONSTRAINTS, true, &constraints(&[], &[dns("b.d.test")]));
            s.leaf.names(false, &[dns("*.d.test")]);
        }),
        case("constraints in a leaf", "", |s| {
            s.leaf.set(NAME_CONSTRAINTS, true, &constraints(&[dns("d.test")], &[]));
        }),
        case("the name of the issuer in other letters", "GTFW", |s| {
            s.leaf.issuer = name("Corpus Middle");
        }),
        case("the name of the issuer as another string", "GFW", |s| {
            s.leaf.issuer = wrap(SEQUENCE, &attribute(COMMON_NAME, 0x13, "corpus middle"));
        }),
    ]
}

fn of_policies() -> Vec<Case> {
    vec![
        case("critical policies in the intermediate", "W", |s| {
            s.middle.set(CERTIFICATE_POLICIES, true, &policies(&[ANY_POLICY]));
        }),
        case("critical policies in the leaf", "W", |s| {
            s.leaf.set(CERTIFICATE_POLICIES, true, &policies(&[OURS]));
        }),
        case("policy mapping inhibited", "oTW", |s| {
            s.middle.set(POLICY_CONSTRAINTS, true, &wrap(SEQUENCE, &wrap(0x81, &[0])));
        }),
        case("an explicit policy that is there", "oTW", |s| {
            s.middle.set(POLICY_CONSTRAINTS, true, &wrap(SEQUENCE, &wrap(0x80, &[0])));
            s.middle.set(CERTIFICATE_POLICIES, false, &policies(&[OURS]));
            s.leaf.set(CERTIFICATE_POLICIES, false, &policies(&[OURS]));
        }),
        case("an explicit policy that is not there", "GJTCW", |s| {
            s.middle.set(POLICY_CONSTRAINTS, true, &wrap(SEQUENCE, &wrap(0x80, &[0])));
            s.middle.set(CERTIFICATE_POLICIES, false, &policies(&[OURS]));
        }),
        case("an explicit policy, and another there", "GJTCW", |s| {
            s.middle.set(POLICY_CONSTRAINTS, true, &wrap(SEQUENCE, &wrap(0x80, &[0])));
            s.middle.set(CERTIFICATE_POLICIES, false, &policies(&[OURS]));
            s.leaf.set(CERTIFICATE_POLICIES, false, &policies(&[THEIRS]));
        }),
        case("any policy inhibited", "oW", |s| {
            s.middle.set(INHIBIT_ANY_POLICY, true, &wrap(INTEGER, &[0]));
        }),
        case("policies mapped", "oTFW", |s| {
            let pair = wrap(SEQUENCE, &[wrap(OID, OURS), wrap(OID, THEIRS)].concat());
            s.middle.set(CERTIFICATE_POLICIES, false, &policies(&[OURS]));
            s.middle.set(POLICY_MAPPINGS, true, &wrap(SEQUENCE, &pair));
            s.leaf.set(CERTIFICATE_POLICIES, false, &policies(&[THEIRS]));
        }),
        case("policies that are malformed", "GC", |s| {
            s.leaf.set(CERTIFICATE_POLICIES, false, &wrap(SEQUENCE, &wrap(INTEGER, &[1])));
        }),
    ]
}

fn policies(all: &[&[u8]]) -> Vec<u8> {
    let all: Vec<u8> = all.iter().flat_map(|one| wrap(SEQUENCE, &wrap(OID, one))).collect();
    wrap(SEQUENCE, &all)
}

const OURS: &[u8] = &[0x2a, 0x03, 0x01];
const THEIRS: &[u8] = &[0x2a, 0x03, 0x02];
