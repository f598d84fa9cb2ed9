//! Secrets in files that change while gonogo runs: the next visit uses the new one, without a reload,
//! and neither gets anywhere else.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    os::unix::fs::symlink,
    path::Path,
    sync::{Arc, Mutex},
};

use flate2::read::MultiGzDecoder;
use gonogo_probes::contract::specimen::{Answer, Asked, Server};

use crate::support::{Daemon, Site, finding, wait_until};

const TOKENS: [&str; 4] =
    ["rotated-aa11bb22", "rotated-cc33dd44", "rotated-ee55ff66", "rotated-gg77"];

/// A service that wants a token, and repeats whatever it is given.
#[derive(Clone, Default)]
struct Service {
    wanted: Arc<Mutex<String>>,
    accepted: Arc<Mutex<BTreeSet<String>>>,
}

impl Service {
    async fn start(&self) -> Server {
        let service = self.clone();
        Server::http(move |asked: Asked| {
            let token = asked.header("x-token").unwrap_or_default().to_owned();
            match &*asked.path {
                "/readyz" => {}
                "/livez" => return Answer::text(200, "ok"),
                _ => return Answer::text(404, "not found"),
            }
            if token != *service.wanted.lock().expect("whole") {
                let body = format!(
                    r#"{{"status":"down","components":{{"caller {token}":{{"status":"down"}}}}}}"#
                );
                return Answer::json(503, body);
            }
            service.accepted.lock().expect("whole").insert(token.clone());
            Answer::json(200, format!(r#"{{"status":"ok","caller":"{token}"}}"#))
        })
        .await
    }

    fn want(&self, token: &str) {
        token.clone_into(&mut self.wanted.lock().expect("whole"));
        self.accepted.lock().expect("whole").clear();
    }

    fn is_given(&self, token: &str) {
        wait_until(&format!("{token} to be sent"), || {
            self.accepted.lock().expect("whole").contains(token).then_some(())
        });
    }
}

fn status(daemon: &Daemon, wanted: &str) -> serde_json::Value {
    wait_until(&format!("a {wanted}"), || {
        let report = daemon.json("/api/v1/report");
        let found = finding(&report, "shop", "health-not-ready").clone();
        (found["status"] == wanted).then_some(found)
    })
}

/// A mounted Secret: a link to a link to a directory.
fn mount(directory: &Path, generation: &str, token: &str) {
    fs::create_dir(directory.join(generation)).expect("made");
    fs::write(directory.join(generation).join("token"), format!("{token}\n")).expect("written");
    symlink(generation, directory.join("..next")).expect("linked");
    fs::rename(directory.join("..next"), directory.join("..data")).expect("swapped");
}

/// A file of the state, and what it unzips to.
fn content(path: &Path) -> String {
    let mut bytes = fs::read(path).expect("readable");
    let start = bytes.windows(2).position(|two| two == [0x1f, 0x8b]).unwrap_or_default();
    let mut unzipped = Vec::new();
    let _ = MultiGzDecoder::new(&bytes[start..]).read_to_end(&mut unzipped);
    bytes.extend(unzipped);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_is_used_at_the_next_visit_and_leaks_nowhere() {
    let service = Service::default();
    let server = service.start().await;
    let site = Site::new(&format!(
        "targets:\n  - name: shop\n    url: {}\n    interval: 1s\n    probes:\n      - health: {{ ready: /readyz, live: /livez, headers: {{ x-token: {{ file: token }} }} }}\n      - http: {{ url: /readyz, headers: {{ x-token: {{ file: token }} }}, expect: {{ body: never }} }}\n",
        server.url("/")
    ));
    let directory = site.path("");
    mount(&directory, "..1", TOKENS[0]);
    symlink("..data/token", site.path("token")).expect("linked");
    service.want(TOKENS[0]);
    let mut daemon = site.serve(&[]);
    service.is_given(TOKENS[0]);
    status(&daemon, "pass");

    // The service is ahead: what it says of the old token is what it was given.
    service.want(TOKENS[1]);
    status(&daemon, "fail");
    let echoed = daemon.wait_until("/api/v1/report", |report| report.contains("[redacted]"));
    assert!(!echoed.contains(TOKENS[0]), "{echoed}");
    mount(&directory, "..2", TOKENS[1]);
    service.is_given(TOKENS[1]);
    let passed = status(&daemon, "pass");

    service.want(TOKENS[2]);
    fs::rename(site.write("next", TOKENS[2]), site.path("token")).expect("renamed");
    service.is_given(TOKENS[2]);

    fs::remove_file(site.path("token")).expect("removed");
    let said = daemon.wait_for("a secret could not be read again");
    assert!(said.contains("the value from before stays in use"), "{said}");
    service.want(TOKENS[2]);
    service.is_given(TOKENS[2]);
    assert!(!daemon.said.iter().any(|line| line.contains("reloading")), "{:?}", daemon.said);

    // A reload takes a new value as well, and what is known of the probe stays.
    service.want(TOKENS[3]);
    site.write("token", TOKENS[3]);
    daemon.signal("HUP");
    daemon.wait_for("configuration reloaded");
    let report = daemon.json("/api/v1/report");
    let known = finding(&report, "shop", "health-not-ready");
    assert!(known["since"].is_string(), "{known}");
    service.is_given(TOKENS[3]);
    assert!(passed["since"].is_string(), "{passed}");

    let shown: String = ["/api/v1/report", "/metrics", "/", "/targets/shop", "/config"]
        .iter()
        .map(|path| daemon.request("GET", path, "").1)
        .collect();
    daemon.signal("TERM");
    daemon.wait();
    let log = daemon.rest().join("\n");
    let state = fs::read_dir(site.path("state").join("targets")).expect("written").flatten();
    let state: String = state.map(|file| content(&file.path())).collect();
    assert!(state.contains("health-not-ready"), "{state}");
    for token in TOKENS {
        for (place, text) in [("shown", &shown), ("the log", &log), ("the state", &state)] {
            assert!(!text.contains(token), "{token} in {place}: {text}");
        }
    }
    assert_eq!(log.matches("a secret could not be read again").count(), 1, "{log}");
}
