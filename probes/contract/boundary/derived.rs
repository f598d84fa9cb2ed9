//! Secrets inside a secret: the password of a URL, the token behind a scheme's name.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use regex::Regex;
use secrecy::{ExposeSecret, SecretString};

/// The parts of a secret that are secrets on their own.
pub(super) struct Parts {
    /// The parts, without the secret itself.
    pub(super) inner: Vec<SecretString>,
    /// Whether the secret's beginning is no secret, as that of a URL or of `Bearer …`.
    pub(super) plain_start: bool,
}

impl Parts {
    pub(super) fn of(secret: &str) -> Self {
        let mut inner: Vec<SecretString> = Vec::new();
        let mut add = |part: &str| {
            let known = inner.iter().any(|known| known.expose_secret() == part);
            if part.len() >= SHORTEST && part != secret && !known {
                inner.push(part.into());
            }
        };
        let mut plain_start = url(secret, &mut add) | credential(secret, &mut add);
        for found in NAMED.captures_iter(secret) {
            plain_start = true;
            let value = [1, 2, 3].into_iter().find_map(|group| found.get(group));
            if let Some(value) = value {
                add(value.as_str());
            }
        }
        if let Ok(document @ serde_json::Value::Object(_)) = serde_json::from_str(secret) {
            plain_start = true;
            strings(&document, &mut add);
        } else {
            plain_start |= secret.starts_with("-----BEGIN ");
            let lines = secret.lines().filter(|line| line.len() >= LINE);
            lines.filter(|line| !line.starts_with("-----")).for_each(&mut add);
        }
        Self { inner, plain_start }
    }
}

/// User name and password of a URL.
fn url(secret: &str, add: &mut impl FnMut(&str)) -> bool {
    let Some((_, rest)) = secret.split_once("://") else { return false };
    // As it is written: a parser would encode some characters anew.
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let userinfo = authority.rsplit_once('@').map(|(userinfo, _)| userinfo);
    if let Some((_, password)) = userinfo.and_then(|userinfo| userinfo.split_once(':')) {
        add(password);
        add(&percent_decode_str(password).decode_utf8_lossy());
    }
    true
}

/// What follows `Bearer`, `Basic` or another scheme of HTTP authentication.
fn credential(secret: &str, add: &mut impl FnMut(&str)) -> bool {
    let Some((scheme, rest)) = secret.split_once(' ') else { return false };
    if !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return false;
    }
    let rest = rest.trim();
    add(rest);
    if let Ok(decoded) = STANDARD.decode(rest)
        && let Ok(pair) = String::from_utf8(decoded)
    {
        add(&pair);
        if let Some((_, password)) = pair.split_once(':') {
            add(password);
        }
    }
    true
}

/// The strings of a document that are too long to be words.
fn strings(document: &serde_json::Value, add: &mut impl FnMut(&str)) {
    match document {
        serde_json::Value::String(text) if text.len() >= LINE && !text.contains("://") => add(text),
        serde_json::Value::Array(list) => list.iter().for_each(|value| strings(value, add)),
        serde_json::Value::Object(map) => map.values().for_each(|value| strings(value, add)),
        _ => {}
    }
}

/// `password=…` as in the key and value form of a DSN, in a cookie or in a query.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:password|passwd|pwd|secret|token|key|sig|signature|session|sid|auth)[a-z_]*\s*=\s*(?:'((?:[^'\\]|\\.)+)'|"([^"]+)"|([^\s'";&]+))"#,
    )
    .expect("a sound expression")
});

const SCHEMES: [&str; 6] = ["bearer", "basic", "token", "apikey", "digest", "negotiate"];

/// Shorter values stand in every text.
pub(super) const SHORTEST: usize = 3;
/// The shortest line, or string of a document, that is taken for a secret of its own.
const LINE: usize = 16;
