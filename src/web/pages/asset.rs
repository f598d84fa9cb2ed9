//! The stylesheet and the icons: the only things a page loads.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use crate::scorecard::Verdict;

/// The stylesheet's path names its content, so that browsers may keep it for ever.
pub(super) fn style_path() -> &'static str {
    static STYLE_PATH: LazyLock<String> = LazyLock::new(|| {
        let digest = digest(&SHA256, STYLE.as_bytes());
        let digest = digest.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
        format!("/static/style-{digest:016x}.css")
    });
    &STYLE_PATH
}

pub(super) fn icon_path(verdict: Verdict) -> String {
    format!("/static/icon-{}.svg", verdict.as_str())
}

pub(in crate::web) async fn asset(Path(file): Path<String>) -> Response {
    let path = format!("/static/{file}");
    if path == style_path() {
        let kind = [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        return (kind, STYLE).into_response();
    }
    match Verdict::ALL.into_iter().find(|verdict| path == icon_path(*verdict)) {
        Some(verdict) => svg(verdict),
        None => (StatusCode::NOT_FOUND, "no such file\n").into_response(),
    }
}

/// What browsers ask for when they show something else than a page.
pub(in crate::web) async fn icon() -> Response {
    svg(Verdict::Unknown)
}

fn svg(verdict: Verdict) -> Response {
    let kind =
        [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")];
    // Readable on light and on dark tabs, and different in shape.
    let shape = match verdict {
        Verdict::Go => r##"<circle cx="8" cy="8" r="7" fill="#2da44e"/>"##,
        Verdict::Staged => r##"<path d="M8 1 15.5 14.5H.5z" fill="#d4940c"/>"##,
        Verdict::NoGo => {
            r##"<rect x="1" y="1" width="14" height="14" rx="1.5" fill="#cf3a32"/><path d="m5 5 6 6m0-6-6 6" stroke="#fff" stroke-width="2"/>"##
        }
        Verdict::Unknown => {
            r##"<circle cx="8" cy="8" r="6" fill="none" stroke="#8b949e" stroke-width="2.5" stroke-dasharray="3 2"/>"##
        }
    };
    let svg =
        format!(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{shape}</svg>"#);
    (kind, svg).into_response()
}

const STYLE: &str = include_str!("style.css");
