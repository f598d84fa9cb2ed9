//! What the pages tell of a target: its verdict with the reasons, and the checks that need somebody.

use std::time::SystemTime;

use gonogo_probes::contract::{Check, Confidence};

use super::text::{Moment, bounded, percent, ratio};
use crate::{
    assessment::{Assessment, Line},
    causes::{Cause, causes},
    policy::Status,
    scorecard::{Score, Verdict},
    web::Links,
};

/// A target with its verdict.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) url: String,
    pub(super) labels: Vec<String>,
    pub(super) verdict: Verdict,
    pub(super) reasons: Vec<Why>,
    pub(super) score: String,
    pub(super) coverage: String,
    pub(super) since: Option<Moment>,
    pub(super) last_go: Option<Moment>,
    pub(super) revision: Option<(String, Moment)>,
    /// When the last visit of any probe ended.
    pub(super) visited: Option<Moment>,
    /// What needs somebody, most urgent first.
    pub(super) rows: Vec<Row>,
    /// How many of them there are besides.
    pub(super) more: usize,
    pub(super) is_failing: bool,
    pub(super) passed: usize,
    pub(super) skipped: usize,
}

/// A rule that decided.
#[derive(Debug)]
pub(super) struct Why {
    pub(super) rule: &'static str,
    /// Links to the checks it decided by, and their ids.
    pub(super) checks: Vec<(String, &'static str)>,
    pub(super) more: usize,
}

/// A check's status in one line.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) status: &'static str,
    /// The status as it is shown: a tentative fail has a question mark.
    pub(super) word: &'static str,
    pub(super) check: &'static Check,
    pub(super) link: String,
    pub(super) probe: String,
    pub(super) seen: String,
    pub(super) obstacle: Option<&'static str>,
    pub(super) since: Option<Moment>,
    /// Whether it fails, and did not before the revision was first seen.
    pub(super) is_new: bool,
    /// What stands in place of the check, if the row stands for several that wait for one cause.
    pub(super) waits: Option<Waits>,
    pub(super) waiver: Option<Accepted>,
}

/// Checks that wait for one cause.
#[derive(Debug)]
pub(super) struct Waits {
    /// "49 checks wait for: …"
    pub(super) headline: String,
    /// The failing check behind it, if one is: link and id.
    pub(super) cause: Option<(String, &'static str)>,
    pub(super) number: usize,
    /// Those that wait: links and ids.
    pub(super) checks: Vec<(String, &'static str)>,
}

/// A waiver, as shown beside what it covers.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) reason: String,
    pub(super) owner: String,
    pub(super) ticket: Option<String>,
    pub(super) expires: Moment,
}

impl Card {
    /// The card of a target, with at most so many rows.
    pub(super) fn of(
        assessment: &Assessment<'_>,
        links: &Links,
        now: SystemTime,
        most: usize,
    ) -> Self {
        let findings = assessment.target;
        let card = &assessment.card;
        let mut urgent = assessment.by_urgency();
        urgent.retain(|line| is_urgent(line));
        let rows = grouped(&urgent, assessment, links, now);
        let more = rows.len().saturating_sub(most);
        let standing = findings.standing.filter(|standing| standing.verdict == card.verdict);
        let last_go = findings.last_go(card.verdict, now);
        let visits = findings.probes.iter().filter_map(|probe| probe.visited.as_ref());
        let labels = findings.target.labels.iter();
        Self {
            name: bounded(&findings.target.name, NAME),
            link: links.target(&findings.target.name),
            url: bounded(findings.target.url.as_str(), URL),
            labels: labels.map(|(name, value)| bounded(&format!("{name}={value}"), NAME)).collect(),
            verdict: card.verdict,
            reasons: card.reasons.iter().map(|reason| Why::of(reason, links)).collect(),
            score: score(card.score),
            coverage: percent(card.coverage),
            since: standing.map(|standing| Moment::of(standing.since, now)),
            last_go: last_go
                .filter(|_| card.verdict != Verdict::Go)
                .map(|last_go| Moment::of(last_go, now)),
            revision: findings.revision.as_ref().map(|revision| {
                (bounded(&revision.value, NAME), Moment::of(revision.first_seen, now))
            }),
            visited: visits.map(|visited| visited.ended).max().map(|at| Moment::of(at, now)),
            rows: rows.into_iter().take(most).collect(),
            more,
            is_failing: assessment.count("fail") > 0,
            passed: assessment.count("pass"),
            skipped: assessment.count("skip"),
        }
    }
}

impl Why {
    fn of(reason: &crate::scorecard::Reason, links: &Links) -> Self {
        // These hang on nearly everything; the rows below say it better.
        let checks = if reason.rule.is_by_number() { &[][..] } else { &reason.checks };
        let linked = checks.iter().take(CHECKS).map(|id| (links.check(id), *id));
        Self {
            rule: reason.rule.shown(),
            checks: linked.collect(),
            more: checks.len().saturating_sub(CHECKS),
        }
    }
}

impl Row {
    pub(super) fn of(
        line: &Line<'_>,
        assessment: &Assessment<'_>,
        links: &Links,
        now: SystemTime,
    ) -> Self {
        let revision = assessment.target.revision.as_ref();
        let is_new = matches!(line.status, Status::Fail(_))
            && revision.is_some_and(|revision| line.since > Some(revision.first_seen));
        Self {
            status: line.status.as_str(),
            word: match line.status {
                Status::Fail(Confidence::Tentative) => "fail?",
                status => status.as_str(),
            },
            check: line.check,
            link: links.check(line.check.id),
            probe: bounded(&line.probe.name, NAME),
            seen: bounded(&line.seen(), SEEN),
            obstacle: match line.status {
                Status::Unknown(obstacle) => Some(obstacle.as_str()),
                _ => None,
            },
            since: line.since.map(|since| Moment::of(since, now)),
            is_new,
            waits: None,
            waiver: line.waiver.map(|waiver| Accepted {
                reason: bounded(&waiver.reason, SEEN),
                owner: bounded(&waiver.owner, NAME),
                ticket: waiver.ticket.as_deref().map(|ticket| bounded(ticket, NAME)),
                expires: Moment::of(waiver.expires, now),
            }),
        }
    }
}

/// Rows of these lines. What waits for one cause makes one row, where the first of it stands: a target
/// that is down would fill the page.
pub(super) fn grouped(
    urgent: &[&Line<'_>],
    assessment: &Assessment<'_>,
    links: &Links,
    now: SystemTime,
) -> Vec<Row> {
    let causes = causes(assessment);
    let shared = |line: &Line<'_>| {
        let waits = |cause: &Cause<'_>| cause.lines.iter().any(|known| std::ptr::eq(*known, line));
        causes.iter().position(waits).filter(|place| causes[*place].is_shared())
    };
    let mut rows = Vec::new();
    let mut told = vec![false; causes.len()];
    for line in urgent {
        let Some(place) = shared(line) else {
            rows.push(Row::of(line, assessment, links, now));
            continue;
        };
        if !std::mem::replace(&mut told[place], true) {
            let mut row = Row::of(line, assessment, links, now);
            let cause = &causes[place];
            // Where no check is behind it, what was seen is the headline.
            row.seen = cause.check.map_or_else(String::new, |_| bounded(&cause.seen, SEEN));
            row.waits = Some(Waits {
                headline: bounded(&cause.headline(), SEEN),
                cause: cause.check.map(|check| (links.check(check), check)),
                number: cause.lines.len(),
                checks: cause
                    .lines
                    .iter()
                    .map(|line| (links.check(line.check.id), line.check.id))
                    .collect(),
            });
            rows.push(row);
        }
    }
    rows
}

/// Whether a line needs somebody's eyes.
pub(super) fn is_urgent(line: &Line<'_>) -> bool {
    !matches!(line.status, Status::Pass | Status::Skip)
}

/// "0.71", or with its bounds where something is unknown: "0.71 (0.60 to 0.90)".
pub(super) fn score(score: Score) -> String {
    let [low, known, high] = [score.low, score.known, score.high].map(ratio);
    match (low.as_str(), high.as_str()) {
        // Neither a pass nor a fail.
        ("0.00", "1.00") => "not known".to_owned(),
        _ if low == high => known,
        _ => format!("{known} ({low} to {high})"),
    }
}

/// The longest name, URL and text that are shown whole.
pub(super) const NAME: usize = 80;
pub(super) const URL: usize = 160;
pub(super) const SEEN: usize = 400;
/// How many checks a reason names.
const CHECKS: usize = 3;
