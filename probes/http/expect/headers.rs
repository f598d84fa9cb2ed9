//! Expecting header fields.

use http::{HeaderMap, HeaderName};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::{Confidence, Item, setting::Pattern};

/// What must hold of one header field. With a name alone, that it is there.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderExpectation {
    /// The field's name, in any case.
    name: String,
    /// A pattern that one of its values must match.
    #[serde(default)]
    matches: Option<Pattern>,
    /// A pattern that none of its values may match; a field that is not there has none.
    #[serde(default)]
    not_matches: Option<Pattern>,
    /// Whether the field must not be there.
    #[serde(default)]
    absent: bool,
}

impl HeaderExpectation {
    /// Whether it is met.
    pub(super) fn item(&self, headers: &HeaderMap) -> Item {
        let subject = format!("header {}", self.name.to_ascii_lowercase());
        let values: Vec<_> = headers
            .get_all(self.name.as_str())
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        let shown = if values.is_empty() { "not there".to_owned() } else { values.join(" | ") };
        match self.fault(&values) {
            None => Item::pass(subject, shown),
            Some(fault) => Item::fail(Confidence::Firm, subject, format!("{shown}; {fault}")),
        }
    }

    fn fault(&self, values: &[impl AsRef<str>]) -> Option<String> {
        let any = |pattern: &Pattern| values.iter().any(|value| pattern.is_match(value.as_ref()));
        if self.absent {
            return (!values.is_empty()).then(|| "it must not be there".to_owned());
        }
        if let Some(pattern) = self.not_matches.as_ref().filter(|pattern| any(pattern)) {
            return Some(format!("it must not match `{}`", pattern.as_str()));
        }
        match &self.matches {
            Some(pattern) if !any(pattern) => {
                Some(format!("a value must match `{}`", pattern.as_str()))
            }
            None if self.not_matches.is_none() && values.is_empty() => {
                Some("it must be there".to_owned())
            }
            _ => None,
        }
    }

    /// What is wrong with it.
    pub(super) fn wrong(&self) -> Option<String> {
        if HeaderName::from_bytes(self.name.as_bytes()).is_err() {
            return Some(format!("`{}` is no header name", self.name));
        }
        let patterned = self.matches.is_some() || self.not_matches.is_some();
        (self.absent && patterned)
            .then(|| "a field that is absent has no value to match: leave one out".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::answer, *};
    use crate::contract::Outcome;

    fn met(expectation: Value, headers: &[(&str, &str)]) -> bool {
        let expectation: HeaderExpectation =
            serde_json::from_value(expectation).expect("an expectation");
        assert_eq!(expectation.wrong(), None);
        expectation.item(&answer(200, headers, "").headers).outcome == Outcome::Pass
    }

    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn a_name_alone_expects_the_field() {
        assert!(met(json!({"name": "Content-Type"}), &[JSON]));
        assert!(!met(json!({"name": "Content-Type"}), &[]));
        assert!(met(json!({"name": "x-empty"}), &[("x-empty", "")]));
    }

    #[test]
    fn a_pattern_matches_some_value_of_the_field() {
        let cookies = [("set-cookie", "a=1"), ("Set-Cookie", "b=2; Secure")];
        assert!(met(json!({"name": "SET-COOKIE", "matches": "^b="}), &cookies));
        assert!(!met(json!({"name": "set-cookie", "matches": "^c="}), &cookies));
        assert!(!met(json!({"name": "set-cookie", "matches": ".*"}), &[]));
    }

    #[test]
    fn a_pattern_that_must_not_match_matches_no_value() {
        let versions = [("server", "nginx"), ("server", "php/8.1")];
        assert!(!met(json!({"name": "server", "not_matches": "\\d"}), &versions));
        assert!(met(json!({"name": "server", "not_matches": "apache"}), &versions));
        assert!(met(json!({"name": "server", "not_matches": "apache"}), &[]));
    }

    #[test]
    fn a_field_can_be_expected_not_to_be_there() {
        assert!(met(json!({"name": "x-powered-by", "absent": true}), &[JSON]));
        assert!(!met(json!({"name": "content-type", "absent": true}), &[JSON]));
    }

    #[test]
    fn slips_are_found() {
        let wrong = |value: Value| {
            let expectation: HeaderExpectation = serde_json::from_value(value).expect("parses");
            expectation.wrong().is_some()
        };
        assert!(wrong(json!({"name": "a b"})));
        assert!(wrong(json!({"name": "a", "absent": true, "matches": "x"})));
    }
}
