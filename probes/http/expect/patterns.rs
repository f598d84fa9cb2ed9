//! Expecting patterns of the body.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::Answer;
use crate::contract::{Confidence, Item, boundary, setting::Pattern};

/// Patterns, written as one or as a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns(Vec<Pattern>);

impl Patterns {
    /// Each of them.
    pub(super) fn each(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter()
    }
}

/// Whether a pattern is found in the body.
pub(super) fn found(pattern: &Pattern, answer: &Answer) -> Item {
    let subject = subject(pattern);
    if pattern.is_match(&answer.body) {
        return Item::pass(subject, "found");
    }
    match &answer.cut {
        Some(cut) => Item::unknown(subject, cut),
        None => Item::fail(Confidence::Firm, subject, format!("not found in {}", excerpt(answer))),
    }
}

/// Whether a pattern is absent from the body.
pub(super) fn not_found(pattern: &Pattern, answer: &Answer) -> Item {
    let subject = format!("no {}", subject(pattern));
    if pattern.is_match(&answer.body) {
        return Item::fail(Confidence::Firm, subject, format!("found in {}", excerpt(answer)));
    }
    match &answer.cut {
        Some(cut) => Item::unknown(subject, cut),
        None => Item::pass(subject, "not found"),
    }
}

fn subject(pattern: &Pattern) -> String {
    format!("body `{}`", pattern.as_str())
}

/// The beginning of the body, for a report.
pub(super) fn excerpt(answer: &Answer) -> String {
    match boundary::excerpt(&answer.body, 80).as_str() {
        "" => "an empty body".to_owned(),
        line => format!("`{line}`"),
    }
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Patterns;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a regular expression, or a list of them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Patterns, E> {
                text.parse().map(|pattern| Patterns(vec![pattern])).map_err(E::custom)
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Patterns, A::Error> {
                let mut patterns = Vec::new();
                while let Some(pattern) = seq.next_element()? {
                    patterns.push(pattern);
                }
                Ok(Patterns(patterns))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Patterns {
    fn schema_name() -> Cow<'static, str> {
        "Patterns".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<Pattern>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one}]})
    }
}

#[cfg(test)]
mod tests {
    use super::{super::answer, *};
    use crate::contract::{Obstacle, Outcome};

    fn cut(body: &str) -> Answer {
        let cut = Some(Obstacle::OverBudget.because("the body is larger than 1 MiB"));
        Answer { cut, ..answer(200, &[], body) }
    }

    fn pattern() -> Pattern {
        "re+d".parse().expect("a pattern")
    }

    const FAIL: Outcome = Outcome::Fail(Confidence::Firm);
    const UNKNOWN: Outcome = Outcome::Unknown(Obstacle::OverBudget);

    #[test]
    fn a_pattern_is_found_or_not() {
        assert_eq!(found(&pattern(), &answer(200, &[], "a reed")).outcome, Outcome::Pass);
        assert_eq!(found(&pattern(), &answer(200, &[], "green")).outcome, FAIL);
        assert_eq!(not_found(&pattern(), &answer(200, &[], "green")).outcome, Outcome::Pass);
        assert_eq!(not_found(&pattern(), &answer(200, &[], "red")).outcome, FAIL);
    }

    #[test]
    fn what_is_not_found_in_half_a_body_may_be_in_the_other() {
        assert_eq!(found(&pattern(), &cut("red")).outcome, Outcome::Pass);
        assert_eq!(found(&pattern(), &cut("gre")).outcome, UNKNOWN);
        assert_eq!(not_found(&pattern(), &cut("gre")).outcome, UNKNOWN);
        assert_eq!(not_found(&pattern(), &cut("red")).outcome, FAIL);
    }

    #[test]
    fn an_excerpt_is_short() {
        let long = "é".repeat(200);
        let item = found(&pattern(), &answer(200, &[], &long));
        assert!(item.seen.chars().count() < 100, "{}", item.seen);
        assert_eq!(found(&pattern(), &answer(200, &[], " ")).seen, "not found in an empty body");
    }

    #[test]
    fn a_pattern_that_does_not_compile_is_refused() {
        let patterns: Result<Patterns, _> = serde_json::from_str(r#"["ok", "(?=x)"]"#);
        assert!(patterns.expect_err("look-ahead").to_string().contains("not a regular expression"));
    }
}
