//! A URL, or a path on the target.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use url::Url;

use crate::contract::{Target, net::Endpoint};

/// Where to send a request: a path on the target (`/readyz`), or an absolute URL on any host and port
/// (`http://10.0.0.7:8081/ready`), such as a management port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link(To);

#[derive(Clone, Debug, Eq, PartialEq)]
enum To {
    Path(String),
    Url(Url),
}

impl Link {
    /// The URL it means for this target.
    #[must_use]
    pub fn on(&self, target: &Target) -> Url {
        match &self.0 {
            To::Url(url) => url.clone(),
            To::Path(path) => {
                let (path, query) = match path.split_once('?') {
                    Some((path, query)) => (path, Some(query)),
                    None => (path.as_str(), None),
                };
                let mut url = target.url.clone();
                url.set_path(path);
                url.set_query(query);
                url
            }
        }
    }

    /// The address it leads to, where that may be another than the target's own.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        match &self.0 {
            To::Url(url) => Endpoint::of_url(url),
            To::Path(_) => None,
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            To::Path(path) => f.write_str(path),
            To::Url(url) => url.fmt(f),
        }
    }
}

impl FromStr for Link {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "write a path like /readyz or a URL like http://host:8081/readyz";
        let wrong = |reason: &str| Err(format!("`{text}` {reason}; {wanted}"));
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return wrong("has a space in it");
        }
        if text.contains('#') {
            return wrong("has a fragment, which is never sent");
        }
        // `//host/path` would be another host, and looks like a slip of the pen.
        if text.starts_with('/') && !text.starts_with("//") {
            return Ok(Self(To::Path(text.to_owned())));
        }
        match Url::parse(text) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") => wrong("is not HTTP"),
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                Err("the URL has a user name or password in it; write `headers` with a secret"
                    .to_owned())
            }
            Ok(url) => Ok(Self(To::Url(url))),
            Err(_) => wrong("is neither a path nor a URL"),
        }
    }
}

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Link;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path on the target or a URL")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Link, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

impl JsonSchema for Link {
    fn schema_name() -> Cow<'static, str> {
        "Link".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(/[^/]|/$|https?://)",
            "description": "A path on the target, or an absolute URL.",
            "examples": ["/readyz", "http://10.0.0.7:8081/readyz"],
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn on(text: &str) -> String {
        let target = Target {
            name: "t".to_owned(),
            url: Url::parse("https://shop.example:8443/app/?a=b").expect("a URL"),
            profile: None,
            labels: BTreeMap::new(),
        };
        text.parse::<Link>().expect(text).on(&target).to_string()
    }

    #[test]
    fn a_path_is_on_the_target_and_a_url_is_where_it_says() {
        assert_eq!(on("/readyz?verbose"), "https://shop.example:8443/readyz?verbose");
        assert_eq!(on("/"), "https://shop.example:8443/");
        assert_eq!(on("http://10.0.0.7:8081/ready"), "http://10.0.0.7:8081/ready");
    }

    #[test]
    fn only_a_url_leads_to_another_address() {
        let endpoint = |text: &str| text.parse::<Link>().expect(text).endpoint();
        assert_eq!(endpoint("/readyz"), None);
        assert_eq!(endpoint("https://m.example/x"), Some(Endpoint::tcp("m.example", 443)));
    }

    #[test]
    fn says_what_would_be_right() {
        for wrong in ["readyz", "//host/x", "ftp://h/x", "/a b", "/a#b", "http://u:p@h/", ""] {
            assert!(wrong.parse::<Link>().is_err(), "{wrong}");
        }
    }
}
