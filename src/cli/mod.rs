//! Arguments in, exit code out. What was asked for goes to stdout, progress and logs to stderr.

mod arguments;
mod check;
mod demo;
mod exit;
mod experiments;
mod explain;
mod generate;
mod healthcheck;
mod init;
mod list;
mod output;
mod report_file;
mod serve;
mod signals;
mod validate;
mod visible;

use std::{ffi::OsString, io, process::ExitCode};

use clap::{CommandFactory, FromArgMatches};
use gonogo_probes::contract::Kind;

use arguments::{Arguments, Command};
use exit::Exit;

/// Why a command could not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] crate::config::LoadError),
    /// What was asked for does not exist or does not go together.
    #[error("{0}")]
    Usage(String),
    /// The way to a target cannot be prepared.
    #[error(transparent)]
    Plan(#[from] crate::plan::PlanError),
    /// The state cannot be kept.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// Our own address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] crate::web::BindError),
    /// TLS or basic auth of our own listener is configured wrongly.
    #[error(transparent)]
    Access(#[from] crate::web::AccessError),
    /// The prefix of our own paths is no path.
    #[error(transparent)]
    Prefix(#[from] crate::web::PrefixError),
    /// A file cannot be written or read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A metric of ours is declared wrongly.
    #[error("a metric of gonogo's own is declared wrongly; this is a bug: {0}")]
    Metric(#[from] prometheus::Error),
    /// The asynchronous runtime cannot be started.
    #[error("the runtime cannot be started: {0}")]
    Runtime(io::Error),
}

impl From<crate::daemon::ReloadError> for CommandError {
    fn from(error: crate::daemon::ReloadError) -> Self {
        use crate::daemon::ReloadError;
        match error {
            ReloadError::Config(error) => Self::Config(error),
            ReloadError::Plan(error) => Self::Plan(error),
            ReloadError::Overtaken | ReloadError::Stopping => Self::Usage(error.to_string()),
        }
    }
}

/// Runs a command line, the program's name first, against a catalogue.
pub fn run(
    catalogue: &'static [Kind],
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> ExitCode {
    let parsed = Arguments::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are errors to clap, and go to stdout with exit code 0.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage.code()));
        }
    };
    output::choose_colour(arguments.color);
    let ended = match arguments.command {
        Command::Serve(serve) => serve::run(catalogue, &serve),
        Command::Check(check) => check::run(catalogue, &check),
        Command::Validate(validate) => validate::run(catalogue, &validate),
        Command::Explain(explain) => explain::run(catalogue, &explain),
        Command::List(list) => list::run(catalogue, &list),
        Command::Init(init) => init::run(&init),
        Command::Generate(generate) => generate::run(catalogue, &generate),
        Command::Healthcheck(healthcheck) => Ok(healthcheck::run(&healthcheck)),
        Command::Demo(demo) => demo::run(catalogue, &demo),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::complain(&error);
            Exit::Usage.into()
        }
    }
}
