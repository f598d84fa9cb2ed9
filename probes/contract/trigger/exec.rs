//! Running a command.

use std::{fmt, pin::pin, process::Stdio, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use tokio::{io::AsyncReadExt, process::Command, time};

use crate::contract::{Obstacle, Obstructed, redact::Redactor};

/// A command and its arguments. No shell reads it, so nothing in it is expanded.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq)]
pub struct Argv(#[schemars(length(min = 1))] Vec<String>);

impl Argv {
    /// Runs it and waits for its end. It gets no input, and is killed with all it started when the time
    /// is over or nobody waits any more.
    pub(super) async fn run(
        &self,
        within: Duration,
        redactor: &Redactor,
    ) -> Result<(), Obstructed> {
        let mut command = Command::new(&self.0[0]);
        command
            .args(&self.0[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|error| Obstacle::Local.because(format!("{self} cannot be run: {error}")))?;
        let group = Group(child.id());
        let mut said = Vec::new();
        let stderr = child.stderr.take();
        let listening = async {
            let Some(mut stderr) = stderr else { return };
            // Beyond what is kept, it is read all the same: a command must not wait for a reader, nor die
            // of having none.
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut piece).await {
                let kept = read.min(MOST_SAID.saturating_sub(said.len()));
                said.extend_from_slice(&piece[..kept]);
            }
        };
        let ended = time::timeout(within, async {
            // What it leaves running may hold the pipe open: its own end is what counts.
            let mut listening = pin!(listening);
            let status = tokio::select! {
                () = &mut listening => child.wait().await,
                status = child.wait() => {
                    let _ = time::timeout(LAST_WORDS, listening).await;
                    status
                }
            };
            status
        })
        .await;
        match ended {
            Ok(Ok(status)) if status.success() => {
                group.end_well();
                Ok(())
            }
            Ok(Ok(status)) => {
                let said = redactor.excerpt(&said, 300);
                let said = if said.is_empty() { String::new() } else { format!(": {said}") };
                Err(Obstacle::Local.because(format!("{self} failed ({status}){said}")))
            }
            Ok(Err(error)) => {
                Err(Obstacle::Local.because(format!("{self} cannot be waited for: {error}")))
            }
            Err(_) => Err(Obstacle::Timeout
                .because(format!("{self} did not end within {within:?}, and was killed"))),
        }
    }
}

/// The process group of a command, which ends with it.
struct Group(Option<u32>);

impl Group {
    /// What a command that succeeded has left running was meant to go on.
    fn end_well(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let pid =
            self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended by itself.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

impl fmt::Display for Argv {
    /// The command alone: arguments may hold what is nobody else's to read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "`{}`", self.0[0]),
            _ => write!(f, "`{} …`", self.0[0]),
        }
    }
}

impl<'de> Deserialize<'de> for Argv {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let argv = Vec::<String>::deserialize(deserializer)?;
        match argv.first() {
            Some(command) if !command.is_empty() => Ok(Self(argv)),
            _ => Err(de::Error::custom(
                "no command is named; write it and its arguments as a list, like [systemctl, restart, shop]",
            )),
        }
    }
}

/// Bytes of what a command says that are kept.
const MOST_SAID: usize = 16 << 10;
/// What a command said is on its way when it has ended.
const LAST_WORDS: Duration = Duration::from_millis(100);
