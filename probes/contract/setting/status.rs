//! Which HTTP statuses are meant.

use std::{borrow::Cow, fmt, str::FromStr};

use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A set of HTTP statuses, written as one or as a list of `200`, `2xx` and `301-303`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusSet(Vec<Range>);

impl StatusSet {
    /// `2xx`: the statuses that say a request succeeded.
    #[must_use]
    pub fn success() -> Self {
        Self(vec![Range { first: 200, last: 299 }])
    }

    /// Whether the status is one of the set.
    #[must_use]
    pub fn contains(&self, status: StatusCode) -> bool {
        self.0.iter().any(|range| (range.first..=range.last).contains(&status.as_u16()))
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, range) in self.0.iter().enumerate() {
            write!(f, "{}{range}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for StatusSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = StatusSet;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("statuses, like 200, 2xx, 301-303 or a list of these")
            }

            fn visit_u64<E: de::Error>(self, status: u64) -> Result<StatusSet, E> {
                self.visit_str(&status.to_string())
            }

            fn visit_i64<E: de::Error>(self, status: i64) -> Result<StatusSet, E> {
                self.visit_str(&status.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<StatusSet, E> {
                text.parse().map(|range| StatusSet(vec![range])).map_err(E::custom)
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<StatusSet, A::Error> {
                let mut ranges = Vec::new();
                while let Some(Element(range)) = seq.next_element()? {
                    ranges.push(range);
                }
                if ranges.is_empty() {
                    return Err(de::Error::custom(
                        "no status is in the list, so none could be right",
                    ));
                }
                Ok(StatusSet(ranges))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for StatusSet {
    fn schema_name() -> Cow<'static, str> {
        "StatusSet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = json_schema!({
            "anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": "^[1-5](xx|[0-9]{2}(-[1-5][0-9]{2})?)$"},
            ],
        });
        json_schema!({
            "description": "HTTP statuses: 200, 2xx, 301-303, or a list of these.",
            "anyOf": [one, {"type": "array", "items": one, "minItems": 1}],
        })
    }
}

/// Statuses from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Range {
    first: u16,
    last: u16,
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no HTTP status; write 200, 2xx or 301-303");
        let status = |digits: &str| -> Result<u16, String> {
            let status = digits.trim().parse().ok().filter(|status| (100..=599).contains(status));
            status.ok_or_else(wrong)
        };
        if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
            let first = status(&format!("{class}00"))?;
            return Ok(Self { first, last: first + 99 });
        }
        let Some((first, last)) = text.split_once('-') else {
            let status = status(text)?;
            return Ok(Self { first: status, last: status });
        };
        let (first, last) = (status(first)?, status(last)?);
        if first > last {
            return Err(format!("`{text}` is no range of HTTP statuses; write {last}-{first}"));
        }
        Ok(Self { first, last })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = *self;
        if first == last {
            write!(f, "{first}")
        } else if first % 100 == 0 && last == first + 99 {
            write!(f, "{}xx", first / 100)
        } else {
            write!(f, "{first}-{last}")
        }
    }
}

/// One entry of a list: a number or text.
struct Element(Range);

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Element;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status, like 200, 2xx or 301-303")
            }

            fn visit_u64<E: de::Error>(self, status: u64) -> Result<Element, E> {
                self.visit_str(&status.to_string())
            }

            fn visit_i64<E: de::Error>(self, status: i64) -> Result<Element, E> {
                self.visit_str(&status.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Element, E> {
                text.parse().map(Element).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(value: Value) -> Result<StatusSet, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn contains(set: &StatusSet, status: u16) -> bool {
        set.contains(StatusCode::from_u16(status).expect("a status"))
    }

    #[test]
    fn statuses_classes_and_ranges_are_told_apart() {
        let set = parse(json!([404, "2xx", "301-303"])).expect("a set");
        for inside in [200, 204, 299, 301, 303, 404] {
            assert!(contains(&set, inside), "{inside}");
        }
        for outside in [199, 300, 304, 403, 405, 500] {
            assert!(!contains(&set, outside), "{outside}");
        }
        assert_eq!(set.to_string(), "404, 2xx, 301-303");
    }

    #[test]
    fn one_status_needs_no_list() {
        assert_eq!(parse(json!(200)), parse(json!([200])));
        assert_eq!(parse(json!("2XX")), Ok(StatusSet::success()));
        assert_eq!(parse(json!("200")), parse(json!(200)));
    }

    #[test]
    fn a_class_by_its_full_range_is_a_class() {
        assert_eq!(parse(json!("200-299")), Ok(StatusSet::success()));
    }

    #[test]
    fn what_is_no_status_is_refused_with_what_would_be_right() {
        for wrong in
            [json!("30a"), json!("301-200-299"), json!(42), json!(600), json!("6xx"), json!(-1)]
        {
            let error = parse(wrong.clone()).expect_err(&wrong.to_string());
            assert!(error.contains("write 200, 2xx or 301-303"), "{wrong}: {error}");
        }
        let error = parse(json!("299-200")).expect_err("backwards");
        assert!(error.contains("write 200-299"), "{error}");
        assert!(parse(json!([])).expect_err("empty").contains("no status is in the list"));
        assert!(parse(json!({"code": 200})).is_err());
    }
}
