//! Chains that clients were given byte for byte, and who refused each.

mod constraints;
mod encoding;
mod extensions;
mod issuers;
mod leaves;
mod names;
mod paths;

use super::case::Case;

pub(super) fn all() -> Vec<Case> {
    [
        constraints::all(),
        encoding::all(),
        extensions::all(),
        issuers::all(),
        leaves::all(),
        names::all(),
        paths::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What every client refuses.
const ALL: &str = "OGJTFCW";
