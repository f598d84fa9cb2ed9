//! What people and pipelines expect of a command line: streams, files, signals, widths.

use std::{
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use gonogo_probes::contract::specimen::{Answer, Server};
use serde_json::Value;

use crate::support::{Site, finding, gonogo, run, stderr, stdout};

const SOUND: &str = "targets: [{name: shop, url: 'http://127.0.0.1:1', probes: [health]}]\n";
const WRONG: &str = "targets:\n- name: shop\n  urll: http://127.0.0.1:1\n  probes: [helth]\n";

fn schema(of: &str) -> Value {
    let output = run(&["generate", "schema", "--of", of]);
    serde_json::from_slice(&output.stdout).expect("a schema")
}

fn conforms(document: &Value, of: &str) {
    let validator = jsonschema::validator_for(&schema(of)).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(document).map(|e| e.to_string()).collect();
    assert_eq!(errors, [""; 0], "{document:#}");
}

fn validate(text: &str, output: &str) -> (Option<i32>, String) {
    let site = Site::new(text);
    let output = run(&["validate", "--config.file", &site.config(), "--output", output]);
    let directory = site.path("").display().to_string();
    assert_eq!(stderr(&output), "");
    (output.status.code(), stdout(&output).replace(&directory, ""))
}

#[test]
fn validate_tells_every_mistake_on_stdout_in_three_forms() {
    let (code, text) = validate(WRONG, "text");
    assert_eq!(code, Some(2));
    for place in ["gonogo.yaml:3:3: unknown key `urll`", "gonogo.yaml:4:12: unknown probe `helth`"]
    {
        assert!(text.contains(place), "{text}");
    }
    let (code, text) = validate(WRONG, "github");
    assert_eq!(code, Some(2));
    let first = "::error file=gonogo.yaml,line=3,col=3,title=gonogo::unknown key `urll`; did you mean `url`?";
    assert!(text.lines().any(|line| line == first), "{text}");
    let (code, text) = validate(WRONG, "json");
    assert_eq!(code, Some(2));
    let document: Value = serde_json::from_str(&text).expect("JSON");
    conforms(&document, "validation");
    assert_eq!(document["valid"], false);
    assert_eq!(document["problems"][0]["severity"], "error");
    assert_eq!(document["problems"][0]["line"], 3);
}

#[test]
fn validate_says_what_a_sound_configuration_has_and_what_to_look_at() {
    let sound = (Some(0), "gonogo.yaml: no mistakes; 1 target, 1 probe\n".to_owned());
    assert_eq!(validate(SOUND, "text"), sound);
    assert_eq!(validate(SOUND, "github"), (Some(0), String::new()));
    let (code, text) = validate("targets: []\n", "text");
    assert_eq!(code, Some(0));
    assert!(text.starts_with("warning: gonogo.yaml:1:1: there are no targets"), "{text}");
    assert!(text.ends_with("no mistakes; 0 targets, 0 probes\n"), "{text}");
    let (code, text) = validate("targets: []\n", "json");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    conforms(&document, "validation");
    assert_eq!((code, &document["valid"]), (Some(0), &Value::Bool(true)));
    assert_eq!(document["problems"][0]["severity"], "warning");
    let missing = run(&["validate", "-o", "json", "-c", "/nowhere/gonogo.yaml"]);
    assert_eq!(missing.status.code(), Some(2));
    conforms(&serde_json::from_slice(&missing.stdout).expect("JSON"), "validation");
}

#[test]
fn without_a_configuration_the_first_step_is_named() {
    let place = tempfile::tempdir().expect("a directory");
    for command in ["check", "serve", "validate"] {
        let output = gonogo(&[command]).current_dir(&place).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{command}");
        let said = stderr(&output);
        assert!(said.contains("there is no configuration"), "{said}");
        assert!(said.contains("gonogo init"), "{said}");
    }
}

#[test]
fn init_writes_what_validate_and_check_find() {
    let place = tempfile::tempdir().expect("a directory");
    let at = |arguments: &[&str]| gonogo(arguments).current_dir(&place).output().expect("it runs");
    let wrote = at(&["init", "--url", "http://127.0.0.1:8080"]);
    assert!(wrote.status.success(), "{}", stderr(&wrote));
    assert!(stderr(&wrote).ends_with("then run: gonogo check\n"), "{}", stderr(&wrote));
    let written = std::fs::read_to_string(place.path().join("gonogo.yaml")).expect("written");
    assert!(written.contains("- name: localhost-8080\n"), "{written}");
    assert!(at(&["validate"]).status.success());
}

/// A service that counts what it is asked.
async fn counting() -> (Server, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let server = Server::http(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Answer::json(200, r#"{"status":"ok"}"#)
    })
    .await;
    (server, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_written_is_told_before_anything_is_asked() {
    let (server, asked) = counting().await;
    let url = server.url("/");
    let site = Site::new(&format!("targets: [{{name: shop, url: '{url}', probes: [health]}}]\n"));
    let output = site.check(&["--report", "json:/nowhere/report.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/nowhere/report.json"), "{}", stderr(&output));
    assert_eq!((stdout(&output).as_str(), asked.load(Ordering::Relaxed)), ("", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_check_prints_what_is_known() {
    let (server, _) = counting().await;
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
    let target = |name: &str, server: &Server| {
        let url = server.url("/");
        format!(
            "- name: {name}\n  url: {url}\n  probes:\n  - http: {{url: /, deadline: 50s, expect: {{status: [200]}}}}\n"
        )
    };
    let budgets = "  budgets: {read_timeout: 50s}\n";
    let site = Site::new(&format!(
        "targets:\n{}{}{budgets}",
        target("sound", &server),
        target("hanging", &hanging)
    ));
    let report = site.path("report.json");
    let file = format!("json:{}", report.display());
    let child = gonogo(&["check", "-c", &site.config(), "--report", &file])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    visits.recv().await.expect("a visit");
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("of 2 visits: what was not seen is unknown"),
        "{}",
        stderr(&output)
    );
    assert!(stdout(&output).contains("hanging"), "{}", stdout(&output));
    let report = std::fs::read_to_string(report).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(finding(&report, "hanging", "http-unexpected")["status"], "unknown");
}

#[test]
fn a_list_that_is_piped_has_a_line_a_check_and_columns_is_heeded() {
    let output = run(&["list"]);
    let text = stdout(&output);
    let id = |line: &str| line.split(' ').next().is_some_and(|id| id.contains('-'));
    assert!(text.lines().skip(1).all(id), "{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
    for columns in ["80", "100"] {
        let output = gonogo(&["list"]).env("COLUMNS", columns).output().expect("it runs");
        let narrow = stdout(&output);
        let width = columns.parse().expect("a number");
        assert!(narrow.lines().all(|line| line.chars().count() <= width), "{narrow}");
        // Every id is there whole, at the beginning of a line.
        let ids = |text: &str| -> Vec<String> {
            let first = text.lines().skip(1).filter_map(|line| line.split(' ').next());
            first.filter(|id| id.contains('-')).map(str::to_owned).collect()
        };
        assert_eq!(ids(&narrow), ids(&text));
    }
}

#[test]
fn the_list_for_programs_has_a_schema_of_its_own() {
    let output = run(&["list", "-o", "json", "--impact", "blocker", "--probe", "health"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    conforms(&document, "list");
    let checks = document["checks"].as_array().expect("checks");
    assert!(!checks.is_empty());
    for check in checks {
        assert_eq!((&check["impact"], &check["probe"]), (&"blocker".into(), &"health".into()));
    }
    let output = run(&["list", "--impact", "terrible"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("blocker, high, medium, low"), "{}", stderr(&output));
}
