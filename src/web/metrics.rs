//! Metrics: everything at `/metrics`, and one target at `/probe` for those who scrape by target.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{negotiate, site::Site};
use crate::{
    assessment::assess,
    board::Board,
    export::{
        exposition::{FamilyKind, Format, write_head, write_value},
        prometheus::Renderer,
        terminal,
    },
    findings::{Snapshot, TargetFindings},
    scorecard::Verdict,
};

pub(super) async fn metrics(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let format = Format::accepted(&negotiate::joined(&headers, &header::ACCEPT));
    let gzip = negotiate::takes_gzip(&headers);
    let board = Arc::clone(&site.board);
    let Ok(document) = tokio::task::spawn_blocking(move || board.metrics(format, gzip)).await
    else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let kind =
        [(header::CONTENT_TYPE, format.content_type()), (header::VARY, "Accept, Accept-Encoding")];
    if gzip {
        (kind, [(header::CONTENT_ENCODING, "gzip")], document).into_response()
    } else {
        (kind, document).into_response()
    }
}

/// What `/probe` is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    target: Option<String>,
    #[serde(default)]
    debug: bool,
}

/// The latest findings of one configured target, in the form blackbox_exporter gives: nothing is
/// called because of a scrape, and no address that the configuration does not list.
pub(super) async fn probe(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(Asked { target: Some(name), debug })) = asked else {
        let text = "say which target: /probe?target=NAME, and &debug=true to read it yourself\n";
        return (StatusCode::BAD_REQUEST, text).into_response();
    };
    let snapshot = site.board.findings.snapshot();
    let Some(target) = snapshot.target(&name) else {
        return (StatusCode::NOT_FOUND, format!("{}\n", site.no_such_target(&snapshot, &name)))
            .into_response();
    };
    let target = Arc::clone(target);
    if debug {
        return explained(&site.board, target).into_response();
    }
    let format = Format::accepted(&negotiate::joined(&headers, &header::ACCEPT));
    let kind = [(header::CONTENT_TYPE, format.content_type()), (header::VARY, "Accept")];
    (kind, scraped(&site.board, target, format)).into_response()
}

fn scraped(board: &Board, target: Arc<TargetFindings>, format: Format) -> String {
    let now = board.clock.now();
    let rulings = board.rulings();
    let verdict = assess(&target, &rulings, now).card.verdict;
    let mut text = String::new();
    for (name, help, value) in of_blackbox(&target, verdict) {
        write_head(&mut text, format, name, FamilyKind::Gauge, help);
        text.push_str(name);
        text.push(' ');
        write_value(&mut text, value);
        text.push('\n');
    }
    let one = Snapshot { targets: vec![target], ..Snapshot::default() };
    text.push_str(&Renderer::new(board.catalogue).render(&one, &rulings, format, now).text);
    text.push_str(format.end());
    text
}

/// The metrics that rules and dashboards made for blackbox_exporter ask for.
fn of_blackbox(
    target: &TargetFindings,
    verdict: Verdict,
) -> Vec<(&'static str, &'static str, f64)> {
    let took = target.probes.iter().filter_map(|probe| Some(probe.visited.as_ref()?.took));
    let deadlines = target.probes.iter().filter_map(|probe| Some(probe.kind.needs?.deadline));
    let deadline = deadlines.max().unwrap_or_default();
    let ends = target.probes.iter().flat_map(|probe| &probe.readings);
    let ends = ends.filter(|gauge| gauge.name == "tls_certificate_not_after_timestamp_seconds");
    let ends = ends.flat_map(|gauge| &gauge.readings).map(|reading| reading.value);
    let mut metrics = vec![
        (
            "probe_success",
            "Whether the verdict is GO, as of the latest findings.",
            f64::from(verdict == Verdict::Go),
        ),
        (
            "probe_duration_seconds",
            "Duration of the latest visits of all probes together.",
            took.sum::<Duration>().as_secs_f64(),
        ),
        (
            "probe_timeout_seconds",
            "Time allowed for a visit, the longest of all probes.",
            deadline.as_secs_f64(),
        ),
    ];
    if let Some(first) = ends.reduce(f64::min) {
        let help = "Unix time at which the first of the certificates ends.";
        metrics.push(("probe_ssl_earliest_cert_expiry", help, first));
    }
    metrics
}

/// The same for a person: the report, then the metrics.
fn explained(board: &Board, target: Arc<TargetFindings>) -> String {
    let now: SystemTime = board.clock.now();
    let rulings = board.rulings();
    let detail = terminal::Detail { verbose: true, facts: true, columns: None };
    let report = terminal::render(&[assess(&target, &rulings, now)], detail, now);
    let report = anstream::adapter::strip_str(&report).to_string();
    let metrics = scraped(board, target, Format::Text);
    format!("{report}\nMetrics that would have been returned:\n\n{metrics}")
}
