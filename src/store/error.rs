//! What can go wrong with the storage directory.

use std::{io, path::PathBuf};

/// Why state could not be kept or read back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be used.
    #[error(
        "the storage directory {path} cannot be written ({source}); create it for the user gonogo runs as, or name another with --storage.path",
        path = path.display()
    )]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another gonogo writes there.
    #[error(
        "the storage directory {path} is in use by another gonogo{}; stop it, or name another directory with --storage.path",
        process.map(|id| format!(" (process {id})")).unwrap_or_default(),
        path = path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The other's process, as it says itself.
        process: Option<u32>,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what any version writes.
    #[error("{path} is damaged ({why}); it was moved to {kept}, and gonogo goes on without it", path = path.display(), kept = kept.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// Where it was moved to.
        kept: PathBuf,
    },
    /// The file is in a format of another version of gonogo.
    #[error("{path} has the format `{found}` of another version; it was moved to {kept}, and gonogo goes on without it", path = path.display(), kept = kept.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        found: String,
        /// Where it was moved to.
        kept: PathBuf,
    },
    /// The file cannot be written.
    #[error("{path} cannot be written: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
