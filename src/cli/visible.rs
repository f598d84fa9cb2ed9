//! A log in which nothing can move a cursor, turn a text or hide in it, whoever said it.

use std::io::{self, Write};

use gonogo_probes::contract::boundary;

/// Escapes what cannot be seen in the lines that are written to it, but for line ends and colours.
pub(super) struct Visible<W> {
    inner: W,
    /// Whether the lines are JSON, which escapes in its own way.
    json: bool,
}

impl<W: Write> Visible<W> {
    pub(super) const fn new(inner: W, json: bool) -> Self {
        Self { inner, json }
    }
}

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.inner.write_all(visible(&String::from_utf8_lossy(line), self.json).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn visible(text: &str, json: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = colour(rest);
        let length = if colour > 0 { colour } else { c.len_utf8() };
        let (piece, after) = rest.split_at(length);
        if colour > 0 || c == '\n' {
            out.push_str(piece);
        } else if json && !c.is_ascii() && boundary::escaped(piece) != piece {
            let units = &mut [0; 2];
            let units = c.encode_utf16(units).iter();
            out.extend(units.map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push_str(&boundary::escaped(piece));
        }
        rest = after;
    }
    out
}

/// The length of the escape sequence for a colour or style that a text begins with.
fn colour(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(rest.len());
    if rest[end..].starts_with('m') { 2 + end + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown_and_colours_stay() {
        assert_eq!(
            visible("\u{1b}[2mWARN\u{1b}[0m a\u{1b}[2Jb\u{202e}c\u{9b}d\re\n", false),
            "\u{1b}[2mWARN\u{1b}[0m a\\u{1b}[2Jb\\u{202e}c\\u{9b}d\\re\n"
        );
    }

    #[test]
    fn a_line_of_json_stays_one() {
        let shown = visible("{\"said\":\"a\u{202e}b\u{9b}c\u{e0041}\"}\n", true);
        assert_eq!(shown, "{\"said\":\"a\\u202eb\\u009bc\\udb40\\udc41\"}\n");
        let read: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(read["said"], "a\u{202e}b\u{9b}c\u{e0041}");
    }
}
