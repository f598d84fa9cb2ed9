//! Ciphers that protect nothing.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    tls::{
        Tls,
        evidence::{
            Posture, Seen,
            accepted::{faulty, named, shown_by},
        },
        observe::survey::Survey,
    },
    wire::hello::{
        suite::{Fault, Suite},
        version::Version,
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-broken-cipher",
        fault: "ciphers that protect nothing are accepted",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "With a NULL cipher everything travels in the clear, with an anonymous one anybody can \
              pose as the server, and export ciphers, RC4, RC2 and single DES are broken in practice. \
              An attacker on the way needs one old or careless client to use them.",
        how: "One TLS 1.2 hello to each address offers every common suite with a known fault, and \
              another the rare ones: a sound server refuses both. Where one is taken, hellos with \
              NULL, anonymous, export, and RC4, RC2 or DES suites alone tell which; no handshake is \
              completed.",
        fix: "Set the server's cipher list to the six of TLSRef's intermediate profile (in nginx \
              `ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:…`), never one \
              that begins with ALL or has eNULL or aNULL in it. Postfix takes anonymous ones unless told \
              otherwise: `smtpd_tls_exclude_ciphers = aNULL`.",
        sources: &[
            "RFC 9325 section 4.1 (MUST NOT)",
            "RFC 7465 (RC4)",
            "RFC 9150 section 2 (suites of TLS 1.3 without encryption)",
        ],
    },
    |_, posture: &Posture| posture.surveyed(judge),
).applies(Tls::asks_standard);

fn judge(seen: &Seen, survey: &Survey) -> Vec<Item> {
    let faults = [Fault::Unencrypted, Fault::Anonymous, Fault::Export, Fault::Broken];
    let mut items =
        faulty(survey, &faults, "refuses NULL, anonymous, export, RC4, RC2 and DES suites");
    let tls13 = survey.full.as_ref().and_then(|full| full.listed.suites.get(&Version::Tls13));
    let found = tls13.into_iter().flat_map(|listing| &listing.found).copied();
    let open: Vec<Suite> = found.filter(|suite| suite.is_tls13_integrity_only()).collect();
    if !open.is_empty() {
        let seen = format!("accepts {}, which encrypts nothing", named(&open));
        items.push(Item::fail(Confidence::Confirmed, Version::Tls13.to_string(), seen));
    }
    shown_by(items, &seen.command("-tls1_2 -cipher 'aNULL:eNULL:EXPORT:RC4:RC2:DES:@SECLEVEL=0'"))
}
