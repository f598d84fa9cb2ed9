//! Secrets that nobody told us, known by their shape.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use regex::bytes::Regex;

/// The secrets in a text: what helps to find the culprit (the scheme, the user name, the parameter's
/// name) is not among them.
pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>) {
    let shapes = &*SHAPES;
    let mut likely = [false; KNOWN.len()];
    for hint in shapes.hints.find_overlapping_iter(text) {
        likely[shapes.of[hint.pattern().as_usize()]] = true;
    }
    for (expression, _) in shapes.expressions.iter().zip(likely).filter(|(_, likely)| *likely) {
        for captures in expression.captures_iter(text.as_bytes()) {
            // The last group that takes part is the secret.
            let secret = (1..captures.len()).rev().find_map(|group| captures.get(group));
            found.extend(secret.map(|secret| secret.range()));
        }
    }
}

/// Shapes, and what must stand in a text for any of them to fit: most texts hold none of it.
struct Shapes {
    hints: AhoCorasick,
    /// Which shape each hint is one of.
    of: Vec<usize>,
    expressions: Vec<Regex>,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let hints = KNOWN.iter().enumerate();
    let hints = hints.flat_map(|(place, known)| known.hints.iter().map(move |hint| (place, *hint)));
    let (of, hints): (Vec<usize>, Vec<&str>) = hints.unzip();
    Shapes {
        hints: AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(hints)
            .expect("a few short words"),
        of,
        // Bytes and ASCII classes: with those of Unicode they would take megabytes.
        expressions: KNOWN
            .iter()
            .map(|known| Regex::new(known.shape).expect("a sound expression"))
            .collect(),
    }
});

struct Shape {
    hints: &'static [&'static str],
    shape: &'static str,
}

/// Quotes may be escaped, since documents stand in documents.
const KNOWN: [Shape; 8] = [
    // A password in a URL.
    Shape {
        hints: &["://", "%3a%2f%2f"],
        shape: r"(?i-u)\b[a-z][a-z0-9+.-]{1,20}(?:://|%3a%2f%2f)[^\s/:@]*:([^\s/@\[]+|\[redacted\])@",
    },
    // A bearer or basic credential.
    Shape {
        hints: &["bearer", "basic"],
        shape: r"(?i-u)\b(?:bearer|basic)(?:\s|\+|%20)+([a-z0-9+/=._~-]{8,})",
    },
    // A JSON Web Token.
    Shape {
        hints: &["eyj"],
        shape: r"(?-u)\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*)?)",
    },
    // A private key in PEM, whole or cut off.
    Shape {
        hints: &["private key-----"],
        shape: r"(?s-u)(-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z))",
    },
    // Keys of well-known providers.
    Shape { hints: &["akia", "asia"], shape: r"(?-u)\b((?:AKIA|ASIA)[A-Z0-9]{16})\b" },
    Shape {
        hints: &["sk-", "sk_", "pk-", "pk_", "rk-", "rk_"],
        shape: r"(?-u)\b((?:sk|pk|rk)[-_](?:live|test|proj|ant)[-_][A-Za-z0-9_-]{10,})",
    },
    Shape {
        hints: &["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "xox"],
        shape: r"(?-u)\b(gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,})",
    },
    // A value with a name that says so: quoted, or up to the next separator.
    Shape {
        hints: &["passw", "pwd", "secret", "api", "token", "private"],
        shape: r#"(?xi-u)\b
            (?: password | passwd | pwd | secret | api[-_]?key | access[-_]?token | auth[-_]?token
              | refresh[-_]?token | client[-_]?secret | private[-_]?key )
            (?: \\*["'] | &quot; | &\#34; | %22 )? \s* (?: [=:] | %3[ad] ) \s*
            (?: \\*" ( [^"\\\[]+ ) | (?: &quot; | &\#34; ) ( [^&\[]+ )
              | (?: ' | %22 )? ( [^\s"'&,;%}\[\\]{3,} ) )"#,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_stands_in_everything_its_shape_fits() {
        for text in [
            "postgres://app:s3cr3t@db/x",
            "Bearer abcdef123456",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "-----BEGIN PRIVATE KEY-----\nMIIE",
            "AKIAABCDEFGHIJKLMNOP",
            "sk-live-0123456789abc",
            "ghp_0123456789012345678901234567",
            "xoxb-0123456789",
            "api_key=abcdef",
            "client-secret: 'abcdef'",
        ] {
            let mut found = Vec::new();
            find(text, &mut found);
            assert_eq!(found.len(), 1, "{text}");
        }
    }

    #[test]
    fn a_document_within_a_document_is_read_too() {
        for text in [
            r#"{"password": "open sesame"}"#,
            r#"{\"password\": \"open sesame\"}"#,
            "&quot;password&quot;: &quot;open sesame&quot;",
            "password%3Dsesame",
            "postgres%3A%2F%2Fapp:sesame@db",
        ] {
            let mut found = Vec::new();
            find(text, &mut found);
            let [range] = found.as_slice() else { panic!("{text}: {found:?}") };
            assert!(text[range.clone()].ends_with("sesame"), "{text}");
        }
    }
}
