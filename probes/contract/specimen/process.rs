//! A process that can be stopped and started again, for tests: the test binary itself, run as one of
//! its own tests.

use std::{env, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// A process under test, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    mode: &'static str,
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    told: String,
}

impl Process {
    /// Starts the test of this full path, such as `contract::specimen::process::tests::mode`, in a
    /// process of its own, and waits until it says that it is ready. By itself that test does nothing:
    /// it asks [`is_mode`] first.
    pub(crate) async fn start(mode: &'static str) -> Self {
        let program = env::current_exe().expect("the path of the test binary");
        let mut child = Command::new(program)
            .args([mode, "--exact", "--nocapture", "--test-threads=1"])
            .env(MODE, mode)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the test binary can be run");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut stdout = BufReader::new(stdout).lines();
        let told = loop {
            let line = stdout.next_line().await.expect("its output can be read");
            let line = line.unwrap_or_else(|| panic!("`{mode}` ended before it was ready"));
            if let Some((_, told)) = line.split_once(READY) {
                break told.to_owned();
            }
        };
        Self { mode, child, stdout, told }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it has not been waited for")
    }

    /// What it said when it became ready, such as where it listens.
    pub(crate) fn told(&self) -> &str {
        &self.told
    }

    /// The next line it writes; `None` once it has ended.
    pub(crate) async fn line(&mut self) -> Option<String> {
        self.stdout.next_line().await.expect("its output can be read")
    }

    /// Waits until it ends.
    pub(crate) async fn ended(&mut self) -> std::process::ExitStatus {
        self.child.wait().await.expect("a child can be waited for")
    }

    /// Kills it if it still runs, and starts it again.
    pub(crate) async fn restart(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().await;
        *self = Self::start(self.mode).await;
    }
}

/// Whether this process was started to be the specimen that the calling test is.
#[expect(clippy::disallowed_methods, reason = "a test that starts itself tells itself so")]
pub(crate) fn is_mode(mode: &str) -> bool {
    env::var_os(MODE).is_some_and(|wanted| wanted == mode)
}

/// Says that the specimen is ready, and what its starter has to know.
#[expect(clippy::print_stdout, reason = "its output is a pipe to the test that started it")]
pub(crate) fn ready(told: &str) {
    println!("{READY}{told}");
}

const MODE: &str = "GONOGO_SPECIMEN";
const READY: &str = "specimen is ready: ";

mod tests {
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::{Pid, Signal, kill_process, test_kill_process};
    use tokio::signal::unix::{SignalKind, signal};

    use super::*;

    const PATIENT: &str = "contract::specimen::process::tests::ends_when_it_is_told";
    const DEAF: &str = "contract::specimen::process::tests::never_ends";

    #[tokio::test]
    async fn ends_when_it_is_told() {
        if is_mode(PATIENT) {
            let mut told = signal(SignalKind::terminate()).expect("a signal can be waited for");
            ready("listening nowhere");
            told.recv().await;
            #[expect(clippy::print_stdout, reason = "its output is a pipe")]
            {
                println!("draining");
            }
        }
    }

    #[tokio::test]
    async fn never_ends() {
        if is_mode(DEAF) {
            ready("");
            std::future::pending::<()>().await;
        }
    }

    fn pid(process: &Process) -> Pid {
        let raw = i32::try_from(process.pid()).expect("a process id is small");
        Pid::from_raw(raw).expect("a process id is not 0")
    }

    #[tokio::test]
    async fn it_runs_is_told_to_stop_and_ends_by_itself() {
        let mut process = Process::start(PATIENT).await;
        assert_eq!(process.told(), "listening nowhere");
        test_kill_process(pid(&process)).expect("it is alive");
        kill_process(pid(&process), Signal::TERM).expect("it is ours");
        let mut lines = Vec::new();
        while let Some(line) = process.line().await {
            lines.push(line);
        }
        assert!(lines.iter().any(|line| line.contains("draining")), "{lines:?}");
        assert!(process.ended().await.success());
    }

    #[tokio::test]
    async fn it_is_another_process_after_a_restart() {
        let mut process = Process::start(DEAF).await;
        let before = pid(&process);
        process.restart().await;
        assert_ne!(pid(&process), before);
        test_kill_process(pid(&process)).expect("it is alive");
        assert!(test_kill_process(before).is_err(), "the first has been reaped");
        kill_process(pid(&process), Signal::TERM).expect("it is ours");
        assert_eq!(process.ended().await.signal(), Some(Signal::TERM.as_raw()));
    }
}
