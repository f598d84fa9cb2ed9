//! A cookie says with which requests of other sites it travels.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    cookies::{Cookies, evidence::Set, session::Session},
    web::set_cookie::SameSite,
};

pub(super) const RULE: Rule<Cookies> = Rule::<Cookies>::new(
    Check {
        id: "cookies-cross-site",
        fault: "it is left to the browser whether a cookie travels with requests of other sites",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Another site makes the user's browser send a request here, and the cookie makes it the \
              user's own. Chrome holds a cookie without `SameSite` back from most such requests; Firefox \
              and Safari send it.",
        how: "Reads every `Set-Cookie` of the target's pages. Expected of each cookie that stands for a \
              user, or guards against forged requests: `SameSite` of `Lax`, `Strict` or `None`. Of any \
              cookie: no other value, and `None` only with `Secure`, without which browsers drop it.",
        fix: "Set `SameSite=Lax`; `Strict` where no link from outside leads into a session; `None; \
              Secure` only for what other sites embed.",
        sources: &["OWASP ASVS 5.0 3.3.2", "RFC 6265bis sections 5.6.7 and 8.8"],
    },
    |cookies, seen| seen.judge(|set| item(cookies, set)),
);

fn item(cookies: &Cookies, set: &Set) -> Item {
    let (subject, cookie) = (set.subject(), &set.cookie);
    let words = cookie.in_words();
    match cookie.same_site {
        _ if cookie.same_site_invalid => {
            let words = format!("SameSite has a value that no browser knows: {words}");
            Item::fail(Confidence::Firm, subject, words)
        }
        Some(SameSite::None) if !cookie.secure => {
            let words = format!("SameSite=None without Secure, so browsers drop it: {words}");
            Item::fail(Confidence::Firm, subject, words)
        }
        Some(_) => Item::pass(subject, words),
        None => match cookies.session(cookie) {
            Session::Yes(sure) => Item::fail(sure, subject, format!("no SameSite: {words}")),
            Session::Guard => {
                Item::fail(Confidence::Firm, subject, format!("no SameSite: {words}"))
            }
            Session::No => Item::pass(subject, "does not seem to stand for a user"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::Outcome, cookies::tests::judged};

    const FIRM: Outcome = Outcome::Fail(Confidence::Firm);

    #[test]
    fn a_session_says_where_it_goes() {
        let of = |field: &str| judged(&RULE, &[field])[0].outcome;
        for same_site in ["Lax", "strict", "None; Secure"] {
            assert_eq!(of(&format!("sid=1; SameSite={same_site}")), Outcome::Pass, "{same_site}");
        }
        assert_eq!(of("sid=1; Secure"), FIRM);
        assert_eq!(of("csrftoken=1; Secure"), FIRM);
        assert_eq!(of("theme=1"), Outcome::Pass);
    }

    #[test]
    fn values_that_browsers_do_not_take_fail_for_any_cookie() {
        let of = |field: &str| judged(&RULE, &[field])[0].outcome;
        for field in ["theme=1; SameSite=None", "theme=1; SameSite=True", "theme=1; SameSite="] {
            assert_eq!(of(field), FIRM, "{field}");
        }
    }
}
