//! Answers that are too old have no say: a daemon that was stopped while its target changed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use gonogo_probes::contract::specimen::{Answer, Asked, Server};
use serde_json::Value;

use crate::support::{PATIENCE, Site};

const INTERVAL: Duration = Duration::from_secs(1);

/// A service that is ready as long as the switch is on.
async fn service(ready: Arc<AtomicBool>) -> Server {
    Server::http(move |asked: Asked| match asked.path.as_str() {
        "/readyz" if ready.load(Ordering::SeqCst) => Answer::json(200, r#"{"status":"ok"}"#),
        "/readyz" => Answer::json(503, r#"{"status":"unavailable"}"#),
        "/livez" => Answer::text(200, "ok"),
        _ => Answer::text(404, "not found"),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_answer_does_not_outvote_a_new_one() {
    let ready = Arc::new(AtomicBool::new(true));
    let server = service(Arc::clone(&ready)).await;
    let site = Site::new(&format!(
        "targets:\n  - name: shop\n    url: {}\n    interval: {}s\n    probes:\n      - health: {{ ready: /readyz, live: /livez }}\n",
        server.url("/"),
        INTERVAL.as_secs()
    ));
    tokio::task::spawn_blocking(move || {
        let daemon = site.serve(&[]);
        for _ in 0..2 {
            ready.store(true, Ordering::SeqCst);
            daemon.wait_until("/api/v1/targets/shop/verdict", |body| {
                body.contains("\"verdict\":\"go\"") && body.contains("\"fresh\":true")
            });
            daemon.signal("STOP");
            ready.store(false, Ordering::SeqCst);
            // There is nothing to be waited for but time.
            thread::sleep(4 * INTERVAL);
            daemon.signal("CONT");
            let deadline = Instant::now() + PATIENCE;
            loop {
                let verdict: Value = daemon.json("/api/v1/targets/shop/verdict");
                assert_ne!(verdict["verdict"], "go", "{verdict:#}");
                if verdict["verdict"] == "no_go" {
                    assert_eq!(verdict["fresh"], true, "{verdict:#}");
                    break;
                }
                assert!(Instant::now() < deadline, "no new answer: {verdict:#}");
            }
        }
    })
    .await
    .expect("as expected");
}
