//! A file of the operator's.

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// The name under which a file asks the configuration's deserializer for its path.
///
/// The configuration makes the path relative to the file it is written in, reads the file once, so that
/// one which cannot be read is an error with line and column, and reloads when its content changes.
pub const FILE_TOKEN: &str = "$gonogo::File";

/// The path of a file, written relative to the configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File(PathBuf);

impl File {
    /// The path, as this process can open it.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = File;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the path of a file")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<File, D::Error> {
                String::deserialize(deserializer).map(|path| File(path.into()))
            }
        }

        deserializer.deserialize_newtype_struct(FILE_TOKEN, Visitor)
    }
}

impl JsonSchema for File {
    fn schema_name() -> Cow<'static, str> {
        "File".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "description": "The path of a file, relative to the configuration.",
        })
    }
}
