//! Which cookies stand for a user, as far as one can tell from outside.

use std::sync::LazyLock;

use regex::Regex;

use super::Cookies;
use crate::{contract::Confidence, web::set_cookie::SetCookie};

/// What a cookie seems to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Session {
    /// It stands for a user: who has it, is the user.
    Yes(Confidence),
    /// It guards a form, and the page's own scripts may have to read it.
    Guard,
    /// Neither.
    No,
}

impl Cookies {
    /// What a cookie seems to be: by the settings, its name, or the care it was set with.
    pub(super) fn session(&self, cookie: &SetCookie) -> Session {
        if self.harmless.contains(&cookie.name) {
            return Session::No;
        }
        if self.session.contains(&cookie.name) {
            return Session::Yes(Confidence::Confirmed);
        }
        match session_by_name(&cookie.name) {
            Session::No if cookie.http_only && !is_affinity(&cookie.name) => {
                Session::Yes(Confidence::Firm)
            }
            session => session,
        }
    }
}

/// What a cookie of this name seems to be.
fn session_by_name(name: &str) -> Session {
    static GUARD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("(?i)csrf|xsrf").ok());
    static CERTAIN: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)sess|login|jwt|(^|[^a-z])(sid|auth|token)([^a-z]|$)|phpsessid|(access|auth|refresh|id)[-_]?token").ok()
    });
    static LIKELY: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new("(?i)sid|auth|token|remember|identity").ok());
    let is = |pattern: &LazyLock<Option<Regex>>| pattern.as_ref().is_some_and(|p| p.is_match(name));
    if is_affinity(name) {
        Session::No
    } else if is(&GUARD) {
        Session::Guard
    } else if is(&CERTAIN) {
        Session::Yes(Confidence::Firm)
    } else if is(&LIKELY) {
        Session::Yes(Confidence::Tentative)
    } else {
        Session::No
    }
}

/// Whether a balancer set it to find the same instance again. It stands for no user, and the
/// application has no say in its attributes.
pub(super) fn is_affinity(name: &str) -> bool {
    AFFINITY.iter().any(|known| name.starts_with(known))
}

/// AWS, Heroku, Azure, F5, Google Cloud, ingress-nginx, HAProxy, Citrix, Cloudflare.
const AFFINITY: [&str; 13] = [
    "AWSALB",
    "AWSELB",
    "heroku-session-affinity",
    "ARRAffinity",
    "ApplicationGatewayAffinity",
    "BIGipServer",
    "GCLB",
    "GAESA",
    "INGRESSCOOKIE",
    "SERVERID",
    "citrix_ns_id",
    "__cf_bm",
    "__cflb",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_frameworks_are_known() {
        for name in [
            "JSESSIONID",
            "PHPSESSID",
            "connect.sid",
            "sessionid",
            "_app_session",
            "ASP.NET_SessionId",
            "auth_token",
            "jwt",
            "access_token",
            "refreshToken",
            "sid",
            "token",
            "__Host-session",
            "laravel_session",
            "next-auth.session-token",
        ] {
            assert_eq!(session_by_name(name), Session::Yes(Confidence::Firm), "{name}");
        }
        for name in ["csrftoken", "XSRF-TOKEN", "_csrf"] {
            assert_eq!(session_by_name(name), Session::Guard, "{name}");
        }
        for name in ["theme", "lang", "AWSALBCORS", "heroku-session-affinity", "_ga", "consent"] {
            assert_eq!(session_by_name(name), Session::No, "{name}");
        }
        assert_eq!(session_by_name("residence"), Session::Yes(Confidence::Tentative));
    }

    #[test]
    fn the_settings_outweigh_the_name() {
        let settings = serde_json::json!({"session": ["u"], "harmless": ["token"]});
        let cookies: Cookies = serde_json::from_value(settings).expect("settings");
        let of = |field: &str| cookies.session(&SetCookie::parse(field.as_bytes()).expect(field));
        assert_eq!(of("u=1"), Session::Yes(Confidence::Confirmed));
        assert_eq!(of("token=1"), Session::No);
        assert_eq!(of("x=1; HttpOnly"), Session::Yes(Confidence::Firm));
        assert_eq!(of("AWSALB=1; HttpOnly"), Session::No);
    }
}
