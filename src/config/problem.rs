//! What is wrong with a configuration, or should be looked at, for programs that show it their own way.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// Something wrong with a configuration, or that should be looked at. Shows no secret.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Problem {
    /// Where, if it has to do with one place.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// What, as a lower-case fragment without a full stop.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

/// A place in a file of the configuration.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Place {
    /// The file, as it was named on the command line or found in the directory.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: usize,
}

impl Problem {
    /// One that has to do with no place.
    pub(super) fn anywhere(message: String) -> Self {
        Self { place: None, message, help: None }
    }
}

impl fmt::Display for Problem {
    /// On one line, as compilers write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { file, line, column }) = &self.place {
            write!(f, "{file}:{line}:{column}: ")?;
        }
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "; {help}"))
    }
}
