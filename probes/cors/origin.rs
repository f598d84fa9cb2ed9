//! An origin, byte for byte as a browser sends it.

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use url::Url;

/// Scheme, host and, unless it is the scheme's own, port (RFC 6454 section 6.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Origin {
    pub(super) scheme: String,
    /// An IPv6 address is in brackets.
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

impl Origin {
    /// Where pages of this URL come from.
    pub(super) fn of_url(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port(),
        }
    }

    pub(super) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// The same scheme and port with another host.
    pub(super) fn at(&self, host: impl Into<String>) -> Self {
        Self { host: host.into(), ..self.clone() }
    }

    /// The same scheme with another host, at the scheme's own port.
    pub(super) fn at_default_port(&self, host: impl Into<String>) -> Self {
        Self { port: None, ..self.at(host) }
    }

    /// The domain its owner registered; `None` for addresses, `localhost` and names of one label.
    pub(super) fn registrable(&self) -> Option<&str> {
        registrable(&self.host)
    }

    /// Whether somebody who owns nothing of `base`'s could become this origin, by registering a domain.
    pub(super) fn is_open_to_strangers_of(&self, base: &Self) -> bool {
        let Some(suffix) = psl::suffix(self.host.as_bytes()) else { return false };
        // A made-up top-level domain is nobody's, unless the base is at home there as well.
        let at_home = || psl::suffix(base.host.as_bytes()).is_some_and(|home| home == suffix);
        (suffix.is_known() || at_home())
            && self.registrable().is_some_and(|domain| base.registrable() != Some(domain))
    }
}

fn registrable(host: &str) -> Option<&str> {
    let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    if is_address { None } else { psl::domain_str(host) }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |reason: &str| {
            Err(format!("`{text}` {reason}; write scheme and host like https://shop.example"))
        };
        match text {
            "*" => {
                return wrong(
                    "is every origin; where that is meant, declare the endpoint `public`",
                );
            }
            "null" => return wrong("is sent by pages of any site, so it cannot be allowed"),
            _ => {}
        }
        let Ok(url) = Url::parse(text) else { return wrong("is no origin") };
        if url.host_str().is_none_or(str::is_empty) {
            return wrong("names no host");
        }
        let origin = Self::of_url(&url);
        let sent = origin.to_string();
        if sent == text {
            Ok(origin)
        } else {
            Err(format!("browsers do not send the origin `{text}`; they send `{sent}`"))
        }
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Origin;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an origin like https://shop.example")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Origin, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

impl JsonSchema for Origin {
    fn schema_name() -> Cow<'static, str> {
        "Origin".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[a-z][a-z0-9+.-]*://[^/?#@]+$",
            "description": "Scheme, host and port of a web site, as browsers send them.",
            "examples": ["https://shop.example", "http://localhost:3000"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().expect(text)
    }

    #[test]
    fn what_browsers_send_is_read_and_written_back() {
        for text in [
            "https://shop.example",
            "http://localhost:3000",
            "http://[::1]:8080",
            "https://xn--bcher-kva.example",
            "capacitor://localhost",
            "chrome-extension://abcdefgh",
        ] {
            assert_eq!(origin(text).to_string(), text);
        }
    }

    #[test]
    fn what_browsers_do_not_send_is_refused_with_what_they_do() {
        for (wrong, right) in [
            ("https://shop.example/", "`https://shop.example`"),
            ("https://Shop.example", "`https://shop.example`"),
            ("https://shop.example:443", "`https://shop.example`"),
            ("https://u@shop.example/x?y", "`https://shop.example`"),
            ("https://bücher.example", "`https://xn--bcher-kva.example`"),
            ("shop.example", "like https://shop.example"),
            ("https://*.shop.example", "browsers do not"),
            ("*", "`public`"),
            ("null", "any site"),
            ("", "no origin"),
        ] {
            match wrong.parse::<Origin>() {
                // The URL standard lets an asterisk stand in a host; no browser has such a page.
                Ok(origin) => assert!(origin.host.contains('*'), "{wrong}"),
                Err(error) => assert!(error.contains(right), "{wrong}: {error}"),
            }
        }
    }

    #[test]
    fn addresses_and_single_labels_have_no_registrable_domain() {
        for text in ["http://127.0.0.1:80", "http://[::1]", "http://localhost", "https://intranet"]
        {
            let url = Url::parse(text).expect("a URL");
            assert_eq!(Origin::of_url(&url).registrable(), None, "{text}");
        }
        assert_eq!(origin("https://api.shop.co.uk").registrable(), Some("shop.co.uk"));
        assert_eq!(origin("https://shop.vercel.app").registrable(), Some("shop.vercel.app"));
    }

    #[test]
    fn strangers_may_register_what_stands_left_of_a_public_suffix() {
        let base = origin("https://api.shop.co.uk");
        for (text, open) in [
            ("https://apixshop.co.uk", true),
            ("https://xshop.co.uk", true),
            ("https://shop.co.uk.other.example.net", true),
            ("https://x.shop.co.uk", false),
            ("https://api.shopxco.uk", true),
            ("https://api.shop.coxuk", false),
            ("https://localhost", false),
        ] {
            assert_eq!(origin(text).is_open_to_strangers_of(&base), open, "{text}");
        }
        let corporate = origin("https://api.shop.corp");
        assert!(origin("https://apixshop.corp").is_open_to_strangers_of(&corporate));
    }
}
