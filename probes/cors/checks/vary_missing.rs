//! A cache that does not know that answers differ by origin gives one origin's to another.

use std::collections::BTreeSet;

use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    cors::{Cors, answer::Answer, evidence::Endpoint},
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-vary-missing",
        fault: "caches are not told that the answer depends on the origin",
        impact: Impact::Medium,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "Whoever comes first decides: a cache that kept the answer to a request without an \
              origin, or from another site, gives it to the front end, whose browser refuses it. The \
              fault comes and goes with the cache.",
        how: "Compares the answers to all origins and to none. Expected: where \
              `access-control-allow-origin` differs, each answer that a cache may keep has \
              `vary: origin`, those without CORS headers too. An answer that may be kept has a \
              lifetime, or a date to guess one from, or comes from a cache; a cached answer is asked \
              for again around the cache. One constant value for everybody needs no `vary`.",
        fix: "Add `vary: origin` to every answer of the endpoint, also to those without \
              `access-control-allow-origin`, or `cache-control: no-store` if nothing is to be kept.",
        sources: &[
            "Fetch standard section 3.3.6 (CORS protocol and HTTP caches)",
            "RFC 9110 section 12.5.5",
            "RFC 9111 section 4.1",
        ],
    },
    |_, seen| seen.endpoints.iter().map(item).collect(),
);

fn item(endpoint: &Endpoint) -> Item {
    let subject = &endpoint.subject;
    if let Some((cached, fresh)) = &endpoint.mixed_up {
        let words = format!("a cache answers {}, and the target {fresh}", cached.in_words());
        return Item::fail(Confidence::Confirmed, subject, words).replay(&cached.replay);
    }
    let answers: Vec<&Answer> = endpoint.actual().collect();
    let value = |answer: &&Answer| answer.value(&ACCESS_CONTROL_ALLOW_ORIGIN);
    let values: BTreeSet<_> = answers.iter().map(value).collect();
    if values.len() > 1 {
        let told = |answer: &&&Answer| !answer.varies_by_origin();
        let kept = answers.iter().filter(told).find_map(|answer| {
            let why = answer.kept_by_caches()?;
            Some((answer, why))
        });
        if let Some((answer, why)) = kept {
            let words = format!(
                "answers {} without `vary: origin`, caches may keep it ({why}), and other origins \
                 are answered otherwise",
                answer.in_words()
            );
            return Item::fail(Confidence::Firm, subject, words).replay(&answer.replay);
        }
    }
    if let Err(obstructed) = endpoint.refusals_count() {
        return Item::unknown(subject, &obstructed);
    }
    let words = match values.len() {
        0 | 1 => "every origin is answered alike",
        _ if answers.iter().all(|answer| answer.varies_by_origin()) => "answers say `vary: origin`",
        _ => "answers without `vary: origin` are not kept by caches",
    };
    Item::pass(subject, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Outcome,
        cors::{
            answer::answer,
            tests::sample::{FRONT, endpoint, granted},
        },
    };

    const FIRM: Outcome = Outcome::Fail(Confidence::Firm);

    fn outcome(front: &[(&str, &str)], nobody: &[(&str, &str)]) -> Outcome {
        let mut seen = endpoint(&[granted(FRONT)]);
        let front = [&[("access-control-allow-origin", FRONT)], front].concat();
        seen.allowed[0].actual = Ok(answer(200, &front));
        seen.control = Ok(answer(200, nobody));
        item(&seen).outcome
    }

    #[test]
    fn every_answer_that_may_be_kept_must_say_so() {
        let (vary, kept) = (("vary", "origin"), ("cache-control", "max-age=60"));
        assert_eq!(outcome(&[], &[]), Outcome::Pass);
        assert_eq!(outcome(&[vary, kept], &[vary, kept]), Outcome::Pass);
        assert_eq!(outcome(&[vary, kept], &[kept]), FIRM);
        assert_eq!(outcome(&[kept], &[vary, kept]), FIRM);
        assert_eq!(outcome(&[vary, kept], &[("cache-control", "no-store")]), Outcome::Pass);
    }

    #[test]
    fn one_value_for_everybody_needs_none() {
        let kept = ("cache-control", "max-age=60");
        assert_eq!(
            outcome(&[kept], &[kept, ("access-control-allow-origin", FRONT)]),
            Outcome::Pass
        );
    }
}
