//! Commands that answer and end: exit codes, streams, help when used wrongly.

use gonogo_probes::contract::specimen::{Answer, Server};

use crate::support::{Site, checks, finding, gonogo, run, stderr, stdout};

fn asks(url: &str, expect: &str) -> String {
    format!(
        "targets:\n  - name: shop\n    url: {url}\n    probes:\n      - http: {{ url: /status, expect: {{ {expect} }} }}\n"
    )
}

async fn service() -> Server {
    Server::http(|asked| match asked.path.as_str() {
        "/status" => Answer::json(200, r#"{"status":"ok","queue":3}"#),
        _ => Answer::text(404, "not found"),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_says_the_verdict() {
    let server = service().await;
    let url = server.url("/").to_string();
    let sound = Site::new(&asks(&url, "status: [200]"));
    let output = sound.check(&[]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("GO: nothing stands in the way"));

    let wrong = Site::new(&asks(&url, "json: [{ path: $.status, equals: down }]"));
    let (code, report) = wrong.report(&[]);
    assert_eq!(code, Some(1), "{report:#}");
    assert_eq!(checks(&report, "shop", "fail"), ["http-unexpected", "http-unreliable"]);

    let misspelt = Site::new(&asks(&url, "stauts: [200]"));
    let output = misspelt.check(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).is_empty());
    assert!(stderr(&output).contains("did you mean `status`?"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waived_fail_is_shown_and_does_not_count_and_an_expired_waiver_changes_nothing() {
    let server = service().await;
    let flawed = asks(server.url("/").as_str(), "status: [204]");
    let waived = |until: &str| {
        Site::new(&format!(
            "{flawed}waivers:\n  - {{ check: http-unexpected, target: shop, reason: known, owner: ops, expires: {until} }}\n"
        ))
    };
    let soon = humantime::format_rfc3339_seconds(
        std::time::SystemTime::now() + std::time::Duration::from_hours(24),
    );
    let (_, report) = waived(&soon.to_string()).report(&[]);
    let found = finding(&report, "shop", "http-unexpected");
    assert_eq!(found["status"], "waived");
    assert_eq!(found["waiver"]["owner"], "ops");

    let expired = waived("2020-01-01");
    let output = expired.check(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("expired"), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_go_to_files_besides_stdout() {
    let server = service().await;
    let site = Site::new(&asks(server.url("/").as_str(), "status: [200]"));
    let (json, text) = (site.path("report.json"), site.path("report.txt"));
    let json_option = format!("json:{}", json.display());
    let text_option = format!("text:{}", text.display());
    let output = site.check(&["--report", &json_option, "--report", &text_option]);
    assert!(output.status.success());
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(json).expect("a report")).expect("JSON");
    assert_eq!(report["verdict"], "go");
    assert!(!std::fs::read_to_string(text).expect("a report").contains('\u{1b}'));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_must_exist() {
    let server = service().await;
    let site = Site::new(&asks(server.url("/").as_str(), "status: [200]"));
    for (option, wrong, hint) in [
        ("--target", "shpo", "did you mean `shop`?"),
        ("--probe", "htpp", "did you mean `http`?"),
        ("--check", "http-slwo", "did you mean `http-slow`?"),
    ] {
        let output = site.check(&[option, wrong]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(hint), "{}", stderr(&output));
    }
    let (code, report) = site.report(&["--check", "http-unexpected"]);
    assert_eq!(code, Some(0));
    assert_eq!(report["targets"][0]["findings"].as_array().expect("findings").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_on_a_part_says_so() {
    let server = service().await;
    let health = "      - health: { ready: /readyz }\n";
    let site = Site::new(&(asks(server.url("/").as_str(), "status: [200]") + health));
    let (_, all) = site.report(&[]);
    let of = all["targets"][0]["findings"].as_array().expect("findings").len();
    assert!(all["targets"][0]["part"].is_null(), "{all:#}");
    let (_, one) = site.report(&["--check", "http-unexpected"]);
    assert_eq!(one["targets"][0]["part"], serde_json::json!({ "asked": 1, "of": of }));
    let (_, probe) = site.report(&["--probe", "health"]);
    let asked = probe["targets"][0]["findings"].as_array().expect("findings").len();
    assert_eq!(probe["targets"][0]["part"], serde_json::json!({ "asked": asked, "of": of }));
    let text = stdout(&site.check(&["--check", "http-unexpected"]));
    let wanted = format!("GO for 1 of {of} checks asked: nothing stands in the way");
    assert!(text.contains(&wanted), "{text}");
    assert!(!stdout(&site.check(&[])).contains("checks asked"));
}

#[test]
fn no_secret_leaves_by_any_door() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // A server that says everything it was told, which is how credentials come back.
    let server = runtime.block_on(Server::http(|asked| {
        Answer::text(500, format!("{:?} {}", asked.headers, asked.path))
    }));
    let site = Site::new(&format!(
        "targets:\n  - name: shop\n    url: {0}\n    probes:\n      - http: {{ url: /x, headers: {{ x-token: {{ env: TOKEN }}, authorization: {{ env: BEARER }} }}, expect: {{ body: nothing }} }}\n",
        server.url("/")
    ));
    let secrets = ["correct-horse-battery", "Bearer abcdef0123456789"];
    for format in ["text", "json"] {
        let output = gonogo(&["check", "-c", &site.config(), "-v", "-o", format])
            .env("TOKEN", secrets[0])
            .env("BEARER", secrets[1])
            .output()
            .expect("the binary runs");
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let said = stdout(&output) + &stderr(&output);
        for secret in secrets {
            assert!(!said.contains(secret), "{said}");
        }
        assert!(!said.contains("abcdef0123456789"), "{said}");
    }
    let missing = site.check(&[]);
    assert_eq!(missing.status.code(), Some(2));
    let said = stderr(&missing);
    assert!(said.contains("TOKEN") && said.contains("BEARER"), "{said}");
}

#[test]
fn every_command_helps_when_used_wrongly() {
    for wrong in [
        vec![],
        vec!["chekc"],
        vec!["check", "--taget", "x"],
        vec!["explain"],
        vec!["generate"],
        vec!["generate", "completions", "dash"],
        vec!["serve", "--web.listen-address", "nowhere"],
        vec!["check", "--report", "pdf:x"],
        vec!["check", "--require", "maybe"],
    ] {
        let output = run(&wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(
            stderr(&output).contains("--help") || stderr(&output).contains("Usage"),
            "{wrong:?}"
        );
    }
    assert!(stderr(&run(&["chekc"])).contains("check"));
    let unknown = run(&["explain", "tls-certificate-expird"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("tls-certificate-expired"), "{}", stderr(&unknown));
}

#[test]
fn init_writes_a_configuration_that_loads_and_never_overwrites_one() {
    let site = Site::new("");
    let path = site.path("fresh.yaml").display().to_string();
    let url = "https://checkout.staging.example";
    assert!(run(&["init", "--url", url, &path]).status.success());
    let loaded = run(&["serve", "--config.check", "--config.file", &path]);
    assert!(loaded.status.success(), "{}", stderr(&loaded));
    assert!(stdout(&loaded).contains("1 target, "), "{}", stdout(&loaded));
    let again = run(&["init", "--url", url, &path]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("--force"));
    assert!(run(&["init", "--force", "--url", url, &path]).status.success());
    let leaky = run(&["init", "--url", "https://user:hunter2@shop.example", "-"]);
    assert_eq!(leaky.status.code(), Some(2));
    assert!(!stderr(&leaky).contains("hunter2"));
}

#[test]
fn artefacts_are_generated() {
    let schema: serde_json::Value =
        serde_json::from_slice(&run(&["generate", "schema"]).stdout).expect("a schema");
    assert!(schema["properties"]["targets"].is_object(), "{schema}");
    let report: serde_json::Value =
        serde_json::from_slice(&run(&["generate", "schema", "--of", "report"]).stdout)
            .expect("a schema");
    assert!(report["properties"]["verdict"].is_object());
    assert!(stdout(&run(&["generate", "alerts"])).contains("GonogoNoGo"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&run(&["generate", "completions", shell])).contains("explain"));
    }
    assert!(stdout(&run(&["generate", "man"])).contains(".TH gonogo"));
    assert!(stdout(&run(&["list"])).contains("blocker"));
}

#[test]
fn colours_are_for_terminals_and_for_whoever_insists() {
    let coloured = |output: std::process::Output| stdout(&output).contains('\u{1b}');
    let id = "http-unreachable";
    assert!(!coloured(run(&["explain", id])));
    assert!(coloured(run(&["explain", id, "--color", "always"])));
    let insisted = gonogo(&["explain", id]).env("CLICOLOR_FORCE", "1").output().expect("it runs");
    assert!(coloured(insisted));
    let refused = gonogo(&["explain", id])
        .envs([("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")])
        .output()
        .expect("it runs");
    assert!(!coloured(refused));
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::process::Stdio;
    let mut child = gonogo(&["list"]).stdout(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn healthcheck_says_whether_a_gonogo_is_there() {
    let site = Site::new("targets: []\n");
    let daemon = site.serve(&[]);
    let address = daemon.address.to_string();
    let ask = |more: &[&str]| {
        run(&[&["healthcheck", "--web.listen-address", &address], more].concat()).status.code()
    };
    assert_eq!((ask(&[]), ask(&["--ready"])), (Some(0), Some(0)));
    drop(daemon);
    assert_eq!(ask(&[]), Some(1));
}

#[test]
fn a_file_beside_the_configuration_is_found_wherever_gonogo_is_started() {
    let site = Site::new(
        "targets:\n  - { name: shop, url: 'https://127.0.0.1:9/', probes: [tls: { intermediates_file: beside.pem }] }\n",
    );
    let config = site.config();
    let check = || run(&["serve", "--config.check", "--config.file", &config]);
    let missing = check();
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("cannot read the file"), "{}", stderr(&missing));
    site.write("beside.pem", "");
    assert!(check().status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_probe_could_not_ask_is_said_once_and_not_check_by_check() {
    let silent = Server::raw(|stream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let site = Site::new(&format!(
        "targets:\n  - {{ name: shop, url: 'https://{}', probes: [tls: {{ deadline: 2s }}] }}\n",
        silent.address()
    ));
    let output = tokio::task::spawn_blocking(move || site.check(&[])).await.expect("ran");
    let told = stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert_eq!(told.matches("checks wait for: the visit did not end").count(), 1, "{told}");
    assert!(told.contains("through tls\n"), "{told}");
}

#[test]
fn a_configuration_that_asks_nothing_is_a_mistake_with_its_place_and_no_empty_report() {
    let shop = "targets:\n- name: shop\n  url: https://shop.example\n";
    for (text, told) in [
        ("targets: []\n", "gonogo.yaml:1:1: there are no targets"),
        (shop, "gonogo.yaml:2:9: `shop` has neither `profile` nor `probes`"),
        (
            &format!("{shop}  profile: database\n"),
            "gonogo.yaml:4:12: the profile `database` arms no",
        ),
        (&format!("{shop}  probes: [tls: {{enabled: false}}]\n"), "gonogo.yaml:4:11: every probe"),
    ] {
        let output = Site::new(text).check(&[]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    // A target that was not asked for is not in the way.
    let site =
        Site::new(&format!("{shop}- name: dead\n  url: http://127.0.0.1:1\n  probes: [health]\n"));
    let output = site.check(&["--target", "dead"]);
    assert!(matches!(output.status.code(), Some(1 | 3)), "{}", stderr(&output));
    assert!(stdout(&output).contains("dead"), "{}", stdout(&output));
}
