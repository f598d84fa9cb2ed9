//! Expectations of an answer, and whether they are met. Each is an item of its own.

mod headers;
mod json;
mod patterns;

use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;

use self::{headers::HeaderExpectation, json::JsonExpectation, patterns::Patterns};
use crate::contract::{Confidence, Item, Mistake, Obstructed, Outcome, setting::StatusSet};

/// What an answer must be like. Everything said must hold; without `status`, it must be 2xx.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expect {
    /// The statuses that are right.
    status: Option<StatusSet>,
    /// What must hold of header fields.
    headers: Vec<HeaderExpectation>,
    /// Patterns that must all be found in the body.
    body: Patterns,
    /// Patterns of which none may be found in the body.
    not_body: Patterns,
    /// What must hold of values in a JSON body.
    json: Vec<JsonExpectation>,
}

/// An answer, as far as expectations reach.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: StatusCode,
    /// The header.
    pub(super) headers: HeaderMap,
    /// The text of the body, up to the budget.
    pub(super) body: String,
    /// Why there may be more of the body, where there is.
    pub(super) cut: Option<Obstructed>,
}

impl Expect {
    /// Each expectation, met or not. Never empty: there is always the status.
    pub(super) fn items(&self, answer: &Answer) -> Vec<Item> {
        let mut items = vec![self.status(answer)];
        items.extend(self.headers.iter().map(|header| header.item(&answer.headers)));
        items.extend(self.body.each().map(|pattern| patterns::found(pattern, answer)));
        items.extend(self.not_body.each().map(|pattern| patterns::not_found(pattern, answer)));
        items.extend(json::items(&self.json, answer));
        items
    }

    /// Whether every expectation is met; `None` where that cannot be told and none is missed.
    pub(super) fn is_met(&self, answer: &Answer) -> Option<bool> {
        let items = self.items(answer);
        let any = |is: fn(Outcome) -> bool| items.iter().any(|item| is(item.outcome));
        if any(|outcome| matches!(outcome, Outcome::Fail(_))) {
            return Some(false);
        }
        (!any(|outcome| matches!(outcome, Outcome::Unknown(_)))).then_some(true)
    }

    /// Whether the body matters.
    pub(super) fn reads_body(&self) -> bool {
        !self.json.is_empty() || self.body.each().chain(self.not_body.each()).next().is_some()
    }

    /// What is wrong that the types cannot say.
    pub(super) fn wrong(&self) -> Vec<Mistake> {
        let headers = self.headers.iter().enumerate().filter_map(|(i, header)| {
            let path = vec!["expect".to_owned(), "headers".to_owned(), i.to_string()];
            header.wrong().map(|message| Mistake { path, message })
        });
        let json = self.json.iter().enumerate().filter_map(|(i, json)| {
            let path = vec!["expect".to_owned(), "json".to_owned(), i.to_string()];
            json.wrong().map(|message| Mistake { path, message })
        });
        headers.chain(json).collect()
    }

    fn status(&self, answer: &Answer) -> Item {
        let expected = self.status.clone().unwrap_or_else(StatusSet::success);
        let status = answer.status.as_u16();
        if expected.contains(answer.status) {
            Item::pass("status", status.to_string())
        } else {
            Item::fail(Confidence::Firm, "status", format!("{status}, expected {expected}"))
        }
    }
}

#[cfg(test)]
pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers = headers.iter().map(|(name, value)| {
        let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a name");
        (name, http::HeaderValue::from_str(value).expect("a value"))
    });
    Answer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: headers.collect(),
        body: body.to_owned(),
        cut: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expect(value: serde_json::Value) -> Expect {
        serde_json::from_value(value).expect("expectations")
    }

    #[test]
    fn without_a_word_only_success_is_right() {
        let nothing = Expect::default();
        for (status, met) in
            [(200, true), (204, true), (299, true), (301, false), (404, false), (500, false)]
        {
            assert_eq!(nothing.is_met(&answer(status, &[], "")), Some(met), "{status}");
        }
    }

    #[test]
    fn a_named_status_is_right_and_others_are_not() {
        let not_found = expect(json!({"status": 404}));
        assert_eq!(not_found.is_met(&answer(404, &[], "")), Some(true));
        assert_eq!(not_found.is_met(&answer(200, &[], "")), Some(false));
        let item = &not_found.items(&answer(200, &[], ""))[0];
        assert_eq!(item.seen, "200, expected 404");
    }

    #[test]
    fn what_cannot_be_judged_is_neither_met_nor_missed() {
        let body = expect(json!({"body": "red"}));
        let cut = Some(crate::contract::Obstacle::OverBudget.because("larger than 1 MiB"));
        let half = Answer { cut, ..answer(200, &[], "gre") };
        assert_eq!(body.is_met(&half), None);
        assert_eq!(body.is_met(&Answer { status: StatusCode::BAD_GATEWAY, ..half }), Some(false));
    }

    #[test]
    fn every_expectation_is_an_item() {
        let all = expect(json!({
            "headers": [{"name": "x-a"}],
            "body": ["a", "b"],
            "not_body": "c",
            "json": [{"path": "$.a"}, {"path": "$.b"}],
        }));
        assert_eq!(all.items(&answer(200, &[], "")).len(), 7);
        assert!(all.reads_body());
    }
}
