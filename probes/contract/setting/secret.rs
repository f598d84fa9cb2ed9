//! Secrets of the operator's.

use std::{
    borrow::Cow,
    cell::Cell,
    fmt,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

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
/// Written `{env: NAME}` or `{file: PATH}`; never in the configuration itself. Its clones share the
/// value: the one of a file changes for all of them when the file has changed.
#[derive(Clone)]
pub struct Secret(Arc<Shared>);

struct Shared {
    file: Option<PathBuf>,
    value: RwLock<Arc<SecretString>>,
}

impl Secret {
    /// Takes the value.
    pub fn new(value: impl Into<String>) -> Self {
        Self::of(None, value.into())
    }

    /// Takes the value that stands in this file.
    pub fn in_file(file: PathBuf, value: impl Into<String>) -> Self {
        Self::of(Some(file), value.into())
    }

    fn of(file: Option<PathBuf>, value: String) -> Self {
        Self(Arc::new(Shared { file, value: RwLock::new(Arc::new(value.into())) }))
    }

    /// The file in which it stands, if it stands in one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// The value, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> Exposed<'static> {
        Exposed(Exposure::Secret(self.current()))
    }

    /// The value in a form that stays hidden, for the redactor.
    #[must_use]
    pub fn hidden(&self) -> SecretString {
        (*self.current()).clone()
    }

    /// Replaces the value. Whatever takes secrets out of texts must know the new one before.
    pub fn replace(&self, value: SecretString) {
        *self.0.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }

    fn current(&self) -> Arc<SecretString> {
        Arc::clone(&self.0.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The secret that was handed over with this value.
    fn received(value: String) -> Self {
        match HANDED_OVER.take() {
            Some(secret) if *secret.expose() == *value => secret,
            _ => Self::new(value),
        }
    }
}

thread_local! {
    static HANDED_OVER: Cell<Option<Secret>> = const { Cell::new(None) };
}

/// Gives a secret to the type that asked for one by [`SECRET_TOKEN`]: `give` passes on the value, and
/// the type becomes a clone of `secret`.
pub fn hand_over<T>(secret: &Secret, give: impl FnOnce(String) -> T) -> T {
    HANDED_OVER.set(Some(secret.clone()));
    give(secret.expose().to_owned())
}

/// The value of a setting that may be a secret, as it is now.
pub struct Exposed<'a>(Exposure<'a>);

enum Exposure<'a> {
    Plain(&'a str),
    Secret(Arc<SecretString>),
}

impl Deref for Exposed<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Exposure::Plain(text) => text,
            Exposure::Secret(value) => value.expose_secret(),
        }
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
                String::deserialize(deserializer).map(Secret::received)
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
                            "description": "Path of a file, relative to the configuration; one trailing line break is not part of the secret. It is read again before a visit when it has changed.",
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
    pub fn expose(&self) -> Exposed<'_> {
        match self {
            Self::Plain(text) => Exposed(Exposure::Plain(text)),
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
                String::deserialize(deserializer).map(|value| Text::Secret(Secret::received(value)))
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
        assert_eq!(&*text.expose(), "hunter2");
    }

    #[test]
    fn a_replaced_value_is_that_of_every_clone() {
        let secret = Secret::in_file("token".into(), "one");
        let clone = hand_over(&secret, Secret::received);
        secret.replace("two".into());
        assert_eq!(&*clone.expose(), "two");
        assert_eq!(clone.file(), Some(Path::new("token")));
        assert_eq!(&*Secret::received("three".to_owned()).expose(), "three");
    }
}
