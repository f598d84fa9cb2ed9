//! Each secret in each spelling, whole and cut at each place.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::contract::redact::{REDACTED, Redactor};

const SECRETS: [&str; 6] = [
    "hunter2!",
    "pä\"s & <w>o'r%41d\\+/=?",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "Ünïcode-Paßwort",
    "two words\tand a tab",
    "a+b/c=d~e",
];

/// What `encodeURIComponent` of JavaScript escapes.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');
const SOME: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'%');

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn entities(text: &str, write: impl Fn(u32) -> String) -> String {
    let part = |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { write(c.into()) };
    text.chars().map(part).collect()
}

fn hexadecimal(text: &str) -> String {
    let digits = text.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap().to_ascii_uppercase()).collect()
}

/// A secret as it is spelled: how, the text, and what of the text is the secret.
type Spelled = (String, String, String);

fn spelled(secret: &str) -> Vec<Spelled> {
    let json = serde_json::to_string(secret).expect("text");
    let json = json.trim_matches('"').to_owned();
    let ascii: String = secret
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c => format!("\\u{:04X}", u32::from(c)),
        })
        .collect();
    let percent = |set| utf8_percent_encode(secret, set).to_string();
    let all = [
        ("raw".to_owned(), secret.to_owned()),
        ("lower".to_owned(), secret.to_lowercase()),
        ("upper".to_owned(), secret.to_uppercase()),
        ("json".to_owned(), json.clone()),
        ("json, ASCII alone".to_owned(), ascii),
        ("json in json".to_owned(), json.replace('\\', "\\\\").replace('"', "\\\"")),
        ("debug".to_owned(), format!("{secret:?}").trim_matches('"').to_owned()),
        ("html".to_owned(), html(secret)),
        ("html, decimal".to_owned(), entities(secret, |c| format!("&#{c};"))),
        ("html, hexadecimal".to_owned(), entities(secret, |c| format!("&#x{c:x};"))),
        ("json in html".to_owned(), html(&json)),
        ("percent".to_owned(), percent(NON_ALPHANUMERIC)),
        ("percent, lower".to_owned(), percent(NON_ALPHANUMERIC).to_lowercase()),
        ("percent, component".to_owned(), percent(COMPONENT)),
        ("percent, few".to_owned(), percent(SOME)),
        ("form".to_owned(), percent(NON_ALPHANUMERIC).replace("%20", "+")),
        ("hexadecimal".to_owned(), hexadecimal(secret)),
    ];
    let mut all: Vec<Spelled> =
        all.into_iter().map(|(name, text)| (name, text.clone(), text)).collect();
    for before in ["", "u", "us", "usr", "user:"] {
        for after in ["", "\n", ":x", "xyz"] {
            let bytes = format!("{before}{secret}{after}");
            for (name, engine) in [
                ("standard", STANDARD),
                ("standard, no padding", STANDARD_NO_PAD),
                ("URL-safe", URL_SAFE),
                ("URL-safe, no padding", URL_SAFE_NO_PAD),
            ] {
                let text = engine.encode(&bytes);
                // Six bits a character.
                let end = ((before.len() + secret.len()) * 8).div_ceil(6);
                let own = text[before.len() * 8 / 6..end].to_owned();
                let name = format!("base64, {name}, {before:?} {after:?}");
                let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
                all.push((format!("{name}, in a URL"), escape(&text), escape(&own)));
                all.push((name, text, own));
            }
        }
    }
    all
}

/// The longest piece of a text that stands in the spelled secret too.
fn left<'a>(clean: &'a str, secret: &str) -> &'a str {
    let mut longest = "";
    for (start, _) in clean.char_indices() {
        for (at, c) in clean[start..].char_indices() {
            let piece = &clean[start..start + at + c.len_utf8()];
            if !secret.contains(piece) {
                break;
            }
            if piece.len() > longest.len() {
                longest = piece;
            }
        }
    }
    longest
}

#[test]
fn each_secret_is_taken_out_in_each_spelling() {
    for secret in SECRETS {
        let redactor = Redactor::new(vec![secret.into()]);
        for (name, text, own) in spelled(secret) {
            for (before, after) in [("", ""), ("~ ", " ~"), ("x=", "&y"), ("\"", "\"")] {
                let clean = redactor.clean(&format!("{before}{text}{after}")).into_owned();
                assert!(clean.contains(REDACTED), "{name} of {secret}: {clean}");
                let left = left(&clean.replace(REDACTED, "·"), &own).chars().count();
                assert!(left <= 3, "{name} of {secret}: {clean}");
            }
        }
    }
}

#[test]
fn each_secret_that_is_cut_is_taken_out_in_each_spelling() {
    for secret in SECRETS {
        let redactor = Redactor::new(vec![secret.into()]);
        for (name, text, own) in spelled(secret) {
            for (cut, _) in text.char_indices().skip(1) {
                for mark in ["", "…", "...", "`", "\"…"] {
                    let clean = redactor.clean(&format!("~ {}{mark}", &text[..cut])).into_owned();
                    let rest = clean.replace(REDACTED, "·");
                    let left = left(&rest, &own);
                    // Five characters are too few to be recognized; a sixth may hold some bits of
                    // them in base64. Escaped, each of them is longer.
                    let escaped = left.contains(['%', '\\', '&']) || name.contains("hexa");
                    let few = if escaped { 6 * 12 } else { 6 };
                    assert!(left.chars().count() <= few, "{name} of {secret}: {clean}");
                }
            }
        }
    }
}
