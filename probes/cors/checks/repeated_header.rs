//! Two layers that each add the header make one that browsers refuse.

use http::header;

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    cors::{Cors, answer::Answer, evidence::Endpoint},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-repeated-header",
        fault: "a CORS header has several values",
        impact: Impact::Medium,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "Browsers join the values and compare the whole, which is no origin: every page is \
              refused, the front end's too.",
        how: "Reads every answer of the visit. Expected: `access-control-allow-origin` and \
              `access-control-allow-credentials` at most once each, without a comma.",
        fix: "Let one layer answer for CORS. Usually the application and the proxy before it both add \
              the header, or a list of origins was written where one belongs.",
        sources: &["Fetch standard section 4.10 (CORS check)", "RFC 9110 section 5.3"],
    },
    |_, seen| seen.endpoints.iter().map(item).collect(),
);

fn item(endpoint: &Endpoint) -> Item {
    let subject = &endpoint.subject;
    let preflights = endpoint.preflights().map(|(_, answer)| answer);
    let mut count = 0;
    for answer in endpoint.actual().chain(preflights) {
        count += 1;
        if let Some(words) = repeated(answer) {
            return Item::fail(Confidence::Firm, subject, words).replay(&answer.replay);
        }
    }
    match endpoint.standing() {
        Ok(()) => Item::pass(subject, format!("none of {count} answers has one twice")),
        Err(obstructed) => Item::unknown(subject, &obstructed),
    }
}

fn repeated(answer: &Answer) -> Option<String> {
    let names = [header::ACCESS_CONTROL_ALLOW_ORIGIN, header::ACCESS_CONTROL_ALLOW_CREDENTIALS];
    names.into_iter().find_map(|name| {
        let lines = answer.headers.get_all(&name).iter().count();
        let value = answer.shown(&name)?;
        (lines > 1 || value.contains(','))
            .then(|| format!("answers `{name}: {value}`, in {lines} lines"))
    })
}
