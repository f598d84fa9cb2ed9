//! A policy that trusts plain HTTP trusts everybody on the way.

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    cors::{Cors, judge, question::Class},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-insecure-origin",
        fault: "pages served by plain HTTP may read it",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Whoever shares a network with a user can put script into a page that comes by plain \
              HTTP. If that page's origin is trusted, the script reads over the API's own TLS.",
        how: "Sends the target's own name, a subdomain and each allowed origin with `http` in place of \
              `https`. Expected: none is allowed. Skipped where the target itself is plain HTTP.",
        fix: "Allow origins with `https://` alone. In a pattern the scheme is part of what is compared: \
              no `https?`.",
        sources: &["OWASP ASVS 5.0 requirement 3.4.2", "RFC 6454 section 4"],
    },
    |_, seen| {
        if seen.endpoints.iter().all(|endpoint| !endpoint.secure) {
            return vec![Item::skip("", "the target itself is served by plain HTTP")];
        }
        judge::items(seen, &[Class::Insecure], true)
    },
);
