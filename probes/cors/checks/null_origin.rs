//! A policy that trusts `null` trusts whoever can open a frame.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    cors::{Cors, judge, question::Class},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-null-origin",
        fault: "pages with the origin null may read what signed-in users may read",
        impact: Impact::Blocker,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Any site can make its page's origin `null`, by a sandboxed frame. Whoever gets a \
              signed-in user to open a page therefore reads the user's data.",
        how: "Sends `Origin: null`, to the endpoint and in a preflight. Expected: `null` is not \
              allowed together with credentials. What it may read without them is judged by \
              cors-any-origin, because every site is `null` if it wants to be.",
        fix: "Take `null` out of the list of allowed origins. It often comes from tests with local \
              files, or from a server that answers `null` to say no: it should leave the header out \
              instead.",
        sources: &[
            "Fetch standard section 4.10 (CORS check)",
            "HTML standard, the sandbox attribute of iframe",
        ],
    },
    |_, seen| judge::items(seen, &[Class::Null], false),
);
