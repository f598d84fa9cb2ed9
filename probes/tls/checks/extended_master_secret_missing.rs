//! Master secrets that are bound to their handshake.

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
        id: "tls-extended-master-secret-missing",
        fault: "the extended master secret is not supported",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Without it two connections can be made to share a secret, and an attacker in between can \
              pass a client's certificate on as his own (triple handshake). Clients in FIPS mode \
              refuse TLS 1.2 without it.",
        how: "A hello of TLS 1.2 to each address offers the extension; the ServerHello tells whether \
              the server knows it. No handshake is completed.",
        fix: "Update the TLS library (OpenSSL since 1.1.0, Java since 8u51, Go since 1.21, Schannel since 2015), or \
              the load balancer that terminates TLS; or speak TLS 1.3 alone, which always does it.",
        sources: &["RFC 7627", "RFC 9325 section 3.5 (MUST)"],
    },
    |_, posture: &Posture| {
        posture.surveyed(|seen, survey| {
            let lacks = |flight: &Flight| !flight.has(Flight::EXTENDED_MASTER_SECRET);
            let failing = "its ServerHello has no extended_master_secret";
            vec![manners(seen, survey, "uses the extended master secret", lacks, failing)]
        })
    },
).applies(Tls::asks_standard);
