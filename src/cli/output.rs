//! Where output goes, and in which form.

use std::{
    error::Error,
    fs,
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

use super::{CommandError, arguments::Colour};
use crate::config::suggest::suggest;

/// Heeds `--color`; where it says nothing, NO_COLOR and its like decide.
pub(super) fn choose_colour(colour: Colour) {
    match colour {
        Colour::Auto => {}
        Colour::Always => ColorChoice::Always.write_global(),
        Colour::Never => ColorChoice::Never.write_global(),
    }
}

/// Prints what was asked for. A reader that went away (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::File { path: "stdout".to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// Says something besides what was asked for.
pub(super) fn say(text: &str) {
    // Whoever closed stderr does not want to hear.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Says why a command failed, with the reasons behind it.
pub(super) fn complain(error: &CommandError) {
    const RED: Style = AnsiColor::Red.on_default().bold();
    if let CommandError::Config(error) = error {
        say(error.render(colours_on_stderr()).trim_end());
        return;
    }
    let mut text = error.to_string();
    let mut cause = error.source().and_then(Error::source);
    while let Some(reason) = cause {
        text.push_str(": ");
        text.push_str(&reason.to_string());
        cause = reason.source();
    }
    say(&format!("{RED}error:{RED:#} {text}"));
}

/// Whether what goes to stderr may be coloured.
pub(super) fn colours_on_stderr() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

/// Whether somebody watches: a terminal, and no pipeline.
#[expect(clippy::disallowed_methods, reason = "CI is how a pipeline says that nobody watches")]
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal() && std::env::var_os("CI").is_none()
}

/// Refuses a name that is none of `known`, and says what was probably meant.
pub(super) fn known<'a>(
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Result<(), CommandError> {
    if known.clone().into_iter().any(|known| known == name) {
        return Ok(());
    }
    let hint = suggest(name, known).map_or_else(String::new, |hint| format!("; {hint}"));
    Err(CommandError::Usage(format!("there is no {what} `{name}`{hint}")))
}

/// The width to wrap text at: the terminal's, within what can be read.
pub(super) fn width() -> u16 {
    let terminal = terminal_size::terminal_size().map(|(width, _)| width.0);
    terminal.unwrap_or(READABLE).clamp(40, READABLE)
}

const READABLE: u16 = 100;

/// A report to be written to a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ReportFile {
    pub(super) format: ReportFormat,
    pub(super) path: PathBuf,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ReportFormat {
    Json,
    Text,
}

impl ReportFile {
    /// Reads `json:PATH`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wanted = "write json:PATH or text:PATH";
        let (format, path) = text.split_once(':').ok_or(wanted)?;
        let format = match format {
            "json" => ReportFormat::Json,
            "text" => ReportFormat::Text,
            other => return Err(format!("there is no report format `{other}`; {wanted}")),
        };
        if path.is_empty() {
            return Err(wanted.to_owned());
        }
        Ok(Self { format, path: path.into() })
    }

    /// Writes the report: whole, or not at all.
    pub(super) fn write(&self, text: &str) -> Result<(), CommandError> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, &self.path))
            .map_err(|source| CommandError::File { path: self.path.display().to_string(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_its_format_and_path() {
        let report = ReportFile::parse("json:/tmp/a:b.json").expect("a report");
        assert_eq!(report.path, PathBuf::from("/tmp/a:b.json"));
        for wrong in ["json", "json:", "pdf:x"] {
            assert!(ReportFile::parse(wrong).is_err(), "{wrong}");
        }
    }
}
