//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    gonogo::cli::run(gonogo_probes::CATALOGUE, std::env::args_os())
}
