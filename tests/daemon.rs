//! `gonogo serve`: scraped, reloaded, told to stop, restarted.

use gonogo_probes::contract::specimen::{Answer, Asked, Server};

use crate::{
    demo::lint,
    support::{self, Daemon, Site, finding, http, run, stderr},
};

/// A service whose readiness endpoint can be looked at, as `probe` is configured to.
async fn service() -> Server {
    Server::http(|asked: Asked| match asked.path.as_str() {
        "/readyz" => Answer::json(200, r#"{"status":"ok"}"#).header("cache-control", "no-store"),
        "/livez" => Answer::text(200, "ok").header("cache-control", "no-store"),
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

fn config(targets: &[String]) -> String {
    format!("targets:\n{}", targets.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_it_serves_is_there() {
    let server = service().await;
    let site = Site::new(&config(&[target("shop", &server)]));
    let daemon = site.serve(&[]);
    assert!(daemon.get("/-/healthy").contains("healthy"));
    assert!(daemon.get("/-/ready").contains("ready"));
    daemon.wait_until("/api/v1/targets/shop/verdict", |body| body.contains("\"verdict\":\"go\""));
    let report = daemon.json("/api/v1/report");
    assert_eq!(report["schema"], "gonogo/report/v1");
    assert_eq!(report["targets"][0]["verdict"], "go");
    let metrics = daemon.get("/metrics");
    lint(&metrics);
    assert!(metrics.contains(r#"gonogo_verdict{target="shop",verdict="go"} 1"#));
    let (_, open) = daemon.request("GET", "/metrics", "Accept: application/openmetrics-text\r\n");
    assert!(open.ends_with("# EOF\n"));
    assert!(daemon.get("/probe?target=shop").contains("probe_success 1"));
    assert_eq!(daemon.request("GET", "/probe?target=http://169.254.169.254/", "").0, 404);
    assert!(daemon.get("/sd").contains("\"shop\""));
    assert!(daemon.get("/config").contains("readyz"));
    assert!(daemon.get("/").contains("shop"));
    assert_eq!(daemon.request("POST", "/-/reload", "").0, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_changes_nothing_and_a_good_one_is_taken_over() {
    let server = service().await;
    let site = Site::new(&config(&[target("shop", &server)]));
    let mut daemon = site.serve(&["--web.enable-lifecycle"]);
    let go = |body: &str| body.contains("\"verdict\":\"go\"");
    daemon.wait_until("/api/v1/targets/shop/verdict", go);

    site.write("gonogo.yaml", &config(&[target("shop", &server).replace("interval", "intervall")]));
    daemon.signal("HUP");
    daemon.wait_for("did you mean `interval`");
    daemon.wait_until("/metrics", |text| text.contains("gonogo_config_last_reload_successful 0"));
    let (status, body) = daemon.request("POST", "/-/reload", "");
    assert_eq!(status, 500, "{body}");
    assert!(body.contains("gonogo.yaml:4:"), "{body}");
    assert!(go(&daemon.get("/api/v1/targets/shop/verdict")));

    // Half-written, as an editor leaves it.
    let whole = config(&[target("shop", &server), target("cart", &server)]);
    site.write("gonogo.yaml", &whole[..whole.len() - 25]);
    assert_eq!(daemon.request("POST", "/-/reload", "").0, 500);

    site.write("gonogo.yaml", &whole);
    assert_eq!(daemon.request("POST", "/-/reload", "").0, 200);
    // What stays keeps its findings; what is new gets its own.
    assert!(go(&daemon.get("/api/v1/targets/shop/verdict")));
    daemon.wait_until("/api/v1/targets/cart/verdict", go);

    site.write("gonogo.yaml", &config(&[target("cart", &server)]));
    assert_eq!(daemon.request("POST", "/-/reload", "").0, 200);
    assert!(!daemon.get("/metrics").contains("shop"));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_noticed_without_being_told() {
    let server = service().await;
    let site = Site::new(&config(&[target("shop", &server)]));
    let mut daemon =
        site.serve(&["--config.enable-auto-reload", "--config.auto-reload-interval", "100ms"]);
    site.write("gonogo.yaml", &config(&[target("shop", &server), target("cart", &server)]));
    daemon.wait_for("configuration reloaded");
    assert!(daemon.get("/sd").contains("cart"));
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_in_mid_visit_it_ends_in_order() {
    let (visited, mut visits) = tokio::sync::mpsc::channel(8);
    let hanging = Server::raw(move |stream| {
        let visited = visited.clone();
        async move {
            let _ = visited.send(()).await;
            // Held open, and silent, for as long as the client has patience.
            let mut stream = stream;
            let mut sink = tokio::io::sink();
            let _ = tokio::io::copy(&mut stream, &mut sink).await;
        }
    })
    .await;
    let site = Site::new(&config(&[target("shop", &hanging)]));
    let mut daemon = site.serve(&["--shutdown.grace", "1s"]);
    visits.recv().await.expect("a visit");
    // A client that never finishes its request must not hold it up either.
    let mut stalled = std::net::TcpStream::connect(daemon.address).expect("connected");
    std::io::Write::write_all(&mut stalled, b"GET / HTTP/1.1\r\nHost:").expect("written");
    daemon.signal("TERM");
    assert_eq!(daemon.wait().code(), Some(0));
    assert!(site.path("state").join("targets/shop.state").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn until_the_last_visit_has_ended_it_says_that_it_is_not_ready_and_a_second_signal_ends_it() {
    let (visited, mut visits) = tokio::sync::mpsc::channel(8);
    let hanging = Server::raw(move |stream| {
        let visited = visited.clone();
        async move {
            let _stream = stream;
            let _ = visited.send(()).await;
            std::future::pending::<()>().await;
        }
    })
    .await;
    let site = Site::new(&config(&[target("shop", &hanging)]));
    let mut daemon = site.serve(&["--shutdown.grace", "1h"]);
    visits.recv().await.expect("a visit");
    daemon.signal("TERM");
    daemon.wait_for("stopping");
    for _ in 0..20 {
        assert_eq!(daemon.request("GET", "/-/ready", "").0, 503);
        assert_eq!(daemon.request("GET", "/-/healthy", "").0, 200);
    }
    daemon.signal("TERM");
    daemon.wait_for("ending at once");
    assert_eq!(daemon.wait().code(), Some(130));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_survives_a_restart() {
    let server = Server::http(|_| Answer::json(503, r#"{"status":"down"}"#)).await;
    let site = Site::new(&config(&[target("shop", &server)]));
    let since = |daemon: &Daemon| {
        daemon.wait_until("/api/v1/targets/shop/verdict", |body| body.contains("\"no_go\""));
        let report = daemon.json("/api/v1/report");
        finding(&report, "shop", "health-not-ready")["since"].clone()
    };
    let mut first = site.serve(&[]);
    let before = since(&first);
    assert!(before.is_string(), "{before}");
    first.signal("TERM");
    assert!(first.wait().success());
    // Seconds are told: a beginning of the second daemon's own would be a later one.
    let began = std::time::Instant::now();
    support::wait_until("a second to pass", || (began.elapsed().as_secs() > 0).then_some(()));
    assert_eq!(since(&site.serve(&[])), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_directory_that_cannot_be_written_is_said() {
    let server = service().await;
    let site = Site::new(&config(&[target("shop", &server)]));
    let file = site.write("file", "");
    let storage = format!("{}/state", file.display());
    let config = site.config();
    let output = run(&["serve", "--config.file", &config, "--storage.path", &storage]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--storage.path"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let site = Site::new("targets: []\n");
    let config = site.config();
    let output = run(&["serve", "-c", &config, "--storage.none", "--web.listen-address", &address]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("is in use"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_target_is_unknown_and_its_neighbour_is_not_disturbed() {
    let server = service().await;
    let (nobody, _guard) = gonogo_probes::contract::specimen::refusing();
    let dead = target("dead", &server).replace(&server.address().to_string(), &nobody.to_string());
    let site = Site::new(&config(&[dead, target("shop", &server)]));
    let daemon = site.serve(&[]);
    daemon.wait_until("/api/v1/targets/shop/verdict", |body| body.contains("\"verdict\":\"go\""));
    let dead = daemon.wait_until("/api/v1/targets/dead/verdict", |body| !body.contains("pending"));
    assert!(
        !dead.contains("\"verdict\":\"go\"") && !dead.contains("\"verdict\":\"staged\""),
        "{dead}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_targets_are_scheduled_and_served() {
    use std::fmt::Write;
    let server = service().await;
    let mut yaml = "targets:\n".to_owned();
    for i in 0..10_000 {
        let _ = write!(
            yaml,
            "  - name: t{i}\n    url: {}\n    interval: 1h\n    probes: [health: {{ ready: /readyz, live: /livez }}]\n",
            server.url("/")
        );
    }
    let site = Site::new(&yaml);
    let daemon = site.serve(&["--storage.none"]);
    let metrics = daemon.get("/metrics");
    assert_eq!(metrics.matches("\ngonogo_coverage_ratio{").count(), 10_000);
    assert!(metrics.contains("gonogo_targets_configured 10000"));
    assert!(daemon.get("/").len() < 2_000_000);
    let healthy = http(daemon.address, "GET", "/-/healthy", "").expect("alive").0;
    assert_eq!(healthy, 200);
}

#[test]
fn a_missing_configuration_is_said() {
    let output = run(&["serve", "--config.file", "/nowhere/gonogo.yaml", "--storage.none"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/nowhere/gonogo.yaml"), "{}", stderr(&output));
}
