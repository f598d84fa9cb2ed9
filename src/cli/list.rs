//! `gonogo list`: every check there is.

use gonogo_probes::contract::Kind;

use super::{
    CommandError, Exit,
    arguments::{List, Output},
    output,
};
use crate::render::list::{self, Filter};

pub(super) fn run(catalogue: &'static [Kind], options: &List) -> Result<Exit, CommandError> {
    if let Some(name) = &options.probe {
        output::known("probe", name, catalogue.iter().map(|kind| kind.name))?;
    }
    let filter =
        Filter { probe: options.probe.as_deref(), impact: options.impact, ..Filter::default() };
    let text = match options.output {
        Output::Text => list::checks(catalogue, filter, output::width()),
        Output::Json => {
            let document = list::document(catalogue, filter);
            let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
            text.push('\n');
            text
        }
    };
    output::print(&text)?;
    Ok(Exit::Success)
}
