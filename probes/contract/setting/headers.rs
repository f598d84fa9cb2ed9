//! Header fields the operator wants sent.

use std::{borrow::Cow, fmt};

use http::{HeaderName, HeaderValue};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::Text;

/// Header fields by name, each with text or a secret.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(HeaderName, Text)>);

impl Headers {
    /// The fields, as a request takes them.
    #[must_use]
    pub fn to_vec(&self) -> Vec<(HeaderName, Text)> {
        self.0.clone()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a field of this name is among them.
    #[must_use]
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|(given, _)| given == name)
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("header names with their values")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut headers = Headers::default();
                while let Some(Name(name)) = map.next_key()? {
                    let value: Text = map.next_value()?;
                    // The value may be a secret, so the message names the field alone.
                    if HeaderValue::from_str(&value.expose()).is_err() {
                        return Err(de::Error::custom(format_args!(
                            "the value of `{name}` has a character that no header may have, such as \
                             a line break"
                        )));
                    }
                    if headers.contains(&name) {
                        return Err(de::Error::custom(format_args!("`{name}` is given twice")));
                    }
                    headers.0.push((name, value));
                }
                Ok(headers)
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

impl JsonSchema for Headers {
    fn schema_name() -> Cow<'static, str> {
        "Headers".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Header fields to send, by name.",
            "additionalProperties": generator.subschema_for::<Text>(),
        })
    }
}

/// A header's name, in whatever case.
struct Name(HeaderName);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a header")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                let name = HeaderName::from_bytes(text.as_bytes());
                name.map(Name).map_err(|_| E::custom(format_args!("`{text}` is no header name")))
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(value: Value) -> Result<Headers, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn names_are_read_in_any_case() {
        let headers = parse(json!({"X-Version": "1"})).expect("headers");
        assert!(headers.contains(&HeaderName::from_static("x-version")));
        assert!(!headers.is_empty());
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_showing_the_value() {
        assert!(parse(json!({"a b": "x"})).expect_err("a space").contains("`a b`"));
        let error = parse(json!({"x-key": "one\ntwo"})).expect_err("a line break");
        assert!(error.contains("x-key") && !error.contains("two"), "{error}");
        assert!(parse(json!({"X-A": "1", "x-a": "2"})).expect_err("twice").contains("twice"));
    }
}
