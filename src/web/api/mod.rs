//! Answers for programs, as JSON.

mod discovery;
mod report;
mod verdict;

use std::sync::Arc;

use axum::{
    body::Bytes,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;

pub(super) use discovery::service_discovery;
pub(super) use report::{report, target_report};
pub(super) use verdict::verdict;

use super::site::Site;
use crate::{
    config::suggest,
    findings::{Snapshot, TargetFindings},
};

impl Site {
    /// The target of this name, or what to say about the name.
    fn wanted(&self, name: &str) -> Result<Arc<TargetFindings>, String> {
        let snapshot = self.board.findings.snapshot();
        snapshot.target(name).cloned().ok_or_else(|| self.no_such_target(&snapshot, name))
    }

    /// What to say about a name that no target has.
    pub(super) fn no_such_target(&self, snapshot: &Snapshot, name: &str) -> String {
        let names = snapshot.targets.iter().map(|known| known.target.name.as_str());
        let shown = super::pages::bounded(name, 80);
        match suggest::suggest(name, names) {
            Some(help) => format!("no target is called `{shown}`; {help}"),
            None => {
                format!("no target is called `{shown}`; {} lists them all", self.links.to("/sd"))
            }
        }
    }
}

pub(super) fn complaint(status: StatusCode, error: String) -> Response {
    #[derive(Serialize)]
    struct Complaint {
        error: String,
    }
    json(status, &Complaint { error })
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(mut text) => {
            text.push(b'\n');
            (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A large document, gzipped where that is wanted.
fn document(headers: &HeaderMap, text: Vec<u8>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json"), (header::VARY, "Accept-Encoding")];
    if super::negotiate::takes_gzip(headers) {
        let zipped = crate::board::zip(&text);
        (kind, [(header::CONTENT_ENCODING, "gzip")], zipped).into_response()
    } else {
        (kind, Bytes::from(text)).into_response()
    }
}
