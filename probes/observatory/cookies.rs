//! The Observatory's test of cookies.

use std::collections::BTreeMap;

use http::header;

use crate::{
    observatory::{
        Seen,
        result::{
            COOKIES_ALL, COOKIES_ANTICSRF, COOKIES_INSECURE, COOKIES_INSECURE_HSTS, COOKIES_NONE,
            COOKIES_SAMESITE_INVALID, COOKIES_SECURE, COOKIES_SESSION_INSECURE,
            COOKIES_SESSION_INSECURE_HSTS, COOKIES_SESSION_READABLE, Verdict, worse,
        },
    },
    web::set_cookie::{SameSite, SetCookie},
};

/// It judges what its jar keeps, deletions included, and the last answer's fields for `SameSite`.
pub(super) fn test(seen: &Seen<'_>, hsts: bool) -> Verdict {
    let jar = jar(seen);
    if jar.is_empty() {
        return COOKIES_NONE;
    }
    let mut result = None;
    let mut found = |verdict| result = Some(worse(ORDER, verdict, result));
    let last = seen.chain.last().map(|step| step.headers);
    let fields = last.into_iter().flat_map(|headers| headers.get_all(header::SET_COOKIE));
    for cookie in fields.filter_map(|field| SetCookie::parse(field.as_bytes())) {
        if cookie.same_site_invalid {
            found(COOKIES_SAMESITE_INVALID);
        }
    }
    let mut all_have_same_site = true;
    for cookie in &jar {
        let name = cookie.name.to_ascii_lowercase();
        let is_session = name.contains("login") || name.contains("sess");
        let same_site = cookie.same_site.filter(|value| *value != SameSite::Unknown);
        all_have_same_site &= same_site.is_some();
        if !cookie.secure {
            if same_site == Some(SameSite::None) {
                found(COOKIES_SAMESITE_INVALID);
            }
            found(if hsts { COOKIES_INSECURE_HSTS } else { COOKIES_INSECURE });
            if is_session {
                found(if hsts { COOKIES_SESSION_INSECURE_HSTS } else { COOKIES_SESSION_INSECURE });
            }
        }
        if name.contains("csrf") && same_site.is_none() {
            found(COOKIES_ANTICSRF);
        }
        if is_session && !cookie.http_only {
            found(COOKIES_SESSION_READABLE);
        }
    }
    result.unwrap_or(if all_have_same_site { COOKIES_ALL } else { COOKIES_SECURE })
}

/// What a jar would hold: a later cookie of the same name, domain and path takes the place of an
/// earlier one.
fn jar(seen: &Seen<'_>) -> Vec<SetCookie> {
    let mut jar = BTreeMap::new();
    for answer in seen.chain {
        let host = answer.url.host_str().unwrap_or_default();
        for field in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = SetCookie::parse(field.as_bytes());
            let Some(cookie) = cookie.filter(|cookie| is_kept(cookie, host)) else { continue };
            let domain = cookie.domain.clone().unwrap_or_else(|| host.to_owned());
            jar.insert((domain, cookie.path.clone(), cookie.name.clone()), cookie);
        }
    }
    jar.into_values().collect()
}

fn is_kept(cookie: &SetCookie, host: &str) -> bool {
    let name = cookie.name.as_str();
    !name.is_empty()
        && name != "heroku-session-affinity"
        && cookie.is_for(host)
        && (!name.starts_with("__Secure-") || cookie.secure)
        && (!name.starts_with("__Host-")
            || (cookie.secure && cookie.domain.is_none() && cookie.path.as_deref() == Some("/")))
}

const ORDER: &[Verdict] = &[
    COOKIES_INSECURE_HSTS,
    COOKIES_INSECURE,
    COOKIES_SESSION_INSECURE_HSTS,
    COOKIES_SAMESITE_INVALID,
    COOKIES_ANTICSRF,
    COOKIES_SESSION_READABLE,
    COOKIES_SESSION_INSECURE,
];
