//! Expecting values in a JSON body.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};
use serde_json_path::JsonPath;

use super::{Answer, patterns::excerpt};
use crate::contract::{Confidence, Item, boundary, setting::Pattern};

/// What must hold of the values a path leads to. With a path alone, that it leads to one. Where it
/// leads to several, it must hold of each.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JsonExpectation {
    /// The path (RFC 9535): `$.status`, `$.data[0].id`, `$.models[*].name`.
    #[schemars(with = "String")]
    path: JsonPath,
    /// The value it must be. Numbers are compared as numbers.
    #[serde(default, deserialize_with = "given")]
    equals: Option<Value>,
    /// A pattern it must match; text only.
    #[serde(default)]
    matches: Option<Pattern>,
    /// The least number it may be.
    #[serde(default)]
    at_least: Option<Number>,
    /// The greatest number it may be.
    #[serde(default)]
    at_most: Option<Number>,
    /// Whether there must be a value (`true`) or none (`false`).
    #[serde(default = "yes")]
    exists: bool,
}

/// A value that was given, though it be `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn yes() -> bool {
    true
}

/// Each expectation, met or not.
pub(super) fn items(expectations: &[JsonExpectation], answer: &Answer) -> Vec<Item> {
    if expectations.is_empty() {
        return Vec::new();
    }
    let parsed: Result<Value, _> = serde_json::from_str(answer.body.trim_start_matches('\u{feff}'));
    let items = expectations.iter().map(|expectation| {
        let subject = format!("json {}", expectation.path);
        match (&parsed, &answer.cut) {
            (Ok(value), _) => expectation.item(subject, value),
            (Err(_), Some(cut)) => Item::unknown(subject, cut),
            (Err(error), None) => {
                let what = format!("the body is not JSON but {} ({error})", described(answer));
                Item::fail(Confidence::Firm, subject, what)
            }
        }
    });
    items.collect()
}

/// What a body is that is not JSON, with its beginning.
fn described(answer: &Answer) -> String {
    let body = answer.body.trim_start();
    let page = ["<!doctype html", "<html"]
        .iter()
        .any(|start| body.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)));
    let kind = answer.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let what = match (page, body.starts_with('<'), kind) {
        (true, ..) => "a page in HTML".to_owned(),
        (_, true, _) => "markup".to_owned(),
        (_, _, Some(kind)) => format!("something sent as {kind}"),
        _ => "something else".to_owned(),
    };
    if body.is_empty() { "empty".to_owned() } else { format!("{what}: {}", excerpt(answer)) }
}

impl JsonExpectation {
    fn item(&self, subject: String, body: &Value) -> Item {
        let found = self.path.query(body).all();
        if !self.exists {
            return match found.first() {
                None => Item::pass(subject, "not there"),
                Some(value) => {
                    let seen = format!("{}; it must not be there", in_words(value));
                    Item::fail(Confidence::Firm, subject, seen)
                }
            };
        }
        let Some(first) = found.first() else {
            return Item::fail(Confidence::Firm, subject, "not there");
        };
        let fault = found.iter().find_map(|value| Some((value, self.fault(value)?)));
        match fault {
            None => Item::pass(subject, in_words(first)),
            Some((value, fault)) => {
                let seen = format!("{}; {fault}", in_words(value));
                Item::fail(Confidence::Firm, subject, seen)
            }
        }
    }

    fn fault(&self, value: &Value) -> Option<String> {
        if let Some(expected) = self.equals.as_ref().filter(|expected| !is_same(expected, value)) {
            return Some(format!("it must be {}", in_words(expected)));
        }
        if let Some(pattern) = &self.matches
            && !value.as_str().is_some_and(|text| pattern.is_match(text))
        {
            return Some(format!("it must be text that matches `{}`", pattern.as_str()));
        }
        let number = value.as_number();
        if let Some(least) = &self.at_least
            && !number.and_then(|number| compare(number, least)).is_some_and(Ordering::is_ge)
        {
            return Some(format!("it must be a number of at least {least}"));
        }
        if let Some(most) = &self.at_most
            && !number.and_then(|number| compare(number, most)).is_some_and(Ordering::is_le)
        {
            return Some(format!("it must be a number of at most {most}"));
        }
        None
    }

    /// What is wrong with it.
    pub(super) fn wrong(&self) -> Option<String> {
        let compared = self.equals.is_some()
            || self.matches.is_some()
            || self.at_least.is_some()
            || self.at_most.is_some();
        if !self.exists && compared {
            return Some("a value that must not be there cannot be compared".to_owned());
        }
        let empty = self.at_least.as_ref().zip(self.at_most.as_ref());
        let empty =
            empty.is_some_and(|(least, most)| compare(least, most).is_some_and(Ordering::is_gt));
        empty.then(|| "no number is at least `at_least` and at most `at_most`".to_owned())
    }
}

/// Whether two values are the same: `1` is `1.0`, within lists and objects too.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare(a, b) == Some(Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        _ => a == b,
    }
}

/// Which of two numbers is larger, without rounding: whole numbers of 64 bits are compared as such.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only of what was seen to be whole and in range"
)]
fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    let whole = |number: &Number| {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        whole.or_else(|| {
            // Whole numbers beyond 64 bits are floats by now; every float up to 2^126 is an `i128`.
            let float = number.as_f64()?;
            (float.fract() == 0.0 && float.abs() < 2_f64.powi(126)).then_some(float as i128)
        })
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// A value for a report.
fn in_words(value: &Value) -> String {
    boundary::excerpt(&value.to_string(), 80)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::answer, *};
    use crate::contract::{Obstacle, Outcome};

    fn outcome(expectation: Value, body: &str) -> Outcome {
        item(expectation, &answer(200, &[], body)).outcome
    }

    fn item(expectation: Value, answer: &Answer) -> Item {
        let expectation: JsonExpectation =
            serde_json::from_value(expectation).expect("an expectation");
        assert_eq!(expectation.wrong(), None);
        items(&[expectation], answer).remove(0)
    }

    const FAIL: Outcome = Outcome::Fail(Confidence::Firm);
    const BODY: &str =
        r#"{"status":"ok","n":5,"none":null,"list":[{"s":"up"},{"s":"down"}],"empty":[]}"#;

    #[test]
    fn whole_numbers_are_compared_without_rounding() {
        let body = r#"{"id":9007199254740993,"big":18446744073709551615,"f":0.5,"l":[1,{"a":2}]}"#;
        let of = |expectation| outcome(expectation, body);
        assert_eq!(of(json!({"path": "$.id", "equals": 9_007_199_254_740_993_u64})), Outcome::Pass);
        assert_eq!(of(json!({"path": "$.id", "equals": 9_007_199_254_740_992_u64})), FAIL);
        assert_eq!(of(json!({"path": "$.id", "at_most": 9_007_199_254_740_992_u64})), FAIL);
        assert_eq!(
            of(json!({"path": "$.id", "at_least": 9_007_199_254_740_993_u64})),
            Outcome::Pass
        );
        assert_eq!(of(json!({"path": "$.big", "equals": u64::MAX})), Outcome::Pass);
        assert_eq!(of(json!({"path": "$.big", "equals": u64::MAX - 1})), FAIL);
        assert_eq!(of(json!({"path": "$.f", "at_least": 0.25, "at_most": 1})), Outcome::Pass);
        assert_eq!(of(json!({"path": "$.l", "equals": [1.0, {"a": 2.0}]})), Outcome::Pass);
    }

    #[test]
    fn a_byte_order_mark_is_none_of_the_json() {
        assert_eq!(outcome(json!({"path": "$.a"}), "\u{feff}{\"a\":1}"), Outcome::Pass);
    }

    #[test]
    fn what_is_no_json_is_shown() {
        let seen = |headers: &[(&str, &str)], body: &str| {
            item(json!({"path": "$.a"}), &answer(200, headers, body)).seen
        };
        let page = seen(&[], " <!DOCTYPE html><title>Sign in</title>");
        assert!(page.contains("a page in HTML: `<!DOCTYPE html><title>Sign in"), "{page}");
        let text = seen(&[("content-type", "text/plain")], "upstream gone");
        assert!(text.contains("sent as text/plain: `upstream gone`"), "{text}");
        assert!(seen(&[], "").contains("empty"));
    }

    #[test]
    fn a_path_alone_expects_a_value() {
        assert_eq!(outcome(json!({"path": "$.status"}), BODY), Outcome::Pass);
        assert_eq!(outcome(json!({"path": "$.none"}), BODY), Outcome::Pass);
        assert_eq!(outcome(json!({"path": "$.list[1].s", "exists": true}), BODY), Outcome::Pass);
    }

    #[test]
    fn a_path_that_leads_nowhere_is_never_a_pass() {
        for expectation in [
            json!({"path": "$.missing"}),
            json!({"path": "$.missing", "equals": null}),
            json!({"path": "$.missing", "matches": ".*"}),
            json!({"path": "$.missing", "at_most": 5}),
            json!({"path": "$.empty[*]"}),
            json!({"path": "$.list[7].s"}),
            json!({"path": "$[0]"}),
        ] {
            assert_eq!(outcome(expectation.clone(), BODY), FAIL, "{expectation}");
        }
    }

    #[test]
    fn a_body_that_is_not_json_is_never_a_pass() {
        for body in ["", "<html>", "status: ok", r#"{"status":"ok""#] {
            for exists in [true, false] {
                let expectation = json!({"path": "$.status", "exists": exists});
                assert_eq!(outcome(expectation, body), FAIL, "{body}");
            }
        }
    }

    #[test]
    fn values_are_compared_by_type() {
        assert_eq!(outcome(json!({"path": "$.status", "equals": "ok"}), BODY), Outcome::Pass);
        assert_eq!(outcome(json!({"path": "$.status", "equals": "OK"}), BODY), FAIL);
        assert_eq!(outcome(json!({"path": "$.n", "equals": 5.0}), BODY), Outcome::Pass);
        assert_eq!(outcome(json!({"path": "$.n", "equals": "5"}), BODY), FAIL);
        assert_eq!(outcome(json!({"path": "$", "equals": true}), "true"), Outcome::Pass);
        assert_eq!(outcome(json!({"path": "$", "equals": true}), "1"), FAIL);
        assert_eq!(outcome(json!({"path": "$.none", "equals": null}), BODY), Outcome::Pass);
        assert_eq!(outcome(json!({"path": "$.n", "equals": null}), BODY), FAIL);
    }

    #[test]
    fn numbers_have_limits_and_text_is_no_number() {
        assert_eq!(
            outcome(json!({"path": "$.n", "at_least": 5, "at_most": 5}), BODY),
            Outcome::Pass
        );
        assert_eq!(outcome(json!({"path": "$.n", "at_least": 5.1}), BODY), FAIL);
        assert_eq!(outcome(json!({"path": "$.n", "at_most": 4.9}), BODY), FAIL);
        assert_eq!(outcome(json!({"path": "$.status", "at_least": 0}), BODY), FAIL);
        assert_eq!(outcome(json!({"path": "$.n", "matches": "5"}), BODY), FAIL);
    }

    #[test]
    fn several_values_must_each_do() {
        let all = |pattern: &str| json!({"path": "$.list[*].s", "matches": pattern});
        assert_eq!(outcome(all("^(up|down)$"), BODY), Outcome::Pass);
        assert_eq!(outcome(all("^up$"), BODY), FAIL);
        let filter = json!({"path": "$.list[?@.s == 'down']", "exists": false});
        assert_eq!(outcome(filter, BODY), FAIL);
    }

    #[test]
    fn absence_can_be_expected_of_json() {
        assert_eq!(outcome(json!({"path": "$.error", "exists": false}), BODY), Outcome::Pass);
        assert_eq!(outcome(json!({"path": "$.status", "exists": false}), BODY), FAIL);
    }

    #[test]
    fn half_a_body_is_unknown() {
        let cut = Some(Obstacle::OverBudget.because("too large"));
        let half = Answer { cut, ..answer(200, &[], r#"{"status":"o"#) };
        let seen = item(json!({"path": "$.status"}), &half);
        assert_eq!(seen.outcome, Outcome::Unknown(Obstacle::OverBudget));
    }

    #[test]
    fn slips_are_found() {
        let parse = |value: Value| serde_json::from_value::<JsonExpectation>(value);
        assert!(parse(json!({"path": "status"})).is_err());
        assert!(parse(json!({"path": "$.a", "equal": 1})).is_err());
        let wrong = |value: Value| parse(value).expect("parses").wrong().is_some();
        assert!(wrong(json!({"path": "$.a", "exists": false, "equals": 1})));
        assert!(wrong(json!({"path": "$.a", "at_least": 2, "at_most": 1})));
    }
}
