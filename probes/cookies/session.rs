//! Which cookies stand for a user, as far as one can tell from outside.

use super::{Cookies, names};
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
        match names::kind_of(&cookie.name) {
            names::Kind::Session(sure) => Session::Yes(sure),
            names::Kind::Guard => Session::Guard,
            // Somebody took care to keep scripts from it, whatever it is.
            names::Kind::Unknown if cookie.http_only => Session::Yes(Confidence::Tentative),
            names::Kind::Known | names::Kind::Unknown => Session::No,
        }
    }
}

/// Whether a balancer set it to find the same instance again. It stands for no user, and the
/// application has no say in its attributes.
pub(super) fn is_affinity(name: &str) -> bool {
    names::is_of_the_way(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_outweigh_the_name() {
        let settings = serde_json::json!({"session": ["u"], "harmless": ["token"]});
        let cookies: Cookies = serde_json::from_value(settings).expect("settings");
        let of = |field: &str| cookies.session(&SetCookie::parse(field.as_bytes()).expect(field));
        assert_eq!(of("u=1"), Session::Yes(Confidence::Confirmed));
        assert_eq!(of("token=1"), Session::No);
        assert_eq!(of("x=1; HttpOnly"), Session::Yes(Confidence::Tentative));
        assert_eq!(of("AWSALB=1; HttpOnly"), Session::No);
        assert_eq!(of("theme=1; HttpOnly"), Session::No);
    }
}
