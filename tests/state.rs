//! The state that survives: a full disk, a kill in the middle of a write, another gonogo.

use std::{
    fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gonogo_probes::contract::specimen::{Answer, Asked, Server};

use crate::support::{Daemon, Site, run, stderr, wait_until};

/// A service that is ready or not, as it is told.
async fn service(ready: &Arc<AtomicBool>) -> Server {
    let ready = Arc::clone(ready);
    Server::http(move |asked: Asked| match asked.path.as_str() {
        "/readyz" if ready.load(Ordering::Relaxed) => Answer::json(200, r#"{"status":"ok"}"#),
        "/readyz" => Answer::json(503, r#"{"status":"down"}"#),
        "/livez" => Answer::text(200, "ok"),
        _ => Answer::text(404, "not found"),
    })
    .await
}

fn target(name: &str, server: &Server) -> String {
    format!(
        "  - name: {name}\n    url: {}\n    interval: 1s\n    probes:\n      - health: {{ ready: /readyz, live: /livez }}\n",
        server.url("/")
    )
}

fn verdict(daemon: &Daemon, target: &str) -> String {
    let report = daemon.json(&format!("/api/v1/targets/{target}/verdict"));
    report["verdict"].as_str().expect("a verdict").to_owned()
}

/// Limits the size of files a process may write, as a full disk does.
fn limit_files(daemon: &Daemon, most: &str) {
    let limited = Command::new("prlimit")
        .args(["--pid", &daemon.id().to_string(), &format!("--fsize={most}:")])
        .status();
    assert!(limited.expect("prlimit runs: apt-get install util-linux").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_that_was_written_and_stops_nothing() {
    let ready = Arc::new(AtomicBool::new(true));
    let server = service(&ready).await;
    let site = Site::new(&format!("targets:\n{}", target("shop", &server)));
    let mut daemon = site.serve(&[]);
    let file = site.path("state").join("targets/shop.state");
    wait_until("a verdict", || (verdict(&daemon, "shop") != "unknown").then_some(()));
    wait_until("the state to be written", || fs::read(&file).ok());
    let written = "gonogo_state_last_write_successful 1";
    daemon.wait_until("/metrics", |text| text.contains(written));
    limit_files(&daemon, "0");
    let before = fs::read(&file).expect("written");
    ready.store(false, Ordering::Relaxed);
    wait_until("the verdict to turn", || (verdict(&daemon, "shop") == "no_go").then_some(()));
    daemon.wait_for("the state could not be written");
    daemon.wait_until("/metrics", |text| text.contains("gonogo_state_last_write_successful 0"));
    assert_eq!(fs::read(&file).expect("still there"), before);
    limit_files(&daemon, "unlimited");
    daemon.wait_for("the state can be written again");
    let after =
        wait_until("the state to be written", || fs::read(&file).ok().filter(|now| *now != before));
    daemon.kill();
    assert_eq!(fs::read(&file).expect("still there"), after);
    drop(server);
    let mut second = site.serve(&[]);
    second.signal("TERM");
    second.wait();
    let said = second.rest().join("\n");
    assert!(!said.contains("not everything that was known"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_killed_while_it_writes_knows_every_target_again() {
    const TARGETS: usize = 150;
    let ready = Arc::new(AtomicBool::new(false));
    let server = service(&ready).await;
    let names: Vec<String> = (0..TARGETS).map(|i| format!("t{i}")).collect();
    let targets: String =
        names.iter().map(|name| target(name, &server).replace("1s", "1h")).collect();
    let site = Site::new(&format!("targets:\n{targets}"));
    let directory = site.path("state").join("targets");
    let count = || fs::read_dir(&directory).map_or(0, Iterator::count);
    for round in 0..5 {
        let daemon = site.serve(&[]);
        // Each start goes on where the one before was killed.
        let known = count();
        wait_until("files to be written", || (count() >= (known + 20).min(TARGETS)).then_some(()));
        std::thread::sleep(Duration::from_millis(fastrand::u64(0..20)));
        let mut daemon = daemon;
        daemon.kill();
        let said = daemon.rest().join("\n");
        assert!(!said.contains("not everything that was known"), "round {round}: {said}");
    }
    drop(server);
    let known = directory.read_dir().expect("readable").flatten();
    let known = known.filter(|file| file.path().extension().is_some_and(|it| it == "state"));
    let known: Vec<String> = known
        .map(|file| file.path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert!(known.len() >= 20, "{known:?}");
    let daemon = site.serve(&[]);
    let report = daemon.json("/api/v1/report");
    for target in report["targets"].as_array().expect("targets") {
        let name = target["name"].as_str().expect("a name");
        if known.iter().any(|known| known == name) {
            let findings = target["findings"].as_array().expect("findings");
            assert!(findings.iter().any(|finding| !finding["since"].is_null()), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_daemons_do_not_share_a_directory() {
    let ready = Arc::new(AtomicBool::new(true));
    let server = service(&ready).await;
    let site = Site::new(&format!("targets:\n{}", target("shop", &server)));
    let first = site.serve(&[]);
    let (config, storage) = (site.config(), site.path("state").display().to_string());
    let output = run(&["serve", "-c", &config, "--storage.path", &storage]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("in use by another gonogo"), "{said}");
    assert!(said.contains(&format!("process {}", first.id())), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_taken_out_by_mistake_gets_its_history_back() {
    let ready = Arc::new(AtomicBool::new(true));
    let server = service(&ready).await;
    let whole = format!(
        "targets:\n{}{}",
        target("shop", &server).replace("1s", "1h"),
        target("cart", &server)
    );
    let site = Site::new(&whole);
    let daemon = site.serve(&["--web.enable-lifecycle"]);
    wait_until("a verdict", || (verdict(&daemon, "shop") != "unknown").then_some(()));
    let since = |daemon: &Daemon| {
        let report = daemon.json("/api/v1/report");
        let targets = report["targets"].as_array().expect("targets").clone();
        let shop = targets.into_iter().find(|target| target["name"] == "shop")?;
        Some(shop["findings"][0]["since"].clone())
    };
    let before = since(&daemon).expect("configured");
    assert!(!before.is_null());
    site.write("gonogo.yaml", &format!("targets:\n{}", target("cart", &server)));
    assert_eq!(daemon.request("POST", "/-/reload", "").0, 200);
    assert_eq!(since(&daemon), None);
    site.write("gonogo.yaml", &whole);
    assert_eq!(daemon.request("POST", "/-/reload", "").0, 200);
    assert_eq!(since(&daemon), Some(before));
}
