//! Whatever is served without TLS can be read and changed on its way.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Obstructed, Rule, Settles},
    plaintext::{Evidence, Plaintext},
    web::knock::{Door, Hop},
};

pub(super) const RULE: Rule<Plaintext> = Rule::<Plaintext>::new(
    Check {
        id: "plaintext-served",
        fault: "the service is served without TLS",
        impact: Impact::Blocker,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Anybody between a client and the service reads passwords, tokens and answers, and can \
              change them. A client that once writes http instead of https never notices.",
        how: "One GET by plain HTTP, without credentials, to port 80 of each of the host's addresses, \
              32 at most (or to the target's own URL where that is http), following redirects \
              within plain HTTP. Expected: a redirect to https, a refusal (4xx that TLS does not \
              answer alike), or no connection, be it refused, dropped or rejected, while the TLS port \
              of the same address accepts one before and after. That is seen from where gonogo runs: \
              its own network may let nobody out to port 80. 401 is no refusal: clients answer it with \
              their credentials.",
        fix: "Serve nothing but a permanent redirect on port 80 for browsers, and nothing at all for \
              programs. Where TLS ends at a balancer, close the port behind it to everybody else. A \
              target whose own URL is http needs a certificate and a TLS listener first.",
        sources: &[
            "OWASP ASVS 5.0 12.2.1 and 4.1.2",
            "RFC 9110 section 4.2.2",
            "RFC 6797 section 2.3",
        ],
    },
    |_, seen| vec![item(seen)],
);

fn item(seen: &Evidence) -> Item {
    let subject = &seen.subject;
    match &seen.door {
        Door::Closed(words) => Item::pass(subject, words),
        Door::Absent(reason) => Item::skip(subject, *reason),
        Door::Obstructed(obstructed) => Item::unknown(subject, obstructed),
        Door::Answered { hops, stopped } => match hops.last() {
            Some(last) => answered(seen, last, stopped.as_ref()).replay(&last.replay),
            None => Item::unknown(subject, &Obstacle::Protocol.because("no answer")),
        },
    }
}

fn answered(seen: &Evidence, last: &Hop, stopped: Option<&Obstructed>) -> Item {
    let subject = &seen.subject;
    match (&last.location, stopped) {
        (Some(Ok(to)), _) if to.scheme() == "https" => {
            return Item::pass(subject, format!("redirects to {to}"));
        }
        (Some(Ok(to)), stopped) => {
            let why = stopped.map_or_else(String::new, |obstructed| format!(": {obstructed}"));
            let obstacle = stopped.map_or(Obstacle::Protocol, |obstructed| obstructed.obstacle);
            let detail = format!("redirects to {to}, which could not be followed{why}");
            return Item::unknown(subject, &obstacle.because(detail));
        }
        (Some(Err(obstructed)), _) => return Item::unknown(subject, obstructed),
        (None, _) => {}
    }
    let status = last.status;
    if status.as_u16() == 426 {
        return Item::pass(subject, "answers 426: it asks for TLS");
    }
    if seen.own {
        let words = format!("answers {status} without TLS, and the target's own URL leads there");
        return Item::fail(Confidence::Confirmed, subject, words);
    }
    if status.as_u16() == 401 {
        let words = "answers 401: it asks for credentials that would travel without TLS";
        return Item::fail(Confidence::Firm, subject, words);
    }
    if status.as_u16() == 429 {
        return Item::unknown(subject, &Obstacle::Throttled.because("answers 429"));
    }
    if status.is_server_error() {
        let detail =
            format!("answers {status}: what it serves without TLS at other times is unseen");
        return Item::unknown(subject, &Obstacle::ControlFailed.because(detail));
    }
    if status.is_client_error() {
        return refused(seen, last);
    }
    Item::fail(Confidence::Confirmed, subject, format!("answers {status} without TLS"))
}

/// A 404 by plain HTTP is a refusal only if TLS answers otherwise: an application that is served on
/// both ports and has nothing at this path answers 404 twice.
fn refused(seen: &Evidence, plain: &Hop) -> Item {
    let subject = &seen.subject;
    let status = plain.status;
    let secure = match &seen.control {
        Some(Ok(secure)) => secure,
        Some(Err(obstructed)) => return Item::unknown(subject, obstructed),
        None => {
            let detail = "no answer by TLS to compare with";
            return Item::unknown(subject, &Obstacle::ControlFailed.because(detail));
        }
    };
    let is_answered = secure.status.is_success() || secure.status.is_redirection();
    if is_answered {
        return Item::pass(subject, format!("refuses with {status}, where TLS answers otherwise"));
    }
    let is_alike = secure.status == status && secure.media_type() == plain.media_type();
    if is_alike && plain.body.is_some() && plain.body == secure.body {
        let words = format!("answers {status} without TLS exactly as with it: both serve the same");
        return Item::fail(Confidence::Firm, subject, words);
    }
    let detail = format!(
        "answers {status} without TLS and {} with it, so that proves nothing; name a `path` that is \
         answered",
        secure.status
    );
    Item::unknown(subject, &Obstacle::ControlFailed.because(detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Outcome,
        plaintext::tests::{answered, evidence, hop, hop_to},
    };

    fn outcome(seen: &Evidence) -> Outcome {
        item(seen).outcome
    }

    #[test]
    fn anything_but_a_redirect_or_a_refusal_fails() {
        for status in [200, 204, 304, 401] {
            let seen = evidence(answered(vec![hop(status, "")]));
            assert!(matches!(outcome(&seen), Outcome::Fail(_)), "{status}");
        }
        assert_eq!(outcome(&evidence(answered(vec![hop(426, "")]))), Outcome::Pass);
        let to = hop_to(301, "https://shop.example/");
        assert_eq!(outcome(&evidence(answered(vec![to]))), Outcome::Pass);
    }

    #[test]
    fn a_server_error_says_nothing() {
        for (status, obstacle) in [(503, Obstacle::ControlFailed), (429, Obstacle::Throttled)] {
            let seen = evidence(answered(vec![hop(status, "")]));
            assert_eq!(outcome(&seen), Outcome::Unknown(obstacle));
        }
    }

    #[test]
    fn a_refusal_counts_only_where_tls_answers_otherwise() {
        let with = |plain: Hop, secure: Hop| {
            let mut seen = evidence(answered(vec![plain]));
            seen.control = Some(Ok(secure));
            outcome(&seen)
        };
        assert_eq!(with(hop(404, "nginx"), hop(200, "shop")), Outcome::Pass);
        assert_eq!(
            with(hop(404, "not here"), hop(404, "not here")),
            Outcome::Fail(Confidence::Firm)
        );
        let proves_nothing = Outcome::Unknown(Obstacle::ControlFailed);
        assert_eq!(with(hop(404, "at 10:00"), hop(404, "at 10:01")), proves_nothing);
        assert_eq!(with(hop(404, ""), hop(404, "")), proves_nothing);
    }

    #[test]
    fn at_the_targets_own_url_no_answer_is_a_refusal() {
        for status in [200, 404, 403, 500] {
            let mut seen = evidence(answered(vec![hop(status, "x")]));
            seen.own = true;
            assert_eq!(outcome(&seen), Outcome::Fail(Confidence::Confirmed), "{status}");
        }
    }

    #[test]
    fn a_redirect_that_is_not_followed_is_unknown() {
        let stopped = Some(Obstacle::NotAllowed.because("not named"));
        let hops = vec![hop_to(301, "http://other.example/")];
        let seen = evidence(Door::Answered { hops, stopped });
        assert_eq!(outcome(&seen), Outcome::Unknown(Obstacle::NotAllowed));
    }
}
