//! Heartbeats, which nobody needs over TCP.

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
        id: "tls-heartbeat",
        fault: "the heartbeat extension is on",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "It was made for datagrams and has no use over TCP. The libraries that still have it are \
              of the age of Heartbleed, which read private keys out of servers through it; whether \
              this one is mended cannot be told without attacking it.",
        how: "A hello of TLS 1.2 to each address offers the extension; the ServerHello tells whether \
              it is on. No heartbeat is ever sent.",
        fix: "Update OpenSSL: 1.1.1 and newer do not have it. Until then build it with \
              `no-heartbeats`. If the library is older than 1.0.1g, replace certificate and key too.",
        sources: &["RFC 6520", "Heartbleed, CVE-2014-0160"],
    },
    |_, posture: &Posture| {
        posture.surveyed(|seen, survey| {
            let is_on = |flight: &Flight| flight.has(Flight::HEARTBEAT);
            let failing = "its ServerHello has the heartbeat extension";
            vec![manners(seen, survey, "declines heartbeats", is_on, failing)]
        })
    },
).applies(Tls::asks_standard);
