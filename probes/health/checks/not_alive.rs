//! A service that says it must be restarted is about to be.

use crate::{
    contract::{Check, Dimension, Impact, Item, Obstacle, Rule, Settles},
    health::{Evidence, Health, Role, checks::not_ready},
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-not-alive",
        fault: "the service says it must be restarted",
        impact: Impact::High,
        dimension: Dimension::Resilience,
        settles: Settles::TwoOfThree,
        why: "An orchestrator kills an instance whose liveness endpoint says no, with everything it \
              was working on. If a restart does not help, it restarts it for ever, ever more slowly.",
        how: "Asks the liveness endpoint. Expected: a status that means yes (2xx unless `accept` says \
              otherwise) and a body that does not say it is down. One that is starting, ending or being \
              maintained is alive. No answer in time, twice, counts \
              as no, and so does a connection that is refused twice, unless readiness is refused too: \
              `health-not-ready` tells then.",
        fix: "Look for restarts and for what the process waits for: a deadlock, a full queue, memory. \
              If liveness fails because another service is down, take that check out of it and put \
              it into readiness.",
        sources: &["Kubernetes documentation, Configure Liveness, Readiness and Startup Probes"],
    },
    judge,
);

fn judge(_: &Health, seen: &Evidence) -> Vec<Item> {
    if seen.live.is_refused() && seen.ready.is_refused() {
        let why =
            "nobody listens where readiness is asked for either, which `health-not-ready` tells";
        return vec![Item::unknown(Role::Live.noun(), &Obstacle::Refused.because(why))];
    }
    not_ready::items(Role::Live, seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        health::tests::sample::*,
    };

    #[test]
    fn liveness_is_judged_and_readiness_is_not() {
        let outcome = |ready, live| {
            let seen = evidence(ready, live);
            RULE.judge(&Health::default(), &seen)[0].outcome
        };
        assert_eq!(outcome(answers(503, ""), answers(200, "")), Outcome::Pass);
        let dead = outcome(answers(200, ""), answers(503, ""));
        assert_eq!(dead, Outcome::Fail(Confidence::Confirmed));
        let refused = || obstructed(Obstacle::Refused);
        assert_eq!(outcome(refused(), refused()), Outcome::Unknown(Obstacle::Refused));
        assert_eq!(outcome(answers(200, ""), refused()), Outcome::Fail(Confidence::Firm));
    }
}
