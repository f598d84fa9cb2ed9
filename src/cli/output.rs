//! Where output goes, and in which form.

use std::{
    error::Error,
    io::{self, IsTerminal, Write},
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
    // Closed, it is not wanted.
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

/// The width to wrap text at: COLUMNS, else the terminal's, within what can be read; `None` where
/// stdout is no terminal and programs read on.
#[expect(clippy::disallowed_methods, reason = "COLUMNS is how a shell tells the width")]
pub(super) fn width() -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let terminal = || {
        let is_terminal = io::stdout().is_terminal();
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
        is_terminal.then(|| width.map_or(READABLE, usize::from))
    };
    told.filter(|width| *width > 0).or_else(terminal).map(|width| width.clamp(40, READABLE))
}

/// Longer lines are read with difficulty.
pub(super) const READABLE: usize = 100;
