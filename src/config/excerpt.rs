//! A line of a file, cut to what can be shown.

/// What is shown of a line, and where the carets go under it.
pub(super) struct Excerpt {
    pub(super) text: String,
    pub(super) indent: usize,
    pub(super) carets: usize,
}

impl Excerpt {
    /// Puts the three parts of a line together; a long line keeps its beginning, its marked part and
    /// a little around it.
    pub(super) fn fit(before: &str, marked: &str, after: &str) -> Self {
        let lead: Vec<char> = before.chars().collect();
        let before: String = if lead.len() > WIDTH {
            "…".chars().chain(lead[lead.len() - WIDTH / 2..].iter().copied()).collect()
        } else {
            before.to_owned()
        };
        let cut = |text: &str| {
            let mut chars = text.chars();
            let mut text: String = chars.by_ref().take(WIDTH / 2).collect();
            if chars.next().is_some() {
                text.push('…');
            }
            text
        };
        let (marked, after) = (cut(marked), cut(after));
        let text = format!("{before}{marked}{after}").trim_end().to_owned();
        Self {
            text,
            indent: before.chars().count(),
            carets: marked.trim_end().chars().count().max(1),
        }
    }
}

/// A line that cannot move the cursor or switch the colours of the terminal it is shown on.
pub(super) fn printable(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().filter(|c| *c != '\u{feff}').map(shown).collect()
}

const WIDTH: usize = 120;
