//! A service that nobody can reach serves nobody.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    http::{Evidence, Http, observe::is_of_the_service},
};

pub(super) const RULE: Rule<Http> = Rule::<Http>::new(
    Check {
        id: "http-unreachable",
        fault: "the service does not answer",
        impact: Impact::Blocker,
        dimension: Dimension::Resilience,
        settles: Settles::TwoOfThree,
        why: "Whatever needs this service fails or hangs with it.",
        how: "Sends the request, and where it changes nothing, or was refused, sends it again if there \
              is no answer. Expected: a complete answer, whatever its status, over TLS that can be \
              verified where the URL says https. A refusal counts if a connection to a listener of \
              gonogo's own works in the same moment. A name that does not resolve is unknown, since \
              the resolver may be at fault.",
        fix: "Run the command shown. A refused connection: the process is down or listens elsewhere. \
              A time-out: a firewall, a full queue, or a process that hangs. TLS: name the authority \
              by `trust`, or fix the certificate.",
        sources: &["RFC 9110 section 3.4", "RFC 9112 section 8 (incomplete messages)"],
    },
    |_, seen| seen.judge(|one| vec![item(one)]),
);

fn item(seen: &Evidence) -> Item {
    let subject = &seen.subject;
    let item = match (&seen.answer, &seen.first) {
        (Ok(answer), None) => Item::pass(subject, format!("answers {}", answer.status.as_u16())),
        (Ok(answer), Some(first)) => {
            let status = answer.status.as_u16();
            Item::pass(subject, format!("answers {status} at the second attempt, after: {first}"))
        }
        (Err(obstructed), _) if is_of_the_service(obstructed.obstacle) => {
            Item::fail(Confidence::Firm, subject, &obstructed.detail)
        }
        (Err(obstructed), _) => Item::unknown(subject, obstructed),
    };
    item.replay(&seen.replay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Obstacle, Outcome},
        http::{expect, tests::evidence},
    };

    #[test]
    fn any_status_is_an_answer() {
        for status in [200, 404, 500] {
            let seen = evidence(Ok(expect::answer(status, &[], "")));
            assert_eq!(item(&seen).outcome, Outcome::Pass, "{status}");
        }
    }

    #[test]
    fn silence_and_refusal_fail() {
        for obstacle in [Obstacle::Refused, Obstacle::Timeout, Obstacle::Reset, Obstacle::Tls] {
            let seen = evidence(Err(obstacle.because("what happened")));
            assert_eq!(item(&seen).outcome, Outcome::Fail(Confidence::Firm), "{obstacle:?}");
        }
    }

    #[test]
    fn what_is_in_our_own_way_is_unknown() {
        for obstacle in [Obstacle::Dns, Obstacle::Local, Obstacle::NotAllowed, Obstacle::OverBudget]
        {
            let seen = evidence(Err(obstacle.because("what happened")));
            assert_eq!(item(&seen).outcome, Outcome::Unknown(obstacle));
        }
    }

    #[test]
    fn a_second_attempt_that_is_answered_passes_and_tells_of_the_first() {
        let mut seen = evidence(Ok(expect::answer(200, &[], "")));
        seen.first = Some(Obstacle::Reset.because("10.0.0.1:80 reset the connection"));
        let item = item(&seen);
        assert_eq!(item.outcome, Outcome::Pass);
        assert!(item.seen.contains("reset the connection"), "{}", item.seen);
    }
}
