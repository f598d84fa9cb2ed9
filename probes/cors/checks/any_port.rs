//! Another port of a trusted host is another program.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    cors::{Cors, judge, question::Class},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-any-port",
        fault: "other ports of a trusted host may read it",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Consoles, test servers and tools on other ports of the same host are seldom as well \
              kept as its site. Script injected into one of them reads what the site may read.",
        how: "Sends the target's own name and each allowed origin with a port that nobody named. \
              Expected: none is allowed.",
        fix: "Compare the whole origin, its port included.",
        sources: &["RFC 6454 section 4 (an origin is scheme, host and port)"],
    },
    |_, seen| judge::items(seen, &[Class::Port], true),
);
