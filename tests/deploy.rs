//! What is shipped to run gonogo with: accepted by the programs it is written for, and in step with
//! gonogo itself.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use gonogo::{config, render::alerts};
use gonogo_probes::CATALOGUE;
use tempfile::TempDir;

use crate::support::{run, stderr, tool};

#[test]
fn prometheus_accepts_its_configurations_and_the_rules() {
    let shipped = shipped();
    promtool(shipped.path(), &["check", "config", "prometheus/prometheus.yml"]);
    promtool(shipped.path(), &["check", "config", "docker/prometheus.yml"]);
    let rules = "prometheus/gonogo.rules.yml";
    promtool(shipped.path(), &["check", "rules", "--lint=all", "--lint-fatal", rules]);
}

#[test]
fn alerts_wait_fire_and_end_as_they_should() {
    let shipped = shipped();
    for tests in ["prometheus/gonogo.rules.test.yml", "prometheus/gonogo.days.rules.test.yml"] {
        promtool(shipped.path(), &["test", "rules", tests]);
    }
}

#[test]
fn every_example_loads() {
    let mut examples = 0;
    for entry in fs::read_dir(root("deploy/examples")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let loaded = config::load(&path, CATALOGUE, written());
            let loaded = loaded.unwrap_or_else(|error| panic!("{}", error.render(false)));
            assert_eq!(loaded.warnings(written()), [], "{}", path.display());
            examples += 1;
        }
    }
    assert!(examples >= 2);
}

#[test]
fn gonogo_understands_every_command_line() {
    let unit = read("deploy/systemd/gonogo.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/gonogo "));
    let start = start.expect("a command to start").trim_end_matches(" $GONOGO_ARGS");
    let defaults = read("deploy/systemd/gonogo.default");
    let more = defaults.lines().filter_map(|line| {
        let set = line.strip_prefix("GONOGO_ARGS=").map(|value| value.trim_matches('"'));
        set.or_else(|| line.strip_prefix("#   ").filter(|text| text.starts_with("--")))
    });
    for more in more {
        understands(format!("{start} {more}").split(' '));
    }
    let images = read("deploy/docker/Dockerfile") + &read("deploy/docker/compose.yml");
    let lists = images.lines().filter_map(|line| line.find('[').map(|at| &line[at..]));
    let lists = lists.filter_map(|list| serde_json::from_str::<Vec<String>>(list).ok());
    let mut understood = 0;
    for list in lists {
        let mut words = list.iter().map(String::as_str).peekable();
        words.next_if_eq(&"/usr/bin/gonogo");
        if words.peek().is_some_and(|word| ["serve", "demo", "healthcheck"].contains(word)) {
            understands(words);
            understood += 1;
        }
    }
    assert!(understood >= 4, "only {understood} command lines found");
    let examples = read("deploy/examples/README.md");
    for line in examples.lines().filter_map(|line| line.strip_prefix("gonogo ")) {
        understands(line.split('#').next().unwrap_or_default().split_whitespace());
    }
}

/// Asks for help at the end of the line, which is only given if the rest is understood.
fn understands<'a>(arguments: impl Iterator<Item = &'a str>) {
    let arguments: Vec<&str> = arguments.chain(["--help"]).collect();
    let output = run(&arguments);
    assert!(output.status.success(), "{}\n{}", arguments.join(" "), stderr(&output));
}

/// A day on which the waivers of the examples are in force: 2026-11-21.
fn written() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(20_778 * 24)
}

/// Prometheus' files as they are shipped, with the rules as they are rendered now: the committed ones
/// may be written anew by another test at this moment.
fn shipped() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for folder in ["prometheus", "docker"] {
        let into = directory.path().join(folder);
        fs::create_dir(&into).expect("a folder");
        for entry in fs::read_dir(root("deploy").join(folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), into.join(entry.file_name())).expect("a copy");
        }
    }
    let rules = alerts::rules(CATALOGUE, "http://localhost:10466");
    fs::write(directory.path().join("prometheus/gonogo.rules.yml"), rules).expect("the rules");
    directory
}

fn promtool(directory: &Path, arguments: &[&str]) {
    let output = Command::new(tool("promtool", "prometheus"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("promtool runs");
    assert!(
        output.status.success(),
        "promtool {}\n{}{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn read(path: &str) -> String {
    fs::read_to_string(root(path)).expect("a file of the repository")
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
