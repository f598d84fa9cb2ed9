//! `gonogo init`: a commented configuration to start from.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
};

use url::{Host, Url};

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
    // The usual place is found without being named.
    let named = if options.path == Path::new("gonogo.yaml") {
        String::new()
    } else {
        format!(" --config.file {shown}")
    };
    output::say(&format!("wrote {shown}; edit it, then run: gonogo check{named}"));
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
    let name = name(url);
    Ok(TEMPLATE.replace("@NAME@", &name).replace("@URL@", url.as_str()))
}

/// A name for the target, by what tells it from others: the first part of its host's name, or where
/// that is an address or this machine, the port as well.
fn name(url: &Url) -> String {
    let port = url.port().map(|port| format!("-{port}")).unwrap_or_default();
    let name = match url.host() {
        Some(Host::Domain(host)) => {
            let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
            match labels[..] {
                ["www", second, ..] => second.to_owned(),
                // An address of a kind of system, not of this one.
                [kind @ ("api" | "app" | "web"), second, _, ..] => format!("{second}-{kind}"),
                ["localhost"] => format!("localhost{port}"),
                [first, ..] => first.to_owned(),
                [] => String::new(),
            }
        }
        Some(Host::Ipv4(address)) if address.is_loopback() => format!("localhost{port}"),
        Some(Host::Ipv6(address)) if address.is_loopback() => format!("localhost{port}"),
        Some(Host::Ipv4(address)) => format!("{}{port}", address.to_string().replace('.', "-")),
        Some(Host::Ipv6(address)) => format!("{}{port}", address.to_string().replace(':', "-")),
        None => String::new(),
    };
    let sound = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(*c);
    let name: String = name.to_ascii_lowercase().chars().filter(sound).take(100).collect();
    let name = name.trim_start_matches(['-', '_']);
    if name.is_empty() { "target".to_owned() } else { name.to_owned() }
}

const TEMPLATE: &str = include_str!("init.yaml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_called_by_what_tells_it_from_others() {
        for (url, wanted) in [
            ("https://checkout.staging.example", "checkout"),
            ("https://www.shop.example", "shop"),
            ("https://api.shop.example", "shop-api"),
            ("https://shop.example:8443/x", "shop"),
            ("http://127.0.0.1:8080", "localhost-8080"),
            ("http://localhost:3000", "localhost-3000"),
            ("http://[::1]/", "localhost"),
            ("http://10.0.0.7:9000", "10-0-0-7-9000"),
            ("http://[fd00::7]", "fd00--7"),
            ("http://_x.example", "x"),
        ] {
            assert_eq!(name(&url.parse().expect("a URL")), wanted, "{url}");
        }
    }
}
