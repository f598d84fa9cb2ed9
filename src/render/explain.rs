//! `gonogo explain`: a check as an operator at a terminal reads it. Styled; whoever prints it takes
//! the styles out where they are not wanted.

use std::fmt::Write;

use anstyle::Style;
use gonogo_probes::contract::{Check, Kind};
use textwrap::Options;

use super::words;

/// A check of the catalogue and the probe it belongs to.
///
/// # Errors
///
/// Returns an error that names the ids that were probably meant.
pub fn find<'a>(
    catalogue: &'a [Kind],
    id: &str,
) -> Result<(&'a Kind, &'static Check), UnknownCheck> {
    let known =
        || catalogue.iter().flat_map(|kind| kind.checks().into_iter().map(move |it| (kind, it)));
    known().find(|(_, check)| check.id == id).ok_or_else(|| UnknownCheck {
        id: id.to_owned(),
        meant: meant(id, known().map(|(_, check)| check.id)),
    })
}

/// There is no such check.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no check is called `{id}`; {}", self.hint())]
pub struct UnknownCheck {
    /// What was asked for.
    pub id: String,
    /// Ids that may have been meant, likeliest first.
    pub meant: Vec<&'static str>,
}

impl UnknownCheck {
    fn hint(&self) -> String {
        match self.meant.as_slice() {
            [] => "`gonogo list` shows every check".to_owned(),
            meant => format!("did you mean `{}`?", meant.join("`, or `")),
        }
    }
}

/// Everything there is to say about a check, for lines of at most `width` characters.
pub fn explain(kind: &Kind, check: &Check, width: usize) -> String {
    let width = width.clamp(NARROWEST, WIDEST);
    let mut page = Page { text: String::new(), width };
    let _ = writeln!(page.text, "{BOLD}{}{BOLD:#}", check.id);
    page.paragraph("", &words::sentence(check.fault));
    page.text.push('\n');
    let (impact, dimension) = (check.impact.as_str(), check.dimension.as_str());
    let footprint = kind.footprint();
    page.entry("impact", &format!("{impact}. {}", words::impact(check.impact)));
    page.entry("dimension", dimension);
    page.entry("settles", words::settles(check.settles));
    page.entry(
        "probe",
        &format!(
            "{}, {}. It is {}: it {}.",
            kind.name,
            words::interval(kind),
            footprint.as_str(),
            words::footprint(footprint),
        ),
    );
    page.section("What is sent and expected", check.how);
    page.section("Why it matters", check.why);
    page.section("How to mend it", check.fix);
    page.heading("How to waive it");
    page.paragraph("  ", WAIVE);
    page.text.push('\n');
    page.text.push_str(&waiver(check));
    page.heading("What it rests on");
    for source in check.sources {
        let hanging = Options::new(width).initial_indent("  - ").subsequent_indent("    ");
        page.wrapped(source, hanging);
    }
    page.text
}

/// A waiver of the check as it is written into the configuration.
fn waiver(check: &Check) -> String {
    format!(
        "    waivers:\n      \
         - check: {}\n        \
           target: NAME           # or \"*\" for every target\n        \
           subject: ITEM          # optional: one item, as reports name it\n        \
           reason: WHY            # why the fault may stay for now\n        \
           owner: WHO             # who answers for that\n        \
           expires: YYYY-MM-DD    # the last day, at most 90 days ahead\n",
        check.id
    )
}

struct Page {
    text: String,
    width: usize,
}

impl Page {
    fn heading(&mut self, heading: &str) {
        let _ = writeln!(self.text, "\n{UNDERLINED}{heading}{UNDERLINED:#}");
    }

    fn section(&mut self, heading: &str, text: &str) {
        self.heading(heading);
        self.paragraph("  ", text);
    }

    fn paragraph(&mut self, indent: &str, text: &str) {
        self.wrapped(
            text,
            Options::new(self.width).initial_indent(indent).subsequent_indent(indent),
        );
    }

    fn entry(&mut self, name: &str, text: &str) {
        let name = format!("  {name:<9}  ");
        let below = " ".repeat(name.len());
        self.wrapped(
            text,
            Options::new(self.width).initial_indent(&name).subsequent_indent(&below),
        );
    }

    fn wrapped(&mut self, text: &str, how: Options<'_>) {
        // A command in the text must be copied whole.
        let how = how.break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
        self.text.push_str(&textwrap::fill(text, how));
        self.text.push('\n');
    }
}

/// Ids like `wrong`: those that contain it, then those that differ by a slip or two.
fn meant(wrong: &str, known: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let wrong = wrong.to_lowercase().replace('_', "-");
    let likeness = |id: &str| {
        if !wrong.is_empty() && id.contains(&wrong) {
            1.0
        } else {
            strsim::normalized_damerau_levenshtein(&wrong, id)
        }
    };
    let mut near: Vec<(f64, &'static str)> =
        known.map(|id| (likeness(id), id)).filter(|(likeness, _)| *likeness >= ALIKE).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    near.into_iter().map(|(_, id)| id).take(MOST_MEANT).collect()
}

const WAIVE: &str = "A waiver accepts the fault until a date. Everything that shows the check shows the \
                     waiver with it. Put this into the configuration:";

const BOLD: Style = Style::new().bold();
const UNDERLINED: Style = Style::new().underline();

/// Below this, words no longer fit; above, lines are hard to read.
const NARROWEST: usize = 40;
const WIDEST: usize = 100;

const ALIKE: f64 = 0.7;
const MOST_MEANT: usize = 3;

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::render::fixture::CATALOGUE;

    fn plain(id: &str, width: usize) -> String {
        let (kind, check) = find(&CATALOGUE, id).expect(id);
        strip_str(&explain(kind, check, width)).to_string()
    }

    #[test]
    fn a_check_is_explained_like_this() {
        insta::assert_snapshot!(plain("gate-open", 80));
    }

    #[test]
    fn no_line_is_wider_than_asked_for() {
        for width in [72, 80, 100] {
            let text = plain("gate-open", width);
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{width}\n{text}");
        }
    }

    #[test]
    fn headings_stand_out_only_where_styles_are_wanted() {
        let (kind, check) = find(&CATALOGUE, "gate-open").expect("gate-open");
        assert!(explain(kind, check, 80).contains("\u{1b}[4mWhy it matters\u{1b}[0m"));
        assert!(!plain("gate-open", 80).contains('\u{1b}'));
    }

    #[test]
    fn a_slip_is_answered_with_what_was_meant() {
        let error = |id| find(&CATALOGUE, id).expect_err(id).to_string();
        assert_eq!(error("gate-opne"), "no check is called `gate-opne`; did you mean `gate-open`?");
        assert_eq!(
            error("Gate_Creaks"),
            "no check is called `Gate_Creaks`; did you mean `gate-creaks`?"
        );
        assert_eq!(
            error("open"),
            "no check is called `open`; did you mean `door-open`, or `gate-open`?"
        );
        assert_eq!(error("moat"), "no check is called `moat`; `gonogo list` shows every check");
        assert_eq!(error(""), "no check is called ``; `gonogo list` shows every check");
    }
}
