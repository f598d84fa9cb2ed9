//! The page for what is not there.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri};

use super::{Site, bounded, layout::Layout, page};
use crate::{scorecard::Verdict, web::negotiate};

#[derive(Debug, Template)]
#[template(path = "missing.html")]
struct Missing {
    layout: Layout,
    sentence: String,
    /// Where that leads which was meant, perhaps.
    near: Vec<(String, String)>,
}

pub(in crate::web) async fn missing(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let sentence = format!("there is nothing at {}", bounded(uri.path(), 80));
    if negotiate::takes_html(&headers) {
        return site.missing(sentence, Vec::new());
    }
    let text = format!(
        "{sentence}; see {} for people, {} and {} for programs\n",
        site.links.to("/"),
        site.links.to("/metrics"),
        site.links.to("/api/v1/report")
    );
    (StatusCode::NOT_FOUND, text).into_response()
}

impl Site {
    /// Says what is not there, and what there is instead: links with their texts.
    pub(super) fn missing(&self, sentence: String, near: Vec<(String, String)>) -> Response {
        let now = self.board.clock.now();
        let layout = Layout::new("not found".to_owned(), Verdict::Unknown, &self.links, now);
        page(StatusCode::NOT_FOUND, &Missing { layout, sentence, near })
    }
}
