//! Writing YAML, for `/config`.

use std::{borrow::Cow, fmt::Write as _};

use super::{Entry, Node, Plain, Value};

/// Appends `node` to `out` as block YAML, its lines indented by `indent` spaces.
///
/// `clean` takes secrets out of every text. What stands before `out`'s end must be a key's colon or
/// a list's hyphen.
pub(in crate::config) fn emit(
    out: &mut String,
    node: &Node,
    indent: usize,
    clean: &dyn Fn(&str) -> String,
) {
    match &node.value {
        Value::Scalar { text, plain } => {
            out.push(' ');
            out.push_str(&scalar(&clean(text), *plain));
            out.push('\n');
        }
        Value::List(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Mapping(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Value::List(items) => {
            out.push('\n');
            for item in items {
                out.extend(std::iter::repeat_n(' ', indent));
                out.push('-');
                emit(out, item, indent + 2, clean);
            }
        }
        Value::Mapping(entries) => {
            out.push('\n');
            for Entry { key, value } in entries {
                out.extend(std::iter::repeat_n(' ', indent));
                emit_entry(out, key.text().unwrap_or_default(), value, indent, clean);
            }
        }
    }
}

fn emit_entry(
    out: &mut String,
    key: &str,
    value: &Node,
    indent: usize,
    clean: &dyn Fn(&str) -> String,
) {
    out.push_str(&scalar(key, false));
    out.push(':');
    let Value::Scalar { text, plain } = &value.value else {
        return emit(out, value, indent + 2, clean);
    };
    // A password is known by the name before it, so the two are looked at together.
    let lead = format!("{key}: ");
    let cleaned = clean(&format!("{lead}{text}"));
    let text = cleaned.strip_prefix(&lead).unwrap_or(&cleaned);
    out.push(' ');
    out.push_str(&scalar(text, *plain));
    out.push('\n');
}

/// A scalar that reads back as the same text, quoted where it must be.
pub(in crate::config) fn scalar(text: &str, plain: bool) -> Cow<'_, str> {
    let bare = !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./+~:@".contains(c))
        && !text.starts_with(['-', '.', ':', '@'])
        && !text.ends_with(':');
    // Quotes make text of what would stand for a number, a truth value or nothing.
    let kept = if plain {
        text.is_empty() || bare || Plain::of(text) != Plain::Text
    } else {
        bare && Plain::of(text) == Plain::Text
    };
    if kept { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Line breaks of Unicode, the byte order mark, and what YAML does not print.
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') =>
            {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
