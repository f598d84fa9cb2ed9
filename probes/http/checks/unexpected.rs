//! An answer that is not what was agreed breaks whoever relies on it.

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    http::{Evidence, Http},
};

pub(super) const RULE: Rule<Http> = Rule::<Http>::new(
    Check {
        id: "http-unexpected",
        fault: "the answer is not as expected",
        impact: Impact::High,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "The service answers, but not with what its callers were promised: an error, a login \
              page, the wrong version, an empty list.",
        how: "Holds the answer against each expectation of the settings: status (2xx unless named), \
              header fields, patterns of the body, values of its JSON. A value that is missing, or a \
              body that is not JSON, never meets an expectation of JSON. A body cut off by the \
              budget is unknown where the rest could matter.",
        fix: "Compare what was seen with what was expected. If the service is right, correct the \
              expectation; if not, its own log for this request is the place to begin.",
        sources: &["RFC 9110 section 15", "RFC 9535 (JSONPath)"],
    },
    |http, seen| seen.judge(|one| items(http, one)),
);

fn items(http: &Http, seen: &Evidence) -> Vec<Item> {
    let answer = match &seen.answer {
        Ok(answer) => answer,
        Err(obstructed) => return vec![Item::unknown(&seen.subject, obstructed)],
    };
    let items = http.expect.items(answer).into_iter().map(|mut item| {
        if let Some(address) = &seen.address {
            item.subject = format!("{} at {address}", item.subject);
        }
        item.replay(&seen.replay)
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        contract::{Confidence, Obstacle, Outcome},
        http::{
            expect,
            tests::{evidence, settings},
        },
    };

    #[test]
    fn a_server_error_is_never_as_expected_by_default() {
        let seen = evidence(Ok(expect::answer(500, &[], "")));
        let items = RULE.judge(&settings(json!({})), &seen);
        assert_eq!(items[0].outcome, Outcome::Fail(Confidence::Firm));
    }

    #[test]
    fn without_an_answer_no_expectation_is_met_or_missed() {
        let seen = evidence(Err(Obstacle::Timeout.because("no answer")));
        let items = RULE.judge(&settings(json!({})), &seen);
        assert_eq!(items[0].outcome, Outcome::Unknown(Obstacle::Timeout));
    }
}
