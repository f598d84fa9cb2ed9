//! Where a connection may go, before names are resolved.

use std::{fmt, path::PathBuf, str::FromStr};

use url::Url;

use crate::contract::Scheme;

/// A host and port, or a Unix socket.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Endpoint {
    /// A host name (lower case, without a trailing dot) or IP address (without brackets), and a port.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl Endpoint {
    /// A host and port.
    #[must_use]
    pub fn tcp(host: &str, port: u16) -> Self {
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        Self::Tcp { host, port }
    }

    /// The host and port of a URL; `None` if it has none.
    #[must_use]
    pub fn of_url(url: &Url) -> Option<Self> {
        Some(Self::tcp(url.host_str()?, port_of(url)?))
    }
}

/// The port of a URL, or its scheme's own; `None` where neither is known.
#[must_use]
pub fn port_of(url: &Url) -> Option<u16> {
    let known = || Scheme::of(url).and_then(Scheme::port);
    url.port_or_known_default().or_else(known)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') {
                Ok(Self::Unix(path.into()))
            } else {
                Err(format!("`{text}`: the path of a Unix socket starts with /"))
            };
        }
        let wanted = "write host:port, [ipv6]:port or unix:/path";
        let (host, port) =
            text.rsplit_once(':').ok_or_else(|| format!("`{text}` has no port; {wanted}"))?;
        let port = port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| format!("`{port}` is not a port from 1 to 65535; {wanted}"))?;
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || (host.contains(':') && !bracketed) || host.contains(['/', '@', ' ']) {
            return Err(format!("`{host}` is not a host name or address; {wanted}"));
        }
        Ok(Self::tcp(host, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_the_same() {
        for text in ["db:5432", "[::1]:443", "10.0.0.7:1", "unix:/run/app.sock"] {
            assert_eq!(text.parse::<Endpoint>().expect(text).to_string(), text);
        }
        assert_eq!("DB.Example.:5432".parse(), Ok(Endpoint::tcp("db.example", 5432)));
    }

    #[test]
    fn a_url_has_its_own_port_or_that_of_its_scheme_or_none() {
        let port = |url: &str| port_of(&Url::parse(url).expect(url));
        assert_eq!(port("https://a.example"), Some(443));
        assert_eq!(port("postgres://db.example/x"), Some(5432));
        assert_eq!(port("mqtt://a.example:99"), Some(99));
        assert_eq!(port("tcp://a.example"), None);
        assert_eq!(Endpoint::of_url(&Url::parse("grpc://a.example").expect("a URL")), None);
    }

    #[test]
    fn says_what_would_be_right() {
        for wrong in ["db", "db:0", "db:99999", "::1:443", ":443", "http://x:1", "unix:run"] {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong}");
        }
    }
}
