//! `gonogo explain`: what a check asks, why it matters, and how to fix what it found.

use gonogo_probes::contract::Kind;

use super::{CommandError, Exit, arguments::Explain, output};
use crate::render::explain;

pub(super) fn run(catalogue: &'static [Kind], options: &Explain) -> Result<Exit, CommandError> {
    let (kind, check) = explain::find(catalogue, &options.check)
        .map_err(|unknown| CommandError::Usage(unknown.to_string()))?;
    output::print(&explain::explain(kind, check, output::width().unwrap_or(output::READABLE)))?;
    Ok(Exit::Success)
}
