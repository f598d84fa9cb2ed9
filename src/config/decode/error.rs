//! What serde says is wrong, in the words of people who write YAML.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// An error on its way out of serde. Its place is kept by the pass.
#[derive(Clone, Debug)]
pub(in crate::config) enum Error {
    /// Something is wrong with a value.
    Message(String),
    /// The value is of another type than `expected`.
    Type { expected: String },
    /// A mapping lacks this key.
    Missing(&'static str),
    /// Nothing more is to be said: a mistake was noted already.
    Noted,
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Message(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Type { expected: wording(&expected.to_string()) }
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = wording(&expected.to_string());
        match unexpected {
            Unexpected::Str(text) => Self::Message(format!("expected {expected}, found `{text}`")),
            _ => Self::Type { expected },
        }
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::Message(format!("expected {}, found {length}", wording(&expected.to_string())))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => f.write_str(message),
            Self::Type { expected } => write!(f, "expected {expected}"),
            Self::Missing(field) => write!(f, "the key `{field}` is missing"),
            Self::Noted => f.write_str("see above"),
        }
    }
}

impl std::error::Error for Error {}

/// Serde and Rust's own types speak of Rust.
pub(super) fn wording(expected: &str) -> String {
    let whole = |least: &str, most: &str| format!("a whole number from {least} to {most}");
    match expected {
        "a string" | "str" | "a borrowed string" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        "unit" => "nothing".to_owned(),
        "u8" => whole("0", "255"),
        "u16" => whole("0", "65535"),
        "u32" => whole("0", "4294967295"),
        "u64" | "usize" => "a whole number from 0".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        _ if expected.starts_with("a nonzero") => "a whole number from 1".to_owned(),
        _ if expected.starts_with("struct ") => "a mapping".to_owned(),
        _ if expected.starts_with("tuple ") || expected.starts_with("an array") => {
            "a list".to_owned()
        }
        _ => expected.to_owned(),
    }
}
