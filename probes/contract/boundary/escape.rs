//! Making visible what would move a cursor, forge a line, turn the direction of a text or hide in it.

use std::{borrow::Cow, fmt::Write};

/// The text with control, bidirectional and invisible characters escaped: `\n`, `\u{202e}`.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_unsafe) else { return Cow::Borrowed(text) };
    let mut safe = String::with_capacity(text.len() + 16);
    safe.push_str(&text[..first]);
    for c in text[first..].chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_unsafe(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Whether a character does something to the text around it, or cannot be seen.
fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(c,
        // C1; the soft hyphen; combining, Arabic, Hangul, Khmer and Mongolian characters without a glyph.
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        // Zero-width, line ends, directions, what is deprecated among them, and fillers.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        // Musical controls, and tags.
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(
            escaped("a\u{1b}[2J\u{7}\0\u{9b}1m\u{202e}b\u{200b}\u{feff}\r\n\tc\u{e0041}"),
            "a\\u{1b}[2J\\u{7}\\u{0}\\u{9b}1m\\u{202e}b\\u{200b}\\u{feff}\\r\\n\\tc\\u{e0041}"
        );
    }

    #[test]
    fn what_can_be_seen_stays_and_is_not_copied() {
        for text in ["status 200, \\n", "Straße, 東京, 😀, ❤\u{fe0f}", ""] {
            assert!(matches!(escaped(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn escaping_twice_changes_nothing() {
        let once = escaped("a\u{1b}\n").into_owned();
        assert_eq!(escaped(&once), once);
    }
}
