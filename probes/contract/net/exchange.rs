//! One request and its answer.

use std::{borrow::Cow, fmt::Write, sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderName, Method, StatusCode, Version, header};
use aws_lc_rs::digest;
use bytes::Bytes;
use url::Url;

use super::{Address, Phases};
use crate::contract::{Obstacle, Obstructed, setting::Text};

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Whom to ask and for what. The fragment is not sent.
    pub url: Url,
    /// The request target as it goes on the wire, where it must differ from the URL's (which
    /// normalises paths).
    pub target: Option<String>,
    /// Headers besides `host`, `user-agent`, `accept` and `accept-encoding`; one given here replaces
    /// ours.
    pub headers: Vec<(HeaderName, Text)>,
    /// The body; none if empty.
    pub body: Bytes,
    /// The address to call instead of resolving the URL's host. It must be allowed all the same.
    pub address: Option<Address>,
    /// Whether to ask as a client without a certificate, whatever `trust` configures.
    pub anonymous: bool,
    /// Time for all of it, from when the budgets allow it to the end of its answer's body, where that
    /// is to be less than the budgets give.
    pub within: Option<Duration>,
    /// Bytes of the answer's body, after decompression, instead of the budgets'.
    pub body_limit: Option<usize>,
}

impl Request {
    /// `GET url`.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            target: None,
            headers: Vec::new(),
            body: Bytes::new(),
            address: None,
            anonymous: false,
            within: None,
            body_limit: None,
        }
    }

    /// The same, with a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, Text::Plain(value.into())));
        self
    }
}

/// What came back, as it was on the wire. It never leaves the probe as it is: evidence takes what its
/// checks need, and every text of a report is redacted at the boundary.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Whom was asked.
    pub url: Url,
    /// The address that answered.
    pub address: Address,
    /// The answer's version.
    pub version: Version,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's header, every field line, in order per name.
    pub headers: HeaderMap,
    /// The answer's body.
    pub body: Body,
    /// What came after the body.
    pub trailers: HeaderMap,
    /// Where the time went.
    pub phases: Phases,
    /// What TLS settled on; `None` without TLS.
    pub tls: Option<Negotiated>,
    /// What is wrong with the certificate, where the connection was pinned to it all the same: "has
    /// expired".
    pub unverified: Option<Arc<str>>,
    /// The command that sends the same request again.
    pub replay: String,
}

impl Exchange {
    /// The first value of a header, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where a redirect leads, resolved against the URL; `None` if the answer is none.
    #[must_use]
    pub fn redirect(&self) -> Option<Result<Url, Obstructed>> {
        // The others of the 3xx class leave it to the user (300), or redirect nowhere.
        if !matches!(self.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let status = self.status.as_u16();
        let Some(location) = self.headers.get(header::LOCATION) else {
            let detail = format!("{} answers {status} without a location", self.url);
            return Some(Err(Obstacle::Protocol.because(detail)));
        };
        let location = String::from_utf8_lossy(location.as_bytes());
        Some(self.url.join(&location).map_err(|error| {
            let detail =
                format!("{} answers {status} with a location that is no URL: {error}", self.url);
            Obstacle::Protocol.because(detail)
        }))
    }
}

/// A body, decoded, up to the budget.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// What was read, after decompression. Empty where it was handed on in pieces.
    pub bytes: Bytes,
    /// Why there may be more, where there is: over budget, timed out, cut off.
    pub cut: Option<Obstructed>,
}

impl Body {
    /// The body as text, with replacement characters where it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// The SHA-256 of what was read, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        let digest = digest::digest(&digest::SHA256, &self.bytes);
        digest.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// What a TLS handshake settled on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Negotiated {
    /// "TLSv1.3".
    pub version: String,
    /// "TLS13_AES_256_GCM_SHA384".
    pub suite: String,
    /// "X25519MLKEM768".
    pub group: Option<String>,
    /// "h2".
    pub alpn: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Body {
        Body { bytes: Bytes::copy_from_slice(text.as_bytes()), cut: None }
    }

    #[test]
    fn a_digest_is_that_of_the_bytes() {
        assert_eq!(
            body("").digest(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    fn answer(status: u16, location: Option<&str>) -> Exchange {
        let mut headers = HeaderMap::new();
        if let Some(location) = location {
            headers.insert(header::LOCATION, location.parse().expect("a value"));
        }
        Exchange {
            url: Url::parse("https://shop.example/a/b?c").expect("a URL"),
            address: Address::Unix("/x".into()),
            version: Version::HTTP_11,
            status: StatusCode::from_u16(status).expect("a status"),
            headers,
            body: Body::default(),
            trailers: HeaderMap::new(),
            phases: Phases::default(),
            tls: None,
            unverified: None,
            replay: String::new(),
        }
    }

    #[test]
    fn a_redirect_is_resolved_against_the_url() {
        let to = |status, location| {
            answer(status, location).redirect().map(|url| url.map(String::from).ok())
        };
        assert_eq!(to(301, Some("../x")), Some(Some("https://shop.example/x".to_owned())));
        assert_eq!(to(308, Some("//b.example/")), Some(Some("https://b.example/".to_owned())));
        assert_eq!(to(302, Some("http://[bad")), Some(None));
        assert_eq!(to(302, None), Some(None));
        assert_eq!(to(304, Some("/")), None);
        assert_eq!(to(200, Some("/")), None);
    }
}
