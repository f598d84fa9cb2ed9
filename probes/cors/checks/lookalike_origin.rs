//! A policy that compares a part of the origin trusts whoever registers a name with that part.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    cors::{Cors, judge, question::Class},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-lookalike-origin",
        fault: "a web site with a similar name may read what signed-in users may read",
        impact: Impact::Blocker,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "For the price of a domain anybody reads the data of signed-in users who open a page on \
              it. A test with an unrelated origin does not show this.",
        how: "Sends names that begin, end or go on like the target's own and like each allowed origin, \
              parts of them, and one with a letter in place of each dot. Expected: none is allowed \
              together with credentials. Tentative where browsers do not send such an origin or \
              nobody can register it. What lookalikes may read without credentials is judged by \
              cors-any-origin.",
        fix: "Compare whole origins with a list. If it must be a pattern, anchor both ends and escape \
              every dot: `^https://shop\\.example$`.",
        sources: &[
            "Fetch standard section 4.10 (CORS check)",
            "RFC 6454 section 4 (an origin is scheme, host and port)",
        ],
    },
    |_, seen| judge::items(seen, &Class::LOOKALIKES, false),
);
