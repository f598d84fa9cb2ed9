//! A request's way through the listener: who asks, bounds, prefix, route, and the headers that every
//! answer has.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::FutureExt;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header, uri::PathAndQuery,
};
use hyper::body::Incoming;
use tower::ServiceExt;
use tracing::{error, trace};

use super::{
    Access, Control, Hosts, Links, Options, Reload, access::Entry, api, control, lifecycle,
    metrics, pages,
};
use crate::board::Board;

/// What the routes need.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) board: Arc<Board>,
    pub(super) links: Links,
    pub(super) reload: Option<Reload>,
    pub(super) control: Option<Control>,
    pub(super) overview: pages::Overview,
}

/// The routes, and what stands before them.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) access: Access,
    hosts: Hosts,
    links: Links,
    router: Router,
}

/// What a connection may ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Door {
    /// Everything.
    Open,
    /// What cannot wait until others have been answered.
    Reserved,
    /// The same, because shutdown has begun.
    Closing,
}

impl Front {
    pub(super) fn new(board: Arc<Board>, options: Options) -> Self {
        let Options { access, hosts, links, reload, control, .. } = options;
        let overview = pages::Overview::default();
        let site = Site { board, links: links.clone(), reload, control, overview };
        Self { access, hosts, links, router: routes(site) }
    }

    /// Answers a request, whatever happens meanwhile.
    pub(super) async fn answer(&self, request: Request<Incoming>, door: Door) -> Response {
        trace!(method = %request.method(), uri = ?request.uri(), "asked");
        let answer = AssertUnwindSafe(self.admit(request, door)).catch_unwind().await;
        let mut answer = answer.unwrap_or_else(|_| {
            error!("answering a request panicked; this is a bug in gonogo");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        });
        let headers = answer.headers_mut();
        for (name, value) in ALWAYS {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        for (name, value) in self.access.headers().iter() {
            headers.insert(name, value.clone());
        }
        answer
    }

    async fn admit(&self, request: Request<Incoming>, door: Door) -> Response {
        let path = self.links.inner(request.uri().path()).unwrap_or_default();
        // They tell nothing that a closed connection would not, and kubelets know no password.
        if !LIFE_SIGNS.contains(&path) {
            if door != Door::Open && path != METRICS {
                return crowded(door);
            }
            if let Err(text) = self.hosts.admit(request.uri(), request.headers()) {
                return (StatusCode::MISDIRECTED_REQUEST, text).into_response();
            }
            if let Some(refused) = self.refuse(request.headers()).await {
                return refused;
            }
        }
        self.route(request).await
    }

    /// The answer to those who may not come in.
    async fn refuse(&self, headers: &HeaderMap) -> Option<Response> {
        let answer = match self.access.admit(headers).await {
            Entry::Granted => return None,
            Entry::Refused => {
                let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"gonogo\"")];
                let text = "this gonogo asks for a user name and a password\n";
                (StatusCode::UNAUTHORIZED, challenge, text).into_response()
            }
            Entry::Crowded => {
                let retry = [(header::RETRY_AFTER, "5")];
                let text = "too many passwords are being checked; try again in a moment\n";
                (StatusCode::SERVICE_UNAVAILABLE, retry, text).into_response()
            }
        };
        Some(answer)
    }

    async fn route(&self, request: Request<Incoming>) -> Response {
        let (mut head, body) = request.into_parts();
        if head.uri.path_and_query().map_or(0, |path| path.as_str().len()) > LONGEST_URI {
            let text = format!("the path with its query is longer than {LONGEST_URI} bytes\n");
            return (StatusCode::URI_TOO_LONG, text).into_response();
        }
        let Some(inner) = self.inner(&head.uri) else {
            let home = self.links.home();
            if head.uri.path() == "/" || head.uri.path() == home.trim_end_matches('/') {
                return (StatusCode::FOUND, [(header::LOCATION, self.links.to("/"))])
                    .into_response();
            }
            return (StatusCode::NOT_FOUND, format!("everything is under {home}\n"))
                .into_response();
        };
        head.uri = inner;
        let request = Request::from_parts(head, Body::new(body));
        self.router.clone().oneshot(request).await.into_response()
    }

    /// The URI as the routes know it.
    fn inner(&self, uri: &Uri) -> Option<Uri> {
        let path = self.links.inner(uri.path())?;
        let inner = match uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        PathAndQuery::try_from(inner).ok().map(Uri::from)
    }
}

fn routes(site: Site) -> Router {
    Router::new()
        .route("/", get(pages::status))
        .route("/targets/{name}", get(pages::target))
        .route("/checks", get(pages::checks))
        .route("/checks/{id}", get(pages::check))
        .route("/static/{file}", get(pages::asset))
        .route("/favicon.ico", get(pages::icon))
        .route("/config", get(pages::configuration))
        .route(METRICS, get(metrics::metrics))
        .route("/probe", get(metrics::probe))
        .route("/sd", get(api::service_discovery))
        .route("/api/v1/report", get(api::report))
        .route("/api/v1/targets/{name}/report", get(api::target_report))
        .route("/api/v1/targets/{name}/verdict", get(api::verdict))
        .route("/api/v1/targets/{name}/probes/{probe}/visit", post(control::visit))
        .route("/api/v1/targets/{name}/probes/{probe}/rearm", post(control::rearm))
        .route(HEALTHY, get(lifecycle::healthy))
        .route(READY, get(lifecycle::ready))
        .route("/-/reload", post(lifecycle::reload).put(lifecycle::reload))
        .fallback(pages::missing)
        .method_not_allowed_fallback(wrong_method)
        .with_state(Arc::new(site))
}

fn crowded(door: Door) -> Response {
    let text = if door == Door::Closing {
        "gonogo is shutting down\n"
    } else {
        "too many requests are under way; try again in a moment\n"
    };
    let headers = [(header::RETRY_AFTER, "5"), (header::CONNECTION, "close")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, text).into_response()
}

async fn wrong_method(method: Method) -> (StatusCode, String) {
    (StatusCode::METHOD_NOT_ALLOWED, format!("{method} means nothing here; see the Allow header\n"))
}

/// On every answer that does not say otherwise. Pages show what targets said, so a browser is told to
/// run nothing and to load nothing but our own stylesheet and icons.
const ALWAYS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

const HEALTHY: &str = "/-/healthy";
const READY: &str = "/-/ready";
const METRICS: &str = "/metrics";
/// Asked by machines that have neither a password nor a name for us.
const LIFE_SIGNS: [&str; 2] = [HEALTHY, READY];
/// Longer than any link of ours.
const LONGEST_URI: usize = 4096;
