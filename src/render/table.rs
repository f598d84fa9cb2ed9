//! Tables for a terminal: no value but those of the last column is ever wrapped, and no word is broken.

use std::fmt::Write as _;

use textwrap::{Options, WordSplitter};

/// A table in at most `width` columns, or with a line a row if that is `None`. Empty if there are no
/// rows.
pub(super) fn table<const N: usize>(
    head: [&str; N],
    rows: Vec<[String; N]>,
    width: Option<usize>,
) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let widths: [usize; N] = std::array::from_fn(|column| {
        rows.iter().map(|row| textwrap::core::display_width(&row[column])).max().unwrap_or(0)
    });
    let before: usize = widths[..N - 1].iter().map(|width| width + GAP).sum();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (value, width) in row[..N - 1].iter().zip(widths) {
            let _ = write!(line, "{value:width$}{:GAP$}", "");
        }
        let last = &row[N - 1];
        match width {
            Some(width) if before + LEAST <= width => {
                let below = " ".repeat(before);
                let _ = writeln!(text, "{}", wrapped(last, width, &line, &below));
            }
            Some(width) => {
                let _ = writeln!(text, "{}", line.trim_end());
                let _ = writeln!(text, "{}", wrapped(last, width, INDENT, INDENT));
            }
            None => {
                let _ = writeln!(text, "{line}{last}");
            }
        }
    }
    text
}

fn wrapped(value: &str, width: usize, before: &str, below: &str) -> String {
    let options = Options::new(width).initial_indent(before).subsequent_indent(below);
    textwrap::fill(value, options.break_words(false).word_splitter(WordSplitter::NoHyphenation))
}

const GAP: usize = 2;
const INDENT: &str = "    ";
/// With less room the last column goes below the others.
const LEAST: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: Option<usize>) -> String {
        let row = ["tls-certificate-expired", "the certificate has expired for long enough"];
        table(["CHECK", "FAILS WHEN"], vec![row.map(str::to_owned)], width)
    }

    #[test]
    fn for_programs_a_row_is_a_line() {
        assert_eq!(
            shown(None),
            "CHECK                    FAILS WHEN\n\
             tls-certificate-expired  the certificate has expired for long enough\n"
        );
    }

    #[test]
    fn only_the_last_column_is_wrapped_and_words_stay_whole() {
        assert_eq!(
            shown(Some(50)),
            "CHECK                    FAILS WHEN\n\
             tls-certificate-expired  the certificate has\n                         \
             expired for long enough\n"
        );
        assert_eq!(
            shown(Some(40)),
            "CHECK\n    FAILS WHEN\ntls-certificate-expired\n    the certificate has expired for long\n    enough\n"
        );
    }
}
