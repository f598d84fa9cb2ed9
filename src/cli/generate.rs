//! `gonogo generate`: what is derived from the catalogue and the types, by the version that runs.

use std::{fs, path::Path};

use clap::CommandFactory;
use gonogo_probes::contract::Kind;

use super::{
    Arguments, CommandError, Exit,
    arguments::{Artefact, Generate, SchemaOf},
    output,
    validate::Validation,
};
use crate::{
    config,
    export::json,
    render::{alerts, command, list},
};

pub(super) fn run(catalogue: &'static [Kind], options: &Generate) -> Result<Exit, CommandError> {
    let text = match &options.what {
        Artefact::Schema { of: SchemaOf::Config } => pretty(&config::schema(catalogue)),
        Artefact::Schema { of: SchemaOf::Report } => {
            pretty(&schemars::schema_for!(json::Report).into())
        }
        Artefact::Schema { of: SchemaOf::List } => {
            pretty(&schemars::schema_for!(list::Document).into())
        }
        Artefact::Schema { of: SchemaOf::Validation } => {
            pretty(&schemars::schema_for!(Validation).into())
        }
        Artefact::Alerts { external_url } => alerts::rules(catalogue, external_url.as_str()),
        Artefact::Completions { shell } => {
            let script = command::completions(Arguments::command(), *shell);
            String::from_utf8_lossy(&script).into_owned()
        }
        Artefact::Man { directory } => return manual(directory.as_deref()),
    };
    output::print(&text)?;
    Ok(Exit::Success)
}

/// The man page on stdout, or all pages, one a command, in a directory.
fn manual(directory: Option<&Path>) -> Result<Exit, CommandError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source| CommandError::File { path, source }
    };
    let pages = command::manual(Arguments::command()).map_err(failed(Path::new("man page")))?;
    match directory {
        None => {
            let page = pages.first().map(|page| String::from_utf8_lossy(&page.text));
            output::print(&page.unwrap_or_default())?;
        }
        Some(directory) => {
            fs::create_dir_all(directory).map_err(failed(directory))?;
            for page in &pages {
                let path = directory.join(&page.file);
                fs::write(&path, &page.text).map_err(failed(&path))?;
            }
        }
    }
    Ok(Exit::Success)
}

fn pretty(schema: &serde_json::Value) -> String {
    format!("{schema:#}\n")
}
