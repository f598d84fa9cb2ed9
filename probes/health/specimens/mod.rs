//! Deployments whose health endpoints are sound, or faulty in one way.

use std::{pin::Pin, time::Duration};

use serde_json::{Value, json};

use crate::contract::specimen::{Answer, Asked, Server, Specimen, Started, bind, refusing};

/// All of them.
pub(super) fn all() -> Vec<Specimen> {
    sound().into_iter().chain(absent()).chain(faulty()).collect()
}

fn sound() -> Vec<Specimen> {
    vec![
        specimen("plain endpoints, found", &[], || {
            serve(json!({}), |path| match path {
                "/readyz" | "/livez" => no_store(Answer::text(200, "ok")),
                _ => Answer::text(404, "404 page not found"),
            })
        }),
        specimen("Spring Boot, found", &[], || {
            serve(json!({}), |path| match path {
                "/actuator/health/readiness" | "/actuator/health/liveness" => {
                    Answer::new(200, SPRING, r#"{"status":"UP"}"#)
                }
                path => Answer::json(404, format!(r#"{{"status":404,"path":"{path}"}}"#)),
            })
        }),
        specimen("MicroProfile, found", &[], || {
            serve(json!({"expect_components": ["database"]}), |path| match path {
                "/q/health/ready" => Answer::json(200, MICROPROFILE),
                "/q/health/live" => Answer::json(200, r#"{"status":"UP","checks":[]}"#),
                _ => Answer::html(404, "<html><body>Resource not found</body></html>"),
            })
        }),
        specimen("ASP.NET Core, named", &[], || {
            serve(json!({"ready": "/hc/ready", "live": "/hc/live"}), |path| match path {
                "/hc/ready" => Answer::text(200, "Degraded").header("expires", "0"),
                "/hc/live" => Answer::text(200, "Healthy"),
                _ => Answer::text(404, ""),
            })
        }),
        specimen("health+json, each component reported", &[], || {
            let settings =
                json!({"ready": "/health", "live": "/alive", "expect_components": ["cassandra"]});
            serve(settings, |path| match path {
                "/health" => Answer::new(200, "application/health+json", HEALTH_JSON),
                "/alive" => Answer::text(204, ""),
                _ => Answer::json(404, r#"{"detail":"Not Found"}"#),
            })
        }),
        specimen("Rails, a bare page", &[], || {
            serve(json!({"ready": "/up", "live": "/alive"}), |path| match path {
                "/up" => Answer::html(200, RAILS),
                "/alive" => Answer::text(200, "OK"),
                _ => Answer::html(404, "<html><h1>The page does not exist</h1></html>"),
            })
        }),
        specimen("Django, a slash further", &[], || {
            serve(json!({"ready": "/ready", "live": "/live"}), |path| match path {
                "/ready" | "/live" => Answer::text(301, "").header("location", &format!("{path}/")),
                "/ready/" => Answer::json(200, r#"{"DatabaseBackend": "working"}"#),
                "/live/" => Answer::json(200, r#"{"DiskUsage": "working"}"#),
                _ => Answer::html(404, "<html>Not Found</html>"),
            })
        }),
        specimen("a credential for everything", &[], || {
            Box::pin(async {
                let settings = json!({
                    "ready": "/readyz", "live": "/livez", "headers": {"x-token": "k"},
                });
                let server = Server::http(|asked| match (asked.header("x-token"), &*asked.path) {
                    (None, _) => Answer::text(401, ""),
                    (_, "/readyz") => Answer::json(200, LEAKY),
                    (_, "/livez") => Answer::text(200, "ok"),
                    _ => Answer::text(404, ""),
                });
                let server = server.await;
                Started::new(server.url("/"), server).settings(settings)
            })
        }),
        specimen("a management port that answers every path", &[], || {
            Box::pin(async {
                let app = Server::http(|_| Answer::text(404, "")).await;
                let health = Server::http(|_| Answer::text(200, "ok")).await;
                let (ready, live) = (health.url("/ready"), health.url("/live"));
                let settings = json!({"ready": ready.as_str(), "live": live.as_str()});
                Started::new(app.url("/"), (app, health)).settings(settings)
            })
        }),
        specimen("a dependency that is up", &[], || depending(200, "ok", true)),
    ]
}

/// Where the endpoints are missing, or nobody can tell.
fn absent() -> Vec<Specimen> {
    const MISSING: &[&str] = &["health-readiness-missing", "health-liveness-missing"];
    vec![
        specimen("no endpoint at all", MISSING, || serve(json!({}), |_| Answer::text(404, ""))),
        specimen("a single-page application", MISSING, || {
            serve(json!({}), |_| Answer::html(200, SPA))
        }),
        specimen("a catch-all that says ok to everything", MISSING, || {
            serve(json!({}), |_| Answer::json(200, r#"{"status":"ok"}"#))
        }),
        specimen("a login for everything", MISSING, || {
            serve(json!({}), |path| {
                Answer::html(302, "").header("location", &format!("/login?next={path}"))
            })
        }),
        Specimen {
            unknown: &["health-not-ready", "health-not-alive"],
            ..specimen("a login where the endpoints should be", MISSING, || {
                serve(json!({"ready": "/readyz", "live": "/livez"}), |path| match path {
                    "/readyz" => Answer::html(302, "").header("location", "/users/sign_in"),
                    "/livez" => {
                        Answer::html(200, "<html><form><input type=password></form></html>")
                    }
                    _ => Answer::html(404, ""),
                })
            })
        },
        Specimen {
            unknown: ALL_THAT_NEED_ENDPOINTS,
            ..specimen("a credential nobody has", &[], || {
                serve(json!({}), |_| Answer::text(401, ""))
            })
        },
        Specimen {
            unknown: ALL_THAT_NEED_ENDPOINTS,
            ..specimen("a gateway with nothing behind it", &[], || {
                serve(json!({}), |_| Answer::html(502, "<html><h1>502 Bad Gateway</h1></html>"))
            })
        },
        Specimen {
            unknown: &[
                "health-readiness-missing",
                "health-liveness-missing",
                "health-status-contradicts-body",
                "health-slow",
                "health-leaks-details",
                "health-cacheable",
                "health-liveness-depends",
                "health-not-alive",
            ],
            ..specimen("nobody listens", &["health-not-ready"], || {
                Box::pin(async {
                    let (address, guard) = refusing();
                    let url = format!("http://{address}/").parse().expect("a URL");
                    Started::new(url, guard)
                })
            })
        },
        specimen("one endpoint for both questions", &["health-liveness-missing"], || {
            serve(json!({}), |path| match path {
                "/health" => Answer::json(200, r#"{"status":"ok"}"#),
                _ => Answer::text(404, ""),
            })
        }),
    ]
}

/// Where both endpoints are there and one thing is wrong.
fn faulty() -> Vec<Specimen> {
    vec![
        specimen("not ready, and says so", &["health-not-ready"], || {
            pair(json!({}), Answer::json(503, r#"{"status":"DOWN"}"#), ok())
        }),
        specimen("a server error for readiness", &["health-not-ready"], || {
            pair(json!({}), Answer::html(500, "<html><h1>500</h1></html>"), ok())
        }),
        specimen("to be restarted", &["health-not-alive"], || {
            pair(json!({}), ok(), Answer::text(503, "deadlock detected"))
        }),
        specimen(
            "says yes by status and no by body",
            &["health-not-ready", "health-status-contradicts-body"],
            || pair(json!({}), Answer::json(200, r#"{"status":"DOWN"}"#), ok()),
        ),
        specimen(
            "up, though a component it cannot do without is down",
            &["health-status-contradicts-body"],
            || {
                let body = r#"{"status":"UP","components":{"db":{"status":"DOWN"}}}"#;
                pair(json!({"expect_components": ["db"]}), Answer::json(200, body), ok())
            },
        ),
        specimen("ready without its database", &["health-hides-dependency"], || {
            depending(200, r#"{"status":"ok"}"#, false)
        }),
        specimen("not ready without its database", &["health-not-ready"], || {
            depending(503, r#"{"status":"down"}"#, false)
        }),
        specimen("reports nothing", &["health-shallow"], || {
            pair(json!({"expect_components": ["db"]}), ok(), ok())
        }),
        specimen("slow", &["health-slow"], || {
            pair(json!({"slow": "20ms"}), ok().after(Duration::from_millis(60)), ok())
        }),
        specimen("kept by caches", &["health-cacheable"], || {
            let kept = Answer::text(200, "ok").header("cache-control", "public, max-age=60");
            pair(json!({}), kept, ok())
        }),
        specimen("shows its insides", &["health-leaks-details"], || {
            pair(json!({}), Answer::json(200, LEAKY), ok())
        }),
        specimen("liveness asks the database", &["health-liveness-depends"], || {
            pair(
                json!({}),
                ok(),
                Answer::json(200, r#"{"status":"UP","checks":{"database":"up"}}"#),
            )
        }),
    ]
}

type Start = fn() -> Pin<Box<dyn Future<Output = Started> + Send>>;

fn specimen(name: &'static str, fails: &'static [&'static str], start: Start) -> Specimen {
    Specimen { name, fails, unknown: &[], start }
}

/// A server that answers by path.
fn serve(
    settings: Value,
    answer: fn(&str) -> Answer,
) -> Pin<Box<dyn Future<Output = Started> + Send>> {
    Box::pin(async move {
        let server = Server::http(move |asked: Asked| answer(&asked.path)).await;
        Started::new(server.url("/"), server).settings(settings)
    })
}

/// A server with an answer for readiness and one for liveness.
fn pair(
    settings: Value,
    ready: Answer,
    live: Answer,
) -> Pin<Box<dyn Future<Output = Started> + Send>> {
    Box::pin(async move {
        let answer = move |asked: Asked| match asked.path.as_str() {
            "/readyz" => ready.clone(),
            "/livez" => live.clone(),
            _ => Answer::text(404, "404 page not found"),
        };
        let server = Server::http(answer).await;
        Started::new(server.url("/"), server).settings(settings)
    })
}

/// A server whose readiness is so, with a dependency that is there or refuses connections.
fn depending(
    status: u16,
    body: &'static str,
    up: bool,
) -> Pin<Box<dyn Future<Output = Started> + Send>> {
    Box::pin(async move {
        let (refused, free) = refusing();
        let listener = bind().await;
        let listening = listener.local_addr().expect("a bound listener has an address");
        let address = if up { listening } else { refused };
        let settings = json!({"depends": [{"name": "db", "tcp": address.to_string()}]});
        let started = pair(settings, Answer::json(status, body), ok()).await;
        Started { guard: Box::new((started.guard, listener, free)), ..started }
    })
}

fn ok() -> Answer {
    no_store(Answer::text(200, "ok"))
}

fn no_store(answer: Answer) -> Answer {
    answer.header("cache-control", "no-store")
}

const ALL_THAT_NEED_ENDPOINTS: &[&str] = &[
    "health-not-ready",
    "health-not-alive",
    "health-readiness-missing",
    "health-liveness-missing",
    "health-status-contradicts-body",
    "health-slow",
    "health-leaks-details",
    "health-cacheable",
    "health-liveness-depends",
];

const SPRING: &str = "application/vnd.spring-boot.actuator.v3+json";
const MICROPROFILE: &str =
    r#"{"status":"UP","checks":[{"name":"Database connections health check","status":"UP"}]}"#;
const HEALTH_JSON: &str = r#"{"status":"pass","version":"1","checks":{"cassandra:responseTime":[{"componentType":"datastore","observedValue":250,"status":"pass"}]}}"#;
const RAILS: &str = r#"<!DOCTYPE html><html><body style="background-color: green"></body></html>"#;
const SPA: &str = "<!doctype html><html><head><title>Shop</title></head><body><div id=\"app\"></div><script src=\"/a.js\"></script></body></html>";
const LEAKY: &str =
    r#"{"status":"UP","components":{"diskSpace":{"status":"UP","details":{"path":"/app/."}}}}"#;
