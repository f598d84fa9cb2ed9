//! A developer's machine has no place in the policy of a deployment.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    cors::{Cors, judge, question::Class},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-development-origin",
        fault: "pages from localhost may read it",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Any program on a user's machine that serves a page on a local port, and whoever can \
              reach that port, reads the user's data.",
        how: "Sends `http://localhost` with and without a port, and a loopback address. Expected: none \
              is allowed, unless it is one of `allowed_origins`.",
        fix: "Keep origins of development in the configuration of development. If this deployment \
              serves developers, list them in `allowed_origins`.",
        sources: &["OWASP ASVS 5.0 requirement 3.4.2"],
    },
    |_, seen| judge::items(seen, &[Class::Development], true),
);
