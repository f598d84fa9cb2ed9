//! Leave for any header is leave for those that the application trusts.

use http::header::ACCESS_CONTROL_ALLOW_HEADERS;

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    cors::{Cors, evidence::Endpoint, mirror, plan::MADE_UP_HEADER},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-any-header",
        fault: "pages may send any header",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Header fields that the application trusts, such as those that proxies set or that \
              override the method, are open to script in a trusted page, and to every page where \
              the origin is not checked.",
        how: "From an origin that is granted, asks in a preflight for a header field that does not \
              exist, `x-gonogo-probe`, which is never sent. Expected: the answer neither lists it \
              nor says `*`. Skipped where no origin is granted, because a refused one has no use \
              for the list, and where the endpoint is public and takes no credentials.",
        fix: "List the header fields that the front end sends in `access-control-allow-headers`.",
        sources: &["Fetch standard section 4.8 (CORS-preflight fetch)"],
    },
    |_, seen| seen.endpoints.iter().map(item).collect(),
);

fn item(endpoint: &Endpoint) -> Item {
    mirror::item(endpoint, |mirror| &mirror.header, &ACCESS_CONTROL_ALLOW_HEADERS, MADE_UP_HEADER)
}
