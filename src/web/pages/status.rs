//! The start page: which targets are fit for use, and what is wrong with the others.

use std::{sync::Arc, time::SystemTime};

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use http::{HeaderValue, StatusCode};

use super::{
    Site,
    card::{Card, NAME},
    choice::{Asked, Choice},
    layout::Layout,
    overview::Glance,
    page, rendered,
    text::{Moment, bounded, count},
};
use crate::{assessment::assess, scorecard::Verdict, web::Links};

#[derive(Debug, Template)]
#[template(path = "status.html")]
struct StatusPage {
    layout: Layout,
    /// The worst verdict of all targets.
    verdict: Verdict,
    headline: String,
    tallies: Vec<Tally>,
    total: usize,
    found: usize,
    query: String,
    only: Option<Verdict>,
    /// Whether no visit has ended yet.
    is_new: bool,
    troubled: Vec<Card>,
    sound: Vec<Card>,
    changes: Vec<Change>,
    paging: Option<Paging>,
}

/// How many targets have a verdict.
#[derive(Debug)]
struct Tally {
    verdict: Verdict,
    count: usize,
    link: String,
    is_chosen: bool,
}

/// A verdict that has changed lately.
#[derive(Debug)]
struct Change {
    name: String,
    link: String,
    verdict: Verdict,
    since: Moment,
}

#[derive(Debug)]
struct Paging {
    page: usize,
    pages: usize,
    before: Option<String>,
    after: Option<String>,
}

pub(in crate::web) async fn status(
    State(site): State<Arc<Site>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let choice = Choice::of(asked.map(|Query(asked)| asked).unwrap_or_default());
    rendered(site, move |site| {
        let mut answer = page(StatusCode::OK, &status_page(site, &choice));
        if let Some(secs) = choice.refresh {
            answer.headers_mut().insert("refresh", HeaderValue::from(secs));
        }
        answer
    })
    .await
}

fn status_page(site: &Site, choice: &Choice) -> StatusPage {
    let now = site.board.clock.now();
    let all = site.overview.look(&site.board, now);
    let verdict = Verdict::worst(all.iter().map(|glance| glance.verdict));
    let words: Vec<String> =
        choice.query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let found: Vec<&Arc<Glance>> = all
        .iter()
        .filter(|glance| choice.only.is_none_or(|only| only == glance.verdict))
        .filter(|glance| glance.is_like(&words))
        .collect();
    let (paging, shown) = paging(choice, &found, &site.links);
    let rulings = site.board.rulings();
    let card = |glance: &&Arc<Glance>| {
        Card::of(&assess(&glance.target, &rulings, now), &site.links, now, ROWS)
    };
    let (sound, troubled): (Vec<Card>, Vec<Card>) = shown
        .iter()
        .map(card)
        .partition(|card| card.verdict == Verdict::Go && card.rows.is_empty());
    let headline = headline(&all);
    let mut layout = Layout::new(title(&all, verdict), verdict, &site.links, now);
    layout.refresh = Some(refresh(choice, &site.links));
    StatusPage {
        layout,
        verdict,
        headline,
        tallies: tallies(choice, &all, &site.links),
        total: all.len(),
        found: found.len(),
        query: choice.query.clone(),
        only: choice.only,
        is_new: !all.is_empty() && !all.iter().any(|glance| glance.is_visited()),
        troubled,
        sound,
        changes: changes(&all, &site.links, now),
        paging,
    }
}

fn title(all: &[Arc<Glance>], verdict: Verdict) -> String {
    let worst = all.iter().filter(|glance| glance.verdict == verdict).count();
    match all {
        [] => "no targets".to_owned(),
        [one] => format!("{} {}", verdict.shown(), bounded(&one.target.target.name, NAME)),
        _ => format!("{}: {worst} of {}", verdict.shown(), count(all.len(), "target")),
    }
}

/// "2 of 5 targets are NO-GO, 1 is UNKNOWN, 2 are GO."
fn headline(all: &[Arc<Glance>]) -> String {
    if let [one] = all {
        return format!("{} is {}", bounded(&one.target.target.name, NAME), one.verdict.shown());
    }
    let mut parts = Vec::new();
    for verdict in WORST_FIRST {
        let number = all.iter().filter(|glance| glance.verdict == verdict).count();
        let verb = if number == 1 { "is" } else { "are" };
        match (number, parts.is_empty()) {
            (0, _) => {}
            (_, true) if number == all.len() => {
                return format!("All {} are {}", count(number, "target"), verdict.shown());
            }
            (_, true) => {
                let all = count(all.len(), "target");
                parts.push(format!("{number} of {all} {verb} {}", verdict.shown()));
            }
            (_, false) => parts.push(format!("{number} {verb} {}", verdict.shown())),
        }
    }
    parts.join(", ")
}

fn tallies(choice: &Choice, all: &[Arc<Glance>], links: &Links) -> Vec<Tally> {
    let tally = |verdict| {
        let is_chosen = choice.only == Some(verdict);
        let only = (!is_chosen).then_some(verdict);
        Tally {
            verdict,
            count: all.iter().filter(|glance| glance.verdict == verdict).count(),
            link: Choice { only, page: 1, ..choice.clone() }.link(links),
            is_chosen,
        }
    };
    WORST_FIRST.map(tally).into()
}

fn paging<'a, 'b>(
    choice: &Choice,
    found: &'b [&'a Arc<Glance>],
    links: &Links,
) -> (Option<Paging>, &'b [&'a Arc<Glance>]) {
    let pages = found.len().div_ceil(TARGETS).max(1);
    let page = choice.page.min(pages);
    let first = (page - 1) * TARGETS;
    let shown = &found[first..found.len().min(first + TARGETS)];
    let to = |page| Choice { page, ..choice.clone() }.link(links);
    let paging = Paging {
        page,
        pages,
        before: (page > 1).then(|| to(page - 1)),
        after: (page < pages).then(|| to(page + 1)),
    };
    ((pages > 1).then_some(paging), shown)
}

fn refresh(choice: &Choice, links: &Links) -> (String, String) {
    let to = |refresh| Choice { refresh, ..choice.clone() }.link(links);
    match choice.refresh {
        Some(secs) => (to(None), format!("reloads every {secs} s, stop")),
        None => (to(Some(15)), "reload every 15 s".to_owned()),
    }
}

/// The verdicts that changed last.
fn changes(all: &[Arc<Glance>], links: &Links, now: SystemTime) -> Vec<Change> {
    let mut changed: Vec<_> = all
        .iter()
        .filter_map(|glance| Some((glance.target.standing?, &glance.target.target.name)))
        .collect();
    changed.sort_by_key(|(standing, name)| (std::cmp::Reverse(standing.since), *name));
    changed
        .into_iter()
        .take(CHANGES)
        .map(|(standing, name)| Change {
            name: bounded(name, NAME),
            link: links.target(name),
            verdict: standing.verdict,
            since: Moment::of(standing.since, now),
        })
        .collect()
}

const WORST_FIRST: [Verdict; 4] = [Verdict::NoGo, Verdict::Unknown, Verdict::Staged, Verdict::Go];
/// Targets on a page, and checks that each of them shows.
const TARGETS: usize = 25;
const ROWS: usize = 6;
/// Changes that are shown.
const CHANGES: usize = 5;
