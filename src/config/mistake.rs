//! What is wrong with a configuration, shown the way compilers show it.

use std::{collections::HashSet, fmt};

use anstyle::{AnsiColor, Style};
use gonogo_probes::contract::redact::{REDACTED, Redactor};

use super::{
    excerpt::{Excerpt, printable},
    problem::{Place, Problem},
    source::{Source, Span},
};

/// Everything that is wrong with a configuration, in the order of the files.
///
/// Displayed as plain text; [`Mistakes::render`] colours it. No secret is ever shown.
#[derive(Debug)]
pub struct Mistakes {
    list: Vec<Mistake>,
    sources: Vec<Source>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Mistake {
    pub(super) span: Span,
    /// What is wrong, as a lower-case fragment without a full stop.
    pub(super) message: String,
    /// What would be right.
    pub(super) help: Option<String>,
    /// Another place that has to do with it, and how.
    also: Option<(Span, &'static str)>,
    shown: Shown,
}

/// How much of the line the excerpt shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shown {
    Line,
    /// Up to the end of the span: what follows an unknown key may be anything, even a password.
    UpToSpan,
    /// Neither the span nor what follows it.
    Secret,
}

impl Mistake {
    pub(super) fn at(span: Span, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { span, message, help: None, also: None, shown: Shown::Line }
    }

    /// A mistake in a key, which says nothing about the value.
    pub(super) fn at_key(span: Span, message: impl Into<String>) -> Self {
        Self { shown: Shown::UpToSpan, ..Self::at(span, message) }
    }

    /// A mistake at a value that may be a secret.
    pub(super) fn at_secret(span: Span, message: impl Into<String>) -> Self {
        Self { shown: Shown::Secret, ..Self::at(span, message) }
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// Names another place: `words` end in a preposition.
    #[must_use]
    pub(super) fn also(mut self, words: &'static str, span: Span) -> Self {
        self.also = Some((span, words));
        self
    }

    /// The mistake without an excerpt, as it may be shown.
    pub(super) fn problem(&self, sources: &[Source]) -> Problem {
        let source = &sources[self.span.file as usize];
        let (line, column) = source.line_and_column(self.span.start);
        let file = source.path.display().to_string();
        Problem {
            place: Some(Place { file, line, column }),
            message: printable(&Redactor::default().clean(&self.message)),
            help: self.help.clone(),
        }
    }

    fn is_secret(&self) -> bool {
        self.shown == Shown::Secret
    }
}

impl Mistakes {
    pub(super) fn new(mut list: Vec<Mistake>, sources: Vec<Source>) -> Self {
        // What stands once and is meant many times, by an alias, is one mistake.
        let mut known = HashSet::new();
        list.retain(|mistake| known.insert((mistake.span, mistake.message.clone())));
        list.sort_by_key(|mistake| mistake.span);
        Self { list, sources }
    }

    /// How many there are; at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// All of them, without excerpts.
    pub fn problems(&self) -> Vec<Problem> {
        self.list.iter().map(|mistake| mistake.problem(&self.sources)).collect()
    }

    /// All of them as text, in colour or plain.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut text = String::new();
        let palette = if colour { Palette::COLOURED } else { Palette::default() };
        let secrets = self.list.iter().filter(|mistake| mistake.is_secret());
        let secrets: Vec<Span> = secrets.map(|mistake| mistake.span).collect();
        for mistake in &self.list {
            // Writing to a string cannot fail.
            let _ = self.render_one(&mut text, mistake, &secrets, &palette);
            text.push('\n');
        }
        let count = self.list.len();
        text + &format!("{count} mistake{}", if count == 1 { "" } else { "s" })
    }

    fn render_one(
        &self,
        out: &mut dyn fmt::Write,
        mistake: &Mistake,
        secrets: &[Span],
        palette: &Palette,
    ) -> fmt::Result {
        let Palette { place, message, frame, caret, help } = palette;
        let clean = Redactor::default();
        let said = printable(&clean.clean(&mistake.message));
        let span = mistake.span;
        let source = &self.sources[span.file as usize];
        let (line, column) = source.line_and_column(span.start);
        let path = source.path.display();
        writeln!(out, "{place}{path}:{line}:{column}:{place:#} {message}{said}{message:#}")?;
        let excerpt = excerpt(mistake, secrets, source, line);
        let gutter = " ".repeat(line.to_string().len());
        writeln!(out, "{gutter} {frame}|{frame:#}")?;
        writeln!(out, "{frame}{line} |{frame:#} {}", excerpt.text)?;
        let (indent, carets) = (" ".repeat(excerpt.indent), "^".repeat(excerpt.carets));
        writeln!(out, "{gutter} {frame}|{frame:#} {indent}{caret}{carets}{caret:#}")?;
        if let Some((span, words)) = mistake.also
            && let Some(source) = self.sources.get(span.file as usize)
        {
            let (line, column) = source.line_and_column(span.start);
            let path = source.path.display();
            writeln!(out, "{gutter} {frame}={frame:#} note: {words} {path}:{line}:{column}")?;
        }
        mistake.help.iter().try_for_each(|text| {
            writeln!(out, "{gutter} {frame}={frame:#} {help}help:{help:#} {text}")
        })
    }
}

/// The line, cut to what may and can be shown, and where the carets go.
fn excerpt(mistake: &Mistake, secrets: &[Span], source: &Source, line: u32) -> Excerpt {
    let (text, offset) = source.line_text(line);
    let span = mistake.span;
    let within = |byte: u32| (byte.saturating_sub(offset) as usize).min(text.len());
    let start = text.floor_char_boundary(within(span.start));
    let end = text.ceil_char_boundary(within(span.end)).max(start);
    // Nothing is shown from the first secret of the line on, whichever mistake this is.
    // The span of text over several lines ends where the next thing begins.
    let indented = offset as usize + text.len() - text.trim_start().len();
    let touches = |secret: &&Span| {
        let (start, end) = (secret.start as usize, secret.end as usize);
        let begins_here = (offset as usize..=offset as usize + text.len()).contains(&start);
        let runs_on = start < offset as usize && end > indented;
        secret.file == span.file && (begins_here || runs_on)
    };
    let hidden = secrets.iter().filter(touches).map(|secret| within(secret.start)).min();
    let clean = |text: &str| printable(&Redactor::default().clean(text));
    let (before, marked, after) = match (mistake.shown, hidden) {
        (_, Some(hidden)) if hidden <= start => {
            (clean(&text[..hidden]), REDACTED.to_owned(), String::new())
        }
        (Shown::UpToSpan, _) => {
            let more = match text[end..].trim_end() {
                "" => "",
                ":" => ":",
                _ => ": …",
            };
            (clean(&text[..start]), clean(&text[start..end]), more.to_owned())
        }
        (_, hidden) => {
            let stop = hidden.unwrap_or(text.len()).max(end);
            (clean(&text[..start]), clean(&text[start..end]), clean(&text[end..stop]))
        }
    };
    Excerpt::fit(&before, &marked, &after)
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Mistakes {}

#[derive(Default)]
struct Palette {
    place: Style,
    message: Style,
    frame: Style,
    caret: Style,
    help: Style,
}

impl Palette {
    const COLOURED: Self = Self {
        place: Style::new().bold(),
        message: AnsiColor::Red.on_default().bold(),
        frame: AnsiColor::Blue.on_default(),
        caret: AnsiColor::Red.on_default().bold(),
        help: AnsiColor::Green.on_default(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str, list: Vec<Mistake>) -> Mistakes {
        Mistakes::new(list, vec![Source::new("gonogo.yaml".as_ref(), text.into())])
    }

    fn span(start: u32, end: u32) -> Span {
        Span { file: 0, start, end }
    }

    #[test]
    fn points_at_the_place_and_says_what_would_be_right() {
        let mistake =
            Mistake::at(span(7, 11), "unknown key `urll`").help("did you mean `url`?".to_owned());
        assert_eq!(
            mistakes("a: 1\n  urll: x\n", vec![mistake]).to_string(),
            "gonogo.yaml:2:3: unknown key `urll`\n  |\n2 |   urll: x\n  |   ^^^^\n  = help: did you mean `url`?\n\n1 mistake"
        );
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let mistakes = mistakes("a: 1", vec![Mistake::at(span(3, 4), "no")]);
        let coloured = anstream::adapter::strip_str(&mistakes.render(true)).to_string();
        assert_eq!(coloured, mistakes.to_string());
        assert_ne!(mistakes.render(true), mistakes.to_string());
    }

    #[test]
    fn a_secret_is_hidden_in_every_excerpt_of_its_line() {
        let text = "{a: hunter2, b: hunter3, c: 4}";
        let list = vec![
            Mistake::at_secret(span(4, 11), "never here"),
            Mistake::at_secret(span(16, 23), "never here"),
            Mistake::at_key(span(25, 26), "unknown key `c`"),
            Mistake::at(span(1, 2), "a"),
        ];
        let shown = mistakes(text, list).to_string();
        assert!(!shown.contains("hunter"), "{shown}");
    }

    #[test]
    fn what_follows_an_unknown_key_is_not_shown() {
        let shown =
            mistakes("pasword: hunter2", vec![Mistake::at_key(span(0, 7), "unknown")]).to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_line_cannot_write_to_the_terminal_and_long_ones_are_cut() {
        let shown =
            mistakes("\u{1b}[2Ja: 1", vec![Mistake::at(span(0, 1), "no \u{7}")]).to_string();
        assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
        let long = format!("{}!{}", "x".repeat(5000), "y".repeat(5000));
        let shown = mistakes(&long, vec![Mistake::at(span(5000, 5001), "no")]).to_string();
        assert!(shown.contains("x!y") && shown.len() < 600, "{shown}");
    }
}
