//! Triggers: what stops, cuts off or starts something during an experiment.
//!
//! They are the only door beside the net, and never count as traffic to the target: a command that is
//! run, or a signal that is sent to a process of this machine.

mod exec;
mod signal;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::{exec::Argv, signal::Process};
use super::{Obstructed, redact::Redactor};

/// What is done to make something happen.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Runs a command, without a shell: `[systemctl, restart, shop]`.
    Exec(Argv),
    /// Sends a signal to a process of this machine.
    Signal(Addressee),
}

/// Which process gets a signal, and which signal.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Addressee {
    /// The process, by its number.
    pid: Option<i32>,
    /// The file that holds its number; it is read each time.
    pidfile: Option<PathBuf>,
    /// The signal.
    #[serde(default)]
    signal: Sent,
}

/// A signal that may be sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
pub enum Sent {
    /// Asks the process to end.
    #[default]
    Term,
    /// The same, as Ctrl-C does.
    Int,
    /// The same, as some servers want it for a graceful end.
    Quit,
    /// What many servers take for an order to reload.
    Hup,
    /// Ends the process at once: nothing can be done in good order.
    Kill,
}

/// What came of a trigger.
#[derive(Debug)]
pub struct Fired {
    /// The process that got a signal, to be watched until it ends.
    pub process: Option<Process>,
}

impl Trigger {
    /// Does it, within a time. What a command prints is read and, where it fails, told without secrets.
    pub async fn fire(&self, within: Duration, redactor: &Redactor) -> Result<Fired, Obstructed> {
        match self {
            Self::Exec(argv) => {
                argv.run(within, redactor).await?;
                Ok(Fired { process: None })
            }
            Self::Signal(addressee) => {
                let process = addressee.process().await?;
                process.send(addressee.signal)?;
                Ok(Fired { process: Some(process) })
            }
        }
    }

    /// What it does, for somebody who decides whether to allow it.
    #[must_use]
    pub fn plan(&self) -> String {
        match self {
            Self::Exec(argv) => format!("runs {argv}"),
            Self::Signal(addressee) => format!("sends {addressee}"),
        }
    }

    /// What is wrong with it that its types cannot say: keys down to the value, and the message.
    #[must_use]
    pub fn mistake(&self) -> Option<(Vec<String>, String)> {
        match self {
            Self::Exec(_) => None,
            Self::Signal(addressee) => {
                addressee.mistake().map(|message| (vec!["signal".to_owned()], message))
            }
        }
    }
}
