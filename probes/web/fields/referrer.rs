//! The words of `Referrer-Policy`.

/// They keep paths from other sites, and everything from sites without TLS.
pub(crate) const GOOD: [&str; 4] =
    ["no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"];
/// They tell paths, or tell who listens without TLS.
pub(crate) const BAD: [&str; 4] =
    ["origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade"];
