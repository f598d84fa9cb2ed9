//! Triggers against real commands and processes.

use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::*;
use crate::contract::Obstacle;

const PATIENT: Duration = Duration::from_secs(20);

fn trigger(settings: serde_json::Value) -> Trigger {
    serde_json::from_value(settings).expect("a trigger")
}

async fn fire(settings: serde_json::Value) -> Result<Fired, Obstructed> {
    let redactor = Redactor::new(vec!["hunter2-and-more".into()]);
    trigger(settings).fire(PATIENT, &redactor).await
}

/// A process that sleeps until it is told to end, in a group of its own.
struct Sleeper(Child);

impl Sleeper {
    fn new() -> Self {
        let child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn();
        Self(child.expect("a sleeper"))
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_command_is_run_without_a_shell() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("$HOME and more");
    fire(json!({ "exec": ["touch", &file] })).await.expect("it succeeds");
    assert!(file.exists());
}

#[tokio::test]
async fn a_command_that_fails_says_what_it_said_without_secrets() {
    let script = "echo no hunter2-and-more here >&2; exit 3";
    let error = fire(json!({ "exec": ["sh", "-c", script] })).await.expect_err("it fails");
    let said = error.to_string();
    assert!(said.contains("exit status: 3") && said.contains("no [redacted] here"), "{said}");
    assert!(!said.contains("exit 3;"), "arguments are nobody else's: {said}");
    let error = fire(json!({ "exec": ["/no/such/command"] })).await.expect_err("it is not there");
    assert_eq!(error.obstacle, Obstacle::Local);
}

#[tokio::test]
async fn a_command_that_hangs_is_killed_with_all_it_started() {
    let directory = tempfile::tempdir().expect("a directory");
    let pidfile = directory.path().join("pid");
    let script = format!("sleep 1000 & echo $! > {}; wait", pidfile.display());
    let argv = trigger(json!({ "exec": ["sh", "-c", script] }));
    let within = Duration::from_secs(2);
    let error = argv.fire(within, &Redactor::default()).await.expect_err("it hangs");
    assert_eq!(error.obstacle, Obstacle::Timeout);
    let number: i32 =
        std::fs::read_to_string(&pidfile).expect("it began").trim().parse().expect("a number");
    let addressee = trigger(json!({ "signal": { "pid": number } }));
    let Trigger::Signal(addressee) = addressee else { unreachable!("a signal") };
    if let Ok(process) = addressee.process().await {
        tokio::time::timeout(PATIENT, process.ended()).await.expect("it was killed too");
    }
}

#[tokio::test]
async fn a_command_that_says_much_is_not_kept_waiting() {
    for script in ["head -c 10000000 /dev/zero >&2", "head -c 10000000 /dev/zero"] {
        fire(json!({ "exec": ["sh", "-c", script] })).await.expect("it ends");
    }
}

#[tokio::test]
async fn what_a_command_leaves_running_is_not_waited_for() {
    let started = std::time::Instant::now();
    fire(json!({ "exec": ["sh", "-c", "sleep 5 & exit 0"] })).await.expect("it ends");
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn a_signal_reaches_the_process_and_its_end_is_seen() {
    let sleeper = Sleeper::new();
    let fired = fire(json!({ "signal": { "pid": sleeper.0.id() } })).await.expect("sent");
    let process = fired.process.expect("a process");
    assert_eq!(u32::try_from(process.pid()), Ok(sleeper.0.id()));
    tokio::time::timeout(PATIENT, process.ended()).await.expect("it ends");
    assert!(process.has_ended());
}

#[tokio::test]
async fn a_process_that_goes_on_is_seen_to() {
    let sleeper = Sleeper::new();
    let addressee = trigger(json!({ "signal": { "pid": sleeper.0.id(), "signal": "HUP" } }));
    let Trigger::Signal(addressee) = addressee else { unreachable!("a signal") };
    let process = addressee.process().await.expect("it runs");
    assert!(!process.has_ended());
    drop(sleeper);
    tokio::time::timeout(PATIENT, process.ended()).await.expect("it ends");
}

#[tokio::test]
async fn a_file_names_the_process_unless_it_is_older_than_that() {
    let directory = tempfile::tempdir().expect("a directory");
    let pidfile = directory.path().join("pid");
    let sleeper = Sleeper::new();
    std::fs::write(&pidfile, format!("{}\n", sleeper.0.id())).expect("written");
    let settings = json!({ "signal": { "pidfile": &pidfile } });
    let file = std::fs::File::options().append(true).open(&pidfile).expect("a file");
    let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let now = file.metadata().and_then(|it| it.modified()).expect("a date");
    file.set_modified(long_ago).expect("dated");
    let error = fire(settings.clone()).await.expect_err("its number was another's");
    assert_eq!(error.obstacle, Obstacle::NotAllowed, "{error}");
    file.set_modified(now).expect("dated");
    let fired = fire(settings.clone()).await.expect("sent");
    tokio::time::timeout(PATIENT, fired.process.expect("a process").ended())
        .await
        .expect("it ends");
    std::fs::write(&pidfile, "not a number").expect("written");
    fire(settings.clone()).await.expect_err("nothing to be read");
    std::fs::remove_file(&pidfile).expect("removed");
    fire(settings).await.expect_err("no file");
}

#[tokio::test]
async fn some_processes_never_get_a_signal() {
    let ours = i32::try_from(std::process::id()).expect("a number");
    for pid in [-1, 0, 1, ours] {
        let error = fire(json!({ "signal": { "pid": pid } })).await.expect_err("refused");
        assert_eq!(error.obstacle, Obstacle::NotAllowed, "{error}");
    }
    let mut gone = Sleeper::new();
    gone.0.kill().expect("killed");
    gone.0.wait().expect("gone");
    let error = fire(json!({ "signal": { "pid": gone.0.id() } })).await.expect_err("gone");
    assert!(error.to_string().contains("no process"), "{error}");
}

#[test]
fn what_is_wrong_is_told_at_load() {
    for (settings, said) in [
        (json!({ "signal": {} }), "which process"),
        (json!({ "signal": { "pid": 1 } }), "no process"),
        (json!({ "signal": { "pid": 7, "pidfile": "/run/x.pid" } }), "keep one"),
    ] {
        let (path, message) = trigger(settings).mistake().expect("a mistake");
        assert_eq!(path, ["signal"]);
        assert!(message.contains(said), "{message}");
    }
    assert!(serde_json::from_value::<Trigger>(json!({ "exec": [] })).is_err());
    assert_eq!(trigger(json!({ "exec": ["true"] })).mistake(), None);
    assert_eq!(
        trigger(json!({ "signal": { "pidfile": "/run/shop.pid" } })).plan(),
        "sends SIGTERM to the process that /run/shop.pid names"
    );
}
