//! Pages for people: rendered here, readable without colours, scripts or a mouse.
//!
//! What targets said is hostile input: it is cut to length, freed of control characters, and escaped
//! by the template engine.

mod asset;
mod card;
mod check;
mod choice;
mod configuration;
mod layout;
mod missing;
mod overview;
mod status;
mod target;
mod text;

use std::sync::Arc;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use tracing::error;

pub(super) use asset::{asset, icon};
pub(super) use check::{check, checks};
pub(super) use configuration::configuration;
pub(super) use missing::missing;
pub(super) use overview::Overview;
pub(super) use status::status;
pub(super) use target::target;
pub(super) use text::bounded;

use super::site::Site;

/// Renders a page on a thread that nobody else waits for: with thousands of targets it takes a while.
async fn rendered(
    site: Arc<Site>,
    render: impl FnOnce(&Site) -> Response + Send + 'static,
) -> Response {
    let page = tokio::task::spawn_blocking(move || render(&site)).await;
    page.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(problem) => {
            error!(%problem, "a page cannot be rendered; this is a bug in gonogo");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
