//! An answer for one user that a cache hands to another.

use http::header;

use super::{
    Headers,
    evidence::{Answer, Role},
    fields,
};
use crate::{
    contract::{Check, Dimension, Impact, Item, Obstacle, Outcome, Rule, Settles},
    cookies::SetCookie,
};

pub(super) const RULE: Rule<Headers> = Rule {
    check: Check {
        id: "headers-private-response-cacheable",
        fault: "a cache may keep what is for one user",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "A delivery network or proxy keeps the answer and gives it to the next user: somebody else's \
              account, or somebody else's session cookie.",
        how: "Reads `Cache-Control` and `Expires` of each page that was asked for with a credential, and of \
              each answer that sets a cookie with `HttpOnly` or `Secure`. Expected: `no-store`, `no-cache` \
              or `private`, or nothing that lets a shared cache keep it. Without a credential in the \
              settings, and without such cookies, there is nothing to judge.",
        fix: "Send `Cache-Control: no-store` on every answer that depends on who asks, and keep delivery \
              networks from caching answers with `Set-Cookie`.",
        sources: &["OWASP ASVS 5.0 14.3.2", "RFC 9111 sections 3 and 3.5"],
    },
    judge: |headers, seen| {
        let otherwise = "no credential in the settings, and no answer sets a user's cookie";
        let mut items = seen.judge(&[Role::Page, Role::Redirect], otherwise, item);
        let signed_in = |answer: &Answer| answer.authenticated && answer.status.is_success();
        if !headers.headers.is_empty() && !seen.answers.iter().any(signed_in) {
            let detail = "nothing is answered 2xx to the credential; name in `paths` what is";
            items.retain(|item| item.outcome != Outcome::Skip);
            items.push(Item::unknown("", &Obstacle::ControlFailed.because(detail)));
        }
        items
    },
};

fn item(answer: &Answer) -> Option<Item> {
    let private = if answer.authenticated && answer.status.is_success() {
        "asked for with a credential"
    } else if sets_cookie(answer) {
        "sets a user's cookie"
    } else {
        return None;
    };
    Some(match kept(answer) {
        Err(why) => answer.fail(format!("{private}, and {why}")),
        Ok(why) => answer.pass(format!("{private}; {why}")),
    })
}

fn sets_cookie(answer: &Answer) -> bool {
    let fields = answer.headers.get_all(header::SET_COOKIE).iter();
    let mut cookies = fields.filter_map(|field| SetCookie::parse(field.as_bytes()));
    cookies.any(|cookie| (cookie.secure || cookie.http_only) && cookie.max_age != Some(0))
}

/// Why a shared cache keeps no copy, or why it may keep one.
fn kept(answer: &Answer) -> Result<String, String> {
    let control = answer.field("cache-control").unwrap_or_default();
    let words = fields::words(&control);
    let has = |name: &str| words.iter().any(|word| word.split('=').next() == Some(name));
    for name in ["no-store", "no-cache", "private"] {
        if has(name) {
            return Ok(format!("Cache-Control: {control}"));
        }
    }
    let seconds = |name: &str| {
        let value = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|value| value.trim_matches('"').parse::<u64>().ok())
    };
    match seconds("s-maxage").or_else(|| seconds("max-age")) {
        Some(0) => return Ok("a copy is stale at once".to_owned()),
        // RFC 9111 section 3.5: nothing else makes an answer to `Authorization` one for everybody.
        Some(_) if answer.authenticated && !has("public") && !has("s-maxage") => {
            return Ok("shared caches keep no answer to a credential".to_owned());
        }
        Some(_) => return Err(format!("Cache-Control: {control}")),
        None => {}
    }
    if has("public") {
        return Err(format!("Cache-Control: {control}"));
    }
    Ok("nothing lets a shared cache keep it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{answer, evidence, outcomes},
        *,
    };
    use crate::contract::{Confidence, Outcome};

    const FAIL: Outcome = Outcome::Fail(Confidence::Firm);

    fn authenticated(control: &str) -> Outcome {
        let mut answer = answer(200, &[("cache-control", control)], "{}");
        answer.authenticated = true;
        outcomes(&RULE, &evidence(vec![answer]))[0]
    }

    #[test]
    fn an_answer_to_a_credential_is_not_for_everybody() {
        for sound in
            ["no-store", "max-age=0, private, must-revalidate", "No-Cache", "max-age=60", ""]
        {
            assert_eq!(authenticated(sound), Outcome::Pass, "{sound}");
        }
        for open in ["public", "public, max-age=60", "s-maxage=60", "s-maxage=\"60\""] {
            assert_eq!(authenticated(open), FAIL, "{open}");
        }
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
    }
}
