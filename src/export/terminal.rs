//! Assessments → text for a person at a terminal. Styled; whoever prints it takes the styles out where
//! they are not wanted. No status is told by colour alone.

use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

use anstyle::{AnsiColor, Style};
use gonogo_probes::contract::Confidence;

use crate::{
    assessment::{Assessment, Line, unused},
    causes::{Cause, causes},
    export::{json::rfc3339, timeline},
    policy::Status,
    scorecard::{Reason, Verdict, first_few},
};

/// How much is told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Detail {
    /// Every item with its replay command, and what passed, one line each.
    pub verbose: bool,
    /// What was seen, right or wrong, as a table.
    pub facts: bool,
    /// The columns there are, where that is known.
    pub columns: Option<usize>,
}

/// Tells of all targets, in the order given.
pub fn render(assessments: &[Assessment<'_>], detail: Detail, now: SystemTime) -> String {
    let mut out = String::new();
    for assessment in assessments {
        target(&mut out, assessment, detail, now);
        out.push('\n');
    }
    for waiver in unused(assessments) {
        let target = waiver.target.as_deref().unwrap_or("any target");
        let subject = waiver.subject.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
        let _ = writeln!(
            out,
            "{YELLOW}unused waiver{YELLOW:#}: `{}`{subject} does not fail on {target}",
            waiver.check
        );
    }
    out
}

fn target(out: &mut String, assessment: &Assessment<'_>, detail: Detail, now: SystemTime) {
    let known = assessment.target;
    let _ = write!(out, "{BOLD}{}{BOLD:#}  {}", known.target.name, known.target.url);
    if let Some(revision) = &known.revision {
        let age = age(revision.first_seen, now);
        let _ = write!(out, "  revision {}, first seen {age} ago", revision.value);
    }
    out.push_str("\n\n");
    let causes: Vec<Cause<'_>> = if detail.verbose { Vec::new() } else { causes(assessment) };
    let shared: Vec<&Cause<'_>> = causes.iter().filter(|cause| cause.is_shared()).collect();
    let mut lines = assessment.by_urgency();
    lines.retain(|line| {
        let is_shared = |cause: &&Cause<'_>| cause.lines.iter().any(|l| std::ptr::eq(*l, *line));
        detail.verbose || (is_told(line) && !shared.iter().any(is_shared))
    });
    let width = lines.iter().map(|line| line.check.id.len()).max().unwrap_or(0);
    for line in &lines {
        finding(out, line, known.target.url.as_str(), width, detail.verbose, now);
    }
    for cause in shared {
        let headline = cause.headline();
        let _ = writeln!(out, "  {YELLOW}unknown{YELLOW:#}  {BOLD}{headline}{BOLD:#}");
        if cause.check.is_some() {
            let _ = writeln!(out, "{INDENT}{}", cause.seen);
        }
        let _ = writeln!(out, "{INDENT}{DIM}through {}{DIM:#}", first_few(&cause.probes()));
    }
    let (passed, skipped) = (assessment.count("pass"), assessment.count("skip"));
    if !detail.verbose && passed + skipped > 0 {
        let apply = if skipped == 1 { "does not apply" } else { "do not apply" };
        let _ = writeln!(out, "  {GREEN}ok{GREEN:#}       {passed} passed, {skipped} {apply}");
    }
    for said in &assessment.attestations {
        let _ = writeln!(
            out,
            "  attested {}: {} ({}/10, by {}, until {})",
            said.dimension,
            said.statement,
            said.score,
            said.by,
            rfc3339(said.until)
        );
    }
    for probe in &known.probes {
        let Some(dated) = &probe.timeline else { continue };
        let ago = age(dated.began, now);
        let _ = writeln!(out, "\n  {BOLD}{} · timeline{BOLD:#}, begun {ago} ago", probe.name);
        out.push_str(&timeline::draw(&dated.timeline, detail.columns.unwrap_or(COLUMNS)));
    }
    if detail.facts {
        facts(out, assessment);
    }
    out.push('\n');
    verdict(out, assessment);
}

/// What needs somebody's eyes.
fn is_told(line: &Line<'_>) -> bool {
    !matches!(line.status, Status::Pass | Status::Skip)
}

fn finding(
    out: &mut String,
    line: &Line<'_>,
    url: &str,
    width: usize,
    verbose: bool,
    now: SystemTime,
) {
    let (style, word) = match line.status {
        Status::Pass => (GREEN, "ok"),
        Status::Fail(Confidence::Tentative) => (YELLOW, "FAIL?"),
        Status::Fail(_) => (RED, "FAIL"),
        Status::Waived => (CYAN, "waived"),
        Status::Unknown(_) => (YELLOW, "unknown"),
        Status::Skip => (DIM, "skip"),
    };
    let (id, impact) = (line.check.id, line.check.impact.as_str());
    let _ = write!(out, "  {style}{word:<8}{style:#} {impact:<8} {BOLD}{id:<width$}{BOLD:#}  ");
    match line.status {
        Status::Fail(_) | Status::Waived => out.push_str(line.check.fault),
        Status::Unknown(obstacle) => {
            let _ = write!(out, "could not tell ({})", obstacle.as_str().replace('_', " "));
        }
        // The items below say it.
        Status::Pass | Status::Skip if verbose && !line.items.is_empty() => {}
        Status::Pass | Status::Skip => out.push_str(&line.seen()),
    }
    out.push('\n');
    if let Some(waiver) = line.waiver {
        let left = age(now, waiver.expires);
        let ticket = waiver.ticket.as_ref().map(|t| format!(", {t}")).unwrap_or_default();
        let _ = writeln!(
            out,
            "{INDENT}{DIM}accepted by {}{ticket}, ends in {left}: {}{DIM:#}",
            waiver.owner, waiver.reason
        );
    }
    let probe = &line.probe.name;
    if verbose {
        let _ = writeln!(out, "{INDENT}{DIM}{probe}, {url}{DIM:#}");
        for item in line.items {
            let subject = if item.subject.is_empty() { "" } else { ": " };
            let _ = write!(out, "{INDENT}{}{subject}{}", item.subject, item.seen);
            if let Some(waiver) = line.waiver_of(item).filter(|waiver| waiver.subject.is_some()) {
                let _ = write!(out, " {DIM}(accepted by {}){DIM:#}", waiver.owner);
            }
            out.push('\n');
            if let Some(replay) = &item.replay {
                let _ = writeln!(out, "{INDENT}{DIM}$ {replay}{DIM:#}");
            }
        }
        if line.rest.total() > 0 {
            let _ = writeln!(out, "{INDENT}and {} more", line.rest.total());
        }
    } else if is_told(line) {
        let seen = line.seen();
        let colon = if seen.is_empty() { "" } else { ": " };
        let _ = writeln!(out, "{INDENT}{DIM}{probe}, {url}{colon}{DIM:#}{seen}");
    }
}

fn facts(out: &mut String, assessment: &Assessment<'_>) {
    for probe in &assessment.target.probes {
        let width = probe.facts.iter().map(|fact| fact.name.len()).max().unwrap_or(0);
        let mut topic = "";
        for fact in &probe.facts {
            if topic != fact.topic {
                topic = &fact.topic;
                let _ = writeln!(out, "\n  {BOLD}{} · {topic}{BOLD:#}", probe.name);
            }
            let _ = writeln!(out, "    {:<width$}  {}", fact.name, fact.value);
        }
    }
}

fn verdict(out: &mut String, assessment: &Assessment<'_>) {
    let card = &assessment.card;
    let style = match card.verdict {
        Verdict::Go => GREEN,
        Verdict::Staged | Verdict::Unknown => YELLOW,
        Verdict::NoGo => RED,
    };
    let style = style.bold();
    let _ = write!(out, "{style}{}{style:#}", card.verdict.shown());
    if let Some(part) = assessment.part {
        let _ = write!(out, " {}", part.shown());
    }
    let clauses: Vec<String> = card.reasons.iter().map(Reason::shown).collect();
    let _ = writeln!(out, ": {}", clauses.join("; "));
    let (low, high) = (floor(card.score.low), floor(card.score.high));
    let _ = write!(out, "score {:.2}", floor(card.score.known));
    if low < high {
        let _ = write!(out, " (at least {low:.2}, at most {high:.2})");
    }
    let _ = writeln!(out, ", {:.0} % known", (card.coverage * 100.0).floor());
    let first = assessment.by_urgency().into_iter().next();
    if let Some(line) = first.filter(|line| matches!(line.status, Status::Fail(_))) {
        let _ = writeln!(out, "{DIM}next: gonogo explain {}{DIM:#}", line.check.id);
    }
}

/// To two digits, downwards: 0.849 must not read as the 0.85 it misses.
fn floor(ratio: f64) -> f64 {
    (ratio * 100.0 + 1e-6).floor() / 100.0
}

/// The time between two moments, to its two largest units.
pub fn age(from: SystemTime, to: SystemTime) -> String {
    let secs = to.duration_since(from).unwrap_or_default().as_secs();
    let rough = match secs {
        0..3_600 => secs,
        3_600..86_400 => secs / 60 * 60,
        _ => secs / 3_600 * 3_600,
    };
    humantime::format_duration(Duration::from_secs(rough)).to_string()
}

/// What is said about a line stands under its check.
const INDENT: &str = "                    ";

/// The width of what is written for no terminal.
const COLUMNS: usize = 100;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

#[cfg(test)]
mod tests {
    use gonogo_probes::contract::Item;

    use super::*;
    use crate::{
        assessment::{Part, Rulings, assess},
        testing::{at, visited},
    };

    fn told(item: Item, now: u64, detail: Detail) -> String {
        let findings = visited(item);
        let snapshot = findings.snapshot();
        let rulings = Rulings::default();
        let assessment = assess(&snapshot.targets[0], &rulings, at(now));
        anstream::adapter::strip_str(&render(&[assessment], detail, at(now))).to_string()
    }

    #[test]
    fn a_fail_reads_like_this() {
        let item = Item::fail(Confidence::Firm, "front", "wide open").replay("ls -d door");
        insta::assert_snapshot!(told(item, 120, Detail::default()));
    }

    #[test]
    fn a_pass_reads_like_this() {
        insta::assert_snapshot!(told(Item::pass("", "shut"), 120, Detail::default()));
    }

    #[test]
    fn a_stale_answer_reads_like_this() {
        insta::assert_snapshot!(told(Item::pass("", "shut"), 1000, Detail::default()));
    }

    #[test]
    fn a_partial_run_says_so() {
        let findings = visited(Item::pass("", "shut"));
        let snapshot = findings.snapshot();
        let rulings = Rulings::default();
        let mut assessment = assess(&snapshot.targets[0], &rulings, at(120));
        assessment.part = Some(Part { asked: 1, of: 106 });
        let told = render(&[assessment], Detail::default(), at(120));
        let told = anstream::adapter::strip_str(&told).to_string();
        let wanted = "GO for 1 of 106 checks asked: nothing stands in the way";
        assert!(told.contains(wanted), "{told}");
    }

    #[test]
    fn a_timeline_is_told_with_its_age_and_fits_the_terminal() {
        let findings = crate::testing::with_timeline();
        let snapshot = findings.snapshot();
        let rulings = Rulings::default();
        let assessment = assess(&snapshot.targets[0], &rulings, at(120));
        let detail = Detail { columns: Some(60), ..Detail::default() };
        let told = render(&[assessment], detail, at(120));
        let told = anstream::adapter::strip_str(&told).to_string();
        assert!(told.contains("door · timeline, begun 21s ago"), "{told}");
        let lanes: Vec<&str> = told.lines().filter(|line| line.contains("...")).collect();
        assert_eq!(lanes.len(), 3, "{told}");
        assert!(lanes.iter().all(|lane| lane.len() <= 60), "{told}");
    }

    #[test]
    fn verbose_shows_how_to_see_it_again() {
        let item = Item::fail(Confidence::Firm, "front", "wide open").replay("ls -d door");
        let told = told(item, 120, Detail { verbose: true, facts: false, columns: None });
        assert!(told.contains("front: wide open") && told.contains("$ ls -d door"), "{told}");
    }

    #[test]
    fn verbose_prints_nothing_twice() {
        for item in [
            Item::pass("", "seen once"),
            Item::skip("", "seen once"),
            Item::fail(Confidence::Firm, "", "seen once"),
        ] {
            let told = told(item, 120, Detail { verbose: true, facts: false, columns: None });
            assert_eq!(told.matches("seen once").count(), 1, "{told}");
        }
    }
}
