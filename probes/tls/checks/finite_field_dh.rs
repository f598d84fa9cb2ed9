//! Diffie-Hellman in finite fields.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    tls::{
        Tls,
        evidence::{
            Posture,
            accepted::{faulty, shown_by},
        },
    },
    wire::hello::suite::Fault,
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-finite-field-dh",
        fault: "TLS 1.2 accepts Diffie-Hellman in a finite field",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "In TLS 1.2 the server chooses the group, and a client can neither ask for a sound one \
              nor tell a weak one from it. A handshake costs the server tens of times what an elliptic \
              curve does, which makes it easy to keep busy (D(HE)at).",
        how: "The same two hellos with weak suites as for broken ciphers; where one is taken, a hello \
              with TLS_DHE suites alone. No handshake is completed.",
        fix: "Take the DHE suites out of the cipher list (in OpenSSL's notation add `!kDHE`), or set \
              it to TLSRef 6.0, which has none any more. Every client since 2013 has ECDHE.",
        sources: &["RFC 10015 (MUST NOT select)", "TLSRef 6.0", "D(HE)at, CVE-2002-20001"],
    },
    |_, posture: &Posture| {
        posture.surveyed(|seen, survey| {
            let items = faulty(survey, &[Fault::FiniteField], "refuses TLS_DHE suites");
            shown_by(items, &seen.command("-tls1_2 -cipher 'kDHE:@SECLEVEL=0'"))
        })
    },
).applies(Tls::asks_standard);
