//! An answer for one user that a cache hands to another.

use std::time::{Duration, SystemTime};

use http::header;

use crate::{
    contract::{Check, Dimension, Impact, Item, Obstacle, Outcome, Rule, Settles},
    headers::{
        Headers,
        evidence::{Answer, Role},
    },
    web::{
        fields::caching::{self, Directives},
        set_cookie::SetCookie,
    },
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-private-response-cacheable",
        fault: "a cache may keep what is for one user",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "A delivery network or proxy keeps the answer and gives it to the next user: somebody else's \
              account, or somebody else's session cookie.",
        how: "Reads `Cache-Control`, `Expires` and `Last-Modified`, and what is meant for delivery networks \
              alone (`CDN-Cache-Control` and its kind, `Surrogate-Control`), of each page that was asked for with a \
              credential, and of each answer that sets a cookie with `HttpOnly` or `Secure`. Expected: \
              `no-store`, `no-cache` or `private` for the whole answer, or nothing that lets a shared cache \
              keep it; answers to `Authorization` are kept only if they allow it. Tentative where caches have but the date of \
              the content to go by. Skipped without a credential in the settings and without such cookies; \
              unknown where nothing is answered 2xx to the credential.",
        fix: "Send `Cache-Control: no-store` on every answer that depends on who asks, and keep delivery \
              networks from caching answers with `Set-Cookie`.",
        sources: &[
            "OWASP ASVS 5.0 14.3.2",
            "RFC 9111 sections 3, 3.5 and 5.2.2",
            "RFC 9213 section 2.2",
            "Edge Architecture Specification 1.0 (Surrogate-Control)",
        ],
    },
    |headers, seen| {
        let otherwise = "no credential in the settings, and no answer sets a user's cookie";
        let by_authorization = headers.headers.contains(&header::AUTHORIZATION);
        let judge = |answer: &Answer| item(answer, by_authorization);
        let mut items = seen.judge(&[Role::Page, Role::Redirect], otherwise, judge);
        let signed_in = |answer: &Answer| answer.authenticated && answer.status.is_success();
        if !headers.headers.is_empty() && !seen.answers.iter().any(signed_in) {
            let detail = "nothing is answered 2xx to the credential; name in `paths` what is";
            items.retain(|item| item.outcome != Outcome::Skip);
            items.push(Item::unknown("", &Obstacle::ControlFailed.because(detail)));
        }
        items
    },
);

fn item(answer: &Answer, by_authorization: bool) -> Option<Item> {
    let (private, cookie_alone) = if answer.authenticated && answer.status.is_success() {
        ("asked for with a credential", false)
    } else if sets_cookie(answer) {
        ("sets a user's cookie", true)
    } else {
        return None;
    };
    Some(match kept(answer, answer.authenticated && by_authorization, cookie_alone) {
        Kept::No(why) => answer.pass(format!("{private}; {why}")),
        Kept::Perhaps(why) => answer.doubt(format!("{private}, and {why}")),
        Kept::Yes(why) => answer.fail(format!("{private}, and {why}")),
    })
}

fn sets_cookie(answer: &Answer) -> bool {
    let fields = answer.headers.get_all(header::SET_COOKIE).iter();
    let mut cookies = fields.filter_map(|field| SetCookie::parse(field.as_bytes()));
    // Whoever takes a cookie away dates it back to the beginning.
    let beginning = SystemTime::UNIX_EPOCH + Duration::from_hours(24);
    cookies.any(|cookie| (cookie.secure || cookie.http_only) && !cookie.is_deletion(beginning))
}

/// Whether a shared cache keeps a copy, and why.
enum Kept {
    No(String),
    Perhaps(String),
    Yes(String),
}

/// `cookie_alone`: whether the cookie it sets is all that makes it one user's.
fn kept(answer: &Answer, by_authorization: bool, cookie_alone: bool) -> Kept {
    match by_network(answer, by_authorization, cookie_alone) {
        Some(kept) => kept,
        None => by_shared_cache(answer, by_authorization, cookie_alone),
    }
}

/// A delivery network obeys a field of its own and nothing else (RFC 9213 section 2.2).
fn by_network(answer: &Answer, by_authorization: bool, cookie_alone: bool) -> Option<Kept> {
    caching::targeted(&answer.headers).find_map(|targeted| {
        targeted.lifetime()?;
        let directives = &targeted.directives;
        if cookie_alone && directives.withholds("set-cookie") {
            return None;
        }
        let said = format!("{}: {}", targeted.field, answer.field(targeted.field)?);
        let surrogate = targeted.field == "surrogate-control";
        Some(if by_authorization && !surrogate && !shares(directives) {
            Kept::Perhaps(said)
        } else {
            Kept::Yes(said)
        })
    })
}

/// RFC 9111 section 3.5: nothing else makes an answer to `Authorization` one for everybody.
fn shares(directives: &Directives) -> bool {
    ["public", "s-maxage", "must-revalidate"].into_iter().any(|name| directives.contains(name))
}

fn by_shared_cache(answer: &Answer, by_authorization: bool, cookie_alone: bool) -> Kept {
    let control = answer.field("cache-control").unwrap_or_default();
    let directives = Directives::of(&answer.headers);
    let said = format!("Cache-Control: {control}");
    if directives.forbids().is_some() || (cookie_alone && directives.withholds("set-cookie")) {
        return Kept::No(said);
    }
    if by_authorization && !shares(&directives) {
        return Kept::No("shared caches keep no answer to `Authorization`".to_owned());
    }
    match directives.seconds("s-maxage").or_else(|| directives.seconds("max-age")) {
        Some(0) => return Kept::No("a copy is stale at once".to_owned()),
        Some(_) => return Kept::Yes(said),
        None if directives.contains("public") => return Kept::Yes(said),
        None => {}
    }
    let date = |name: &str| httpdate::parse_http_date(&answer.field(name)?).ok();
    match (answer.field("expires"), date("expires"), date("date")) {
        (Some(shown), Some(expires), Some(now)) if expires > now => {
            return Kept::Yes(format!("Expires: {shown}"));
        }
        (Some(shown), Some(_), None) => return Kept::Perhaps(format!("Expires: {shown}")),
        // What is no date has passed (RFC 9111 section 5.3).
        (Some(_), ..) => return Kept::No("a copy is stale at once".to_owned()),
        (None, ..) => {}
    }
    if date("last-modified").is_some() {
        // RFC 9111 section 4.2.2.
        let why = "caches guess a lifetime from Last-Modified where nothing forbids it";
        return Kept::Perhaps(why.to_owned());
    }
    Kept::No("nothing lets a shared cache keep it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Confidence,
        headers::tests::{answer, evidence, outcomes},
    };

    const FAIL: Outcome = Outcome::Fail(Confidence::Firm);

    /// The outcome for an answer to a credential in this field.
    fn asked_with(credential: &str, lines: &[(&str, &str)]) -> Outcome {
        let mut answer = answer(200, lines, "{}");
        answer.authenticated = true;
        let settings = serde_json::json!({"headers": {credential: "k"}});
        let settings = serde_json::from_value(settings).expect("settings");
        RULE.judge(&settings, &evidence(vec![answer]))[0].outcome
    }

    #[test]
    fn an_answer_to_a_credential_is_not_for_everybody() {
        let authorized = |control| asked_with("authorization", &[("cache-control", control)]);
        for sound in
            ["no-store", "max-age=0, private, must-revalidate", "No-Cache", "max-age=60", ""]
        {
            assert_eq!(authorized(sound), Outcome::Pass, "{sound}");
        }
        for open in ["public", "s-maxage=60", "s-maxage=\"60\"", "max-age=60, must-revalidate"] {
            assert_eq!(authorized(open), FAIL, "{open}");
        }
    }

    #[test]
    fn caches_know_of_no_credential_but_authorization() {
        let now = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let asked = |lines: &[(&str, &str)]| asked_with("cookie", &[lines, &[now]].concat());
        for sound in [
            &[][..],
            &[("cache-control", "private, max-age=60")],
            &[("cache-control", "max-age=0"), ("last-modified", "Sun, 06 Nov 1994 08:00:00 GMT")],
            &[("expires", "0"), ("last-modified", "Sun, 06 Nov 1994 08:00:00 GMT")],
            &[("expires", "Sun, 06 Nov 1994 08:49:37 GMT")],
        ] {
            assert_eq!(asked(sound), Outcome::Pass, "{sound:?}");
        }
        for open in [
            &[("cache-control", "max-age=60")][..],
            &[("expires", "Sun, 06 Nov 1994 08:49:38 GMT")],
        ] {
            assert_eq!(asked(open), FAIL, "{open:?}");
        }
        let guessed = asked(&[("last-modified", "Sun, 06 Nov 1994 08:00:00 GMT")]);
        assert_eq!(guessed, Outcome::Fail(Confidence::Tentative));
    }

    #[test]
    fn a_credential_that_opens_nothing_leaves_it_open() {
        let settings = serde_json::json!({"headers": {"authorization": "k"}});
        let settings = serde_json::from_value(settings).expect("settings");
        let mut denied = answer(403, &[], "");
        denied.authenticated = true;
        let items = RULE.judge(&settings, &evidence(vec![denied]));
        assert_eq!(items[0].outcome, Outcome::Unknown(Obstacle::ControlFailed));
    }

    #[test]
    fn a_directive_for_some_fields_leaves_the_rest_to_caches() {
        let authorized = |control| asked_with("authorization", &[("cache-control", control)]);
        for open in ["private=\"set-cookie\", s-maxage=60", "no-cache=\"x-a, x-b\", public"] {
            assert_eq!(authorized(open), FAIL, "{open}");
        }
        let setting = |control| {
            let headers = [("set-cookie", "sid=x; HttpOnly"), ("cache-control", control)];
            outcomes(&RULE, &evidence(vec![answer(200, &headers, "")]))[0]
        };
        assert_eq!(setting("private=\"x-user\", max-age=60"), FAIL);
        assert_eq!(setting("no-cache=\"Set-Cookie\", max-age=60"), Outcome::Pass);
    }

    #[test]
    fn what_is_meant_for_delivery_networks_outweighs_the_rest() {
        let setting = |name, value| {
            let headers =
                [("set-cookie", "sid=x; HttpOnly"), ("cache-control", "private"), (name, value)];
            outcomes(&RULE, &evidence(vec![answer(200, &headers, "")]))[0]
        };
        assert_eq!(setting("cdn-cache-control", "max-age=600"), FAIL);
        assert_eq!(setting("cloudflare-cdn-cache-control", "s-maxage=600"), FAIL);
        assert_eq!(setting("surrogate-control", "max-age=600"), FAIL);
        for sound in ["no-store", "max-age=0", "private, max-age=600"] {
            assert_eq!(setting("cdn-cache-control", sound), Outcome::Pass, "{sound}");
        }
        let authorized = |name, value| asked_with("authorization", &[(name, value)]);
        let tentative = Outcome::Fail(Confidence::Tentative);
        assert_eq!(authorized("cdn-cache-control", "max-age=600"), tentative);
        assert_eq!(authorized("cdn-cache-control", "public, max-age=600"), FAIL);
        assert_eq!(authorized("surrogate-control", "max-age=600"), FAIL);
    }

    #[test]
    fn an_answer_that_sets_a_users_cookie_is_for_that_user() {
        let setting = |control| {
            let headers = [("set-cookie", "sid=x; HttpOnly"), ("cache-control", control)];
            outcomes(&RULE, &evidence(vec![answer(200, &headers, "")]))[0]
        };
        assert_eq!(setting("max-age=600"), FAIL);
        assert_eq!(setting("private, max-age=600"), Outcome::Pass);
        let plain = answer(200, &[("set-cookie", "theme=x"), ("cache-control", "public")], "");
        assert_eq!(outcomes(&RULE, &evidence(vec![plain])), [Outcome::Skip]);
        let gone = "sid=; HttpOnly; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        let logout = answer(200, &[("set-cookie", gone), ("cache-control", "public")], "");
        assert_eq!(outcomes(&RULE, &evidence(vec![logout])), [Outcome::Skip]);
    }
}
