//! Where a target says which revision of it is running.

use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json_path::JsonPath;

use super::words::{Header, Pointer, TargetPath};

/// Where a target says which revision of it is running.
#[derive(Clone, Debug)]
pub enum Revision {
    /// In a header of the answer at the target's URL.
    Header(HeaderName),
    /// In a JSON document of the target.
    Json {
        /// The document's path.
        path: String,
        /// Where the revision stands in it.
        pointer: JsonPath,
    },
    /// In a label of one of its metrics.
    Metric {
        /// The path of its metrics.
        path: String,
        /// The metric: `build_info`.
        name: String,
        /// The label: `revision`.
        label: String,
    },
}

/// Where the target says which revision of it is running.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RevisionSettings {
    /// A header of the answer at the target's URL.
    Header(Header),
    /// A value of a JSON document.
    Json {
        /// The document's path.
        path: TargetPath,
        /// A JSONPath to the revision: `$.build.version`.
        pointer: Pointer,
    },
    /// A label of a metric.
    Metric {
        /// The path of the metrics.
        #[serde(default = "metrics")]
        path: TargetPath,
        /// The metric: `build_info`.
        name: String,
        /// The label: `revision`.
        label: String,
    },
}

fn metrics() -> TargetPath {
    TargetPath("/metrics".to_owned())
}

impl From<RevisionSettings> for Revision {
    fn from(settings: RevisionSettings) -> Self {
        match settings {
            RevisionSettings::Header(Header(name)) => Self::Header(name),
            RevisionSettings::Json { path: TargetPath(path), pointer: Pointer(pointer) } => {
                Self::Json { path, pointer }
            }
            RevisionSettings::Metric { path: TargetPath(path), name, label } => {
                Self::Metric { path, name, label }
            }
        }
    }
}
