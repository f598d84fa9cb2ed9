//! Compression, which gives away what it compresses.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    tls::{
        Tls,
        evidence::{Posture, accepted::manners},
    },
};

pub(super) const RULE: Rule<Tls> = Rule::<Tls>::new(
    Check {
        id: "tls-compression",
        fault: "TLS compresses",
        impact: Impact::High,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "The length of what is compressed tells what it resembles: whoever can make a client \
              send guesses beside a secret, as any web page can, reads cookies byte by byte (CRIME).",
        how: "A hello of TLS 1.2 to each address offers DEFLATE; the ServerHello tells whether the \
              server agrees. No handshake is completed.",
        fix: "Switch TLS compression off (Apache `SSLCompression off`), or replace the library: \
              OpenSSL has had it off by default since 1.1.0. HTTP's own compression is another matter \
              and may stay.",
        sources: &["RFC 9325 section 3.3 (MUST)", "CRIME, CVE-2012-4929"],
    },
    |_, posture: &Posture| {
        posture.surveyed(|seen, survey| {
            let failing = "agrees to compress with DEFLATE";
            vec![manners(seen, survey, "declines to compress", |flight| flight.compresses, failing)]
        })
    },
).applies(Tls::asks_standard);
