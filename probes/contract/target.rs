//! What is known of a target before anyone looks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Scheme, net};

/// A deployed system under test, named once in the configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// Its name in metrics, reports and waivers.
    pub name: String,
    /// Where its users find it. No user name, no password, no fragment.
    pub url: Url,
    /// Sets which probes apply.
    pub profile: Option<Profile>,
    /// Labels of the operator, shown in reports and on `/sd`.
    pub labels: BTreeMap<String, String>,
}

impl Target {
    /// The host of the URL, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.url.host_str().unwrap_or_default();
        host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
    }

    /// The port of the URL, or the scheme's own; `None` where the scheme has none.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        net::port_of(&self.url)
    }

    /// The host and port its users reach it by; `None` where the URL names no port and its scheme has
    /// none.
    #[must_use]
    pub fn endpoint(&self) -> Option<net::Endpoint> {
        net::Endpoint::of_url(&self.url)
    }

    /// What it speaks.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        Scheme::of(&self.url).unwrap_or(Scheme::Tcp)
    }

    /// Whether its users reach it by TLS from the first byte on.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.scheme().is_tls()
    }
}

/// What kind of system a target is.
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Called by programs.
    Api,
    /// Visited by people with a browser.
    Web,
    /// Works in the background; answers little but its own health.
    Worker,
    /// Stores what others need.
    Database,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 4] = [Self::Api, Self::Web, Self::Worker, Self::Database];

    /// The word used in configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Web => "web",
            Self::Worker => "worker",
            Self::Database => "database",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_the_urls_or_the_schemes() {
        let port = |url: &str| {
            let (name, url) = ("shop".to_owned(), url.parse().expect("a URL"));
            Target { name, url, profile: None, labels: BTreeMap::new() }.port()
        };
        for (url, wanted) in [
            ("https://shop.example", Some(443)),
            ("http://shop.example", Some(80)),
            ("postgresql://db", Some(5432)),
            ("rediss://cache/0", Some(6379)),
            ("mqtts://broker", Some(8883)),
            ("grpcs://api", Some(443)),
            ("tcp://thing:9000", Some(9000)),
            ("tcp://thing", None),
            ("grpc://api", None),
        ] {
            assert_eq!(port(url), wanted, "{url}");
        }
    }
}
