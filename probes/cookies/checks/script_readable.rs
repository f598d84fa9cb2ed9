//! A session cookie that scripts can read is stolen by the first injected one.

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    cookies::{Cookies, evidence::Set, session::Session},
};

pub(super) const RULE: Rule<Cookies> = Rule::<Cookies>::new(
    Check {
        id: "cookies-script-readable",
        fault: "scripts can read a session cookie",
        impact: Impact::High,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "A single injected script, the site's own or of a dependency, sends the session to somebody \
              else, who stays logged in after the page is closed.",
        how: "Reads every `Set-Cookie` of the target's pages. Expected of each cookie that stands for a \
              user, by its name or the settings: `HttpOnly`. A guard against forged requests (csrf, \
              xsrf) is left out, since the page's own script may have to read it.",
        fix: "Set `HttpOnly`. A front end that needs to know who is logged in can ask the server. Name \
              what is no session under `harmless`, and sessions with unusual names under `session`.",
        sources: &["OWASP ASVS 5.0 3.3.4", "RFC 6265bis section 8.5"],
    },
    |cookies, seen| seen.judge(|set| item(cookies, set)),
);

fn item(cookies: &Cookies, set: &Set) -> Item {
    let (subject, cookie) = (set.subject(), &set.cookie);
    if cookie.http_only {
        return Item::pass(subject, cookie.in_words());
    }
    match cookies.session(cookie) {
        Session::Yes(sure) => {
            Item::fail(sure, subject, format!("not HttpOnly: {}", cookie.in_words()))
        }
        Session::Guard => Item::pass(subject, "a guard against forged requests"),
        Session::No => Item::pass(subject, "does not seem to stand for a user"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        cookies::tests::judged,
    };

    #[test]
    fn sessions_need_http_only_and_guards_do_not() {
        let of = |field: &str| judged(&RULE, &[field])[0].outcome;
        assert_eq!(of("connect.sid=1; HttpOnly"), Outcome::Pass);
        assert_eq!(of("connect.sid=1; Secure"), Outcome::Fail(Confidence::Firm));
        assert_eq!(of("ticket=1"), Outcome::Fail(Confidence::Tentative));
        assert_eq!(of("residence=1"), Outcome::Pass);
        assert_eq!(of("XSRF-TOKEN=1"), Outcome::Pass);
        assert_eq!(of("theme=1"), Outcome::Pass);
    }
}
