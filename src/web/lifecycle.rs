//! For whoever runs gonogo: is it alive, is it ready, reload.

use std::sync::Arc;

use axum::extract::State;
use http::{HeaderMap, StatusCode, header};

use super::site::Site;

/// 200 for as long as anybody answers. It depends on no target, else a broken target would get gonogo
/// restarted.
pub(super) async fn healthy() -> &'static str {
    "gonogo is healthy\n"
}

/// Whether requests should be sent here; never the verdict, else Kubernetes would take gonogo out of
/// service exactly when a gate asks.
pub(super) async fn ready(State(site): State<Arc<Site>>) -> (StatusCode, &'static str) {
    if site.board.is_ready() {
        (StatusCode::OK, "gonogo is ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "gonogo is starting or stopping\n")
    }
}

pub(super) async fn reload(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
) -> (StatusCode, String) {
    let Some(reload) = &site.reload else {
        let text = "reloading by HTTP is off; send SIGHUP, or start gonogo with \
                    --web.enable-lifecycle\n";
        return (StatusCode::FORBIDDEN, text.to_owned());
    };
    if is_from_elsewhere(&headers) {
        let text = "a page of another site asked for this\n";
        return (StatusCode::FORBIDDEN, text.to_owned());
    }
    match reload.run().await {
        Ok(()) => (StatusCode::OK, "the configuration was reloaded\n".to_owned()),
        Err(problem) => {
            let problem = problem.trim_end();
            let text =
                format!("the configuration was not reloaded, the old one stays:\n{problem}\n");
            (StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    }
}

/// Whether a browser sends this for a page that is not ours: it adds the user's password by itself.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let host = text(header::HOST.as_str()).unwrap_or_default();
    headers.get(header::ORIGIN).is_some_and(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        origin.split_once("://").is_none_or(|(_, from)| from != host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elsewhere(pairs: &[(&'static str, &'static str)]) -> bool {
        let pairs = pairs.iter().map(|&(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
        });
        is_from_elsewhere(&pairs.collect())
    }

    #[test]
    fn only_our_own_pages_and_programs_may_ask_for_a_reload() {
        assert!(!elsewhere(&[("host", "gonogo:10466")]));
        assert!(!elsewhere(&[("host", "gonogo:10466"), ("origin", "http://gonogo:10466")]));
        assert!(!elsewhere(&[("sec-fetch-site", "same-origin")]));
        assert!(elsewhere(&[("host", "gonogo:10466"), ("origin", "https://evil.example")]));
        assert!(elsewhere(&[("host", "gonogo:10466"), ("origin", "null")]));
        assert!(elsewhere(&[("sec-fetch-site", "cross-site")]));
    }
}
