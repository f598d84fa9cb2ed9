//! The configuration in force, without secrets.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;

use super::Site;

pub(in crate::web) async fn configuration(State(site): State<Arc<Site>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/yaml; charset=utf-8")];
    (kind, site.board.configuration().to_string()).into_response()
}
