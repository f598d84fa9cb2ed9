//! Taking secrets out of text before it is kept.

use std::{borrow::Cow, fmt, sync::LazyLock};

use regex::Regex;
use secrecy::{ExposeSecret, SecretString};

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Takes secrets out of text: those of the target's settings by their value, and others by their
/// shape (private keys, tokens, passwords in URLs).
///
/// A target that echoes our credentials must not get them into a report; nor may it get its own
/// there.
#[derive(Default)]
pub struct Redactor {
    known: Vec<SecretString>,
}

impl Redactor {
    /// A redactor that also knows these values.
    #[must_use]
    pub fn new(mut known: Vec<SecretString>) -> Self {
        // A value of one or two characters stands in every text; hiding it would hide the text and
        // keep no secret.
        known.retain(|secret| secret.expose_secret().len() >= 3);
        // The longest first, so that a secret which contains another is taken out whole.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self { known }
    }

    /// The text without secrets.
    #[must_use]
    pub fn clean<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.known {
            if text.contains(secret.expose_secret()) {
                text = Cow::Owned(text.replace(secret.expose_secret(), REDACTED));
            }
        }
        for (shape, replacement) in SHAPES.iter() {
            if shape.is_match(&text) {
                text = Cow::Owned(shape.replace_all(&text, *replacement).into_owned());
            }
        }
        text
    }

    /// Takes the secrets out of `text`.
    pub fn clean_in_place(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.clean(text) {
            *text = clean;
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} known secrets)", self.known.len())
    }
}

/// Shapes of secrets, each with what takes its place. What helps to find the culprit (the scheme, the
/// user name, the parameter's name) stays.
static SHAPES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        // A password in a URL.
        (r"(?i)\b([a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,100}):[^\s/@]{1,200}@", "$1:[redacted]@"),
        // A bearer or basic credential.
        (r"(?i)\b(bearer|basic)\s+[a-z0-9+/=._~-]{8,}", "$1 [redacted]"),
        // A JSON Web Token.
        (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*", "[redacted]"),
        // A private key in PEM, whole or cut off.
        (
            r"-----BEGIN ([A-Z ]{0,20})PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|\z)",
            "[redacted]",
        ),
        // Keys of well-known providers.
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", "[redacted]"),
        (r"\b(?:sk|pk|rk)[-_](?:live|test|proj|ant)[-_][A-Za-z0-9_-]{10,}", "[redacted]"),
        (r"\bgh[pousr]_[A-Za-z0-9]{20,}", "[redacted]"),
        (r"\bxox[abprs]-[A-Za-z0-9-]{10,}", "[redacted]"),
        // "name": "value", then name=value, with a name that says so.
        (
            r#"(?i)(\b(?:password|passwd|pwd|secret|api[-_]?key|access[-_]?token|auth[-_]?token|refresh[-_]?token|client[-_]?secret|private[-_]?key)["']?\s*[=:]\s*")[^"]+"#,
            "$1[redacted]",
        ),
        (
            r#"(?i)(\b(?:password|passwd|pwd|secret|api[-_]?key|access[-_]?token|auth[-_]?token|refresh[-_]?token|client[-_]?secret|private[-_]?key)["']?\s*[=:]\s*["']?)[^\s"'&,;}\[]{3,}"#,
            "$1[redacted]",
        ),
    ]
    .into_iter()
    .filter_map(|(shape, replacement)| {
        // A shape that does not compile is a bug; `every_shape_compiles` sees to it.
        Regex::new(shape).ok().map(|shape| (shape, replacement))
    })
    .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE_COUNT: usize = 10;

    fn clean(text: &str) -> String {
        Redactor::default().clean(text).into_owned()
    }

    #[test]
    fn every_shape_compiles() {
        assert_eq!(SHAPES.len(), SHAPE_COUNT);
    }

    #[test]
    fn known_values_are_taken_out_wherever_they_stand() {
        let redactor = Redactor::new(vec!["hunter2".into(), "hunter2-and-more".into()]);
        assert_eq!(redactor.clean("x=hunter2;"), "x=[redacted];");
        assert_eq!(redactor.clean("hunter2-and-more"), "[redacted]");
    }

    #[test]
    fn shapes_are_taken_out_and_their_names_stay() {
        assert_eq!(
            clean("postgres://app:s3cr3t@db:5432/x failed"),
            "postgres://app:[redacted]@db:5432/x failed"
        );
        assert_eq!(clean("Authorization: Bearer abcdef123456"), "Authorization: Bearer [redacted]");
        assert_eq!(clean(r#"{"password": "hello world"}"#), r#"{"password": "[redacted]"}"#);
        assert_eq!(clean("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"), REDACTED);
        assert_eq!(
            clean("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- end"),
            "[redacted] end"
        );
        assert_eq!(clean("-----BEGIN PRIVATE KEY-----\nMIIE"), REDACTED);
    }

    #[test]
    fn clean_text_is_not_copied() {
        let redactor = Redactor::new(vec!["hunter2".into()]);
        let text = "status 200, {\"status\":\"ok\"}";
        assert!(matches!(redactor.clean(text), Cow::Borrowed(_)));
    }

    #[test]
    fn cleaning_twice_changes_nothing() {
        let once = clean("api_key=abcdef password: xyz123 https://u:p4ss@h/");
        assert_eq!(clean(&once), once);
    }
}
