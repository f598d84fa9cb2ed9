//! Sites as frameworks and servers make them, with care and with one thing missing.

use std::pin::Pin;

use serde_json::{Value, json};

use crate::contract::specimen::{Answer, Asked, Pki, Server, Specimen, Started, refusing};

/// All of them.
pub(super) fn all() -> Vec<Specimen> {
    [sound(), frameworks(), faulty_transport(), faulty_pages(), faulty_answers()]
        .into_iter()
        .flatten()
        .collect()
}

fn sound() -> Vec<Specimen> {
    vec![
        specimen("a site with care", &[], || site(json!({}), careful)),
        specimen("a site with care behind a login", &[], || {
            site(json!({}), |asked| match asked.path.as_str() {
                "/" => secured(Answer::html(302, "").header("location", "/login")),
                _ => careful(asked),
            })
        }),
        specimen("an API with care", &[], || {
            let settings = json!({"audience": "programs", "unauthorized": "/orders"});
            site(settings, |asked| match asked.path.as_str() {
                "/" => api(Answer::json(200, r#"{"ok":true}"#)),
                "/orders" => api(Answer::json(401, "{}").header("www-authenticate", "Bearer")),
                _ => api(Answer::new(404, "application/problem+json", "{}")),
            })
        }),
        specimen("an API with a credential", &[], || {
            let settings =
                json!({"headers": {"authorization": "Bearer k"}, "audience": "programs"});
            site(settings, |asked| match asked.header("authorization") {
                Some("Bearer k") => {
                    api(Answer::json(200, "{}").header("cache-control", "no-store"))
                }
                _ => api(Answer::json(401, "{}")),
            })
        }),
        Specimen {
            unknown: &UNSEEN,
            ..specimen("an API whose root is nothing", &[], || {
                site(json!({"audience": "programs"}), |_| api(Answer::json(404, "{}")))
            })
        },
        specimen("an API whose error is to be judged", &[], || {
            let settings = json!({"audience": "programs", "accept": [200, 404]});
            site(settings, |_| api(Answer::json(404, "{}")))
        }),
        Specimen {
            unknown: &UNSEEN,
            ..specimen("an API that answers nothing but its health", &[], || {
                site(json!({"audience": "programs"}), |asked| match asked.path.as_str() {
                    "/healthz" => api(Answer::json(200, "{}")),
                    _ => api(Answer::json(404, "{}")),
                })
            })
        },
        specimen(
            "an API whose root is nothing, behind a proxy that forgets errors",
            &["headers-dropped-on-errors"],
            || {
                site(json!({"audience": "programs"}), |asked| match asked.path.as_str() {
                    "/api" => api(Answer::json(200, "{}")),
                    _ => Answer::json(404, "{}"),
                })
            },
        ),
        Specimen {
            unknown: &["headers-private-response-cacheable"],
            ..specimen("a credential that opens nothing", &[], || {
                let settings =
                    json!({"headers": {"authorization": "Bearer k"}, "audience": "programs"});
                site(settings, |asked| match asked.path.as_str() {
                    "/api" => api(Answer::json(200, "{}")),
                    _ => api(Answer::json(404, "{}")),
                })
            })
        },
        specimen("a site elsewhere", &[], || {
            site(json!({}), |asked| match asked.path.as_str() {
                "/" => secured(Answer::html(302, "").header("location", "https://login.example/")),
                _ => careful(asked),
            })
        }),
        Specimen {
            unknown: &[
                "headers-content-type-missing",
                "headers-sniffing-allowed",
                "headers-hsts-missing",
                "headers-hsts-short",
                "headers-hsts-invalid",
                "headers-framing-allowed",
                "headers-csp-missing",
                "headers-csp-weak",
                "headers-referrer-leaks",
                "headers-permissions-unrestricted",
                "headers-private-response-cacheable",
                "headers-version-disclosed",
                "headers-dropped-on-errors",
                "headers-cross-origin-isolation-invalid",
                "headers-subresource-unpinned",
            ],
            ..specimen("a gateway with nothing behind it", &[], || {
                site(json!({}), |_| Answer::html(502, "<h1>502 Bad Gateway</h1>"))
            })
        },
    ]
}

/// What is asked of programs' answers, and cannot be told where none was seen.
const UNSEEN: [&str; 8] = [
    "headers-content-type-missing",
    "headers-sniffing-allowed",
    "headers-hsts-missing",
    "headers-hsts-short",
    "headers-hsts-invalid",
    "headers-private-response-cacheable",
    "headers-version-disclosed",
    "headers-dropped-on-errors",
];

/// Headers as they come with the security settings of each.
fn frameworks() -> Vec<Specimen> {
    vec![
        specimen("Express with helmet", &[], || {
            site(json!({}), |_| {
                let csp = "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests";
                Answer::html(200, "<p>hello")
                    .header("content-security-policy", csp)
                    .header("cross-origin-opener-policy", "same-origin")
                    .header("cross-origin-resource-policy", "same-origin")
                    .header("origin-agent-cluster", "?1")
                    .header("referrer-policy", "no-referrer")
                    .header("strict-transport-security", "max-age=31536000; includeSubDomains")
                    .header("x-content-type-options", "nosniff")
                    .header("x-frame-options", "SAMEORIGIN")
                    .header("x-xss-protection", "0")
            })
        }),
        specimen("Spring Security in front of an API", &[], || {
            let settings = json!({"audience": "programs", "accept": ["2xx", 401]});
            site(settings, |asked| {
                let status = if asked.path == "/" { 401 } else { 404 };
                Answer::json(status, "{}")
                    .header("cache-control", "no-cache, no-store, max-age=0, must-revalidate")
                    .header("pragma", "no-cache")
                    .header("expires", "0")
                    .header("strict-transport-security", "max-age=31536000 ; includeSubDomains")
                    .header("x-content-type-options", "nosniff")
                    .header("x-frame-options", "DENY")
                    .header("x-xss-protection", "0")
            })
        }),
        specimen(
            "Rails, which leaves the policy to the application",
            &["headers-csp-missing"],
            || {
                site(json!({}), |_| {
                    Answer::html(200, "<p>hello")
                        .header("cache-control", "max-age=0, private, must-revalidate")
                        .header("referrer-policy", "strict-origin-when-cross-origin")
                        .header(
                            "set-cookie",
                            "_app_session=x; path=/; secure; HttpOnly; SameSite=Lax",
                        )
                        .header("strict-transport-security", "max-age=63072000; includeSubDomains")
                        .header("x-content-type-options", "nosniff")
                        .header("x-frame-options", "SAMEORIGIN")
                        .header("x-permitted-cross-domain-policies", "none")
                })
            },
        ),
        specimen("GitHub's kind of policy", &[], || {
            site(json!({}), |_| {
                let csp = "default-src 'none'; base-uri 'self'; child-src github.example/assets-cdn/worker/; connect-src 'self' uploads.github.example; font-src github.githubassets.example; form-action 'self' github.example; frame-ancestors 'none'; frame-src viewscreen.github.example; img-src 'self' data: blob: *.githubusercontent.example; manifest-src 'self'; media-src github.example; script-src github.githubassets.example; style-src 'unsafe-inline' github.githubassets.example; upgrade-insecure-requests; worker-src github.example/assets-cdn/worker/";
                secured(Answer::html(200, "<p>hello"))
                    .header("content-security-policy", csp)
                    .header("x-frame-options", "deny")
                    .header(
                        "referrer-policy",
                        "origin-when-cross-origin, strict-origin-when-cross-origin",
                    )
            })
        }),
        specimen("a single-page application on a delivery network", &[], || {
            site(json!({}), |asked| match asked.path.as_str() {
                "/main.js" => secured(Answer::new(200, "text/javascript", "1")),
                _ => secured(Answer::html(200, "<!doctype html><script src=/main.js></script>"))
                    .header("content-security-policy", "default-src 'self'; frame-ancestors 'self'")
                    .header("server", "AmazonS3")
                    .header("via", "1.1 0123456789abcdef.cloudfront.example (CloudFront)")
                    .header("x-cache", "Hit from cloudfront"),
            })
        }),
    ]
}

fn faulty_transport() -> Vec<Specimen> {
    vec![
        specimen("no HSTS", &["headers-hsts-missing"], || {
            site(json!({}), |asked| without(careful(asked), "strict-transport-security"))
        }),
        specimen("HSTS for a day", &["headers-hsts-short"], || {
            site(json!({}), |asked| {
                instead(careful(asked), "strict-transport-security", "max-age=86400")
            })
        }),
        specimen("HSTS that nobody can read", &["headers-hsts-invalid"], || {
            site(json!({}), |asked| {
                instead(careful(asked), "strict-transport-security", "includeSubDomains; preload")
            })
        }),
        specimen("HSTS from two places", &["headers-hsts-invalid"], || {
            site(json!({}), |asked| careful(asked).header("strict-transport-security", "max-age=0"))
        }),
    ]
}

fn faulty_pages() -> Vec<Specimen> {
    vec![
        specimen("may be framed", &["headers-framing-allowed"], || {
            site(json!({}), |asked| {
                let csp = "default-src 'self'; frame-ancestors *";
                instead(careful(asked), "content-security-policy", csp)
            })
        }),
        specimen("no policy", &["headers-csp-missing", "headers-framing-allowed"], || {
            site(json!({}), |asked| without(careful(asked), "content-security-policy"))
        }),
        specimen("a policy that is only reported about", &["headers-csp-missing"], || {
            site(json!({}), |asked| {
                without(careful(asked), "content-security-policy")
                    .header("x-frame-options", "DENY")
                    .header("content-security-policy-report-only", "default-src 'self'")
            })
        }),
        specimen("a policy with a hole", &["headers-csp-weak"], || {
            site(json!({}), |asked| {
                let csp = "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'";
                instead(careful(asked), "content-security-policy", csp)
            })
        }),
        specimen("tells paths to everybody", &["headers-referrer-leaks"], || {
            site(json!({}), |asked| careful(asked).header("referrer-policy", "unsafe-url"))
        }),
        specimen("gives the camera to everybody", &["headers-permissions-unrestricted"], || {
            site(json!({}), |asked| careful(asked).header("permissions-policy", "camera=*"))
        }),
        specimen("isolated in quotes", &["headers-cross-origin-isolation-invalid"], || {
            site(json!({}), |asked| {
                careful(asked).header("cross-origin-opener-policy", "\"same-origin\"")
            })
        }),
        specimen("somebody else's script", &["headers-subresource-unpinned"], || {
            site(json!({}), |asked| match asked.path.as_str() {
                "/" => framed(Answer::html(200, "<script src=https://cdn.test/a.js></script>")),
                _ => careful(asked),
            })
        }),
    ]
}

fn faulty_answers() -> Vec<Specimen> {
    vec![
        specimen("types left to guesses", &["headers-sniffing-allowed"], || {
            site(json!({}), |asked| without(careful(asked), "x-content-type-options"))
        }),
        specimen("JSON that says it is HTML", &["headers-content-type-missing"], || {
            let settings = json!({"audience": "programs"});
            site(settings, |_| api(Answer::html(200, r#"{"name":"<script>"}"#)))
        }),
        specimen("no type", &["headers-content-type-missing"], || {
            let settings = json!({"audience": "programs"});
            site(settings, |_| without(api(Answer::json(200, "{}")), "content-type"))
        }),
        specimen("a version", &["headers-version-disclosed"], || {
            site(json!({}), |asked| careful(asked).header("server", "nginx/1.18.0"))
        }),
        specimen("a session for everybody", &["headers-private-response-cacheable"], || {
            site(json!({}), |asked| {
                careful(asked)
                    .header("set-cookie", "sid=x; Secure; HttpOnly; SameSite=Lax")
                    .header("cache-control", "public, max-age=600")
            })
        }),
        specimen("nginx without always", &["headers-dropped-on-errors"], || {
            site(json!({}), |asked| match asked.path.as_str() {
                "/" => careful(asked),
                _ => Answer::html(404, "<h1>404 Not Found</h1>"),
            })
        }),
    ]
}

type Start = fn() -> Pin<Box<dyn Future<Output = Started> + Send>>;

fn specimen(name: &'static str, fails: &'static [&'static str], start: Start) -> Specimen {
    Specimen { name, fails, unknown: &[], start }
}

/// `https://shop.example/`, with port 80 closed.
fn site(
    mut settings: Value,
    answer: fn(Asked) -> Answer,
) -> Pin<Box<dyn Future<Output = Started> + Send>> {
    Box::pin(async move {
        let pki = Pki::new();
        let tls = pki.leaf(&["shop.example"]).server_config();
        let server = Server::https(tls, answer).await;
        let (closed, guard) = refusing();
        settings["port"] = json!(closed.port());
        let address = server.address();
        Started::new(server.url("/"), (server, guard))
            .known_as("https://shop.example/", address)
            .settings(settings)
            .root(pki.root())
    })
}

/// A page, a script of its own, and nothing else.
#[expect(clippy::needless_pass_by_value, reason = "a specimen answers a request of its own")]
fn careful(asked: Asked) -> Answer {
    match asked.path.as_str() {
        "/" | "/login" => framed(Answer::html(200, "<script src=/main.js></script>")),
        "/main.js" => secured(Answer::new(200, "text/javascript; charset=utf-8", "1")),
        _ => framed(Answer::html(404, "<h1>not here</h1>")),
    }
}

fn framed(answer: Answer) -> Answer {
    secured(answer).header("content-security-policy", "default-src 'self'; frame-ancestors 'none'")
}

fn api(answer: Answer) -> Answer {
    secured(answer).header("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
}

fn secured(answer: Answer) -> Answer {
    answer
        .header("strict-transport-security", "max-age=63072000; includeSubDomains")
        .header("x-content-type-options", "nosniff")
}

fn without(mut answer: Answer, name: &'static str) -> Answer {
    answer.headers.remove(name);
    answer
}

fn instead(answer: Answer, name: &'static str, value: &str) -> Answer {
    without(answer, name).header(name, value)
}
