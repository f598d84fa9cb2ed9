//! A health answer from a cache says how things were.

use std::time::SystemTime;

use http::{HeaderMap, StatusCode, header};

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    health::{
        Health, Role,
        evidence::{Answer, Found},
    },
    web::fields::caching::{self, Directives},
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-cacheable",
        fault: "a cache may answer for a health endpoint",
        impact: Impact::Low,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "A proxy or delivery network that keeps the answer reports a dead service as healthy, \
              or a mended one as down, until the copy expires.",
        how: "Reads the header of each health endpoint as a shared cache would. Expected: \
              `Cache-Control: no-store` or `no-cache`, or no stated lifetime and no `Last-Modified` \
              from which a cache could guess one, and no sign that a cache has answered. The expired \
              IETF draft advises a lifetime, to keep floods of requests away; that suits a page for \
              people, not an answer that traffic is steered by.",
        fix: "Send `Cache-Control: no-store` on health endpoints, and exclude them from any rule of \
              a delivery network that caches by default.",
        sources: &[
            "RFC 9111 sections 3, 4.2.1 and 4.2.2",
            "RFC 9213 section 2.2",
            "draft-inadarei-api-health-check-06, Creating and Serving Health Responses (differs)",
        ],
    },
    |_, seen| seen.endpoints().map(|(role, found)| item(role, found)).collect(),
);

fn item(role: Role, found: &Found) -> Item {
    let answer = match found.answer(role) {
        Ok(answer) => answer,
        Err(item) => return item,
    };
    let item = match kept(answer) {
        Kept::No(why) => Item::pass(&answer.subject, why),
        Kept::Yes(why) => Item::fail(Confidence::Confirmed, &answer.subject, why),
        Kept::Maybe(why) => Item::fail(Confidence::Firm, &answer.subject, why),
    };
    item.replay(&answer.replay)
}

/// Whether a shared cache may answer with a copy, without asking the service.
#[derive(Debug, Eq, PartialEq)]
enum Kept {
    No(&'static str),
    Yes(String),
    /// It has to guess, and may.
    Maybe(String),
}

fn kept(answer: &Answer) -> Kept {
    let headers = &answer.headers;
    if let Some(sign) = sign_of_a_copy(headers) {
        return Kept::Yes(sign);
    }
    // A delivery network obeys a field of its own and nothing else (RFC 9213 section 2.2).
    for targeted in caching::targeted(headers) {
        if let Some(seconds) = targeted.lifetime() {
            return Kept::Yes(format!("a copy is good for {seconds} s ({})", targeted.field));
        }
    }
    let directives = Directives::of(headers);
    for (name, why) in [
        ("no-store", "no-store"),
        ("no-cache", "no-cache"),
        ("private", "private: shared caches keep no copy"),
    ] {
        if directives.contains(name) {
            return Kept::No(why);
        }
    }
    // RFC 9111 section 4.1: a stored answer with `Vary: *` never matches.
    if headers.get_all(header::VARY).iter().any(|vary| vary.as_bytes() == b"*") {
        return Kept::No("Vary: *");
    }
    // RFC 9111 section 3.5.
    let shares = ["public", "must-revalidate", "s-maxage"];
    if answer.authorized && !shares.iter().any(|name| directives.contains(name)) {
        return Kept::No("answers to requests with a credential are not kept");
    }
    let stated = directives.seconds("s-maxage").or_else(|| directives.seconds("max-age"));
    match stated {
        Some(0) => return Kept::No("a copy is stale at once (max-age=0)"),
        Some(seconds) => return Kept::Yes(format!("a copy is good for {seconds} s (max-age)")),
        None => {}
    }
    if let Some(expires) = headers.get(header::EXPIRES) {
        // A date that cannot be read is in the past (RFC 9111 section 5.3).
        return match (date(expires), headers.get(header::DATE).and_then(date)) {
            (Some(expires), Some(now)) if expires <= now => Kept::No("expired (Expires)"),
            (Some(_), _) => Kept::Yes("a copy is good until a later date (Expires)".to_owned()),
            (None, _) => Kept::No("expired (Expires)"),
        };
    }
    if !is_heuristically_cacheable(answer.status) && !directives.contains("public") {
        return Kept::No("no lifetime is stated, and caches do not guess one for this status");
    }
    // RFC 9111 section 4.2.2 lets a cache guess without it, but what they guess from is its date.
    if headers.contains_key(header::LAST_MODIFIED) {
        return Kept::Maybe(
            "no Cache-Control, and a Last-Modified to guess a lifetime from".to_owned(),
        );
    }
    if directives.contains("public") {
        return Kept::Maybe("Cache-Control: public, without a lifetime".to_owned());
    }
    Kept::No("no lifetime is stated, and there is nothing to guess one from")
}

/// What caches write on a copy.
fn sign_of_a_copy(headers: &HeaderMap) -> Option<String> {
    let age = headers.get(header::AGE)?.to_str().ok();
    let age = age.and_then(|age| age.trim().parse::<u64>().ok()).filter(|age| *age > 0)?;
    Some(format!("a cache answered with a copy that was {age} s old (Age)"))
}

/// RFC 9110 section 15.1.
fn is_heuristically_cacheable(status: StatusCode) -> bool {
    [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501].contains(&status.as_u16())
}

fn date(value: &http::HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::{contract::Outcome, health::tests::sample::*};

    fn outcome_of(status: u16, headers: &[(&str, &str)]) -> Outcome {
        let found = answers_with(status, "ok", |answer| {
            for (name, value) in headers {
                let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
                answer.headers.append(name, HeaderValue::from_str(value).expect("a value"));
            }
        });
        item(Role::Ready, &found).outcome
    }

    fn outcome(headers: &[(&str, &str)]) -> Outcome {
        outcome_of(200, headers)
    }

    const YES: Outcome = Outcome::Fail(Confidence::Confirmed);
    const MAYBE: Outcome = Outcome::Fail(Confidence::Firm);
    const NOW: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    const LATER: (&str, &str) = ("expires", "Sun, 06 Nov 1994 08:50:37 GMT");
    const MODIFIED: (&str, &str) = ("last-modified", "Sat, 05 Nov 1994 08:49:37 GMT");

    #[test]
    fn a_stated_lifetime_fails() {
        assert_eq!(outcome(&[("cache-control", "max-age=1")]), YES);
        assert_eq!(outcome(&[("cache-control", "max-age=0, s-maxage=30")]), YES);
        assert_eq!(outcome(&[("cache-control", "Public, Max-Age=\"60\"")]), YES);
        assert_eq!(outcome(&[NOW, LATER]), YES);
        assert_eq!(outcome_of(503, &[("cache-control", "max-age=10")]), YES);
    }

    #[test]
    fn what_forbids_a_copy_passes() {
        for value in [
            "no-store",
            "no-cache, private",
            "max-age=0",
            "private, max-age=60",
            "s-maxage=0, max-age=60",
        ] {
            assert_eq!(outcome(&[("cache-control", value)]), Outcome::Pass, "{value}");
        }
        assert_eq!(outcome(&[("cache-control", "no-store"), LATER, NOW]), Outcome::Pass);
        assert_eq!(outcome(&[("cache-control", "max-age=0"), LATER, NOW]), Outcome::Pass);
        assert_eq!(outcome(&[("vary", "*"), ("cache-control", "max-age=60")]), Outcome::Pass);
    }

    #[test]
    fn expired_and_unreadable_dates_pass() {
        assert_eq!(outcome(&[NOW, ("expires", NOW.1)]), Outcome::Pass);
        assert_eq!(outcome(&[NOW, ("expires", "0")]), Outcome::Pass);
        assert_eq!(outcome(&[("expires", "-1"), MODIFIED]), Outcome::Pass);
    }

    #[test]
    fn a_guess_needs_something_to_guess_from() {
        assert_eq!(outcome(&[]), Outcome::Pass);
        assert_eq!(outcome(&[MODIFIED]), MAYBE);
        assert_eq!(outcome(&[("cache-control", "public")]), MAYBE);
        assert_eq!(outcome_of(503, &[MODIFIED]), Outcome::Pass);
    }

    #[test]
    fn a_directive_for_one_field_is_not_for_all() {
        let one_field = ("cache-control", "no-cache=\"set-cookie\", max-age=60");
        assert_eq!(outcome(&[one_field]), YES);
    }

    #[test]
    fn conflicting_and_unreadable_lifetimes_are_stale() {
        assert_eq!(outcome(&[("cache-control", "max-age=60, max-age=0")]), Outcome::Pass);
        assert_eq!(outcome(&[("cache-control", "max-age=soon")]), Outcome::Pass);
    }

    #[test]
    fn what_is_meant_for_delivery_networks_outweighs_the_rest() {
        let with = |name, value| outcome(&[("cache-control", "no-store"), (name, value)]);
        assert_eq!(with("cdn-cache-control", "max-age=60"), YES);
        assert_eq!(with("surrogate-control", "max-age=60"), YES);
        assert_eq!(with("cdn-cache-control", "no-store"), Outcome::Pass);
    }

    #[test]
    fn a_copy_gives_itself_away() {
        assert_eq!(outcome(&[("age", "12"), ("cache-control", "no-store")]), YES);
        assert_eq!(outcome(&[("age", "0")]), Outcome::Pass);
    }

    #[test]
    fn an_answer_to_a_credential_is_not_shared() {
        let found = answers_with(200, "ok", |answer| {
            answer.authorized = true;
            answer.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        });
        assert_eq!(item(Role::Ready, &found).outcome, Outcome::Pass);
    }
}
