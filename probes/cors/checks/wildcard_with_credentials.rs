//! An asterisk beside credentials is a policy that does nothing.

use http::header;

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    cors::{Cors, answer::Answer, evidence::Endpoint},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-wildcard-with-credentials",
        fault: "a wildcard stands beside credentials, which browsers refuse",
        impact: Impact::Low,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "Nobody can use it, so nobody is robbed; but neither can the front end that somebody \
              meant to let in. The usual mend, reflecting the origin, lets everybody in.",
        how: "Reads every answer of the visit. Expected: where `access-control-allow-credentials` is \
              `true`, no other CORS header is `*`.",
        fix: "Name the origins, methods and headers, or remove the credentials.",
        sources: &["Fetch standard section 3.3.5 (CORS protocol and credentials)"],
    },
    |_, seen| seen.endpoints.iter().map(item).collect(),
);

fn item(endpoint: &Endpoint) -> Item {
    let subject = &endpoint.subject;
    let preflights = endpoint.preflights().map(|(_, answer)| answer);
    let mut count = 0;
    for answer in endpoint.actual().chain(preflights) {
        count += 1;
        if let Some(name) = wildcard(answer) {
            let words =
                format!("answers `{name}: *` with `access-control-allow-credentials: true`");
            return Item::fail(Confidence::Firm, subject, words).replay(&answer.replay);
        }
    }
    match endpoint.standing() {
        Ok(()) => Item::pass(subject, format!("none of {count} answers has both")),
        Err(obstructed) => Item::unknown(subject, &obstructed),
    }
}

fn wildcard(answer: &Answer) -> Option<header::HeaderName> {
    let names = [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ];
    let is_wild = |name: &header::HeaderName| answer.list(name).iter().any(|member| member == "*");
    if answer.allows_credentials() { names.into_iter().find(is_wild) } else { None }
}
