//! The probe against servers that change their mind between visits, and against a real PostgreSQL.

#[cfg(test)]
pub(in crate::health) mod sample;

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
};

use super::Health;
use crate::contract::{
    Armed, Confidence, Footprint, Kind, Obstacle, Outcome, Report,
    net::Endpoint,
    specimen::{Answer, Server, Started, arm, refusing},
};

/// A target that is visited again and again.
struct Deployment {
    armed: Box<dyn Armed>,
    visit: crate::contract::Visit,
    _started: Started,
}

impl Deployment {
    fn new(server: Server, settings: Value) -> Self {
        let started = Started::new(server.url("/"), server).settings(settings);
        let armed = arm(&Kind::of::<Health>(), &started.settings);
        let visit = started.visit(armed.as_ref(), Footprint::Passive);
        Self { armed, visit, _started: started }
    }

    async fn visit(&self) -> Report {
        self.armed.run(&self.visit).await
    }
}

fn outcome(report: &Report, check: &str) -> Outcome {
    let finding = report.findings.iter().find(|finding| finding.check.id == check);
    finding.expect(check).outcome
}

fn seen(report: &Report, check: &str) -> String {
    let finding = report.findings.iter().find(|finding| finding.check.id == check);
    finding.expect(check).items.iter().map(|item| item.seen.as_str()).collect::<Vec<_>>().join("; ")
}

fn reading(report: &Report, gauge: &str) -> Option<f64> {
    let gauge = report.readings.iter().find(|readings| readings.name == gauge)?;
    gauge.readings.first().map(|reading| reading.value)
}

#[tokio::test]
async fn what_was_found_is_remembered_and_looked_for_again_when_it_goes() {
    let requests = Arc::new(AtomicUsize::new(0));
    let moved = Arc::new(AtomicUsize::new(0));
    let (count, gone) = (Arc::clone(&requests), Arc::clone(&moved));
    let server = Server::http(move |asked| {
        count.fetch_add(1, Ordering::Relaxed);
        let paths = match gone.load(Ordering::Relaxed) {
            0 => ["/ready", "/live"],
            _ => ["/health/ready", "/health/live"],
        };
        if paths.contains(&asked.path.as_str()) {
            Answer::text(200, "ok")
        } else {
            Answer::text(404, "")
        }
    });
    let deployment = Deployment::new(server.await, json!({}));
    let asked = || requests.swap(0, Ordering::Relaxed);

    let report = deployment.visit().await;
    assert_eq!(outcome(&report, "health-readiness-missing"), Outcome::Pass);
    let first = asked();
    assert!(first > 10, "the first visit searches: {first}");
    deployment.visit().await;
    assert_eq!(asked(), 2, "the second asks each endpoint once");

    moved.store(1, Ordering::Relaxed);
    let report = deployment.visit().await;
    assert_eq!(outcome(&report, "health-readiness-missing"), Outcome::Pass);
    assert_eq!(outcome(&report, "health-liveness-missing"), Outcome::Pass);
    assert!(seen(&report, "health-slow").contains("7 answers"), "{}", seen(&report, "health-slow"));
}

#[tokio::test]
async fn absence_is_remembered_so_that_a_target_is_not_searched_on_every_visit() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let server = Server::http(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Answer::text(404, "")
    });
    let deployment = Deployment::new(server.await, json!({}));
    deployment.visit().await;
    requests.store(0, Ordering::Relaxed);
    for _ in 0..9 {
        let report = deployment.visit().await;
        let firm = Outcome::Fail(Confidence::Firm);
        assert_eq!(outcome(&report, "health-readiness-missing"), firm);
    }
    assert_eq!(requests.load(Ordering::Relaxed), 0);
    deployment.visit().await;
    assert!(requests.load(Ordering::Relaxed) > 10, "after ten visits it is searched again");
}

#[tokio::test]
async fn an_endpoint_that_was_found_and_fails_is_believed() {
    let status = Arc::new(AtomicU16::new(200));
    let current = Arc::clone(&status);
    let server = Server::http(move |asked| match asked.path.as_str() {
        "/readyz" | "/livez" => Answer::text(current.load(Ordering::Relaxed), ""),
        _ => Answer::text(404, ""),
    });
    let deployment = Deployment::new(server.await, json!({}));
    let report = deployment.visit().await;
    assert_eq!(outcome(&report, "health-not-ready"), Outcome::Pass);
    assert_eq!(reading(&report, "health_ready"), Some(1.0));

    status.store(503, Ordering::Relaxed);
    let report = deployment.visit().await;
    let confirmed = Outcome::Fail(Confidence::Confirmed);
    assert_eq!(outcome(&report, "health-not-ready"), confirmed);
    assert_eq!(outcome(&report, "health-readiness-missing"), Outcome::Pass);
    assert_eq!(reading(&report, "health_ready"), Some(0.0));

    status.store(429, Ordering::Relaxed);
    let report = deployment.visit().await;
    let throttled = Outcome::Unknown(Obstacle::Throttled);
    assert_eq!(outcome(&report, "health-not-ready"), throttled);
    assert_eq!(outcome(&report, "health-readiness-missing"), throttled);
    assert_eq!(reading(&report, "health_ready"), None);
}

#[tokio::test]
async fn a_target_that_sends_garbage_or_half_an_answer_passes_nothing() {
    let garbage: [&'static [u8]; 4] = [
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\":\"ok\"",
        b"HTTP/1.1 200 OK\r\ncontent-length: nine\r\n\r\nok",
        b"",
    ];
    for bytes in garbage {
        let server = Server::raw(move |mut stream| async move {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        });
        let settings = json!({"ready": "/readyz", "live": "/livez"});
        let report = Deployment::new(server.await, settings).visit().await;
        for finding in &report.findings {
            let good = matches!(finding.outcome, Outcome::Unknown(_) | Outcome::Skip);
            assert!(good, "{bytes:?}: {} {:?}", finding.check.id, finding.outcome);
        }
        assert!(matches!(outcome(&report, "health-not-ready"), Outcome::Unknown(_)));
    }
}

#[tokio::test]
async fn silence_of_a_dependency_means_something_only_once_it_was_seen() {
    let (first, second) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let silent = |silent: &Arc<AtomicUsize>| {
        let silent = Arc::clone(silent);
        Server::http(move |_| match silent.load(Ordering::Relaxed) {
            0 => Answer::text(404, ""),
            _ => Answer::text(200, "").after(Duration::from_mins(1)),
        })
    };
    let (known, unknown) = (silent(&first).await, silent(&second).await);
    second.store(1, Ordering::Relaxed);
    let settings = json!({
        "ready": "/readyz",
        "live": "/livez",
        "min_samples": 1,
        "depends": [
            {"name": "known", "http": known.url("/").as_str()},
            {"name": "unknown", "http": unknown.url("/").as_str()},
        ],
    });
    let server = Server::http(|asked| match asked.path.as_str() {
        "/readyz" | "/livez" => Answer::text(200, "ok"),
        _ => Answer::text(404, ""),
    });
    let deployment = Deployment::new(server.await, settings);
    let outcomes = |report: &Report| -> Vec<Outcome> {
        let hides = report.findings.iter().find(|f| f.check.id == "health-hides-dependency");
        hides.expect("the check").items.iter().map(|item| item.outcome).collect()
    };
    let timeout = Outcome::Unknown(Obstacle::Timeout);
    assert_eq!(outcomes(&deployment.visit().await), [Outcome::Pass, timeout]);
    first.store(1, Ordering::Relaxed);
    let confirmed = Outcome::Fail(Confidence::Confirmed);
    assert_eq!(outcomes(&deployment.visit().await), [confirmed, timeout]);
}

#[tokio::test]
async fn a_credential_of_the_settings_is_sent_and_never_shown() {
    let server = Server::http(|asked| match asked.header("x-token") {
        Some("Bearer hunter2-hunter2") => Answer::json(200, r#"{"status":"ok"}"#),
        _ => Answer::text(401, ""),
    });
    let settings = json!({
        "ready": "/readyz", "live": "/livez",
        "headers": {"x-token": "Bearer hunter2-hunter2"},
    });
    // Every path answers a good credential alike, so this one is a catch-all.
    let report = Deployment::new(server.await, settings).visit().await;
    assert!(seen(&report, "health-readiness-missing").contains("catch-all"));
    assert!(!format!("{report:?}").contains("hunter2"), "{report:?}");
}

#[tokio::test]
async fn postgresql_is_seen_up_and_seen_down() {
    let postgres = Postgres::start().await;
    let settings = json!({
        "ready": "/readyz", "live": "/livez",
        "depends": [{"name": "postgres", "postgres": format!("127.0.0.1:{}", postgres.port)}],
    });
    let server = Server::http(|asked| match asked.path.as_str() {
        "/readyz" | "/livez" => Answer::text(200, "ok"),
        _ => Answer::text(404, ""),
    });
    let deployment = Deployment::new(server.await, settings);
    let report = deployment.visit().await;
    assert_eq!(outcome(&report, "health-hides-dependency"), Outcome::Pass);
    assert_eq!(reading(&report, "health_dependency_up"), Some(1.0));
    let before = postgres.log();

    for _ in 0..3 {
        deployment.visit().await;
    }
    assert_eq!(postgres.log(), before, "looking leaves no line in the server's log");

    postgres.stop().await;
    let report = deployment.visit().await;
    let confirmed = Outcome::Fail(Confidence::Confirmed);
    assert_eq!(outcome(&report, "health-hides-dependency"), confirmed);
    assert_eq!(reading(&report, "health_dependency_up"), Some(0.0));
}

#[tokio::test]
async fn what_is_not_postgresql_is_not_taken_for_it() {
    let web = Server::http(|_| Answer::text(200, "ok")).await;
    let settings = json!({
        "ready": "/readyz", "live": "/livez",
        "depends": [{"name": "postgres", "postgres": web.address().to_string()}],
    });
    let server = Server::http(|asked| match asked.path.as_str() {
        "/readyz" | "/livez" => Answer::text(200, "ok"),
        _ => Answer::text(404, ""),
    });
    let report = Deployment::new(server.await, settings).visit().await;
    assert!(!matches!(outcome(&report, "health-hides-dependency"), Outcome::Pass));
}

#[tokio::test]
async fn a_database_that_answers_an_error_is_down_only_if_it_takes_no_connections() {
    for (code, message, up) in [
        ("0A000", "unsupported frontend protocol 1234.5679", 1.0),
        ("57P03", "the database system is starting up", 0.0),
        ("53300", "sorry, too many clients already", 0.0),
    ] {
        let fields = format!("SFATAL\0C{code}\0M{message}\0\0");
        let length = u32::try_from(fields.len() + 4).expect("short").to_be_bytes();
        let error = [b"E", &length[..], fields.as_bytes()].concat();
        let database = Server::raw(move |mut stream| {
            let error = error.clone();
            async move {
                let _ = stream.read(&mut [0; 8]).await;
                let _ = stream.write_all(&error).await;
            }
        });
        let database = database.await;
        let settings = json!({
            "ready": "/readyz", "live": "/livez",
            "depends": [{"name": "postgres", "postgres": database.address().to_string()}],
        });
        let server = Server::http(|asked| match asked.path.as_str() {
            "/readyz" | "/livez" => Answer::text(200, "ok"),
            _ => Answer::text(404, ""),
        });
        let report = Deployment::new(server.await, settings).visit().await;
        assert_eq!(reading(&report, "health_dependency_up"), Some(up), "{code}: {report:?}");
    }
}

#[tokio::test]
async fn the_schema_of_the_settings_can_be_drawn() {
    let schema = Kind::of::<Health>().schema(&mut schemars::SchemaGenerator::default());
    let properties = schema.as_object().and_then(|schema| schema.get("properties"));
    let properties = properties.and_then(Value::as_object).expect("an object's schema");
    for setting in ["ready", "live", "startup", "headers", "depends", "expect_components", "slow"] {
        assert!(properties.contains_key(setting), "{setting}");
    }
    let (address, _guard) = refusing();
    assert_eq!(address.to_string().parse(), Ok(Endpoint::tcp("127.0.0.1", address.port())));
}

/// A PostgreSQL of its own, in a folder of its own.
struct Postgres {
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("gonogo-pg-").tempdir().expect("a folder");
        let path = folder.path().to_str().expect("a path that is text").to_owned();
        as_postgres(&path, "chown", &["-R", "postgres", &path], false).await;
        let data = format!("{path}/data");
        let initdb = format!("{BIN}/initdb");
        as_postgres(&path, &initdb, &["-D", &data, "-A", "trust", "-N"], true).await;
        // PostgreSQL cannot be told to pick a port. Another test may take this one first.
        for _ in 0..5 {
            let port = free_port();
            let options = format!("-p {port} -c listen_addresses=127.0.0.1 -k {path} -F");
            let log = format!("{path}/log");
            let start = ["-D", &data, "-l", &log, "-o", &options, "-w", "start"];
            if as_postgres(&path, &format!("{BIN}/pg_ctl"), &start, true).await {
                return Self { folder, port };
            }
        }
        panic!("PostgreSQL does not start: {}", Self { folder, port: 0 }.log());
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    async fn stop(&self) {
        let path = self.folder.path().to_str().expect("a path that is text");
        let data = format!("{path}/data");
        let stop = ["-D", &data, "-m", "immediate", "-w", "stop"];
        as_postgres(path, &format!("{BIN}/pg_ctl"), &stop, true).await;
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A test that failed has not stopped it.
        let data = self.folder.path().join("data");
        let pid = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            let _ = std::process::Command::new("kill").args(["-QUIT", pid]).status();
        }
    }
}

/// Runs a command, as the user `postgres` where we are root: PostgreSQL refuses to run as root.
async fn as_postgres(folder: &str, program: &str, args: &[&str], as_user: bool) -> bool {
    let root = std::fs::metadata("/proc/self")
        .is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    if !root && !as_user {
        return true;
    }
    let mut command = if root && as_user {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", program]);
        command
    } else {
        Command::new(program)
    };
    command.args(args).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null()).status().await.is_ok_and(|status| status.success())
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    listener.local_addr().expect("an address").port()
}

/// Where Debian keeps PostgreSQL 15.
const BIN: &str = "/usr/lib/postgresql/15/bin";
