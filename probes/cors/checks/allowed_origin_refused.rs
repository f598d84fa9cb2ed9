//! A front end that its own API refuses is a front end that does not work.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Obstructed, Rule, Settles},
    cors::{
        Cors,
        answer::Reach,
        evidence::{Allowed, Endpoint, Preflight, is_denial},
        settings::Credentials,
    },
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-allowed-origin-refused",
        fault: "the application's own front end may not call it",
        impact: Impact::Blocker,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "Browsers throw the answer away, or do not even send the request: for users the \
              application is broken, while every test without a browser says it works.",
        how: "From each of `allowed_origins`, sends the request and a preflight for each of the \
              endpoint's `methods` and `request_headers` that browsers ask leave for. Expected: what a \
              browser accepts, which is the origin byte for byte (with \
              `access-control-allow-credentials: true` where cookies are configured), the method in \
              its case, each header by name, and a preflight that answers 2xx. Unknown where no \
              `endpoints` are named and the target's own URL has nothing.",
        fix: "Compare what was answered with the origin. Missing: the list lacks it, a proxy drops the \
              header or refuses OPTIONS. Twice or with a `/` at the end: browsers accept neither. `*`: \
              not with credentials, and never for the header `authorization`.",
        sources: &[
            "Fetch standard section 4.8 (CORS-preflight fetch)",
            "Fetch standard section 4.10 (CORS check)",
        ],
    },
    |_, seen| {
        let items: Vec<Item> = seen
            .endpoints
            .iter()
            .flat_map(|endpoint| endpoint.allowed.iter().map(|allowed| item(endpoint, allowed)))
            .collect();
        if items.is_empty() {
            return vec![Item::skip("", "no origin is named in `allowed_origins`")];
        }
        items
    },
);

fn item(endpoint: &Endpoint, allowed: &Allowed) -> Item {
    let subject = format!("{} for {}", endpoint.subject, allowed.origin);
    match refusal(endpoint, allowed) {
        Err(obstructed) => Item::unknown(subject, &obstructed),
        Ok(Some((words, _))) if endpoint.in_place_of.is_some() => {
            let detail = format!("{words}; but nobody named in `endpoints` what its pages call");
            Item::unknown(subject, &Obstacle::ControlFailed.because(detail))
        }
        Ok(Some((words, replay))) => Item::fail(Confidence::Firm, subject, words).replay(replay),
        Ok(None) => {
            let count = allowed.preflights.len();
            let granted = match count {
                0 => "its pages may read it".to_owned(),
                1 => "its pages may read it, and the preflight is granted".to_owned(),
                _ => format!("its pages may read it, and {count} preflights are granted"),
            };
            Item::pass(subject, granted)
        }
    }
}

/// What keeps pages of this origin out, with the command that shows it.
fn refusal(endpoint: &Endpoint, allowed: &Allowed) -> Result<Option<(String, String)>, Obstructed> {
    let credentials = endpoint.credentials == Credentials::Ambient;
    let standing = endpoint.standing();
    // Preflights come before anybody signs in, so a denial of the request itself does not excuse them.
    if standing.is_ok() || endpoint.anonymous_status().is_some_and(is_denial) {
        let refused = |preflight| refused_preflight(&allowed.origin, preflight, credentials);
        if let Some(refusal) = allowed.preflights.iter().find_map(refused) {
            return Ok(Some(refusal));
        }
    }
    standing?;
    let answer = allowed.actual.as_ref().map_err(Clone::clone)?;
    if answer.reach(&allowed.origin) < Reach::needed(credentials) {
        let wanted = if credentials { ", though it needs credentials" } else { "" };
        return Ok(Some((format!("answers {}{wanted}", answer.in_words()), answer.replay.clone())));
    }
    if !answer.status.is_success() {
        let words = format!("answers {} to this origin alone", answer.in_words());
        return Ok(Some((words, answer.replay.clone())));
    }
    let unanswered = allowed.preflights.iter().find_map(|one| one.reply.as_ref().err());
    unanswered.map_or(Ok(None), |obstructed| Err(obstructed.clone()))
}

fn refused_preflight(
    origin: &str,
    preflight: &Preflight,
    credentials: bool,
) -> Option<(String, String)> {
    let answer = preflight.reply.as_ref().ok()?;
    let (method, headers) = (preflight.method, &preflight.headers);
    let why = answer.preflight_refusal(origin, method, headers, credentials)?;
    Some((format!("{why}, so that {method} is never sent"), answer.replay.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Obstacle, Outcome},
        cors::{
            answer::answer,
            tests::sample::{FRONT, endpoint, granted},
        },
    };

    fn preflight(reply: crate::cors::answer::Answer) -> Preflight {
        Preflight { method: "PUT", headers: Vec::new(), reply: Ok(reply), signed_in: None }
    }

    fn outcome(endpoint: &Endpoint) -> Outcome {
        item(endpoint, &endpoint.allowed[0]).outcome
    }

    const FIRM: Outcome = Outcome::Fail(Confidence::Firm);

    #[test]
    fn each_of_request_and_preflight_can_lock_the_front_end_out() {
        let methods = ("access-control-allow-methods", "PUT");
        let acao = ("access-control-allow-origin", FRONT);
        let mut seen = endpoint(&[granted(FRONT)]);
        assert_eq!(outcome(&seen), Outcome::Pass);
        seen.allowed[0].preflights = vec![preflight(answer(204, &[acao, methods]))];
        assert_eq!(outcome(&seen), Outcome::Pass);
        for refused in [
            answer(204, &[acao]),
            answer(204, &[methods]),
            answer(403, &[acao, methods]),
            answer(302, &[acao, methods]),
        ] {
            seen.allowed[0].preflights = vec![preflight(refused)];
            assert_eq!(outcome(&seen), FIRM);
        }
        seen.allowed[0].preflights.clear();
        for actual in [answer(200, &[]), answer(403, &[acao]), answer(200, &[acao, acao])] {
            seen.allowed[0].actual = Ok(actual);
            assert_eq!(outcome(&seen), FIRM);
        }
    }

    #[test]
    fn cookies_need_leave_for_credentials() {
        let mut seen = endpoint(&[granted(FRONT)]);
        seen.credentials = Credentials::Ambient;
        seen.allowed[0].actual = Ok(answer(200, &[("access-control-allow-origin", "*")]));
        assert_eq!(outcome(&seen), FIRM);
        seen.credentials = Credentials::Explicit;
        assert_eq!(outcome(&seen), Outcome::Pass);
    }

    #[test]
    fn what_is_behind_a_sign_in_is_not_known_and_its_preflight_is() {
        let mut seen = endpoint(&[granted(FRONT)]);
        seen.control = Ok(answer(401, &[]));
        assert_eq!(outcome(&seen), Outcome::Pass, "its own pages are let in");
        seen.allowed[0].actual = Ok(answer(401, &[("access-control-allow-origin", FRONT)]));
        assert_eq!(outcome(&seen), Outcome::Unknown(Obstacle::Denied));
        seen.allowed[0].preflights = vec![preflight(answer(401, &[]))];
        assert_eq!(outcome(&seen), FIRM);
        seen.control = Ok(answer(404, &[]));
        assert_eq!(outcome(&seen), Outcome::Unknown(Obstacle::ControlFailed));
    }
}
