//! The command that sends a request again.

use std::fmt::Write;

use super::{Address, Request};
use crate::contract::setting::Text;

/// A `curl` command for a POSIX shell. `via` is the address that was called in place of what the name
/// resolves to; `unverified` says that the certificate was not sound.
pub(super) fn curl(request: &Request, via: Option<&Address>, unverified: bool) -> String {
    let mut command = String::with_capacity(256);
    command.push_str(if unverified { "curl -sS -i -k" } else { "curl -sS -i" });
    method(&mut command, request);
    if let Some(address) = via {
        route(&mut command, request, address);
    }
    let mut secrets = 0;
    for (name, value) in &request.headers {
        command.push_str(" -H ");
        match value {
            // curl takes a colon at the end for "do not send this header".
            Text::Plain(value) if value.is_empty() => quote(&mut command, &format!("{name};")),
            Text::Plain(value) => quote(&mut command, &format!("{name}: {value}")),
            Text::Secret(_) => {
                secrets += 1;
                let _ = match secrets {
                    1 => write!(command, "\"{name}: $GONOGO_SECRET\""),
                    n => write!(command, "\"{name}: $GONOGO_SECRET_{n}\""),
                };
            }
        }
    }
    body(&mut command, request);
    url(&mut command, request);
    command
}

fn method(command: &mut String, request: &Request) {
    match request.method.as_str() {
        "GET" if request.body.is_empty() => {}
        "HEAD" => command.push_str(" -I"),
        method => {
            command.push_str(" -X ");
            quote(command, method);
        }
    }
}

fn route(command: &mut String, request: &Request, address: &Address) {
    let host = request.url.host_str().unwrap_or_default();
    let port = request.url.port_or_known_default().unwrap_or_default();
    match address {
        Address::Unix(path) => {
            command.push_str(" --unix-socket ");
            quote(command, &path.to_string_lossy());
        }
        Address::Ip(to) => {
            let ip = match to.ip().to_canonical() {
                std::net::IpAddr::V6(ip) => format!("[{ip}]"),
                std::net::IpAddr::V4(ip) => ip.to_string(),
            };
            if to.port() == port {
                command.push_str(" --resolve ");
                quote(command, &format!("{host}:{port}:{ip}"));
            } else {
                command.push_str(" --connect-to ");
                quote(command, &format!("{host}:{port}:{ip}:{}", to.port()));
            }
        }
    }
}

fn body(command: &mut String, request: &Request) {
    if request.body.is_empty() {
        return;
    }
    if !request.headers.iter().any(|(name, _)| name == ::http::header::CONTENT_TYPE) {
        // curl would call it a form.
        command.push_str(" -H content-type:");
    }
    command.push_str(" --data-binary ");
    match std::str::from_utf8(&request.body) {
        // A leading @ names a file.
        Ok(text) if text.len() <= SHOWN && !text.starts_with('@') && !text.contains('\0') => {
            quote(command, text);
        }
        _ => command.push_str("@body"),
    }
}

fn url(command: &mut String, request: &Request) {
    let mut url = request.url.as_str();
    if let Some(at) = url.find('#') {
        url = &url[..at];
    }
    let mut whole = std::borrow::Cow::Borrowed(url);
    if let Some(target) = &request.target {
        command.push_str(" --path-as-is");
        if target.starts_with('/') {
            let path_at =
                url.find("://").and_then(|at| url[at + 3..].find('/').map(|p| at + 3 + p));
            whole = format!("{}{target}", &url[..path_at.unwrap_or(url.len())]).into();
        } else {
            command.push_str(" --request-target ");
            quote(command, target);
        }
    }
    if whole.contains(['[', ']', '{', '}']) {
        command.push_str(" --globoff");
    }
    command.push(' ');
    quote(command, &whole);
}

/// Appends a word as a shell reads it back.
fn quote(command: &mut String, word: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        command.push_str(word);
        return;
    }
    command.push('\'');
    let mut parts = word.split('\'');
    command.push_str(parts.next().unwrap_or_default());
    for part in parts {
        command.push_str("'\\''");
        command.push_str(part);
    }
    command.push('\'');
}

/// The longest body that is written out.
const SHOWN: usize = 2 << 10;

#[cfg(test)]
mod tests {
    use ::http::{Method, header};
    use bytes::Bytes;
    use url::Url;

    use super::*;
    use crate::contract::setting::Secret;

    fn get(url: &str) -> Request {
        Request::get(Url::parse(url).expect("a URL"))
    }

    #[test]
    fn a_plain_request_is_a_plain_command() {
        assert_eq!(get("https://shop.example/a#x").replay(), "curl -sS -i https://shop.example/a");
    }

    #[test]
    fn nothing_a_target_chose_reaches_the_shell() {
        let request = get("http://shop.example/?a='$(reboot)'&b={x}")
            .header(header::ORIGIN, "https://a'; reboot #");
        assert_eq!(
            request.replay(),
            r"curl -sS -i -H 'origin: https://a'\''; reboot #' --globoff 'http://shop.example/?a=%27$(reboot)%27&b={x}'"
        );
    }

    #[test]
    fn secrets_are_names_of_variables() {
        let mut request = get("https://shop.example/");
        let secret = || Text::Secret(Secret::new("Bearer hunter2"));
        request.headers.push((header::AUTHORIZATION, secret()));
        request.headers.push((header::COOKIE, secret()));
        let replay = request.replay();
        assert_eq!(
            replay,
            "curl -sS -i -H \"authorization: $GONOGO_SECRET\" -H \"cookie: $GONOGO_SECRET_2\" https://shop.example/"
        );
    }

    #[test]
    fn methods_bodies_targets_and_routes_are_kept() {
        let mut request = get("https://shop.example/x?y");
        request.method = Method::POST;
        request.body = Bytes::from_static(b"{\"a\": 1}");
        request.target = Some("/a/../b".to_owned());
        request.address = Some(Address::Ip("10.0.0.7:443".parse().expect("an address")));
        assert_eq!(
            request.replay(),
            "curl -sS -i -X POST --resolve shop.example:443:10.0.0.7 -H content-type: \
             --data-binary '{\"a\": 1}' --path-as-is https://shop.example/a/../b"
        );
        let mut request = get("http://shop.example/");
        request.method = Method::OPTIONS;
        request.target = Some("*".to_owned());
        request.address = Some(Address::Ip("[::1]:8080".parse().expect("an address")));
        assert_eq!(
            request.replay(),
            "curl -sS -i -X OPTIONS --connect-to 'shop.example:80:[::1]:8080' --path-as-is \
             --request-target '*' http://shop.example/"
        );
        request.method = Method::HEAD;
        request.target = None;
        request.address = Some(Address::Unix("/run/a b.sock".into()));
        assert_eq!(
            request.replay(),
            "curl -sS -i -I --unix-socket '/run/a b.sock' http://shop.example/"
        );
    }
}
