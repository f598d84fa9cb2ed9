//! The methods of HTTP, as an operator writes them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A method of HTTP: any token (RFC 9110 section 9.1).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Method(http::Method);

impl Method {
    /// The method as a request takes it.
    pub(super) fn as_http(&self) -> http::Method {
        self.0.clone()
    }

    /// The method's name.
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether an ordinary client may send it at any time: those that change nothing, and those that
    /// applications are made of.
    pub(super) fn is_usual(&self) -> bool {
        self.is_safe() || ["POST", "PUT", "PATCH", "DELETE"].contains(&self.as_str())
    }

    /// Whether asking twice is no different from asking once, and changes nothing (RFC 9110 section
    /// 9.2.1). A method that nobody has registered may do anything.
    pub(super) fn is_safe(&self) -> bool {
        SAFE.contains(&self.as_str())
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        // Methods have case, and a server takes `get` for a method of its own.
        let upper = name.to_ascii_uppercase();
        if *name != upper && REGISTERED.contains(&upper.as_str()) {
            return Err(de::Error::custom(format!("methods are upper case: write `{upper}`")));
        }
        if upper == "CONNECT" {
            return Err(de::Error::custom(
                "`CONNECT` asks for a tunnel, which has no answer to judge",
            ));
        }
        let method = http::Method::from_bytes(name.as_bytes());
        method.map(Self).map_err(|_| {
            de::Error::custom(format!("`{name}` is no method: expected a word such as `GET`"))
        })
    }
}

impl JsonSchema for Method {
    fn schema_name() -> Cow<'static, str> {
        "Method".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A method of HTTP.",
            "type": "string",
            "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
            "examples": ["GET", "POST", "PROPFIND"],
        })
    }
}

/// IANA, Hypertext Transfer Protocol (HTTP) Method Registry: those with "Safe: yes".
const SAFE: &[&str] = &["GET", "HEAD", "OPTIONS", "PROPFIND", "QUERY", "REPORT", "SEARCH", "TRACE"];

/// The same registry, as far as anybody writes them by hand, and `PURGE` of caches.
const REGISTERED: &[&str] = &[
    "ACL",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "QUERY",
    "REPORT",
    "SEARCH",
    "TRACE",
    "UNLINK",
    "UNLOCK",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn method(name: &str) -> Result<Method, String> {
        serde_json::from_value(serde_json::json!(name)).map_err(|error| error.to_string())
    }

    #[test]
    fn any_token_is_a_method() {
        for name in ["GET", "PURGE", "PROPFIND", "M-SEARCH", "x-own"] {
            assert_eq!(method(name).expect(name).as_str(), name);
        }
        assert!(method("get").expect_err("lower case").contains("`GET`"));
        assert!(method("Purge").expect_err("lower case").contains("`PURGE`"));
        for wrong in ["", "GET /", "G\u{e9}T", "CONNECT", "A:B"] {
            assert!(method(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_methods_that_change_nothing_are_safe() {
        let is_safe = |name| method(name).expect("a method").is_safe();
        assert!(is_safe("GET") && is_safe("OPTIONS") && is_safe("PROPFIND"));
        let is_usual = |name| method(name).expect("a method").is_usual();
        assert!(is_usual("POST") && is_usual("PROPFIND"));
        assert!(!is_usual("PURGE") && !is_usual("x-own"));
        assert!(!is_safe("POST") && !is_safe("DELETE") && !is_safe("PURGE") && !is_safe("x-own"));
    }
}
