//! A policy that trusts every site lends the user's session to every site.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    cors::{Cors, judge, question::Class},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-any-origin-with-credentials",
        fault: "any web site may read what signed-in users may read",
        impact: Impact::Blocker,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Whoever gets a signed-in user to open a page reads the user's data from it and acts in \
              the user's name. The browser adds the cookie by itself.",
        how: "Sends the origin of a domain that nobody can register, to the endpoint and in a \
              preflight. Expected: the answer does not allow that very origin together with \
              credentials. Tentative where only an error was seen and no preflight gives leave, \
              where the endpoint is public, where no `endpoints` are named and one path alone grants \
              it, and where the credentials are not ones that browsers add by themselves. A `*` beside credentials is refused by browsers and no fault here.",
        fix: "Compare the origin with a list of whole origins, and answer with it only if it is one of \
              them. If no other site needs the user's data, remove \
              `access-control-allow-credentials`.",
        sources: &["Fetch standard section 4.10 (CORS check)", "OWASP ASVS 5.0 requirement 3.4.2"],
    },
    |_, seen| judge::items(seen, &[Class::Any], false),
);
