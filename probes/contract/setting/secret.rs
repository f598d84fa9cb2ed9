//! Secrets of the operator's.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};

/// The name under which a secret asks the configuration's deserializer for its value.
///
/// The configuration resolves `{env: NAME}` and `{file: PATH}` itself, so that a missing one is an
/// error with line and column, and hands the value over only to a type that asks by this name.
pub const SECRET_TOKEN: &str = "$gonogo::Secret";

/// A value that is never printed, logged, reported or compared in the open.
///
/// Written `{env: NAME}` or `{file: PATH}`; never in the configuration itself.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The value in a form that stays hidden, for the redactor.
    #[must_use]
    pub fn hidden(&self) -> SecretString {
        self.0.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret: {env: NAME} or {file: PATH}")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Secret, D::Error> {
                String::deserialize(deserializer).map(Secret::new)
            }
        }

        deserializer.deserialize_newtype_struct(SECRET_TOKEN, Visitor)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where the secret is found; the secret itself is never written here.",
            "oneOf": [
                {
                    "type": "object",
                    "properties": {
                        "env": {"type": "string", "description": "Name of an environment variable."},
                    },
                    "required": ["env"],
                    "additionalProperties": false,
                },
                {
                    "type": "object",
                    "properties": {
                        "file": {
                            "type": "string",
                            "description": "Path of a file, relative to the configuration; one trailing line break is not part of the secret.",
                        },
                    },
                    "required": ["file"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

/// A value that may be a secret or plain text: a header, a query parameter.
#[derive(Clone, Debug)]
pub enum Text {
    /// Written as it is.
    Plain(String),
    /// Written `{env: NAME}` or `{file: PATH}`.
    Secret(Secret),
}

impl Text {
    /// The value, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }

    /// The secret, if it is one.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Plain(_) => None,
            Self::Secret(secret) => Some(secret),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, or a secret: {env: NAME} or {file: PATH}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text::Plain(text.to_owned()))
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<Text, D::Error> {
                String::deserialize(deserializer).map(|value| Text::Secret(Secret::new(value)))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Text, or where a secret is found.",
            "anyOf": [{"type": "string"}, generator.subschema_for::<Secret>()],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("hunter2");
        let text = Text::Secret(secret.clone());
        assert_eq!(format!("{secret:?} {text:?}"), "Secret([redacted]) Secret(Secret([redacted]))");
        assert_eq!(text.expose(), "hunter2");
    }
}
