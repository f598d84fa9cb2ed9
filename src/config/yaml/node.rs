//! The tree a YAML document is read into.

use crate::config::source::Span;

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) struct Node {
    pub(in crate::config) span: Span,
    pub(in crate::config) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) enum Value {
    /// Text as it was written. `plain` means without quotes: it may stand for a number, a truth value
    /// or nothing, which is for the reader to say.
    Scalar {
        text: Box<str>,
        plain: bool,
    },
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) struct Entry {
    /// Always a scalar.
    pub(in crate::config) key: Node,
    pub(in crate::config) value: Node,
}

/// What a plain scalar stands for, by YAML 1.2's core schema.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::config) enum Plain {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text,
}

impl Node {
    /// A mapping without entries, for what is mentioned without settings.
    pub(in crate::config) const fn empty(span: Span) -> Self {
        Self { span, value: Value::Mapping(Vec::new()) }
    }

    /// The text of a scalar.
    pub(in crate::config) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub(in crate::config) fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry of a mapping with this key.
    pub(in crate::config) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key.text() == Some(key))
    }

    /// The value under a key of a mapping.
    pub(in crate::config) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The nearest value to the one that keys and indices lead to.
    pub(in crate::config) fn nearest<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> &Self {
        let mut node = self;
        for step in path {
            let next = match &node.value {
                Value::Mapping(_) => node.get(step),
                Value::List(items) => step.parse().ok().and_then(|i: usize| items.get(i)),
                Value::Scalar { .. } => None,
            };
            let Some(next) = next else { break };
            node = next;
        }
        node
    }

    /// Keys and indices from here down to `wanted`, as people write them: `auth.tokens[0]`.
    pub(in crate::config) fn path_to(&self, wanted: &Self) -> Option<String> {
        let under = |step: String, node: &Self| {
            let rest = node.path_to(wanted)?;
            let dot = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
            Some(format!("{step}{dot}{rest}"))
        };
        if std::ptr::eq(self, wanted) {
            return Some(String::new());
        }
        match &self.value {
            Value::Scalar { .. } => None,
            Value::List(items) => {
                items.iter().enumerate().find_map(|(i, item)| under(format!("[{i}]"), item))
            }
            Value::Mapping(entries) => entries.iter().find_map(|entry| {
                under(entry.key.text().unwrap_or_default().to_owned(), &entry.value)
            }),
        }
    }

    /// What the value stands for when nobody asks for a type.
    pub(in crate::config) fn plain(&self) -> Plain {
        match &self.value {
            Value::Scalar { text, plain: true } => Plain::of(text),
            _ => Plain::Text,
        }
    }

    pub(in crate::config) fn is_null(&self) -> bool {
        self.plain() == Plain::Null
    }
}

impl Plain {
    pub(super) fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            _ => {}
        }
        // What is text at first sight is most of a configuration.
        if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
            return Self::Text;
        }
        match integer(text) {
            Some(number) => match (u64::try_from(number), i64::try_from(number)) {
                (Ok(number), _) => Self::Unsigned(number),
                (_, Ok(number)) => Self::Signed(number),
                _ => Self::Text,
            },
            None => float(text).map_or(Self::Text, Self::Float),
        }
    }
}

/// A whole number of the core schema: decimal, `0o` octal or `0x` hexadecimal.
pub(in crate::config) fn integer(text: &str) -> Option<i128> {
    let digits = |text: &str, radix| {
        let all = !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
        all.then(|| i128::from_str_radix(text, radix).ok()).flatten()
    };
    if let Some(octal) = text.strip_prefix("0o") {
        return digits(octal, 8);
    }
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return digits(hexadecimal, 16);
    }
    match text.strip_prefix('-') {
        Some(rest) => digits(rest, 10).map(|number| -number),
        None => digits(text.strip_prefix('+').unwrap_or(text), 10),
    }
}

/// A number of the core schema.
pub(in crate::config) fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => {
            return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    // Rust also reads `inf`, `infinity` and `nan`, which are text to YAML.
    let numeric = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let numeric = numeric && unsigned.contains(|c: char| c.is_ascii_digit());
    numeric.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, plain) in [
            ("", Plain::Null),
            ("~", Plain::Null),
            ("True", Plain::Bool(true)),
            ("yes", Plain::Text),
            ("007", Plain::Unsigned(7)),
            ("0x1F", Plain::Unsigned(31)),
            ("0o17", Plain::Unsigned(15)),
            ("-4", Plain::Signed(-4)),
            ("1.20", Plain::Float(1.2)),
            ("1e3", Plain::Float(1000.0)),
            ("-.inf", Plain::Float(f64::NEG_INFINITY)),
            ("infinity", Plain::Text),
            ("1_000", Plain::Text),
            ("1.2.3", Plain::Text),
            ("2026-12-31", Plain::Text),
            ("-", Plain::Text),
            (".", Plain::Text),
        ] {
            assert_eq!(Plain::of(text), plain, "{text}");
        }
    }
}
