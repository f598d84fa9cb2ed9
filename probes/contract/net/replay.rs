//! The command that sends a request again.

use std::{borrow::Cow, fmt::Write, path::PathBuf};

use super::{Address, Endpoint, Net, Request, Session, Trust};
use crate::contract::setting::Text;

/// What a command must be told of a target's trust.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    authorities: Option<PathBuf>,
    client: Option<(PathBuf, PathBuf)>,
    server_name: Option<String>,
}

impl Shown {
    pub(super) fn of(trust: &Trust) -> Self {
        Self {
            authorities: trust.files.authorities.clone(),
            client: trust.files.client.clone(),
            server_name: trust.server_name.clone(),
        }
    }
}

impl Net {
    /// The command that sends a request again, as this net would. `via` is the address that was called
    /// in place of what the name resolves to.
    pub(super) fn replay(
        &self,
        request: &Request,
        via: Option<&Address>,
        unverified: bool,
    ) -> String {
        let own = Endpoint::of_url(&request.url).as_ref() == Some(&self.origin);
        let name = self.shown.server_name.as_ref().filter(|_| own);
        curl(request, via, &self.shown, name.map(String::as_str), unverified)
    }
}

impl Session {
    /// A `curl` command for a request that had no answer, or has not been sent. Values of secrets are
    /// names of environment variables.
    #[must_use]
    pub fn replay(&self, request: &Request) -> String {
        let own = Endpoint::of_url(&request.url).as_ref() == Some(&self.net.origin);
        let via = request.address.as_ref().or(self.net.connect_to.first().filter(|_| own));
        self.net.replay(request, via, false)
    }

    /// The options of `openssl s_client` that trust what this session trusts, and show the client's
    /// certificate; each begins with a space.
    #[must_use]
    pub fn openssl_trust(&self) -> String {
        let shown = &self.net.shown;
        let mut options = String::new();
        let mut option = |name: &str, path: &PathBuf| {
            options.push_str(name);
            quote(&mut options, &path.to_string_lossy());
        };
        if let Some(authorities) = &shown.authorities {
            option(" -CAfile ", authorities);
        }
        if let Some((certificate, key)) = &shown.client {
            option(" -cert ", certificate);
            option(" -key ", key);
        }
        options
    }
}

/// A `curl` command for a POSIX shell. `name` is what TLS asks for in place of the host of the URL;
/// `unverified` says that the
/// certificate was not sound.
fn curl(
    request: &Request,
    via: Option<&Address>,
    shown: &Shown,
    name: Option<&str>,
    unverified: bool,
) -> String {
    let secure = request.url.scheme() == "https";
    let name = name.filter(|_| secure);
    let mut command = String::with_capacity(256);
    command.push_str(if unverified { "curl -sS -i -k" } else { "curl -sS -i" });
    method(&mut command, request);
    if secure {
        trust(&mut command, shown, request.anonymous);
    }
    route(&mut command, request, via, name);
    if name.is_some() && !request.headers.iter().any(|(name, _)| name == ::http::header::HOST) {
        command.push_str(" -H ");
        let host = &request.url[url::Position::BeforeHost..url::Position::AfterPort];
        quote(&mut command, &format!("host: {host}"));
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
    url(&mut command, request, name);
    command
}

fn trust(command: &mut String, shown: &Shown, anonymous: bool) {
    let mut file = |option: &str, path: &PathBuf| {
        command.push_str(option);
        quote(command, &path.to_string_lossy());
    };
    if let Some(authorities) = &shown.authorities {
        file(" --cacert ", authorities);
    }
    if let Some((certificate, key)) = shown.client.as_ref().filter(|_| !anonymous) {
        file(" --cert ", certificate);
        file(" --key ", key);
    }
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

/// curl takes the name for TLS from the URL: where that is another, so is the URL's host, and the way
/// leads to where the host would have led.
fn route(command: &mut String, request: &Request, via: Option<&Address>, name: Option<&str>) {
    let host = request.url.host_str().unwrap_or_default();
    let port = request.url.port_or_known_default().unwrap_or_default();
    let asked = name.map_or(Cow::Borrowed(host), in_url);
    match via {
        Some(Address::Unix(path)) => {
            command.push_str(" --unix-socket ");
            quote(command, &path.to_string_lossy());
        }
        Some(Address::Ip(to)) => {
            let ip = match to.ip().to_canonical() {
                std::net::IpAddr::V6(ip) => format!("[{ip}]"),
                std::net::IpAddr::V4(ip) => ip.to_string(),
            };
            // curl resolves no address, so that it heeds no `--resolve` for one.
            if to.port() == port
                && asked.parse::<std::net::Ipv4Addr>().is_err()
                && !asked.starts_with('[')
            {
                command.push_str(" --resolve ");
                quote(command, &format!("{asked}:{port}:{ip}"));
            } else {
                command.push_str(" --connect-to ");
                quote(command, &format!("{asked}:{port}:{ip}:{}", to.port()));
            }
        }
        None if asked != host => {
            command.push_str(" --connect-to ");
            quote(command, &format!("{asked}:{port}:{host}:{port}"));
        }
        None => {}
    }
}

/// A name or an address as it stands in a URL.
fn in_url(name: &str) -> Cow<'_, str> {
    match name.parse::<std::net::Ipv6Addr>() {
        Ok(_) => format!("[{name}]").into(),
        Err(_) => name.into(),
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

fn url(command: &mut String, request: &Request, name: Option<&str>) {
    let mut renamed = request.url.clone();
    if let Some(name) = name {
        // It was held to be one when the settings were read.
        let _ = renamed.set_host(Some(&in_url(name)));
    }
    let mut url = renamed.as_str();
    if let Some(at) = url.find('#') {
        url = &url[..at];
    }
    let mut whole = Cow::Borrowed(url);
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

    fn replay(request: &Request) -> String {
        curl(request, request.address.as_ref(), &Shown::default(), None, false)
    }

    #[test]
    fn a_plain_request_is_a_plain_command() {
        assert_eq!(replay(&get("https://shop.example/a#x")), "curl -sS -i https://shop.example/a");
    }

    #[test]
    fn nothing_a_target_chose_reaches_the_shell() {
        let request = get("http://shop.example/?a='$(reboot)'&b={x}")
            .header(header::ORIGIN, "https://a'; reboot #");
        assert_eq!(
            replay(&request),
            r"curl -sS -i -H 'origin: https://a'\''; reboot #' --globoff 'http://shop.example/?a=%27$(reboot)%27&b={x}'"
        );
    }

    #[test]
    fn secrets_are_names_of_variables() {
        let mut request = get("https://shop.example/");
        let secret = || Text::Secret(Secret::new("Bearer hunter2"));
        request.headers.push((header::AUTHORIZATION, secret()));
        request.headers.push((header::COOKIE, secret()));
        let command = replay(&request);
        assert_eq!(
            command,
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
            replay(&request),
            "curl -sS -i -X POST --resolve shop.example:443:10.0.0.7 -H content-type: \
             --data-binary '{\"a\": 1}' --path-as-is https://shop.example/a/../b"
        );
        let mut request = get("http://shop.example/");
        request.method = Method::OPTIONS;
        request.target = Some("*".to_owned());
        request.address = Some(Address::Ip("[::1]:8080".parse().expect("an address")));
        assert_eq!(
            replay(&request),
            "curl -sS -i -X OPTIONS --connect-to 'shop.example:80:[::1]:8080' --path-as-is \
             --request-target '*' http://shop.example/"
        );
        request.method = Method::HEAD;
        request.target = None;
        request.address = Some(Address::Unix("/run/a b.sock".into()));
        assert_eq!(
            replay(&request),
            "curl -sS -i -I --unix-socket '/run/a b.sock' http://shop.example/"
        );
    }
    #[test]
    fn a_private_authority_and_a_certificate_of_ours_are_files() {
        let shown = Shown {
            authorities: Some("/etc/staging ca.pem".into()),
            client: Some(("/etc/us.pem".into(), "/etc/us.key".into())),
            server_name: None,
        };
        let mut request = get("https://shop.example/");
        let command = |request: &Request| curl(request, None, &shown, None, false);
        assert_eq!(
            command(&request),
            "curl -sS -i --cacert '/etc/staging ca.pem' --cert /etc/us.pem --key /etc/us.key \
             https://shop.example/"
        );
        request.anonymous = true;
        assert_eq!(
            command(&request),
            "curl -sS -i --cacert '/etc/staging ca.pem' https://shop.example/"
        );
        assert_eq!(command(&get("http://shop.example/")), "curl -sS -i http://shop.example/");
    }

    #[test]
    fn another_name_for_tls_is_the_host_of_the_url_and_leads_to_the_same_place() {
        let request = get("https://10.0.0.7:8443/a");
        let command = |via: Option<&Address>| {
            curl(&request, via, &Shown::default(), Some("shop.example"), false)
        };
        assert_eq!(
            command(None),
            "curl -sS -i --connect-to shop.example:8443:10.0.0.7:8443 -H 'host: 10.0.0.7:8443' \
             https://shop.example:8443/a"
        );
        let via = Address::Ip("10.0.0.8:8443".parse().expect("an address"));
        assert!(command(Some(&via)).contains(" --resolve shop.example:8443:10.0.0.8 "));
    }
}
