//! Leave for any method is leave for those that nobody thought of.

use http::header::ACCESS_CONTROL_ALLOW_METHODS;

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    cors::{Cors, evidence::Endpoint, mirror, plan::MADE_UP_METHOD},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-any-method",
        fault: "pages may send any method",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Methods that no page needs, such as DELETE, are open to script injected into a \
              trusted page, and to every page where the origin is not checked.",
        how: "From an origin that is granted, asks in a preflight for a method that does not \
              exist, `GONOGO`, which is never sent. Expected: the answer neither lists it nor says \
              `*`. Skipped where no origin is granted, because a refused one has no use for the \
              list, and where the endpoint is public and takes no credentials.",
        fix: "List the methods that the front end uses in `access-control-allow-methods`.",
        sources: &["Fetch standard section 4.8 (CORS-preflight fetch)"],
    },
    |_, seen| seen.endpoints.iter().map(item).collect(),
);

fn item(endpoint: &Endpoint) -> Item {
    mirror::item(endpoint, |mirror| &mirror.method, &ACCESS_CONTROL_ALLOW_METHODS, MADE_UP_METHOD)
}
