//! A name that promises more than the attributes keep is dropped by browsers.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    cookies::{Cookies, evidence::Set},
    web::set_cookie::SetCookie,
};

pub(super) const RULE: Rule<Cookies> = Rule::<Cookies>::new(
    Check {
        id: "cookies-prefix-broken",
        fault: "a cookie does not keep what the prefix of its name promises",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Browsers drop such a cookie without a word: nobody stays logged in, or a guard is missing, \
              in every browser that knows the prefix.",
        how: "Reads every `Set-Cookie` of the target's pages whose name begins with `__Secure-`, \
              `__Host-`, `__Http-` or `__Host-Http-`, in any case. Expected: `Secure`, set over https; \
              with `Host` also `Path=/` and no `Domain`; with `Http` also `HttpOnly`.",
        fix: "Set the attributes the prefix asks for, or change the name.",
        sources: &["RFC 6265bis section 4.1.3"],
    },
    |_, seen| seen.judge(|set| item(seen.secure, set)),
);

fn item(over_tls: bool, set: &Set) -> Item {
    let subject = set.subject();
    let broken = broken(&set.cookie, over_tls);
    match broken {
        None => Item::pass(subject, "its name has no prefix"),
        Some(faults) if faults.is_empty() => Item::pass(subject, set.cookie.in_words()),
        Some(faults) => {
            let words = format!("{}: {}", faults.join(", "), set.cookie.in_words());
            Item::fail(Confidence::Confirmed, subject, words)
        }
    }
}

/// What the prefix promises and the attributes do not keep; `None` without a prefix.
fn broken(cookie: &SetCookie, over_tls: bool) -> Option<Vec<&'static str>> {
    let name = cookie.name.to_ascii_lowercase();
    let (host, script) = if name.starts_with("__host-http-") {
        (true, true)
    } else if name.starts_with("__host-") {
        (true, false)
    } else if name.starts_with("__http-") {
        (false, true)
    } else if name.starts_with("__secure-") {
        (false, false)
    } else {
        return None;
    };
    let faults = [
        (!cookie.secure, "not Secure"),
        (!over_tls, "not set over https"),
        (host && cookie.path.as_deref() != Some("/"), "not Path=/"),
        (host && cookie.domain.is_some(), "has a Domain"),
        (script && !cookie.http_only, "not HttpOnly"),
    ];
    Some(faults.into_iter().filter(|(is, _)| *is).map(|(_, fault)| fault).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::Outcome, cookies::tests::judged};

    #[test]
    fn each_promise_is_kept_or_broken() {
        let of = |field: &str| judged(&RULE, &[field])[0].outcome;
        for kept in [
            "__Secure-a=1; Secure",
            "__Host-a=1; Secure; Path=/",
            "__host-a=1; secure; path=/",
            "__Http-a=1; Secure; HttpOnly",
            "__Host-Http-a=1; Secure; HttpOnly; Path=/",
            "a=1",
            "_Host-a=1",
        ] {
            assert_eq!(of(kept), Outcome::Pass, "{kept}");
        }
        for broken in [
            "__Secure-a=1",
            "__Host-a=1; Path=/",
            "__Host-a=1; Secure",
            "__HOST-a=1; Secure; Path=/app",
            "__Host-a=1; Secure; Path=/; Domain=shop.example",
            "__Http-a=1; Secure",
        ] {
            assert_eq!(of(broken), Outcome::Fail(Confidence::Confirmed), "{broken}");
        }
    }
}
