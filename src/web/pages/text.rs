//! Texts fit to be shown: bounded, without control characters, with times and spans that read well.

use std::time::{Duration, SystemTime};

use crate::export::json::rfc3339;

/// A text on one line, of at most so many characters, without anything that would disturb the rest
/// of the page.
pub(in crate::web) fn bounded(text: &str, most: usize) -> String {
    cut(text, most, |c| c.is_whitespace().then_some(' '))
}

/// The same, with its line breaks.
pub(super) fn bounded_lines(text: &str, most: usize) -> String {
    cut(text, most, |c| matches!(c, '\n' | '\t').then_some(c))
}

fn cut(text: &str, most: usize, keep: impl Fn(char) -> Option<char>) -> String {
    let mut chars = text.chars();
    let shown = |c: char| {
        keep(c).unwrap_or(if c.is_control() || turns(c) { char::REPLACEMENT_CHARACTER } else { c })
    };
    let mut cut: String = chars.by_ref().take(most).map(shown).collect();
    if chars.next().is_some() {
        cut.push('…');
    }
    cut
}

/// Whether a character turns the direction of what follows, or hides.
fn turns(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A moment, as machines and as people read it.
#[derive(Debug)]
pub(super) struct Moment {
    /// For `datetime`.
    pub(super) machine: String,
    /// In full: "2026-11-21 03:42:07 UTC".
    pub(super) full: String,
    /// As seen from now: "20 min ago", "in 8 d".
    pub(super) near: String,
}

impl Moment {
    pub(super) fn of(at: SystemTime, now: SystemTime) -> Self {
        let machine = rfc3339(at);
        let full = machine.replace('T', " ").replace('Z', " UTC");
        let near = match (now.duration_since(at), at.duration_since(now)) {
            (Ok(ago), _) if ago.as_secs() == 0 => "just now".to_owned(),
            (Ok(ago), _) => format!("{} ago", span(ago)),
            (_, Ok(ahead)) => format!("in {}", span(ahead)),
            _ => full.clone(),
        };
        Self { machine, full, near }
    }
}

/// A span of time in its largest unit, or two where the first is coarse.
pub(super) fn span(span: Duration) -> String {
    let secs = span.as_secs();
    let two = |large: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {part}"),
    };
    match secs {
        0..60 => format!("{secs} s"),
        60..3_600 => format!("{} min", secs / 60),
        3_600..86_400 => two(secs / 3_600, "h", secs % 3_600 / 60, "min"),
        86_400..864_000 => two(secs / 86_400, "d", secs % 86_400 / 3_600, "h"),
        _ => format!("{} d", secs / 86_400),
    }
}

/// A ratio to two digits, downwards: 0.849 must not read as the 0.85 it misses.
pub(super) fn ratio(ratio: f64) -> String {
    format!("{:.2}", (ratio * 100.0 + 1e-6).floor() / 100.0)
}

/// A ratio as whole percents, downwards.
pub(super) fn percent(ratio: f64) -> String {
    format!("{:.0} %", (ratio * 100.0 + 1e-6).floor())
}

/// A text of the catalogue in pieces, each with whether it is code: what stands between backticks is.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.split('`').enumerate().map(|(place, piece)| (place % 2 == 1, piece))
}

pub(super) use crate::render::words::count;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(bounded("häuser", 3), "häu…");
        assert_eq!(bounded("häu", 3), "häu");
    }

    #[test]
    fn what_would_disturb_the_page_is_made_visible() {
        assert_eq!(bounded("a\nb\u{0}c\u{202e}d", 9), "a b\u{fffd}c\u{fffd}d");
        assert_eq!(bounded_lines("a\nb", 9), "a\nb");
    }

    #[test]
    fn spans_are_as_exact_as_anybody_cares_for() {
        let told = [0, 59, 60, 3_599, 3_600, 4_800, 86_400, 90_000, 864_000]
            .map(|secs| span(Duration::from_secs(secs)));
        assert_eq!(
            told,
            ["0 s", "59 s", "1 min", "59 min", "1 h", "1 h 20 min", "1 d", "1 d 1 h", "10 d"]
        );
    }

    #[test]
    fn what_stands_between_backticks_is_code() {
        let pieces: Vec<_> = pieces("run `ls -d` now").collect();
        assert_eq!(pieces, [(false, "run "), (true, "ls -d"), (false, " now")]);
    }

    #[test]
    fn a_moment_is_told_from_now() {
        assert_eq!(Moment::of(at(100), at(220)).near, "2 min ago");
        assert_eq!(Moment::of(at(220), at(100)).near, "in 2 min");
        assert_eq!(Moment::of(at(100), at(100)).full, "1970-01-01 00:01:40 UTC");
    }
}
