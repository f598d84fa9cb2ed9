//! Browsers send preflights without credentials; whoever asks for some refuses them all.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    cors::{
        Cors,
        evidence::{Endpoint, Preflight},
    },
};

pub(super) const RULE: Rule<Cors> = Rule::<Cors>::new(
    Check {
        id: "cors-preflight-needs-credentials",
        fault: "preflights are answered only to who has signed in",
        impact: Impact::Medium,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "A preflight never has a cookie or a token, so every request that needs one fails in the \
              browser, for signed-in users as well.",
        how: "Sends the preflights of the application's front end as browsers do, without \
              credentials. Expected: neither 401, 403 or 407, nor a redirect. Where that is what came \
              and credentials are configured, sends the preflight with them too: if it is then \
              granted the fault is confirmed, if not it is another one. After a 403 sends a preflight \
              for a plain GET: if that is answered, the 403 was for the method or a header.",
        fix: "Let OPTIONS pass before authentication: put the CORS layer outside of the one that \
              authenticates, or exempt OPTIONS in the gateway.",
        sources: &["Fetch standard section 4.8 (CORS-preflight fetch, credentials mode)"],
    },
    |_, seen| {
        let preflights = seen.endpoints.iter().flat_map(Endpoint::preflights);
        let answered = preflights.into_iter().any(|(_, answer)| answer.status.is_success());
        let of = |endpoint| of_endpoint(endpoint, answered);
        let items: Vec<Item> = seen.endpoints.iter().flat_map(of).collect();
        if items.is_empty() {
            let reason = "no allowed origin has a method or header that needs a preflight";
            return vec![Item::skip("", reason)];
        }
        items
    },
);

fn of_endpoint(endpoint: &Endpoint, answered: bool) -> Vec<Item> {
    let preflights = endpoint.allowed.iter().flat_map(|allowed| {
        allowed.preflights.iter().map(move |preflight| (&*allowed.origin, preflight))
    });
    preflights.map(|(origin, preflight)| item(endpoint, origin, preflight, answered)).collect()
}

/// `answered` says whether any preflight of the visit was, without credentials.
fn item(endpoint: &Endpoint, origin: &str, preflight: &Preflight, answered: bool) -> Item {
    let subject = format!("{} for {} from {origin}", endpoint.subject, preflight.method);
    let answer = match &preflight.reply {
        Ok(answer) => answer,
        Err(obstructed) => return Item::unknown(subject, obstructed),
    };
    let status = answer.status.as_u16();
    let words = format!("the preflight answers {status}");
    let refusal = |answer: &crate::cors::answer::Answer| {
        answer.preflight_refusal(origin, preflight.method, &preflight.headers, false)
    };
    let sure = match (status, &preflight.signed_in) {
        (401 | 403 | 407 | 300..=399, Some(Ok(signed_in))) if refusal(signed_in).is_none() => {
            let words = format!("{words}, and with credentials {}", signed_in.status.as_u16());
            return Item::fail(Confidence::Confirmed, subject, words).replay(&answer.replay);
        }
        // Who answers one preflight without credentials refuses another for its method or headers.
        (403, _) if answered => {
            let words = format!("{words}, and others are answered without credentials");
            return Item::pass(subject, words);
        }
        (401 | 407, _) | (300..=399, None) => Confidence::Firm,
        // It may as well be the origin or the method that is refused.
        (403, None | Some(Err(_))) | (300..=399, Some(_)) => Confidence::Tentative,
        _ => return Item::pass(subject, words),
    };
    Item::fail(sure, subject, words).replay(&answer.replay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Outcome,
        cors::{
            answer::answer,
            tests::sample::{FRONT, endpoint, granted},
        },
    };

    fn outcome(status: u16, signed_in: Option<u16>) -> Outcome {
        beside(status, signed_in, false)
    }

    fn beside(status: u16, signed_in: Option<u16>, answered: bool) -> Outcome {
        let acao = [("access-control-allow-origin", FRONT)];
        let preflight = Preflight {
            method: "GET",
            headers: Vec::new(),
            reply: Ok(answer(status, &[])),
            signed_in: signed_in.map(|status| Ok(answer(status, &acao))),
        };
        item(&endpoint(&[granted(FRONT)]), FRONT, &preflight, answered).outcome
    }

    #[test]
    fn a_denial_is_a_fault_of_authentication_if_credentials_change_it() {
        assert_eq!(outcome(401, None), Outcome::Fail(Confidence::Firm));
        assert_eq!(outcome(302, None), Outcome::Fail(Confidence::Firm));
        assert_eq!(outcome(403, None), Outcome::Fail(Confidence::Tentative));
        assert_eq!(outcome(403, Some(204)), Outcome::Fail(Confidence::Confirmed));
        assert_eq!(outcome(403, Some(403)), Outcome::Pass);
        assert_eq!(outcome(405, None), Outcome::Pass);
        assert_eq!(outcome(204, None), Outcome::Pass);
    }

    #[test]
    fn a_refusal_beside_an_answer_is_not_for_want_of_credentials() {
        assert_eq!(beside(403, None, true), Outcome::Pass);
        assert_eq!(beside(403, Some(204), true), Outcome::Fail(Confidence::Confirmed));
        assert_eq!(beside(401, None, true), Outcome::Fail(Confidence::Firm));
    }
}
