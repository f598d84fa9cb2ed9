//! Renegotiation that does not remember its beginning.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, accepted::manners},
    },
    wire::hello::flight::Flight,
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-insecure-renegotiation",
        fault: "secure renegotiation is not supported",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Without it neither side can tell a renegotiation from a new connection, so an attacker \
              can put a request of his own in front of a victim's. Current OpenSSL clients refuse to \
              connect to such a server at all.",
        how: "A hello of TLS 1.2 to each address says that the client knows secure renegotiation; the \
              ServerHello has to say the same, whether or not the server ever renegotiates. Nothing \
              is renegotiated.",
        fix: "Replace the TLS library or appliance: every one since 2010 answers it. If a load \
              balancer terminates TLS, it is the one to update.",
        sources: &["RFC 5746 sections 3.4 and 3.6", "RFC 9325 section 3.5 (MUST)", "CVE-2009-3555"],
    },
    |_, posture: &Posture| {
        posture.surveyed(|seen, survey| {
            let lacks = |flight: &Flight| !flight.has(Flight::RENEGOTIATION_INFO);
            let failing = "its ServerHello has no renegotiation_info";
            vec![manners(seen, survey, "knows secure renegotiation", lacks, failing)]
        })
    },
).applies(Tls::asks_standard);
