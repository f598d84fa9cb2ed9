//! Deployments whose policy is sound, or faulty in one way.

use std::{pin::Pin, sync::Arc};

use serde_json::{Value, json};

use crate::contract::specimen::{Answer, Asked, Pki, Server, Specimen, Started};

/// All of them.
pub(super) fn all() -> Vec<Specimen> {
    sound().into_iter().chain(trusting()).chain(broken()).chain(untold()).collect()
}

fn sound() -> Vec<Specimen> {
    vec![
        specimen("no policy", &[], || serve(json!({}), |_| page())),
        specimen("a list, its preflights and its socket", &[], || {
            let settings = json!({
                "allowed_origins": [FRONT],
                "endpoints": [{"path": "/", "methods": ["PUT"], "request_headers": ["x-id"]}],
                "credentials": {"cookie": "session=1"},
                "websockets": ["/socket"],
            });
            serve(settings, |asked| match &*asked.path {
                "/socket" if asked.header("origin") == Some(FRONT) => upgraded(),
                "/socket" => Answer::text(403, ""),
                _ => listed(asked),
            })
        }),
        specimen("a list, over TLS", &[], || {
            serve_tls(json!({"allowed_origins": [FRONT]}), listed)
        }),
        specimen("one value for everybody", &[], || {
            serve(json!({"allowed_origins": [FRONT]}), |_| grant(page(), FRONT, true))
        }),
        specimen("public data for everybody", &[], || {
            let settings = json!({"endpoints": [{"path": "/", "public": true}]});
            serve(settings, |_| page().header("access-control-allow-origin", "*"))
        }),
        specimen("strangers refused by an error", &[], || {
            serve(json!({"allowed_origins": [FRONT]}), |asked| match asked.header("origin") {
                Some(origin) if origin != FRONT => Answer::text(500, "not allowed by CORS"),
                _ => listed(asked),
            })
        }),
        specimen("strangers refused by a denial", &[], || {
            serve(json!({}), |asked| match asked.header("origin") {
                Some(_) => Answer::text(403, "Invalid CORS request"),
                None => page(),
            })
        }),
    ]
}

fn trusting() -> Vec<Specimen> {
    vec![
        specimen(
            "every origin reflected",
            &["cors-any-origin-with-credentials", "cors-any-origin"],
            || serve(json!({"private_network": false}), |asked| reflect(asked, |_| true)),
        ),
        specimen(
            "an asterisk on a private network",
            &["cors-any-origin", "cors-any-origin-on-private-network"],
            || serve(json!({}), |_| page().header("access-control-allow-origin", "*")),
        ),
        specimen("null", &["cors-null-origin"], || listing(|origin| origin == "null")),
        specimen("a prefix", &["cors-lookalike-origin"], || {
            listing(|origin| origin.starts_with("https://shop.example."))
        }),
        specimen("a suffix", &["cors-lookalike-origin"], || {
            listing(|origin| origin.ends_with("probeshop.example"))
        }),
        specimen("a dot that is none", &["cors-lookalike-origin"], || {
            serve(json!({"allowed_origins": ["https://www.shop.example"]}), |asked| {
                reflect(asked, |origin| {
                    origin.starts_with("https://www")
                        && origin.ends_with("shop.example")
                        && origin.len() == 24
                })
            })
        }),
        specimen("subdomains", &["cors-any-subdomain"], || {
            listing(|origin| origin.ends_with(".shop.example"))
        }),
        specimen("plain HTTP", &["cors-insecure-origin"], || {
            serve_tls(json!({"allowed_origins": [FRONT]}), |asked| {
                reflect(asked, |origin| origin == FRONT || origin == "http://shop.example")
            })
        }),
        specimen("localhost", &["cors-development-origin"], || {
            listing(|origin| origin == "http://localhost:3000")
        }),
        specimen("shared hosting", &["cors-shared-hosting-origin"], || {
            listing(|origin| origin.ends_with(".vercel.app"))
        }),
        specimen("ports", &["cors-any-port"], || {
            listing(|origin| origin.starts_with("https://shop.example:"))
        }),
        specimen("a socket for everybody", &["cors-websocket-any-origin"], || {
            let settings = json!({"websockets": ["/"], "credentials": {"cookie": "session=1"}});
            serve(settings, |asked| match (asked.header("upgrade"), asked.header("cookie")) {
                (Some(_), Some(_)) => upgraded(),
                (Some(_), None) => Answer::text(401, ""),
                _ => page(),
            })
        }),
    ]
}

fn broken() -> Vec<Specimen> {
    vec![
        Specimen {
            name: "a front end that nobody lets in",
            fails: &["cors-allowed-origin-refused"],
            unknown: &PROVING_NOTHING,
            start: || serve(json!({"allowed_origins": [FRONT]}), |_| page()),
        },
        specimen(
            "preflights behind the sign-in",
            &["cors-allowed-origin-refused", "cors-preflight-needs-credentials"],
            || {
                let settings = json!({
                    "allowed_origins": [FRONT],
                    "credentials": {"cookie": "session=1"},
                    "endpoints": [{"path": "/", "methods": ["PUT"]}],
                });
                serve(settings, |asked| match asked.header("cookie") {
                    Some(_) => listed(asked),
                    None => Answer::text(401, ""),
                })
            },
        ),
        specimen("any method", &["cors-any-method"], || {
            serve(json!({"allowed_origins": [FRONT]}), |asked| {
                let method = asked.header("access-control-request-method").unwrap_or("GET");
                listed(asked).header("access-control-allow-methods", method)
            })
        }),
        specimen("any header", &["cors-any-header"], || {
            serve(json!({"allowed_origins": [FRONT]}), |asked| {
                let names = asked.header("access-control-request-headers").unwrap_or_default();
                listed(asked).header("access-control-allow-headers", names)
            })
        }),
        specimen("an asterisk beside credentials", &["cors-wildcard-with-credentials"], || {
            let settings = json!({"endpoints": [{"path": "/", "public": true}]});
            serve(settings, |_| grant(page(), "*", true))
        }),
        specimen("caches that are not told", &["cors-vary-missing"], || {
            serve(json!({"allowed_origins": [FRONT]}), |asked| {
                let mut answer = listed(asked);
                answer.headers.remove("vary");
                answer.header("cache-control", "max-age=60")
            })
        }),
        Specimen {
            name: "two layers that each answer",
            fails: &["cors-repeated-header", "cors-allowed-origin-refused"],
            unknown: &PROVING_NOTHING,
            start: || {
                serve(json!({"allowed_origins": [FRONT]}), |asked| {
                    match asked.header("origin").filter(|origin| *origin == FRONT) {
                        Some(_) if asked.method != "OPTIONS" => {
                            listed(asked).header("access-control-allow-origin", FRONT)
                        }
                        _ => listed(asked),
                    }
                })
            },
        },
        specimen("leave for a year", &["cors-preflight-cached-too-long"], || {
            serve(json!({"allowed_origins": [FRONT]}), |asked| {
                listed(asked).header("access-control-max-age", "31536000")
            })
        }),
    ]
}

fn untold() -> Vec<Specimen> {
    vec![
        Specimen {
            name: "a sign-in that nobody may pass",
            fails: &[],
            unknown: &NOTHING_THERE,
            start: || serve(json!({}), |_| Answer::text(401, "")),
        },
        Specimen {
            name: "nothing there",
            fails: &[],
            unknown: &NOTHING_THERE,
            start: || serve(json!({}), |_| Answer::text(404, "")),
        },
    ]
}

fn specimen(
    name: &'static str,
    fails: &'static [&'static str],
    start: fn() -> Starting,
) -> Specimen {
    Specimen { name, fails, unknown: &[], start }
}

type Starting = Pin<Box<dyn Future<Output = Started> + Send>>;

fn serve(settings: Value, respond: fn(&Asked) -> Answer) -> Starting {
    Box::pin(async move {
        let server = Server::http(move |asked| respond(&asked)).await;
        Started::new(server.url("/"), server).settings(settings)
    })
}

fn serve_tls(settings: Value, respond: fn(&Asked) -> Answer) -> Starting {
    Box::pin(async move {
        let pki = Pki::new();
        let tls = Arc::clone(&pki.leaf(&["127.0.0.1"]).server_config());
        let server = Server::https(tls, move |asked| respond(&asked)).await;
        Started::new(server.url("/"), server).settings(settings).root(pki.root())
    })
}

/// A server that lets its front end in, and whomever else `trusted` names.
fn listing(trusted: fn(&str) -> bool) -> Starting {
    let settings = json!({"allowed_origins": [FRONT]});
    Box::pin(async move {
        let server =
            Server::http(move |asked| reflect(&asked, |origin| origin == FRONT || trusted(origin)));
        let server = server.await;
        Started::new(server.url("/"), server).settings(settings)
    })
}

fn listed(asked: &Asked) -> Answer {
    let answer = reflect(asked, |origin| origin == FRONT);
    match asked.method.as_str() {
        "OPTIONS" => answer
            .header("access-control-allow-methods", "GET, PUT")
            .header("access-control-allow-headers", "x-id, content-type"),
        _ => answer,
    }
}

/// Allows every origin that is trusted, with credentials.
fn reflect(asked: &Asked, trusted: impl Fn(&str) -> bool) -> Answer {
    let answer = page().header("vary", "Origin");
    match asked.header("origin") {
        Some(origin) if trusted(origin) => grant(answer, origin, true),
        _ => answer,
    }
}

fn grant(answer: Answer, origin: &str, credentials: bool) -> Answer {
    let answer = answer.header("access-control-allow-origin", origin);
    if credentials { answer.header("access-control-allow-credentials", "true") } else { answer }
}

fn page() -> Answer {
    Answer::json(200, r#"{"cart":[]}"#)
}

fn upgraded() -> Answer {
    let mut answer = Answer::text(101, "").header("upgrade", "websocket");
    answer.headers.remove("content-type");
    answer.header("connection", "upgrade")
}

const FRONT: &str = "https://shop.example";

/// What cannot be told where the front end is refused like everybody else.
const PROVING_NOTHING: [&str; 10] = [
    "cors-any-origin-with-credentials",
    "cors-null-origin",
    "cors-lookalike-origin",
    "cors-any-origin",
    "cors-any-origin-on-private-network",
    "cors-any-subdomain",
    "cors-development-origin",
    "cors-shared-hosting-origin",
    "cors-any-port",
    "cors-vary-missing",
];

/// What cannot be told where nothing was seen that anybody may read.
const NOTHING_THERE: [&str; 15] = [
    "cors-any-origin-with-credentials",
    "cors-null-origin",
    "cors-lookalike-origin",
    "cors-any-origin",
    "cors-any-origin-on-private-network",
    "cors-development-origin",
    "cors-shared-hosting-origin",
    "cors-any-port",
    "cors-any-subdomain",
    "cors-any-method",
    "cors-any-header",
    "cors-wildcard-with-credentials",
    "cors-vary-missing",
    "cors-repeated-header",
    "cors-preflight-cached-too-long",
];
