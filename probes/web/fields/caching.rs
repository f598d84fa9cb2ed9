//! What an answer says to caches: `Cache-Control`, and the fields that speak to delivery networks alone.

use http::HeaderMap;

use super::{lines, split};

/// The directives of one field, over all its lines, names in lower case.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    /// Those of `Cache-Control`.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::of_field(headers, "cache-control")
    }

    fn of_field(headers: &HeaderMap, name: &str) -> Self {
        let lines = lines(headers, name);
        let members = lines.iter().flat_map(|line| split(line)).filter(|member| !member.is_empty());
        let directives = members.map(|directive| {
            let (name, value) = match directive.split_once('=') {
                Some((name, value)) => (name, Some(value.trim().trim_matches('"').to_owned())),
                None => (directive, None),
            };
            (name.trim().to_ascii_lowercase(), value)
        });
        Self(directives.collect())
    }

    /// Whether the directive is there for the whole answer. `no-cache="set-cookie"` and
    /// `private="x"` speak of one field only (RFC 9111 sections 5.2.2.4 and 5.2.2.7).
    pub(crate) fn contains(&self, name: &str) -> bool {
        let qualified = |value: &Option<String>| value.is_some() && name != "s-maxage";
        self.0.iter().any(|(given, value)| given == name && !qualified(value))
    }

    /// Whether caches may not keep this field, or not hand it on, whatever they do with the rest.
    pub(crate) fn withholds(&self, field: &str) -> bool {
        self.0.iter().any(|(given, value)| {
            let listed = value.iter().flat_map(|list| list.split(','));
            matches!(given.as_str(), "private" | "no-cache")
                && listed.map(str::trim).any(|one| one.eq_ignore_ascii_case(field))
        })
    }

    /// The least lifetime the directive gives. One that cannot be read makes the answer stale, as RFC
    /// 9111 section 4.2.1 encourages caches to.
    pub(crate) fn seconds(&self, name: &str) -> Option<u64> {
        let given = self.0.iter().filter(|(given, _)| given == name);
        given.map(|(_, value)| value.as_deref().and_then(seconds).unwrap_or(0)).min()
    }

    /// Whether it says that nothing is kept by a shared cache, or not without asking first; with the
    /// word that says so.
    pub(crate) fn forbids(&self) -> Option<&'static str> {
        ["no-store", "no-cache", "private"].into_iter().find(|name| self.contains(name))
    }
}

/// `60`, and `60+30` as `Surrogate-Control` has it: the lifetime, and how long after it a copy will
/// still do.
fn seconds(value: &str) -> Option<u64> {
    value.split('+').next().unwrap_or_default().trim().parse().ok()
}

/// A field that delivery networks obey in place of `Cache-Control`, and its directives.
pub(crate) struct Targeted {
    /// The field's name.
    pub(crate) field: &'static str,
    /// What it says.
    pub(crate) directives: Directives,
}

impl Targeted {
    /// The lifetime it gives a copy, where it lets one be kept.
    pub(crate) fn lifetime(&self) -> Option<u64> {
        if self.directives.forbids().is_some() {
            return None;
        }
        let seconds = |name: &str| self.directives.seconds(name);
        seconds("s-maxage").or_else(|| seconds("max-age")).filter(|seconds| *seconds > 0)
    }
}

/// The fields for delivery networks that an answer has.
pub(crate) fn targeted(headers: &HeaderMap) -> impl Iterator<Item = Targeted> {
    let present = TARGETED.iter().filter(|field| headers.contains_key(**field));
    present.map(|field| Targeted { field, directives: Directives::of_field(headers, field) })
}

/// RFC 9213 section 3.1; those of Cloudflare, Vercel, Netlify and Akamai by their documentation; and
/// the Edge Architecture Specification 1.0 (Fastly, Varnish).
const TARGETED: &[&str] = &[
    "cdn-cache-control",
    "cloudflare-cdn-cache-control",
    "vercel-cdn-cache-control",
    "netlify-cdn-cache-control",
    "akamai-cache-control",
    "surrogate-control",
];

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_str(value).expect("a value"))
        };
        lines.iter().map(line).collect()
    }

    fn directives(value: &str) -> Directives {
        Directives::of(&headers(&[("cache-control", value)]))
    }

    #[test]
    fn a_directive_for_some_fields_is_not_for_the_answer() {
        let qualified = directives("private=\"Set-Cookie, x-user\", s-maxage=60");
        assert!(!qualified.contains("private"));
        assert!(qualified.withholds("set-cookie") && qualified.withholds("X-User"));
        assert!(!qualified.contains("x-user\""), "a comma within quotes separates nothing");
        assert_eq!(qualified.seconds("s-maxage"), Some(60));
        assert_eq!(qualified.forbids(), None);
        assert_eq!(directives("private").forbids(), Some("private"));
        assert!(!directives("private").withholds("set-cookie"));
    }

    #[test]
    fn delivery_networks_have_fields_of_their_own() {
        let lifetime = |name: &str, value: &str| {
            let headers = headers(&[("cache-control", "no-store"), (name, value)]);
            targeted(&headers).next().and_then(|targeted| targeted.lifetime())
        };
        assert_eq!(lifetime("cdn-cache-control", "max-age=600"), Some(600));
        assert_eq!(lifetime("surrogate-control", "max-age=60+30, content=\"ESI/1.0\""), Some(60));
        assert_eq!(lifetime("surrogate-control", "no-store, max-age=60"), None);
        assert_eq!(lifetime("cdn-cache-control", "max-age=0"), None);
        assert_eq!(lifetime("x-cache-control", "max-age=600"), None);
    }
}
