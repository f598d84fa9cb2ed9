//! Where everything is found: under which path, and at which URL for people.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Url;

/// Where pages and endpoints are found.
///
/// The `Host` header is never believed: whoever sends a request chooses it, and links made from it
/// lead wherever he likes.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// What every path we serve starts with; empty, or a slash and no slash at the end.
    prefix: String,
    /// What every path of a link starts with. It differs where a proxy takes a path away.
    base: String,
    external: Option<Url>,
}

/// What is wrong with where we are to be found.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PrefixError {
    /// The external URL is none that a browser opens.
    #[error(
        "--web.external-url must start with http:// or https:// and have neither query nor fragment, found {0}"
    )]
    ExternalUrl(String),
    /// The prefix is not a path.
    #[error("--web.route-prefix must be a path like /gonogo, found {0}")]
    RoutePrefix(String),
}

impl Links {
    /// Links for `--web.external-url` and `--web.route-prefix`; without the latter, everything is
    /// served under the path of the former.
    pub fn new(external: Option<Url>, prefix: Option<&str>) -> Result<Self, PrefixError> {
        if let Some(url) = &external {
            let opens = matches!(url.scheme(), "http" | "https");
            if !opens || url.query().is_some() || url.fragment().is_some() {
                return Err(PrefixError::ExternalUrl(url.to_string()));
            }
        }
        let outside = external.as_ref().map(|url| url.path().trim_end_matches('/').to_owned());
        let prefix = match prefix {
            Some(prefix) => path(prefix)?,
            None => outside.clone().unwrap_or_default(),
        };
        Ok(Self { base: outside.unwrap_or_else(|| prefix.clone()), prefix, external })
    }

    /// The path of a request without the prefix; `None` if it is not under it.
    pub(super) fn inner<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&self.prefix).filter(|rest| rest.starts_with('/'))
    }

    /// The path of the start page, as requests ask for it.
    pub(super) fn home(&self) -> String {
        format!("{}/", self.prefix)
    }

    /// A link to one of our paths, which starts with a slash.
    pub(super) fn to(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A link to a target's page.
    pub(super) fn target(&self, name: &str) -> String {
        format!("{}/targets/{}", self.base, segment(name))
    }

    /// A link to a target's JSON report.
    pub(super) fn target_report(&self, name: &str) -> String {
        format!("{}/api/v1/targets/{}/report", self.base, segment(name))
    }

    /// A link to a check's page.
    pub(super) fn check(&self, id: &str) -> String {
        format!("{}/checks/{}", self.base, segment(id))
    }

    /// The same link for somebody elsewhere: with scheme and host where they are known.
    pub(super) fn absolute(&self, link: &str) -> String {
        match &self.external {
            Some(url) => format!("{}{link}", url.origin().ascii_serialization()),
            None => link.to_owned(),
        }
    }
}

/// A value as it stands in a query.
pub(super) fn query_value(text: &str) -> String {
    utf8_percent_encode(text, BEYOND_QUERY).to_string()
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, BEYOND_SEGMENT).to_string()
}

fn path(prefix: &str) -> Result<String, PrefixError> {
    let trimmed = prefix.trim_end_matches('/');
    let sound = trimmed.is_empty()
        || (trimmed.starts_with('/')
            && !trimmed.contains("//")
            && trimmed.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b)));
    if sound { Ok(trimmed.to_owned()) } else { Err(PrefixError::RoutePrefix(prefix.to_owned())) }
}

const BEYOND_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'&')
    .add(b'+')
    .add(b'%')
    .add(b'=');
const BEYOND_SEGMENT: &AsciiSet =
    &BEYOND_QUERY.add(b'/').add(b'?').add(b'\\').add(b'`').add(b'{').add(b'}').add(b'^').add(b'|');

#[cfg(test)]
mod tests {
    use super::*;

    fn links(external: Option<&str>, prefix: Option<&str>) -> Links {
        Links::new(external.map(|url| url.parse().expect("a URL")), prefix).expect("links")
    }

    #[test]
    fn everything_is_at_the_root_by_default() {
        let links = links(None, None);
        assert_eq!(links.inner("/metrics"), Some("/metrics"));
        assert_eq!(links.target("a b/c"), "/targets/a%20b%2Fc");
        assert_eq!(links.absolute("/x"), "/x");
    }

    #[test]
    fn the_path_of_the_external_url_is_the_prefix() {
        let links = links(Some("https://ops.example/gonogo/"), None);
        assert_eq!(links.inner("/gonogo/metrics"), Some("/metrics"));
        assert_eq!((links.inner("/gonogox"), links.inner("/gonogo")), (None, None));
        assert_eq!(links.check("a-b"), "/gonogo/checks/a-b");
        assert_eq!(links.absolute(&links.check("a-b")), "https://ops.example/gonogo/checks/a-b");
    }

    #[test]
    fn a_proxy_may_take_the_path_away() {
        let links = links(Some("https://ops.example/gonogo"), Some("/"));
        assert_eq!(links.inner("/metrics"), Some("/metrics"));
        assert_eq!(links.to("/checks"), "/gonogo/checks");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for prefix in ["gonogo", "/a//b", "/a b", "/<script>"] {
            assert!(Links::new(None, Some(prefix)).is_err(), "{prefix}");
        }
        let url = "ftp://ops.example/".parse().expect("a URL");
        assert!(Links::new(Some(url), None).is_err());
    }
}
