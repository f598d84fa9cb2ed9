//! `gonogo validate`: what is wrong with a configuration, without asking anything of anybody.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use gonogo_probes::contract::Kind;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    CommandError, Exit,
    arguments::{Diagnostics, Validate},
    output,
};
use crate::{
    clock::Clock,
    config::{self, Config, LoadError, Problem},
    render::words::count,
};

/// What is wrong with a configuration.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Validation {
    /// Names this form of the document.
    schema: &'static str,
    /// Whether gonogo would take the configuration over.
    valid: bool,
    /// How many targets there are, if it is valid.
    targets: Option<usize>,
    /// How many probes they have together, if it is valid.
    probes: Option<usize>,
    /// Mistakes, and what should be looked at.
    problems: Vec<Graded>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Graded {
    severity: Severity,
    #[serde(flatten)]
    problem: Problem,
}

#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Severity {
    /// The configuration is not taken over.
    Error,
    /// It is taken over, and may not be what was meant.
    Warning,
}

pub(super) fn run(catalogue: &'static [Kind], options: &Validate) -> Result<Exit, CommandError> {
    let (path, clock) = (options.config.locate()?, Clock::system());
    let loaded = config::load(&path, catalogue, clock.now());
    let exit = if loaded.is_ok() { Exit::Success } else { Exit::Usage };
    let name = path.display().to_string();
    output::print(&match options.output {
        Diagnostics::Text => text(&name, &loaded, &clock),
        Diagnostics::Json => {
            let mut document =
                serde_json::to_string_pretty(&Validation::of(&loaded, &clock)).unwrap_or_default();
            document.push('\n');
            document
        }
        Diagnostics::Github => github(&Validation::of(&loaded, &clock)),
    })?;
    Ok(exit)
}

/// What a configuration without mistakes has, for a person, after what should be looked at.
pub(super) fn text(name: &str, loaded: &Result<Config, LoadError>, clock: &Clock) -> String {
    const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
    match loaded {
        Ok(config) => {
            let mut text = String::new();
            for warning in config.warnings(clock.now()) {
                let _ = writeln!(text, "{YELLOW}warning:{YELLOW:#} {warning}");
            }
            let (targets, probes) = sizes(config);
            let (targets, probes) = (count(targets, "target"), count(probes, "probe"));
            text + &format!("{name}: no mistakes; {targets}, {probes}\n")
        }
        // Styles are taken out where they are not wanted.
        Err(error) => format!("{}\n", error.render(true).trim_end()),
    }
}

fn sizes(config: &Config) -> (usize, usize) {
    (config.targets.len(), config.targets.iter().map(|target| target.probes.len()).sum())
}

impl Validation {
    fn of(loaded: &Result<Config, LoadError>, clock: &Clock) -> Self {
        let graded = |severity, problems: Vec<Problem>| {
            problems.into_iter().map(|problem| Graded { severity, problem }).collect()
        };
        let (sizes, problems) = match loaded {
            Ok(config) => {
                (Some(sizes(config)), graded(Severity::Warning, config.warnings(clock.now())))
            }
            Err(error) => (None, graded(Severity::Error, error.problems())),
        };
        Self {
            schema: "gonogo/validation/v1",
            valid: loaded.is_ok(),
            targets: sizes.map(|(targets, _)| targets),
            probes: sizes.map(|(_, probes)| probes),
            problems,
        }
    }
}

/// Commands of a workflow, a line each.
fn github(validation: &Validation) -> String {
    let mut text = String::new();
    for Graded { severity, problem } in &validation.problems {
        let command = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let place = problem.place.as_ref().map(|place| {
            let (line, column) = (place.line, place.column);
            format!("file={},line={line},col={column},", property(&place.file))
        });
        let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let message = data(&format!("{}{help}", problem.message));
        let place = place.unwrap_or_default();
        let _ = writeln!(text, "::{command} {place}title=gonogo::{message}");
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Place;

    #[test]
    fn an_annotation_cannot_be_cut_short_or_forged() {
        let place = Place { file: "a,b:c.yaml".to_owned(), line: 3, column: 5 };
        let problem = Problem {
            place: Some(place),
            message: "100 %\n::error::forged".to_owned(),
            help: Some("write 1".to_owned()),
        };
        let problems = vec![Graded { severity: Severity::Warning, problem }];
        let schema = "gonogo/validation/v1";
        let validation = Validation { schema, valid: true, targets: None, probes: None, problems };
        assert_eq!(
            github(&validation),
            "::warning file=a%2Cb%3Ac.yaml,line=3,col=5,title=gonogo::100 %25%0A::error::forged; write 1\n"
        );
    }
}
