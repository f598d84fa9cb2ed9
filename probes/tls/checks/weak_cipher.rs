//! Ciphers of another age.

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
        id: "tls-weak-cipher",
        fault: "3DES, IDEA or SEED is accepted",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "3DES and IDEA work on blocks of 64 bits, of which two equal ones are likely after some \
              32 GiB: a long-lived connection then gives away parts of what it carries (SWEET32). \
              SEED and IDEA have no users left who would notice a fault in their code.",
        how: "The same two hellos with weak suites as for broken ciphers; where one is taken, a hello \
              with 3DES, IDEA and SEED suites alone. No handshake is completed.",
        fix: "Take 3DES, IDEA and SEED out of the cipher list (in OpenSSL's notation add \
              `!3DES:!IDEA:!SEED`), or set the list to TLSRef's intermediate profile.",
        sources: &["RFC 9325 section 4.1", "SWEET32, CVE-2016-2183", "RFC 5469 (IDEA and DES)"],
    },
    |_, posture: &Posture| {
        posture.surveyed(|seen, survey| {
            let items = faulty(survey, &[Fault::Obsolete], "refuses 3DES, IDEA and SEED suites");
            shown_by(items, &seen.command("-tls1_2 -cipher '3DES:IDEA:SEED:@SECLEVEL=0'"))
        })
    },
).applies(Tls::asks_standard);
