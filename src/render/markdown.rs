//! Text and tables in Markdown as GitHub reads it.

use std::fmt::Write;

/// A table; nothing without rows.
pub(super) fn table<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut rows = rows.into_iter().peekable();
    let mut table = String::new();
    if rows.peek().is_none() {
        return table;
    }
    let line = |cells: [String; N]| format!("| {} |\n", cells.join(" | "));
    table.push_str(&line(head.map(str::to_owned)));
    table.push_str(&line(head.map(|_| "---".to_owned())));
    for row in rows {
        table.push_str(&line(row.map(|cell| cell.replace('|', "\\|"))));
    }
    table
}

/// Prose in which only backticks mean something: what else Markdown would read as markup is escaped.
pub(super) fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut in_code = false;
    for letter in text.chars() {
        match letter {
            '`' => in_code = !in_code,
            '<' | '*' | '[' | '\\' if !in_code => escaped.push('\\'),
            _ => {}
        }
        escaped.push(letter);
    }
    escaped
}

/// A word as code.
pub(super) fn code(word: impl AsRef<str>) -> String {
    format!("`{}`", word.as_ref())
}

/// Words as code, in a row.
pub(super) fn codes(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut row = String::new();
    for word in words {
        let comma = if row.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(row, "{comma}`{}`", word.as_ref());
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_does_not_end_a_cell() {
        let table = table(["a"], [["x|y".to_owned()]]);
        assert_eq!(table, "| a |\n| --- |\n| x\\|y |\n");
    }

    #[test]
    fn a_table_without_rows_is_nothing() {
        assert_eq!(table(["a"], []), "");
    }

    #[test]
    fn only_backticks_mean_something() {
        assert_eq!(prose("send <b> and `<b>` *now*"), "send \\<b> and `<b>` \\*now\\*");
    }
}
