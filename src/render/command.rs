//! Command line → manual pages and shell completions.

use std::io;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// A manual page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ManualPage {
    /// Its file's name: `gonogo-serve.1`.
    pub file: String,
    /// Its source, as `man` reads it.
    pub text: Vec<u8>,
}

/// The manual pages of a command and its subcommands, the command's own first.
///
/// # Errors
///
/// Returns an error only if memory cannot be written to.
pub fn manual(command: Command) -> io::Result<Vec<ManualPage>> {
    // The names of subcommands' pages are made from the built command's display names.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add_page(&mut pages, command)?;
    Ok(pages)
}

fn add_page(pages: &mut Vec<ManualPage>, command: Command) -> io::Result<()> {
    let subcommands: Vec<Command> =
        command.get_subcommands().filter(|one| !one.is_hide_set()).cloned().collect();
    let page = Man::new(command);
    let mut text = Vec::new();
    page.render(&mut text)?;
    pages.push(ManualPage { file: page.get_filename(), text });
    subcommands.into_iter().try_for_each(|one| add_page(pages, one))
}

/// The script that completes the command in a shell.
pub fn completions(mut command: Command, shell: Shell) -> Vec<u8> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn command() -> Command {
        Command::new("gonogo").about("Asks").subcommand(
            Command::new("explain").about("Explains").arg(Arg::new("check").help("The id")),
        )
    }

    #[test]
    fn every_subcommand_has_a_page() {
        let pages = manual(command()).expect("pages");
        let files: Vec<&str> = pages.iter().map(|page| page.file.as_str()).collect();
        assert_eq!(files, ["gonogo.1", "gonogo-explain.1"]);
        let text = String::from_utf8_lossy(&pages[1].text);
        assert!(text.contains(".TH gonogo-explain 1"), "{text}");
    }

    #[test]
    fn every_shell_completes_the_subcommands() {
        for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
            let script = String::from_utf8(completions(command(), shell)).expect("UTF-8");
            assert!(script.contains("explain"), "{shell}");
        }
    }
}
