//! What an answer lets a browser do: the Fetch standard's CORS check and CORS-preflight check.

use std::fmt::Write;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::{
    contract::{Obstructed, net::Exchange, setting::StatusSet},
    web::landing::{self, Advice},
};

/// An answer, as far as CORS is concerned. Its values may name origins and headers, never secrets.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The product whose challenge it is, where it is one.
    pub(super) challenge: Option<&'static str>,
    pub(super) replay: String,
}

/// What pages of an origin may read.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Reach {
    /// Nothing.
    Nothing,
    /// What the target says to anybody.
    Anonymous,
    /// What the target says to the user whose browser it is.
    Credentialed,
}

impl Answer {
    pub(super) fn of(exchange: &Exchange) -> Self {
        let mut headers = HeaderMap::new();
        for name in KEPT {
            for value in exchange.headers.get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
        let challenge = landing::challenge(&exchange.headers, &exchange.body.text());
        let replay = exchange.replay.clone();
        Self { status: exchange.status, headers, challenge, replay }
    }

    /// Whether it is the application's.
    pub(super) fn standing(&self, accept: &StatusSet, advice: &Advice) -> Result<(), Obstructed> {
        landing::standing(self.status, &self.headers, self.challenge, accept, advice)
    }

    /// The CORS check (Fetch standard, section 4.10), for requests with and without credentials.
    pub(super) fn reach(&self, origin: &str) -> Reach {
        let Some(allowed) = self.value(&header::ACCESS_CONTROL_ALLOW_ORIGIN) else {
            return Reach::Nothing;
        };
        if allowed == b"*" {
            return Reach::Anonymous;
        }
        if allowed != origin.as_bytes() {
            return Reach::Nothing;
        }
        if self.allows_credentials() { Reach::Credentialed } else { Reach::Anonymous }
    }

    /// `true` and nothing else: browsers take neither `True` nor `1`.
    pub(super) fn allows_credentials(&self) -> bool {
        self.value(&header::ACCESS_CONTROL_ALLOW_CREDENTIALS).as_deref() == Some(b"true")
    }

    /// Why a browser would not send the request after this preflight; `None` if it would.
    pub(super) fn preflight_refusal(
        &self,
        origin: &str,
        method: &str,
        headers: &[HeaderName],
        credentials: bool,
    ) -> Option<String> {
        if !self.status.is_success() {
            return Some(format!("the preflight answers {}", self.status.as_u16()));
        }
        if self.reach(origin) < Reach::needed(credentials) {
            return Some(format!("the preflight answers {}", self.in_words()));
        }
        let listed = |name: HeaderName| self.list(&name);
        let methods = listed(header::ACCESS_CONTROL_ALLOW_METHODS);
        // With credentials an asterisk is a method of that name.
        let is_wild = |list: &[String]| !credentials && list.iter().any(|one| one == "*");
        let safe = matches!(method, "GET" | "HEAD" | "POST");
        if !safe && !is_wild(&methods) && !methods.iter().any(|one| one == method) {
            let methods = methods.join(", ");
            return Some(format!("the preflight allows the methods `{methods}`, not {method}"));
        }
        let fields = listed(header::ACCESS_CONTROL_ALLOW_HEADERS);
        let wild = is_wild(&fields);
        let missing = headers.iter().find(|name| {
            let is_listed = fields.iter().any(|one| one.eq_ignore_ascii_case(name.as_str()));
            // An asterisk never covers `authorization`.
            !is_listed && (!wild || **name == header::AUTHORIZATION)
        })?;
        let fields = fields.join(", ");
        Some(format!("the preflight allows the headers `{fields}`, not {missing}"))
    }

    /// The members of a list header, in all of its lines.
    pub(super) fn list(&self, name: &HeaderName) -> Vec<String> {
        let lines = self.headers.get_all(name).iter();
        let lines = lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
        lines
            .flat_map(|line| {
                let members = line.split(',').map(|member| member.trim_matches([' ', '\t']));
                members.filter(|m| !m.is_empty()).map(str::to_owned).collect::<Vec<_>>()
            })
            .collect()
    }

    /// All lines of a header joined, as the Fetch standard gets a value.
    pub(super) fn value(&self, name: &HeaderName) -> Option<Vec<u8>> {
        let lines: Vec<&[u8]> =
            self.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        (!lines.is_empty()).then(|| lines.join(&b", "[..]))
    }

    /// The same, to be shown.
    pub(super) fn shown(&self, name: &HeaderName) -> Option<String> {
        // The report boundary cuts it: it may hold a secret yet.
        self.value(name).map(|value| String::from_utf8_lossy(&value).into_owned())
    }

    /// Whether caches are told that the answer is one for this origin.
    pub(super) fn varies_by_origin(&self) -> bool {
        let vary = self.list(&header::VARY);
        vary.iter().any(|name| name == "*" || name.eq_ignore_ascii_case("origin"))
    }

    /// Why a cache would give this answer to somebody else; `None` if it would not.
    pub(super) fn kept_by_caches(&self) -> Option<String> {
        if let Some(cache) = self.cached() {
            return Some(cache);
        }
        let directives: Vec<String> =
            self.list(&header::CACHE_CONTROL).iter().map(|one| one.to_ascii_lowercase()).collect();
        let says = |name: &str| directives.iter().any(|one| one == name);
        if says("no-store") || says("private") {
            return None;
        }
        let age = |one: &&String| {
            let age = one.strip_prefix("max-age=").or_else(|| one.strip_prefix("s-maxage="));
            age.is_some_and(|age| age.trim_matches('"').parse::<u64>().is_ok_and(|age| age > 0))
        };
        if let Some(fresh) = directives.iter().find(age) {
            return Some(format!("it says `{fresh}`"));
        }
        if says("no-cache") || directives.iter().any(|one| one.starts_with("max-age=")) {
            return None;
        }
        // RFC 9111 section 4.2.2: without a lifetime caches go by the age of the content.
        [header::EXPIRES, header::LAST_MODIFIED]
            .iter()
            .find(|name| self.headers.get(*name).is_some_and(|value| value.len() > 3))
            .map(|name| format!("it has `{name}`"))
            .or_else(|| says("public").then(|| "it says `public`".to_owned()))
    }

    /// How one can tell that a cache gave this answer; `None` if there is no sign of one.
    pub(super) fn cached(&self) -> Option<String> {
        let aged = self.shown(&header::AGE).filter(|age| age.parse().is_ok_and(|age: u64| age > 0));
        if let Some(age) = aged {
            return Some(format!("a cache had it for {age} s"));
        }
        let hit = |name: &HeaderName| {
            let value = self.shown(name)?;
            value.to_ascii_lowercase().contains("hit").then(|| format!("it says `{name}: {value}`"))
        };
        CACHES.iter().find_map(hit)
    }

    /// The status and the headers that decide, as they came.
    pub(super) fn in_words(&self) -> String {
        let mut words = self.status.as_u16().to_string();
        let deciding =
            [header::ACCESS_CONTROL_ALLOW_ORIGIN, header::ACCESS_CONTROL_ALLOW_CREDENTIALS];
        let mut any = false;
        for name in &deciding {
            if let Some(value) = self.shown(name) {
                let _ = write!(words, ", {name}: {value}");
                any = true;
            }
        }
        if !any {
            words += " without CORS headers";
        }
        words
    }
}

impl Reach {
    /// What a page needs that sends credentials, or none.
    pub(super) fn needed(credentials: bool) -> Self {
        if credentials { Self::Credentialed } else { Self::Anonymous }
    }
}

/// The headers that say whether a cache had the answer.
static CACHES: [HeaderName; 4] = [
    HeaderName::from_static("x-cache"),
    HeaderName::from_static("cf-cache-status"),
    HeaderName::from_static("x-cache-status"),
    HeaderName::from_static("x-proxy-cache"),
];

/// What is kept of an answer's header.
const KEPT: [HeaderName; 16] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
    header::VARY,
    header::CACHE_CONTROL,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::AGE,
    header::RETRY_AFTER,
    HeaderName::from_static("x-cache"),
    HeaderName::from_static("cf-cache-status"),
    HeaderName::from_static("x-cache-status"),
    HeaderName::from_static("x-proxy-cache"),
];

#[cfg(test)]
pub(super) fn answer(status: u16, lines: &[(&str, &str)]) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        headers.append(name, value.parse().expect("a value"));
    }
    let status = StatusCode::from_u16(status).expect("a status");
    let replay = "curl https://api.shop.example/".to_owned();
    Answer { status, headers, challenge: None, replay }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORIGIN: &str = "https://shop.example";

    fn reach(lines: &[(&str, &str)]) -> Reach {
        answer(200, lines).reach(ORIGIN)
    }

    #[test]
    fn an_origin_is_compared_byte_for_byte() {
        let acao = "access-control-allow-origin";
        assert_eq!(reach(&[(acao, ORIGIN)]), Reach::Anonymous);
        assert_eq!(reach(&[(acao, "*")]), Reach::Anonymous);
        for other in [
            "https://Shop.example",
            "https://shop.example/",
            "https://shop.example:443",
            "https://shop.example, https://shop.example",
            "https://a.shop.example",
            "https://shop.example https://b.example",
            "null",
            "",
        ] {
            assert_eq!(reach(&[(acao, other)]), Reach::Nothing, "{other}");
        }
        assert_eq!(reach(&[(acao, ORIGIN), (acao, ORIGIN)]), Reach::Nothing, "two lines");
        assert_eq!(reach(&[]), Reach::Nothing);
    }

    #[test]
    fn credentials_are_allowed_by_true_and_nothing_else() {
        let with = |acac: &str, acao: &str| {
            reach(&[
                ("access-control-allow-origin", acao),
                ("access-control-allow-credentials", acac),
            ])
        };
        assert_eq!(with("true", ORIGIN), Reach::Credentialed);
        for wrong in ["True", "TRUE", "1", "yes", "false", "", "true, true"] {
            assert_eq!(with(wrong, ORIGIN), Reach::Anonymous, "{wrong}");
        }
        assert_eq!(with("true", "*"), Reach::Anonymous, "an asterisk is for requests without");
    }

    fn refusal(
        status: u16,
        lines: &[(&str, &str)],
        method: &str,
        headers: &[HeaderName],
        credentials: bool,
    ) -> Option<String> {
        let mut all = vec![("access-control-allow-origin", ORIGIN)];
        if credentials {
            all.push(("access-control-allow-credentials", "true"));
        }
        all.extend(lines);
        answer(status, &all).preflight_refusal(ORIGIN, method, headers, credentials)
    }

    #[test]
    fn a_preflight_is_checked_as_browsers_check_it() {
        let allow_methods = "access-control-allow-methods";
        let allow_headers = "access-control-allow-headers";
        let auth = [header::AUTHORIZATION];
        let json = [header::CONTENT_TYPE];
        for (granted, status, lines, method, headers, credentials) in [
            (true, 204, &[][..], "GET", &[][..], true),
            (true, 200, &[(allow_methods, "GET, PUT")][..], "PUT", &[], false),
            (true, 200, &[(allow_methods, "GET"), (allow_methods, "PUT")], "PUT", &[], false),
            (false, 200, &[(allow_methods, "put")], "PUT", &[], false),
            (true, 200, &[(allow_methods, "*")], "PUT", &[], false),
            (false, 200, &[(allow_methods, "*")], "PUT", &[], true),
            (true, 200, &[(allow_headers, "Content-Type")], "POST", &json, true),
            (true, 200, &[(allow_headers, "*")], "POST", &json, false),
            (false, 200, &[(allow_headers, "*")], "POST", &json, true),
            (false, 200, &[(allow_headers, "*")], "GET", &auth, false),
            (true, 200, &[(allow_headers, "*, Authorization")], "GET", &auth, false),
            (false, 302, &[], "GET", &[], false),
            (false, 401, &[], "GET", &[], false),
            (false, 403, &[], "GET", &[], false),
        ] {
            let refusal = refusal(status, lines, method, headers, credentials);
            assert_eq!(refusal.is_none(), granted, "{status} {lines:?} {method}: {refusal:?}");
        }
    }

    #[test]
    fn a_cache_keeps_what_it_may_and_has_a_reason_to() {
        let kept = |lines: &[(&str, &str)]| answer(200, lines).kept_by_caches().is_some();
        for lines in [
            &[("cache-control", "max-age=60")][..],
            &[("cache-control", "public")],
            &[("cache-control", "Public, S-MaxAge=\"5\"")],
            &[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")],
            &[("expires", "Sun, 06 Nov 2094 08:49:37 GMT")],
            &[("age", "3")],
            &[("x-cache", "Hit from cloudfront")],
        ] {
            assert!(kept(lines), "{lines:?}");
        }
        for lines in [
            &[][..],
            &[("cache-control", "no-store")],
            &[("cache-control", "private, max-age=60")],
            &[("cache-control", "max-age=0"), ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")],
            &[("cache-control", "no-cache"), ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")],
            &[("expires", "0")],
            &[("age", "0")],
            &[("cf-cache-status", "MISS")],
        ] {
            assert!(!kept(lines), "{lines:?}");
        }
    }

    #[test]
    fn vary_is_a_list_of_names_in_any_case() {
        let varies = |value: &str| answer(200, &[("vary", value)]).varies_by_origin();
        for value in ["Origin", "accept, ORIGIN", "*", "Accept-Encoding ,\torigin"] {
            assert!(varies(value), "{value}");
        }
        for value in ["", "Accept", "x-origin", "original"] {
            assert!(!varies(value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn case_and_white_space_matter_where_the_standard_says_so(
            names in prop::collection::vec("[a-z][a-z-]{0,8}", 1..5),
            at in any::<prop::sample::Index>(),
            gap in "[ \t]{0,3}",
            upper in any::<bool>(),
        ) {
            let name = at.get(&names).clone();
            let written = |name: &String| if upper { name.to_ascii_uppercase() } else { name.clone() };
            let members: Vec<String> = names.iter().map(written).collect();
            let list = members.join(&format!("{gap},{gap}"));
            let vary = format!("{list}{gap},{gap}{}", if upper { "ORIGIN" } else { "origin" });
            let answer = answer(200, &[
                ("access-control-allow-origin", ORIGIN),
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-methods", &list),
                ("access-control-allow-headers", &list),
                ("vary", &vary),
            ]);
            let field = [HeaderName::from_bytes(name.as_bytes()).expect("a name")];
            prop_assert_eq!(answer.preflight_refusal(ORIGIN, "GET", &field, true), None);
            let refused = answer.preflight_refusal(ORIGIN, &name, &[], true).is_some();
            prop_assert_eq!(refused, upper, "a method is of one case");
            prop_assert!(answer.varies_by_origin());
        }

        #[test]
        fn no_header_breaks_the_reading_of_it(
            lines in prop::collection::vec((0..KEPT.len(), prop::collection::vec(any::<u8>(), 0..60)), 0..8),
            status in 100_u16..600,
            origin in ".*",
        ) {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    headers.append(&KEPT[name], value);
                }
            }
            let status = StatusCode::from_u16(status).expect("a status");
            let answer = Answer { status, headers, challenge: None, replay: String::new() };
            let reach = answer.reach(&origin);
            let allowed = answer.value(&header::ACCESS_CONTROL_ALLOW_ORIGIN);
            let equal = allowed.as_deref() == Some(origin.as_bytes());
            prop_assert_eq!(reach == Reach::Credentialed, equal && origin != "*" && answer.allows_credentials());
            let _ = (answer.in_words(), answer.kept_by_caches(), answer.varies_by_origin());
            let headers = [header::AUTHORIZATION];
            // What is granted with credentials is granted without them.
            if answer.preflight_refusal(&origin, "PUT", &headers, true).is_none() {
                prop_assert_eq!(answer.preflight_refusal(&origin, "PUT", &headers, false), None);
            }
        }
    }
}
