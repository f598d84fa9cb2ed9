//! A secret as it may stand in a text: as it is, or within base64 or hexadecimal.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret, SecretString};

/// One way to write a secret.
pub(super) struct Spelling {
    pub(super) text: SecretString,
    /// Whether the beginning alone, at the end of a text, is taken out too.
    pub(super) cut: bool,
    /// Base64 characters before and after that hold some bits of the secret.
    pub(super) margin: (usize, usize),
}

/// How a secret may be written, but for escapes, which are undone in the text. Case never matters.
pub(super) fn spellings(secret: &str, cut: bool) -> Vec<Spelling> {
    let mut spellings = vec![Spelling { text: secret.into(), cut, margin: (0, 0) }];
    let mut add = |text: String, margin| {
        let known = spellings.iter().any(|known| known.text.expose_secret() == text);
        if text.len() >= SHORTEST && !known {
            spellings.push(Spelling { text: text.into(), cut, margin });
        }
    };
    // Case is ignored for ASCII alone.
    if !secret.is_ascii() {
        add(secret.to_lowercase(), (0, 0));
        add(secret.to_uppercase(), (0, 0));
    }
    for before in 0..3 {
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(secret.as_bytes());
            let text = engine.encode(&bytes);
            // A character is six bits: those which hold bits of the neighbours are not known.
            let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
            let margin = (usize::from(before > 0), usize::from(bytes.len() % 3 > 0));
            if start < end {
                add(text[start..end].to_owned(), margin);
            }
        }
    }
    let hex: Vec<String> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    add(hex.concat(), (0, 0));
    spellings
}

/// A spelling shorter than this stands in every text.
const SHORTEST: usize = 4;
