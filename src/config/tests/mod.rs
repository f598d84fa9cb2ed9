//! Configurations as people write them: good ones load, bad ones are told what is wrong.

mod faults;
mod kinds;
mod reload;
mod sense;

use std::{
    ffi::OsString,
    path::Path,
    time::{Duration, SystemTime},
};

pub(super) use kinds::CATALOGUE;

use super::{Config, LoadError, load};

/// 2026-11-21, 12:00 UTC.
pub(super) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(498_684)
}

/// The environment of all tests; the process's own is nobody's business.
pub(super) fn environment(name: &str) -> Option<OsString> {
    match name {
        "CHECKOUT_TOKEN" => Some("hunter2-token".into()),
        "CHECKOUT_DSN" => Some("postgres://app:hunter2@db.internal:5432/checkout".into()),
        "WEAK_TOKEN" => Some("weak-hunter2".into()),
        "EMPTY" => Some("".into()),
        _ => None,
    }
}

/// Whether expectations are to be rewritten instead of compared.
#[expect(clippy::disallowed_methods, reason = "a switch for developers, no configuration")]
fn blesses() -> bool {
    std::env::var_os("BLESS").is_some()
}

pub(super) fn load_path(path: &Path) -> Result<Config, LoadError> {
    load::attempt(path, CATALOGUE, now(), &environment).0
}

/// Loads a text, which stands in a directory of its own.
pub(super) fn load_text(text: &str) -> Result<Config, LoadError> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("gonogo.yaml");
    std::fs::write(&path, text).expect("a file");
    load_path(&path)
}

pub(super) fn sound(text: &str) -> Config {
    load_text(text).unwrap_or_else(|error| panic!("{error}"))
}
