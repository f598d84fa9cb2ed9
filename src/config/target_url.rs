//! The URL of a target.

use gonogo_probes::contract::Scheme;
use url::{Host, Url};

use super::{mistake::Mistake, yaml::Node};

/// The URL of a target, if it is one that probes can be sent to.
pub(super) fn read(node: &Node, mistakes: &mut Vec<Mistake>) -> Option<Url> {
    let span = node.span;
    let (mistake, help) = match check(node.text().filter(|_| !node.is_null())) {
        Ok(url) => return Some(url),
        Err(Fault::Plain(message)) => (Mistake::at(span, message), None),
        Err(Fault::Credentials) => (
            Mistake::at_secret(span, "the URL contains a user name or password"),
            Some(
                "take it out, and give it to the probe that needs it, as {env: NAME} or {file: PATH}",
            ),
        ),
    };
    mistakes.push(mistake.help(help.map(str::to_owned)));
    None
}

enum Fault {
    Plain(String),
    Credentials,
}

fn check(text: Option<&str>) -> Result<Url, Fault> {
    let wrong = |message: &str| Err(Fault::Plain(message.to_owned()));
    let Some(text) = text else {
        return wrong("expected a URL, like https://shop.example");
    };
    let url = match Url::parse(text) {
        Ok(url) => url,
        // What cannot be read may still contain a password.
        Err(_) if text.contains('@') => return Err(Fault::Credentials),
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            return Err(Fault::Plain(format!(
                "`{text}` is not a URL: it starts with https://, or another scheme"
            )));
        }
        Err(error) => return Err(Fault::Plain(format!("`{text}` is not a URL: {error}"))),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::Credentials);
    }
    let Some(scheme) = Scheme::of(&url) else {
        let word = url.scheme();
        let hint = if url.cannot_be_a_base() { "; write https:// before the host" } else { "" };
        let known: Vec<&str> = Scheme::ALL.into_iter().map(Scheme::as_str).collect();
        return Err(Fault::Plain(format!(
            "a target is reached by one of {}, not by `{word}`{hint}",
            known.join(", ")
        )));
    };
    if url.host_str().is_none_or(str::is_empty) {
        return wrong("the URL has no host");
    }
    if url.port() == Some(0) {
        return wrong("the URL has port 0, which nobody listens on");
    }
    if url.fragment().is_some() {
        return wrong("the URL has a fragment (`#…`), which is never sent: take it out");
    }
    if url.query().is_some() {
        return wrong("the URL has a query (`?…`): take it out, probes ask for paths of their own");
    }
    if scheme.is_http() {
        return Ok(url);
    }
    beyond_http(url, scheme)
}

/// What the URL parser leaves as it is where it does not know the scheme.
fn beyond_http(mut url: Url, scheme: Scheme) -> Result<Url, Fault> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let Ok(sound) = Host::parse(&host) else {
        return Err(Fault::Plain(format!("`{host}` is not a host name or an address")));
    };
    if url.set_host(Some(&sound.to_string())).is_err() {
        return Err(Fault::Plain(format!("`{host}` is not a host name or an address")));
    }
    let word = scheme.as_str();
    if url.port().is_none() && scheme.port().is_none() {
        return Err(Fault::Plain(format!(
            "the URL has no port, and `{word}` has no usual one: write {word}://{sound}:PORT"
        )));
    }
    // The path names a database.
    let has_databases = matches!(scheme, Scheme::Postgres | Scheme::Redis | Scheme::Rediss);
    if !has_databases && !matches!(url.path(), "" | "/") {
        return Err(Fault::Plain(format!("the URL has a path, which means nothing to `{word}`")));
    }
    Ok(url)
}
