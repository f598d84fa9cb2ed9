//! A cookie without `Secure` also travels without TLS.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    cookies::{
        Cookies, Evidence,
        evidence::Set,
        session::{Session, is_affinity},
    },
};

pub(super) const RULE: Rule<Cookies> = Rule::<Cookies>::new(
    Check {
        id: "cookies-insecure",
        fault: "a cookie may travel without TLS",
        impact: Impact::High,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Without `Secure` the browser also sends the cookie to http://, which anybody on the network \
              can make it ask for with one image in any page. Whoever reads a session cookie is that \
              user.",
        how: "Reads every `Set-Cookie` of the target's pages. Expected on https: `Secure`. Cookies that \
              delete, and those by which a balancer finds its instance, are left out; one that does not \
              seem to stand for a user is shown and does not block.",
        fix: "Set `Secure` (`SESSION_COOKIE_SECURE` in Django, `cookie.secure` in express-session, \
              `server.servlet.session.cookie.secure` in Spring Boot). Behind a proxy that ends TLS, let \
              the framework trust `X-Forwarded-Proto`.",
        sources: &["OWASP ASVS 5.0 3.3.1", "RFC 6265bis section 8.3"],
    },
    |cookies, seen| {
        if !seen.secure {
            return vec![Item::skip("", "the target's own URL has no TLS")];
        }
        seen.judge(|set| item(cookies, seen, set))
    },
);

fn item(cookies: &Cookies, seen: &Evidence, set: &Set) -> Item {
    let (subject, cookie) = (set.subject(), &set.cookie);
    if cookie.secure {
        return Item::pass(subject, cookie.in_words());
    }
    if is_affinity(&cookie.name) {
        return Item::pass(subject, "set by a balancer to find its instance again");
    }
    if !cookie.is_for(&seen.host) {
        return Item::pass(subject, "for another domain, so browsers do not keep it");
    }
    let sure = match cookies.session(cookie) {
        Session::Yes(sure) => sure,
        Session::Guard => Confidence::Firm,
        Session::No => Confidence::Tentative,
    };
    Item::fail(sure, subject, format!("not Secure: {}", cookie.in_words()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::Outcome, cookies::tests::judged};

    #[test]
    fn secure_is_expected_of_every_cookie_and_blocks_for_those_of_users() {
        let of = |field: &str| judged(&RULE, &[field])[0].outcome;
        assert_eq!(of("sid=1; Secure"), Outcome::Pass);
        assert_eq!(of("sid=1"), Outcome::Fail(Confidence::Firm));
        assert_eq!(of("csrftoken=1"), Outcome::Fail(Confidence::Firm));
        assert_eq!(of("theme=1"), Outcome::Fail(Confidence::Tentative));
        assert_eq!(of("AWSALB=1"), Outcome::Pass);
    }

    #[test]
    fn a_deletion_is_no_cookie() {
        let of = |field: &str| judged(&RULE, &[field])[0].outcome;
        assert_eq!(of("sid=; Max-Age=0"), Outcome::Skip);
        assert_eq!(of("sid=deleted; Expires=Thu, 01-Jan-1970 00:00:01 GMT"), Outcome::Skip);
    }
}
