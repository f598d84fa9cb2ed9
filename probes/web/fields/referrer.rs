//! `Referrer-Policy`, and `meta name=referrer`, as browsers read them.

use super::words;

/// They keep paths from other sites, and everything from sites without TLS.
pub(crate) const GOOD: [&str; 4] =
    ["no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"];
/// They tell paths, or tell who listens without TLS.
pub(crate) const BAD: [&str; 4] =
    ["origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade"];

/// What counts of a header's value: the last word that browsers know (Referrer Policy section 8.1).
pub(crate) fn of_header(value: &str) -> Option<String> {
    words(value).into_iter().rfind(|word| is_known(word))
}

/// What counts of a `meta`: one word, or one of its older names (HTML standard, `referrer`).
pub(crate) fn of_meta(content: &str) -> Option<String> {
    let word = content.trim().to_ascii_lowercase();
    let word = match word.as_str() {
        "never" => "no-referrer",
        "default" => "strict-origin-when-cross-origin",
        "always" => "unsafe-url",
        "origin-when-crossorigin" => "origin-when-cross-origin",
        other => other,
    };
    is_known(word).then(|| word.to_owned())
}

fn is_known(word: &str) -> bool {
    GOOD.contains(&word) || BAD.contains(&word)
}
