//! Keys agreed on by the server's long-term key.

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
        id: "tls-static-key-exchange",
        fault: "key exchange without forward secrecy is accepted",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Whoever gets the server's private key, from a backup or a retired disk, can decrypt all \
              traffic recorded before. Suites whose name begins with TLS_RSA have also been broken \
              again and again through the server's error behaviour (ROBOT).",
        how: "The same two hellos with weak suites as for broken ciphers; where one is taken, hellos \
              with suites of static RSA, Diffie-Hellman and ECDH alone. No handshake is completed, \
              and no malformed key is ever sent.",
        fix: "Leave only ECDHE suites in the cipher list (in OpenSSL's notation add `!kRSA`). Clients \
              that have nothing else are older than 2012; let them fail.",
        sources: &["RFC 10015 (MUST NOT select)", "RFC 9325 section 4.1", "ROBOT, CVE-2017-13099"],
    },
    |_, posture: &Posture| {
        posture.surveyed(|seen, survey| {
            let passing = "refuses suites of static RSA, Diffie-Hellman and ECDH";
            let items = faulty(survey, &[Fault::Static], passing);
            shown_by(items, &seen.command("-tls1_2 -cipher 'kRSA:@SECLEVEL=0'"))
        })
    },
).applies(Tls::asks_standard);
