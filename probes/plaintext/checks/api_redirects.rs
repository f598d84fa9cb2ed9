//! A program that is redirected has already sent its token without TLS.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles},
    plaintext::{Evidence, Plaintext},
    web::{audience::Audience, knock::Door},
};

pub(super) const RULE: Rule<Plaintext> = Rule::<Plaintext>::new(
    Check {
        id: "plaintext-api-redirects",
        fault: "an API redirects plain HTTP instead of refusing it",
        impact: Impact::Low,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "A program whose base URL says http by mistake sends its token and its data without TLS, is \
              redirected, and works. Nobody notices, and every request goes over the wire in the clear \
              first.",
        how: "Reads the first answer by plain HTTP. Expected, where programs call the target (profile \
              `api`, or `audience: programs`): no redirect, but a closed port or a refusal.",
        fix: "Close port 80 for the API's host, or answer 403 or 426 there. Keep the redirect only for \
              hosts that people visit.",
        sources: &["OWASP ASVS 5.0 4.1.2"],
    },
    |_, seen| vec![item(seen)],
);

fn item(seen: &Evidence) -> Item {
    let subject = &seen.subject;
    match seen.audience {
        Some(Audience::Programs) => {}
        Some(Audience::Browsers) => return Item::skip(subject, "people visit it"),
        None => return Item::skip(subject, "nothing says that programs call it (`audience`)"),
    }
    match &seen.door {
        Door::Closed(words) => Item::pass(subject, words),
        Door::Absent(reason) => Item::skip(subject, *reason),
        Door::Obstructed(obstructed) => Item::unknown(subject, obstructed),
        Door::Answered { hops, .. } => {
            let Some(first) = hops.first() else {
                return Item::unknown(subject, &Obstacle::Protocol.because("no answer"));
            };
            let words = seen.door.in_words();
            if first.location.is_some() {
                return Item::fail(Confidence::Confirmed, subject, words).replay(&first.replay);
            }
            if first.status.is_client_error() {
                return Item::pass(subject, words);
            }
            Item::skip(subject, "plain HTTP does not redirect")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Outcome,
        plaintext::tests::{answered, evidence, hop, hop_to},
    };

    #[test]
    fn only_an_api_is_asked() {
        let mut seen = evidence(answered(vec![hop_to(301, "https://shop.example/")]));
        assert_eq!(item(&seen).outcome, Outcome::Skip);
        seen.audience = Some(Audience::Browsers);
        assert_eq!(item(&seen).outcome, Outcome::Skip);
        seen.audience = Some(Audience::Programs);
        assert_eq!(item(&seen).outcome, Outcome::Fail(Confidence::Confirmed));
        seen.door = answered(vec![hop(403, "")]);
        assert_eq!(item(&seen).outcome, Outcome::Pass);
        seen.door = answered(vec![hop(200, "")]);
        assert_eq!(item(&seen).outcome, Outcome::Skip);
    }
}
