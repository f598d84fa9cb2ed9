//! `gonogo init`: a commented configuration to start from.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
};

use url::Url;

use super::{CommandError, Exit, arguments::Init, output};

pub(super) fn run(options: &Init) -> Result<Exit, CommandError> {
    let text = template(&options.url)?;
    if options.path == Path::new("-") {
        output::print(&text)?;
        return Ok(Exit::Success);
    }
    let shown = options.path.display();
    let mut open = OpenOptions::new();
    open.write(true).create_new(!options.force).create(true).truncate(true);
    let written = open.open(&options.path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => {
            CommandError::Usage(format!("{shown} is there already; --force replaces it"))
        }
        _ => CommandError::File { path: shown.to_string(), source },
    })?;
    output::say(&format!("wrote {shown}; edit it, then run: gonogo check --config.file {shown}"));
    Ok(Exit::Success)
}

/// The configuration for a target at `url`.
pub(super) fn template(url: &Url) -> Result<String, CommandError> {
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        let wanted = "write it like https://checkout.staging.example";
        return Err(CommandError::Usage(format!("`{url}` is not an http or https URL; {wanted}")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CommandError::Usage(
            "a URL with a user name or password is never written to a configuration; \
             put credentials into the environment and name them there"
                .to_owned(),
        ));
    }
    let name = url.host_str().and_then(|host| host.split('.').next()).unwrap_or_default();
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let name = if name.starts_with(|c: char| c.is_ascii_alphanumeric()) { &name } else { "target" };
    Ok(TEMPLATE.replace("@NAME@", name).replace("@URL@", url.as_str()))
}

const TEMPLATE: &str = include_str!("init.yaml");
