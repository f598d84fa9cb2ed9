//! The catalogue: what is asked, why, and how to mend what fails. Alerts link here.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use gonogo_probes::contract::{Check, Impact, Kind, Settles};
use http::StatusCode;

use super::{Site, card::Row, layout::Layout, page, rendered, text::bounded};
use crate::{assessment::assess, export::json::rfc3339, policy::Status, scorecard::Verdict};

#[derive(Debug, Template)]
#[template(path = "checks.html")]
struct ChecksPage {
    layout: Layout,
    kinds: Vec<(&'static Kind, Vec<&'static Check>)>,
    count: usize,
}

#[derive(Debug, Template)]
#[template(path = "check.html")]
struct CheckPage {
    layout: Layout,
    check: &'static Check,
    kind: &'static Kind,
    meaning: &'static str,
    settles: &'static str,
    waiver: String,
    /// How many targets have each status.
    counts: Vec<(&'static str, usize)>,
    asked: usize,
    /// The targets that need somebody: name, link, and the check's status there.
    targets: Vec<(String, String, Row)>,
    more: usize,
}

pub(in crate::web) async fn checks(State(site): State<Arc<Site>>) -> Response {
    rendered(site, |site| {
        let kinds: Vec<_> = site.board.catalogue.iter().map(|kind| (kind, kind.checks())).collect();
        let count = kinds.iter().map(|(_, checks)| checks.len()).sum();
        let now = site.board.clock.now();
        let layout = Layout::new("checks".to_owned(), Verdict::Unknown, &site.links, now);
        page(StatusCode::OK, &ChecksPage { layout, kinds, count })
    })
    .await
}

pub(in crate::web) async fn check(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
) -> Response {
    rendered(site, move |site| {
        let checks = site
            .board
            .catalogue
            .iter()
            .flat_map(|kind| kind.checks().into_iter().map(move |check| (kind, check)));
        if let Some((kind, check)) = checks.clone().find(|(_, check)| check.id == id) {
            return page(StatusCode::OK, &check_page(site, kind, check));
        }
        let distance = |known| strsim::damerau_levenshtein(known, &id);
        let mut near: Vec<_> = checks.map(|(_, check)| (distance(check.id), check.id)).collect();
        near.sort_unstable();
        let near = near.into_iter().take(3);
        let near = near.map(|(_, id)| (site.links.check(id), id.to_owned())).collect();
        site.missing(format!("no check is called {}", bounded(&id, 80)), near)
    })
    .await
}

fn check_page(site: &Site, kind: &'static Kind, check: &'static Check) -> CheckPage {
    let now = site.board.clock.now();
    let rulings = site.board.rulings();
    let snapshot = site.board.findings.snapshot();
    let mut counts = [0; Status::WORDS.len()];
    let mut targets = Vec::new();
    for known in &snapshot.targets {
        if !known.probes.iter().any(|probe| probe.kind.name == kind.name) {
            continue;
        }
        let assessment = assess(known, &rulings, now);
        for line in assessment.lines.iter().filter(|line| line.check.id == check.id) {
            counts[line.status.place()] += 1;
            if super::card::is_urgent(line) {
                let name = &known.target.name;
                let row = Row::of(line, &assessment, &site.links, now);
                let urgency = std::cmp::Reverse(line.status.urgency());
                targets.push((urgency, bounded(name, 80), site.links.target(name), row));
            }
        }
    }
    targets.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let verdict = if counts[1] > 0 { Verdict::NoGo } else { Verdict::Unknown };
    CheckPage {
        layout: Layout::new(check.id.to_owned(), verdict, &site.links, now),
        check,
        kind,
        meaning: meaning(check.impact),
        settles: match check.settles {
            Settles::AtOnce => "a changed answer counts at once",
            Settles::TwoOfThree => "a changed answer counts when two of three visits agree",
        },
        waiver: waiver(check.id, None, now),
        counts: Status::WORDS.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect(),
        asked: counts.iter().sum(),
        more: targets.len().saturating_sub(TARGETS),
        targets: targets
            .into_iter()
            .take(TARGETS)
            .map(|(_, name, link, row)| (name, link, row))
            .collect(),
    }
}

/// What to write into the configuration to accept a fail.
pub(super) fn waiver(check: &str, target: Option<&str>, now: SystemTime) -> String {
    const MONTH: Duration = Duration::from_hours(30 * 24);
    let day = rfc3339(now + MONTH);
    let day = day.split('T').next().unwrap_or_default();
    // What JSON quotes, YAML takes.
    let target = target
        .map_or_else(|| "NAME".to_owned(), |name| serde_json::to_string(name).unwrap_or_default());
    format!(
        "waivers:\n  - check: {check}\n    target: {target}\n    reason: why this is acceptable for now\n    \
         owner: who answers for it\n    expires: {day}\n"
    )
}

fn meaning(impact: Impact) -> &'static str {
    match impact {
        Impact::Blocker => "a fail makes the target NO-GO, whatever the score",
        Impact::High => "with a fail the target is STAGED at best",
        Impact::Medium => "a fail costs score: somebody will be hurt by it sooner or later",
        Impact::Low => "a fail costs a little score and never blocks",
    }
}

/// Targets that are listed; the report has them all.
const TARGETS: usize = 200;
