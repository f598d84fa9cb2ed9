//! The JSON report: of everything, and of one target.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};

use super::{Site, complaint, document};
use crate::{assessment::assess, export::json, findings::TargetFindings};

pub(in crate::web) async fn report(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let targets = site.board.findings.snapshot().targets;
    reported(site, targets, headers).await
}

pub(in crate::web) async fn target_report(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    match site.wanted(&name) {
        Ok(target) => reported(site, vec![target], headers).await,
        Err(problem) => complaint(StatusCode::NOT_FOUND, problem),
    }
}

/// Thousands of targets take a while, so a thread is used that nobody else waits for.
async fn reported(
    site: Arc<Site>,
    targets: Vec<Arc<TargetFindings>>,
    headers: HeaderMap,
) -> Response {
    let made = tokio::task::spawn_blocking(move || {
        let now = site.board.clock.now();
        let rulings = site.board.rulings();
        let assessments: Vec<_> =
            targets.iter().map(|target| assess(target, &rulings, now)).collect();
        let text = serde_json::to_vec(&json::report(&assessments, now)).ok()?;
        Some(document(&headers, text))
    });
    match made.await {
        Ok(Some(answer)) => answer,
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
