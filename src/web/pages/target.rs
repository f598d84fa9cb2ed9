//! A target's page: everything known about it, what needs somebody first.

use std::{sync::Arc, time::SystemTime};

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use gonogo_probes::contract::{Dimension, Fact, Item};
use http::StatusCode;

use super::{
    Site,
    card::{Card, NAME, Row, SEEN, grouped},
    check::waiver,
    layout::Layout,
    page, rendered,
    text::{Moment, bounded, bounded_lines, ratio, span},
};
use crate::{
    assessment::{Assessment, Line, assess},
    findings::ProbeFindings,
    policy::Status,
    render::timeline,
    web::Links,
};

#[derive(Debug, Template)]
#[template(path = "target.html")]
struct TargetPage {
    layout: Layout,
    card: Card,
    dimensions: Vec<Bar>,
    failing: Vec<Detail>,
    unknown: Vec<Row>,
    waived: Vec<Detail>,
    passed: Vec<Detail>,
    skipped: Vec<Detail>,
    attested: Vec<Attested>,
    changes: Vec<Row>,
    visits: Vec<VisitRow>,
    doing: Vec<(String, String)>,
    timelines: Vec<Drawing>,
    facts: Vec<Table>,
    report: String,
}

/// A dimension's score, drawn.
#[derive(Debug)]
struct Bar {
    name: &'static str,
    score: String,
    low: String,
    high: String,
}

/// A check with its items.
#[derive(Debug)]
struct Detail {
    row: Row,
    confidence: Option<&'static str>,
    items: Vec<Piece>,
    more: usize,
    /// What to write into the configuration to accept the fail.
    waiver: String,
}

/// An item, fit to be shown.
#[derive(Debug)]
struct Piece {
    status: &'static str,
    subject: String,
    seen: String,
    replay: Option<String>,
}

#[derive(Debug)]
struct Attested {
    statement: String,
    dimension: String,
    score: f64,
    by: String,
    until: Moment,
}

/// How a probe's visits go.
#[derive(Debug)]
struct VisitRow {
    probe: String,
    about: &'static str,
    footprint: &'static str,
    interval: Option<String>,
    visited: Option<Moment>,
    took: String,
    next: Option<Moment>,
    obstructed: Option<String>,
    is_stale: bool,
}

/// What happened when during a visit, drawn.
#[derive(Debug)]
struct Drawing {
    probe: String,
    began: Moment,
    /// Markup: what a target said in it is escaped.
    svg: String,
}

/// What a probe saw, by topic.
#[derive(Debug)]
struct Table {
    probe: String,
    topic: String,
    rows: Vec<(String, String)>,
}

pub(in crate::web) async fn target(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
) -> Response {
    rendered(site, move |site| {
        let snapshot = site.board.findings.snapshot();
        let Some(known) = snapshot.target(&name) else {
            let home = (site.links.to("/"), "all targets".to_owned());
            return site.missing(site.no_such_target(&snapshot, &name), vec![home]);
        };
        let now = site.board.clock.now();
        let rulings = site.board.rulings();
        let doing = site.board.doing(&name);
        page(StatusCode::OK, &target_page(&assess(known, &rulings, now), doing, &site.links, now))
    })
    .await
}

fn target_page(
    assessment: &Assessment<'_>,
    doing: Vec<(String, String)>,
    links: &Links,
    now: SystemTime,
) -> TargetPage {
    let findings = assessment.target;
    let card = Card::of(assessment, links, now, 0);
    let urgent = assessment.by_urgency();
    let of = |word: &str| -> Vec<Detail> {
        let of = urgent.iter().filter(|line| line.status.as_str() == word);
        of.map(|line| Detail::of(line, assessment, links, now)).collect()
    };
    let is_unknown = |line: &&&Line<'_>| line.status.as_str() == "unknown";
    let unknown: Vec<&Line<'_>> = urgent.iter().filter(is_unknown).copied().collect();
    let title = format!("{} {}", card.verdict.shown(), card.name);
    TargetPage {
        layout: Layout::new(title, card.verdict, links, now),
        dimensions: bars(assessment),
        failing: of("fail"),
        unknown: grouped(&unknown, assessment, links, now),
        waived: of("waived"),
        passed: of("pass"),
        skipped: of("skip"),
        attested: attested(assessment, now),
        changes: changes(assessment, links, now),
        visits: findings.probes.iter().map(|probe| VisitRow::of(probe, now)).collect(),
        doing: doing
            .into_iter()
            .map(|(probe, doing)| (bounded(&probe, NAME), bounded(&doing, SEEN)))
            .collect(),
        timelines: findings
            .probes
            .iter()
            .enumerate()
            .filter_map(|(place, probe)| Drawing::of(probe, place, now))
            .collect(),
        facts: findings.probes.iter().flat_map(|probe| tables(probe)).collect(),
        report: links.target_report(&findings.target.name),
        card,
    }
}

fn bars(assessment: &Assessment<'_>) -> Vec<Bar> {
    let dimensions = Dimension::ALL.into_iter().zip(assessment.card.dimensions);
    dimensions
        .filter_map(|(dimension, score)| {
            let score = score?;
            Some(Bar {
                name: dimension.as_str(),
                score: super::card::score(score),
                low: ratio(score.low),
                high: ratio(score.high),
            })
        })
        .collect()
}

fn attested(assessment: &Assessment<'_>, now: SystemTime) -> Vec<Attested> {
    let said = assessment.attestations.iter();
    said.map(|said| Attested {
        statement: bounded(&said.statement, SEEN),
        dimension: bounded(&said.dimension, NAME),
        score: said.score,
        by: bounded(&said.by, NAME),
        until: Moment::of(said.until, now),
    })
    .collect()
}

/// What changed last.
fn changes(assessment: &Assessment<'_>, links: &Links, now: SystemTime) -> Vec<Row> {
    let mut changed: Vec<&Line<'_>> =
        assessment.lines.iter().filter(|line| line.since.is_some()).collect();
    changed.sort_by_key(|line| {
        let news = (line.since, line.status.urgency());
        (std::cmp::Reverse(news), line.check.id)
    });
    changed.into_iter().take(CHANGES).map(|line| Row::of(line, assessment, links, now)).collect()
}

impl Detail {
    fn of(line: &Line<'_>, assessment: &Assessment<'_>, links: &Links, now: SystemTime) -> Self {
        // What decided comes first: the other items may be hundreds.
        let mut items: Vec<&Item> = line.items.iter().collect();
        items.sort_by_key(|item| match item.outcome.as_str() {
            "fail" => 0,
            "unknown" => 1,
            "pass" => 2,
            _ => 3,
        });
        Self {
            row: Row::of(line, assessment, links, now),
            confidence: match line.status {
                Status::Fail(confidence) => Some(confidence.as_str()),
                _ => None,
            },
            more: items.len().saturating_sub(ITEMS) + line.rest.total(),
            items: items.into_iter().take(ITEMS).map(|item| Piece::of(item, line)).collect(),
            waiver: waiver(line.check.id, Some(&assessment.target.target.name), now),
        }
    }
}

impl Piece {
    fn of(item: &Item, line: &Line<'_>) -> Self {
        let is_waived = line.waiver_of(item).is_some_and(|waiver| waiver.subject.is_some());
        Self {
            status: if is_waived { "waived" } else { item.outcome.as_str() },
            subject: bounded(&item.subject, SEEN),
            seen: bounded_lines(&item.seen, LONG),
            replay: item.replay.as_deref().map(|replay| bounded_lines(replay, LONG)),
        }
    }
}

impl VisitRow {
    fn of(probe: &ProbeFindings, now: SystemTime) -> Self {
        let visited = probe.visited.as_ref();
        let next = visited.zip(probe.interval);
        let next = next.and_then(|(visited, interval)| visited.ended.checked_add(interval));
        Self {
            probe: bounded(&probe.name, NAME),
            about: probe.kind.about,
            footprint: probe.kind.footprint().as_str(),
            interval: probe.interval.map(span),
            visited: visited.map(|visited| Moment::of(visited.ended, now)),
            took: visited
                .map(|visited| format!("{} ms", visited.took.as_millis()))
                .unwrap_or_default(),
            next: next.filter(|at| *at > now).map(|at| Moment::of(at, now)),
            obstructed: visited.and_then(|visited| visited.obstructed.as_ref()).map(|obstructed| {
                bounded(&format!("{}: {}", obstructed.obstacle.as_str(), obstructed.detail), SEEN)
            }),
            is_stale: probe.stale(now).is_some(),
        }
    }
}

impl Drawing {
    fn of(probe: &ProbeFindings, place: usize, now: SystemTime) -> Option<Self> {
        let dated = probe.timeline.as_deref()?;
        let name = bounded(&probe.name, NAME);
        let title = format!("Timeline of a visit of {name}");
        Some(Self {
            began: Moment::of(dated.began, now),
            svg: timeline::svg(&dated.timeline, &format!("timeline-{place}"), &title),
            probe: name,
        })
    }
}

fn tables(probe: &ProbeFindings) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for Fact { topic, name, value } in probe.facts.iter().take(FACTS) {
        let row = (bounded(name, NAME), bounded_lines(value, LONG));
        match tables.last_mut() {
            Some(table) if table.topic == bounded(topic, NAME) => table.rows.push(row),
            _ => tables.push(Table {
                probe: bounded(&probe.name, NAME),
                topic: bounded(topic, NAME),
                rows: vec![row],
            }),
        }
    }
    tables
}

const CHANGES: usize = 5;
/// Items of a check, and facts of a probe, that are shown; the JSON report has them all.
const ITEMS: usize = 50;
const FACTS: usize = 200;
const LONG: usize = 2000;
