//! The command line, as clap sees it. Flags are spelled as Prometheus exporters spell theirs.

use std::{net::SocketAddr, path::PathBuf};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use gonogo_probes::contract::{Footprint, Impact};

use super::{CommandError, exit::Required};

/// Asks a deployed system the questions of a production-readiness review, and answers GO, STAGED,
/// NO-GO or UNKNOWN.
#[derive(Debug, Parser)]
#[command(
    name = "gonogo",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 the verdict meets --require, 1 it does not, 2 usage or configuration \
                  error, 3 the verdict is UNKNOWN.\n\nStart with `gonogo demo`, then `gonogo init`."
)]
pub(super) struct Arguments {
    /// When to use colours; NO_COLOR and CLICOLOR_FORCE are heeded
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(super) color: Colour,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Keep asking, and serve the answers: metrics, status page, API
    Serve(Serve),
    /// Ask once, print a report, and exit by the verdict
    Check(Check),
    /// Say what is wrong with a configuration, all of it, and ask nothing of any target
    Validate(Validate),
    /// Explain a check: what is asked, why it matters, how to fix it
    Explain(Explain),
    /// List the checks, by probe
    List(List),
    /// Write a commented configuration to start from
    Init(Init),
    /// Print what is derived from the catalogue: schema, alert rules, completions, man page
    Generate(Generate),
    /// Ask a running gonogo whether it is healthy; for containers without a shell
    Healthcheck(Healthcheck),
    /// Start sound and flawed services on loopback, and watch them
    Demo(Demo),
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where the configuration is.
#[derive(Args, Clone, Debug)]
pub(super) struct ConfigFile {
    /// Configuration file or directory [default: gonogo.yaml here, else /etc/gonogo/gonogo.yml]
    #[arg(long = "config.file", short = 'c', value_name = "PATH", env = "GONOGO_CONFIG_FILE")]
    pub(super) path: Option<PathBuf>,
}

impl ConfigFile {
    /// The file or directory that was named, or the first of the usual places that is there.
    pub(super) fn locate(&self) -> Result<PathBuf, CommandError> {
        if let Some(path) = &self.path {
            return Ok(path.clone());
        }
        let found = USUAL_PLACES.iter().map(PathBuf::from).find(|path| path.exists());
        found.ok_or_else(|| {
            let [here, installed] = USUAL_PLACES;
            CommandError::Usage(format!(
                "there is no configuration: neither {here} in this directory nor {installed}; \
                 `gonogo init --url URL` writes one, and --config.file names another place"
            ))
        })
    }
}

const USUAL_PLACES: [&str; 2] = ["gonogo.yaml", "/etc/gonogo/gonogo.yml"];

/// How to log.
#[derive(Args, Clone, Debug)]
pub(super) struct Log {
    /// Least severity that is logged: error, warn, info, debug or trace
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info")]
    pub(super) level: tracing::Level,
    /// Form of a log line
    #[arg(long = "log.format", value_name = "FORMAT", value_enum, default_value_t)]
    pub(super) format: LogFormat,
}

/// Form of a log line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `gonogo serve`.
#[derive(Args, Debug)]
pub(super) struct Serve {
    #[command(flatten)]
    pub(super) config: ConfigFile,
    /// Load the configuration, say what is wrong with it, and exit
    #[arg(long = "config.check")]
    pub(super) config_check: bool,
    /// Look for changes of the configuration and reload by itself
    #[arg(long = "config.enable-auto-reload")]
    pub(super) auto_reload: bool,
    /// How often to look for changes
    #[arg(
        long = "config.auto-reload-interval",
        value_name = "DURATION",
        default_value = "30s",
        requires = "auto_reload"
    )]
    pub(super) auto_reload_interval: humantime::Duration,
    #[command(flatten)]
    pub(super) listen: Listen,
    /// Directory for the state that survives a restart
    #[arg(
        long = "storage.path",
        value_name = "DIR",
        default_value = "/var/lib/gonogo",
        conflicts_with = "storage_none"
    )]
    pub(super) storage: PathBuf,
    /// Keep no state
    #[arg(long = "storage.none")]
    pub(super) storage_none: bool,
    /// Time allowed for visits and requests under way when told to stop
    #[arg(long = "shutdown.grace", value_name = "DURATION", default_value = "10s")]
    pub(super) grace: humantime::Duration,
    #[command(flatten)]
    pub(super) log: Log,
}

/// Where and how to listen.
#[derive(Args, Clone, Debug)]
pub(super) struct Listen {
    /// Address to listen on; may be given several times
    #[arg(
        long = "web.listen-address",
        value_name = "HOST:PORT",
        default_value = "[::]:10466",
        value_parser = listen_address
    )]
    pub(super) addresses: Vec<SocketAddr>,
    /// TLS and basic auth for our own listener, in the format of Prometheus exporters
    #[arg(long = "web.config.file", value_name = "PATH")]
    pub(super) config: Option<PathBuf>,
    /// The URL people reach us by, for links in alerts and in our User-Agent
    #[arg(long = "web.external-url", value_name = "URL")]
    pub(super) external_url: Option<url::Url>,
    /// Further names by which gonogo may be asked, like gonogo.ops.example, *.ops.example, or * for any
    ///
    /// Always answered: addresses, the host of --web.external-url, this machine's name, and names that
    /// nobody can register, like localhost, a service of a cluster, or one without a dot. Any other name
    /// may be one that a web page has pointed here.
    #[arg(long = "web.allowed-hosts", value_name = "HOST", value_delimiter = ',')]
    pub(super) allowed_hosts: Vec<crate::web::Host>,
    /// Path under which everything is served [default: the path of --web.external-url]
    #[arg(long = "web.route-prefix", value_name = "PATH")]
    pub(super) route_prefix: Option<String>,
    /// Allow `POST /-/reload`, and `POST /api/v1/targets/{target}/probes/{probe}/visit` and `/rearm`
    #[arg(long = "web.enable-lifecycle")]
    pub(super) lifecycle: bool,
}

impl Listen {
    /// On one address, open to everybody.
    pub(super) fn on(address: SocketAddr) -> Self {
        Self {
            addresses: vec![address],
            config: None,
            external_url: None,
            allowed_hosts: Vec::new(),
            route_prefix: None,
            lifecycle: false,
        }
    }
}

/// `gonogo check`.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) config: ConfigFile,
    /// Only this target; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(super) target: Vec<String>,
    /// Only this probe, by its name on the target; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(super) probe: Vec<String>,
    /// Only this check; may be given several times
    #[arg(long = "check", value_name = "ID")]
    pub(super) only: Vec<String>,
    /// Also make the experiments of these footprints, after everything else, one at a time a target
    #[arg(
        long,
        value_name = "FOOTPRINT",
        value_delimiter = ',',
        value_parser = words([Footprint::Load, Footprint::Disruptive], Footprint::as_str)
    )]
    pub(super) allow: Vec<Footprint>,
    /// Only say what the experiments would send, change and put back, and for how long
    #[arg(long)]
    pub(super) plan: bool,
    /// Let experiments start again after one that did not put back what it changed
    #[arg(long, requires = "storage")]
    pub(super) rearm: bool,
    /// Directory that remembers experiments: what must be put back, and what must not start again
    #[arg(long = "storage.path", id = "storage", value_name = "DIR")]
    pub(super) storage: Option<PathBuf>,
    /// The least verdict that exits with 0
    #[arg(long, value_enum, default_value_t)]
    pub(super) require: Required,
    /// What is printed on stdout
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub(super) output: Output,
    /// Also write a report to a file: json:PATH or text:PATH; may be given several times
    #[arg(long, value_name = "FORMAT:PATH", value_parser = super::report_file::ReportFile::parse)]
    pub(super) report: Vec<super::report_file::ReportFile>,
    /// Show every item, what passed, and the commands that show it again
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// Show no progress
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// What `check` and `list` print.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum Output {
    /// For people.
    #[default]
    Text,
    /// One document; `gonogo generate schema --of report` or `--of list` describes it.
    Json,
}

/// `gonogo explain`.
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The check's id, as `gonogo list` and every report show it
    pub(super) check: String,
}

/// `gonogo list`.
#[derive(Args, Debug)]
pub(super) struct List {
    /// Only this probe
    #[arg(long, value_name = "NAME")]
    pub(super) probe: Option<String>,
    /// Only checks of this impact
    #[arg(long, value_parser = words(Impact::ALL, Impact::as_str))]
    pub(super) impact: Option<Impact>,
    /// What is printed
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub(super) output: Output,
}

/// `gonogo validate`.
#[derive(Args, Debug)]
pub(super) struct Validate {
    #[command(flatten)]
    pub(super) config: ConfigFile,
    /// What is printed on stdout
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub(super) output: Diagnostics,
}

/// What `validate` prints.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum Diagnostics {
    /// For people, with excerpts.
    #[default]
    Text,
    /// One document (`gonogo generate schema --of validation`).
    Json,
    /// Annotations, as GitHub Actions read them.
    Github,
}

/// `gonogo init`.
#[derive(Args, Debug)]
pub(super) struct Init {
    /// Where to write it; `-` for stdout
    #[arg(default_value = "gonogo.yaml")]
    pub(super) path: PathBuf,
    /// The target's URL
    #[arg(long, value_name = "URL", default_value = "https://checkout.staging.example")]
    pub(super) url: url::Url,
    /// Replace a file that is there
    #[arg(long)]
    pub(super) force: bool,
}

/// `gonogo generate`.
#[derive(Args, Debug)]
pub(super) struct Generate {
    /// What to print.
    #[command(subcommand)]
    pub(super) what: Artefact,
}

/// What `generate` prints.
#[derive(Debug, Subcommand)]
pub(super) enum Artefact {
    /// JSON Schema of the configuration, or of a document that gonogo prints
    Schema {
        /// Of what
        #[arg(long, value_enum, default_value_t)]
        of: SchemaOf,
    },
    /// Prometheus recording and alerting rules
    Alerts {
        /// The URL people reach gonogo by, for the runbook links
        #[arg(
            long = "web.external-url",
            value_name = "URL",
            default_value = "http://localhost:10466"
        )]
        external_url: url::Url,
    },
    /// Completions for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// The man page
    Man {
        /// Write the pages of all commands into this directory instead
        #[arg(long, value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

/// What a schema is of.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum SchemaOf {
    /// The configuration.
    #[default]
    Config,
    /// The JSON report.
    Report,
    /// What `gonogo list -o json` prints.
    List,
    /// What `gonogo validate -o json` prints.
    Validation,
}

/// `gonogo healthcheck`.
#[derive(Args, Debug)]
pub(super) struct Healthcheck {
    /// Where gonogo listens: only loopback is asked
    #[arg(long = "web.listen-address", value_name = "HOST:PORT", default_value = "127.0.0.1:10466", value_parser = listen_address)]
    pub(super) address: SocketAddr,
    /// Ask whether it is ready, too
    #[arg(long)]
    pub(super) ready: bool,
}

/// `gonogo demo`.
#[derive(Args, Debug)]
pub(super) struct Demo {
    /// Address of the status page; port 0 takes a free one
    #[arg(long = "web.listen-address", value_name = "HOST:PORT", default_value = "127.0.0.1:10466", value_parser = listen_address)]
    pub(super) address: SocketAddr,
    /// Ask once, print the report, and exit by the verdict instead of serving
    #[arg(long)]
    pub(super) once: bool,
}

/// Reads a word that the contract knows.
fn words<T, const N: usize>(
    values: [T; N],
    word: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    PossibleValuesParser::new(values.map(word)).map(move |text| {
        let value = values.into_iter().find(|value| word(*value) == text);
        value.expect("one of the words that are possible")
    })
}

/// Reads `host:port`, where an empty host means every address.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let wanted = "write ADDRESS:PORT, like 127.0.0.1:10466, [::1]:10466 or :10466";
    let text =
        text.strip_prefix(':').map_or_else(|| text.to_owned(), |port| format!("[::]:{port}"));
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_port_alone_listens_everywhere() {
        assert_eq!(listen_address(":10466"), Ok("[::]:10466".parse().expect("an address")));
        assert!(listen_address("10466").is_err());
    }
}
