//! A session cookie for a whole domain goes to every host of it.

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    cookies::{Cookies, Evidence, evidence::Set, session::Session},
};

pub(super) const RULE: Rule<Cookies> = Rule::<Cookies>::new(
    Check {
        id: "cookies-domain-too-broad",
        fault: "a session cookie is sent to more hosts than the one that sets it",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "The blog, the forgotten test host and the one a partner runs all receive the session, and \
              any of them can overwrite it. The weakest host of the domain decides how safe it is.",
        how: "Reads every `Set-Cookie` of the target's pages. Expected of each cookie that stands for a \
              user: no `Domain` above the host. A domain the host is no part of, or one that anybody can \
              register names under, makes browsers drop the cookie.",
        fix: "Leave `Domain` out, and prefix the name with `__Host-`. Where several hosts must share a \
              login, give each its own session by single sign-on.",
        sources: &["OWASP ASVS 5.0 3.3.3", "RFC 6265bis section 8.6"],
    },
    |cookies, seen| seen.judge(|set| item(cookies, seen, set)),
);

fn item(cookies: &Cookies, seen: &Evidence, set: &Set) -> Item {
    let (subject, cookie) = (set.subject(), &set.cookie);
    let Some(domain) = cookie.domain.as_ref().filter(|domain| **domain != seen.host) else {
        return Item::pass(subject, cookie.in_words());
    };
    if !cookie.is_for(&seen.host) {
        return Item::pass(subject, format!("Domain={domain}, so browsers do not keep it"));
    }
    match cookies.session(cookie) {
        Session::Yes(sure) => Item::fail(sure, subject, format!("goes to every host of {domain}")),
        Session::Guard | Session::No => Item::pass(subject, "does not seem to stand for a user"),
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
    fn only_a_domain_above_the_host_is_too_broad() {
        let of = |field: &str| judged(&RULE, &[field])[0].outcome;
        assert_eq!(of("sid=1"), Outcome::Pass);
        assert_eq!(of("sid=1; Domain=www.shop.example"), Outcome::Pass);
        assert_eq!(of("sid=1; Domain=.shop.example"), Outcome::Fail(Confidence::Firm));
        assert_eq!(of("theme=1; Domain=shop.example"), Outcome::Pass);
        assert_eq!(of("sid=1; Domain=example"), Outcome::Pass);
    }
}
