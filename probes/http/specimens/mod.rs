//! Services that answer as expected, and services that do not.

use std::{
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::{Value, json};

use crate::contract::specimen::{
    Answer, Asked, Certified, Pki, Server, Specimen, Started, refusing,
};

/// All of them.
pub(super) fn all() -> Vec<Specimen> {
    sound().into_iter().chain(faulty()).collect()
}

fn sound() -> Vec<Specimen> {
    vec![
        specimen("Ollama", &[], || {
            let settings = json!({
                "url": "/api/tags",
                "expect": {
                    "headers": [{"name": "Content-Type", "matches": "^application/json"}],
                    "json": [{"path": "$.models[?@.name == 'llama3:8b'].size", "at_least": 1}],
                },
                "slow": {"p50": "5s", "p95": "10s"},
                "success": 0.99,
            });
            serve(settings, |_| Answer::json(200, r#"{"models":[{"name":"llama3:8b","size":42}]}"#))
        }),
        specimen("a gateway that wants a credential and a body", &[], || {
            let settings = json!({
                "url": "/v1/chat/completions",
                "method": "POST",
                "headers": {"x-token": "Bearer k", "content-type": "application/json"},
                "body": r#"{"model":"small","max_tokens":1}"#,
                "expect": {"json": [{"path": "$.choices[0].message.content"}]},
                "success": 0.9,
                "min_samples": 1,
            });
            serve(settings, |asked| {
                let authorized = asked.header("x-token") == Some("Bearer k");
                match (authorized, &asked.body[..]) {
                    (true, br#"{"model":"small","max_tokens":1}"#) => {
                        Answer::json(200, r#"{"choices":[{"message":{"content":"hi"}}]}"#)
                    }
                    (true, _) => Answer::json(400, "{}"),
                    (false, _) => Answer::json(401, "{}"),
                }
            })
        }),
        specimen("a refusal that is expected", &[], || {
            let settings = json!({"url": "/admin", "expect": {"status": [401, 403]}});
            serve(settings, |_| Answer::text(403, "forbidden"))
        }),
        specimen("a redirect that is followed", &[], || {
            let settings = json!({"url": "/", "follow": true, "expect": {"body": "welcome"}});
            serve(settings, |asked| match asked.path.as_str() {
                "/" => Answer::text(302, "").header("location", "/home"),
                _ => Answer::text(200, "welcome"),
            })
        }),
    ]
}

fn faulty() -> Vec<Specimen> {
    vec![
        Specimen {
            unknown: &["http-unexpected", "http-slow", "http-unreliable"],
            ..specimen("nobody listens", &["http-unreachable"], || {
                Box::pin(async {
                    let (address, guard) = refusing();
                    let url = format!("http://{address}/").parse().expect("a URL");
                    let settings = json!({"url": "/", "slow": {"p95": "1s"}});
                    Started::new(url, guard).settings(settings)
                })
            })
        },
        Specimen {
            unknown: &["http-unexpected"],
            ..specimen("a certificate nobody vouches for", BROKEN, || {
                Box::pin(async {
                    let tls = Certified::self_signed(&["127.0.0.1"]).server_config();
                    let server = Server::https(tls, |_| Answer::text(200, "ok")).await;
                    let trusted = Pki::new().root();
                    Started::new(server.url("/"), server)
                        .settings(json!({"url": "/"}))
                        .root(trusted)
                })
            })
        },
        specimen("an error", WRONG, || {
            serve(json!({"url": "/"}), |_| Answer::json(500, r#"{"error":"x"}"#))
        }),
        specimen("a redirect that is not followed", WRONG, || {
            let answer = |_| Answer::text(302, "").header("location", "/login");
            serve(json!({"url": "/"}), answer)
        }),
        specimen("an empty list", WRONG, || {
            let settings = json!({"url": "/", "expect": {"json": [{"path": "$.models[0]"}]}});
            serve(settings, |_| Answer::json(200, r#"{"models":[]}"#))
        }),
        specimen("a page where JSON is expected", WRONG, || {
            let settings = json!({"url": "/", "expect": {"json": [{"path": "$.status"}]}});
            serve(settings, |_| Answer::html(200, "<html>ok</html>"))
        }),
        specimen("slow", &["http-slow"], || {
            let settings = json!({"url": "/", "slow": {"p50": "20ms"}});
            serve(settings, |_| Answer::text(200, "ok").after(Duration::from_millis(60)))
        }),
        specimen("every other request fails", &["http-unreliable"], || {
            Box::pin(async {
                let asked = AtomicUsize::new(0);
                let server =
                    Server::http(move |_| match asked.fetch_add(1, Ordering::Relaxed) % 2 {
                        0 => Answer::text(200, "ok"),
                        _ => Answer::text(503, "busy"),
                    });
                let server = server.await;
                let settings = json!({"url": "/", "success": 0.9, "min_samples": 10});
                Started::new(server.url("/"), server).settings(settings)
            })
        }),
    ]
}

/// What is never as expected is not reliable either.
const WRONG: &[&str] = &["http-unexpected", "http-unreliable"];
const BROKEN: &[&str] = &["http-unreachable", "http-unreliable"];

type Start = fn() -> Pin<Box<dyn Future<Output = Started> + Send>>;

fn specimen(name: &'static str, fails: &'static [&'static str], start: Start) -> Specimen {
    Specimen { name, fails, unknown: &[], start }
}

fn serve(
    settings: Value,
    answer: fn(Asked) -> Answer,
) -> Pin<Box<dyn Future<Output = Started> + Send>> {
    Box::pin(async move {
        let server = Server::http(answer).await;
        Started::new(server.url("/"), server).settings(settings)
    })
}
