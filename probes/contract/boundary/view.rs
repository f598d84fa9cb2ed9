//! A text with its escapes undone, and where each byte of that came from.

use super::known::is_end;

/// A text as somebody reads it who undoes its escapes.
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// Where each byte begins in the text that was read, and where the text ends.
    starts: Vec<usize>,
}

/// A way to escape characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Escape {
    /// `%2F`
    Percent,
    /// The same, with a plus sign for a space.
    Form,
    /// `\"`, `\u0022`, `\u{22}`, `\x22`
    Backslash,
    /// `&quot;`, `&#34;`, `&#x22;`
    Entity,
}

impl View {
    /// Every reading of a text that differs from it: escapes may be nested twice.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let mut views: Vec<Self> =
            Escape::ALL.iter().filter_map(|escape| escape.undo(text.as_bytes())).collect();
        for place in 0..views.len() {
            let outer = &views[place];
            let inner = Escape::ALL.iter().filter_map(|escape| escape.undo(&outer.bytes));
            let inner: Vec<Self> = inner.map(|view| view.through(outer)).collect();
            views.extend(inner);
        }
        views
    }

    /// Where a range of this view stands in the text that was read.
    pub(super) fn source(&self, start: usize, end: usize) -> (usize, usize) {
        (self.starts[start], self.starts[end])
    }

    /// The same view, as one of what `outer` was made of.
    fn through(mut self, outer: &Self) -> Self {
        for start in &mut self.starts {
            *start = outer.starts[*start];
        }
        self
    }
}

impl Escape {
    const ALL: [Self; 4] = [Self::Percent, Self::Form, Self::Backslash, Self::Entity];

    const fn sign(self) -> u8 {
        match self {
            Self::Percent => b'%',
            Self::Form => b'+',
            Self::Backslash => b'\\',
            Self::Entity => b'&',
        }
    }

    /// The view without these escapes; `None` where there are none.
    fn undo(self, text: &[u8]) -> Option<View> {
        let first = text.iter().position(|byte| *byte == self.sign())?;
        // Of the plus sign's kin, some may stand before it.
        let mut at = if self == Self::Form { 0 } else { first };
        let mut view = View { bytes: text[..at].to_vec(), starts: (0..at).collect() };
        while at < text.len() {
            match self.read(&text[at..]) {
                Read::Plain => match self.cut(&text[at..]) {
                    // The rest of the escape was cut off.
                    Some(length) => at += length - 1,
                    None => view.push(&text[at..=at], at),
                },
                Read::Char(c, length) => {
                    view.push(c.encode_utf8(&mut [0; 4]).as_bytes(), at);
                    at += length - 1;
                }
                Read::Byte(byte, length) => {
                    view.push(&[byte], at);
                    at += length - 1;
                }
            }
            at += 1;
        }
        view.starts.push(text.len());
        Some(view)
    }

    fn read(self, rest: &[u8]) -> Read {
        match (self, rest[0]) {
            (Self::Percent | Self::Form, b'%') => percent(rest),
            (Self::Form, b'+') => Read::Byte(b' ', 1),
            (Self::Backslash, b'\\') => backslash(rest),
            (Self::Entity, b'&') => entity(rest),
            _ => Read::Plain,
        }
    }

    /// The length of the escape that begins here and is cut with the text.
    fn cut(self, rest: &[u8]) -> Option<usize> {
        let is_hex = |byte: &u8| byte.is_ascii_hexdigit();
        let run = |from: usize, of: &dyn Fn(&u8) -> bool| {
            rest.iter().skip(from).take(LONGEST).take_while(|byte| of(byte)).count()
        };
        let length = match (self, rest) {
            (Self::Percent | Self::Form, [b'%', ..]) => 1 + run(1, &is_hex),
            (Self::Backslash, [b'\\', b'x', ..]) => 2 + run(2, &is_hex),
            (Self::Backslash, [b'\\', b'u', ..]) => {
                2 + run(2, &|byte| is_hex(byte) || b"{\\u".contains(byte))
            }
            (Self::Backslash, [b'\\', ..]) => 1,
            (Self::Entity, [b'&', ..]) => 1 + run(1, &|b| b.is_ascii_alphanumeric() || *b == b'#'),
            _ => return None,
        };
        is_end(&rest[length..]).then_some(length)
    }
}

impl View {
    fn push(&mut self, bytes: &[u8], at: usize) {
        self.bytes.extend_from_slice(bytes);
        self.starts.extend(bytes.iter().map(|_| at));
    }
}

/// What stands at the beginning of a text.
enum Read {
    Plain,
    /// An escaped byte, and the length of the escape.
    Byte(u8, usize),
    /// An escaped character, and the length of the escape.
    Char(char, usize),
}

fn percent(rest: &[u8]) -> Read {
    match rest {
        [_, high, low, ..] => number(&[*high, *low], 16)
            .and_then(|byte| u8::try_from(byte).ok())
            .map_or(Read::Plain, |byte| Read::Byte(byte, 3)),
        _ => Read::Plain,
    }
}

fn backslash(rest: &[u8]) -> Read {
    let simple = |c| Read::Char(c, 2);
    match rest.get(1) {
        Some(b'n') => simple('\n'),
        Some(b't') => simple('\t'),
        Some(b'r') => simple('\r'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'0') => simple('\0'),
        Some(b'x') => hex(rest, 2, 2),
        Some(b'u') if rest.get(2) == Some(&b'{') => match rest.iter().position(|b| *b == b'}') {
            Some(end) => number(&rest[3..end], 16)
                .and_then(char::from_u32)
                .map_or(Read::Plain, |c| Read::Char(c, end + 1)),
            None => Read::Plain,
        },
        Some(b'u') => surrogates(rest).unwrap_or_else(|| hex(rest, 2, 4)),
        Some(c) if c.is_ascii_punctuation() => simple(char::from(*c)),
        _ => Read::Plain,
    }
}

/// A character beyond the basic plane, as JSON writes it.
fn surrogates(rest: &[u8]) -> Option<Read> {
    let high = number(rest.get(2..6)?, 16).filter(|unit| (0xd800..0xdc00).contains(unit))?;
    let low = rest.get(6..12).filter(|low| low.starts_with(b"\\u"))?;
    let low = number(&low[2..], 16).filter(|unit| (0xdc00..0xe000).contains(unit))?;
    let point = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    char::from_u32(point).map(|c| Read::Char(c, 12))
}

fn hex(rest: &[u8], start: usize, digits: usize) -> Read {
    match rest.get(start..start + digits) {
        None => Read::Plain,
        Some(found) => number(found, 16)
            .and_then(char::from_u32)
            .map_or(Read::Plain, |c| Read::Char(c, start + digits)),
    }
}

fn entity(rest: &[u8]) -> Read {
    let window = &rest[1..rest.len().min(LONGEST)];
    let length = window.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    let (name, after) = window.split_at(length);
    let closed = usize::from(after.first() == Some(&b';'));
    if closed == 0 && is_end(&rest[1 + length..]) {
        // More digits may have followed.
        return Read::Plain;
    }
    let c = match name {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16).and_then(char::from_u32),
        [b'#', digits @ ..] => number(digits, 10).and_then(char::from_u32),
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        _ => None,
    };
    c.map_or(Read::Plain, |c| Read::Char(c, 1 + length + closed))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

/// The longest escape there is.
const LONGEST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(escape: Escape, text: &str) -> String {
        let view = escape.undo(text.as_bytes()).expect("escapes");
        assert_eq!(view.starts.len(), view.bytes.len() + 1);
        String::from_utf8_lossy(&view.bytes).into_owned()
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(undone(Escape::Percent, "a%2fb%2Fc%zz%"), "a/b/c%zz");
        assert_eq!(undone(Escape::Form, "a+b%20c"), "a b c");
        assert_eq!(
            undone(Escape::Backslash, r#"\"\u0041\u{42}\x43\n\ud83d\ude00\q"#),
            "\"ABC\n😀\\q"
        );
        assert_eq!(undone(Escape::Entity, "&lt;&#65;&#x42;&amp;amp;&x;"), "<AB&amp;&x;");
    }

    #[test]
    fn what_is_left_of_an_escape_at_the_end_is_dropped() {
        for (escape, cut) in [
            (Escape::Percent, "ab%2"),
            (Escape::Backslash, "ab\\"),
            (Escape::Backslash, "ab\\u00"),
            (Escape::Backslash, "ab\\ud83d\\ude"),
            (Escape::Backslash, "ab\\u{4"),
            (Escape::Entity, "ab&quo"),
            (Escape::Entity, "ab&"),
        ] {
            assert_eq!(undone(escape, cut), "ab", "{cut}");
            assert_eq!(undone(escape, &format!("{cut}…")), "ab…", "{cut}");
        }
    }

    #[test]
    fn a_range_leads_back_to_the_text_through_both_escapes() {
        let text = "x%26quot%3By";
        let nested = View::all(text).into_iter().find(|view| view.bytes == b"x\"y");
        let nested = nested.expect("undone twice");
        assert_eq!(nested.source(1, 2), (1, 11));
        assert_eq!(&text[1..11], "%26quot%3B");
    }
}
