//! Without a readiness endpoint nobody can tell when to send requests.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles},
    health::{Found, Health, Role, evidence::subject_or},
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-readiness-missing",
        fault: "there is no readiness endpoint",
        impact: Impact::High,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "A balancer without a readiness endpoint sends requests to instances that are still \
              starting, have lost their database or are shutting down. Users get those errors on \
              every deployment.",
        how: "Asks the place named by `ready`, or the usual places (/readyz, /health/ready, \
              /actuator/health/readiness and so on), and beside it a path that does not exist. \
              Expected: an answer that speaks of health and differs from the one for the path that \
              does not exist. A login, a challenge, a redirect or a catch-all is none, and at the usual \
              places neither is a page for people that does not say how the service is.",
        fix: "Add an endpoint that answers 200 only when the service can serve requests, and 503 \
              otherwise; most frameworks have one to switch on. If there is one, name it by `ready`.",
        sources: &[
            "Kubernetes documentation, Configure Liveness, Readiness and Startup Probes",
            "draft-inadarei-api-health-check-06",
        ],
    },
    |_, seen| vec![item(Role::Ready, &seen.ready)],
);

/// Whether there is an endpoint for this role.
pub(in crate::health) fn item(role: Role, found: &Found) -> Item {
    match found {
        Found::Answer(answer) => {
            let format = answer.statement.format;
            let seen = format!("answers {} with {format}", answer.status.as_u16());
            Item::pass(&answer.subject, seen).replay(&answer.replay)
        }
        Found::Other { subject, seen, replay } => {
            let item = Item::fail(Confidence::Confirmed, subject, seen);
            match replay {
                Some(command) => item.replay(command),
                None => item,
            }
        }
        Found::Nowhere { seen } => Item::fail(Confidence::Firm, role.noun(), seen),
        // Nobody listens, so nobody can say what would be there: `health-not-ready` says it is down.
        Found::Obstructed { subject, obstructed, .. }
            if obstructed.obstacle == Obstacle::Refused =>
        {
            let why = format!("{}; whether there is an endpoint cannot be told", obstructed.detail);
            Item::unknown(subject_or(subject, role), &Obstacle::Refused.because(why))
        }
        Found::Obstructed { subject, obstructed, .. } => {
            Item::unknown(subject_or(subject, role), obstructed)
        }
        Found::Silent { subject, seen, .. } => {
            let why = format!("{seen}; whether there is an endpoint cannot be told");
            Item::unknown(subject, &Obstacle::Timeout.because(why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::Outcome, health::tests::sample::*};

    fn outcome(found: &Found) -> Outcome {
        item(Role::Ready, found).outcome
    }

    #[test]
    fn an_endpoint_that_says_no_is_there() {
        assert_eq!(outcome(&answers(503, r#"{"status":"DOWN"}"#)), Outcome::Pass);
    }

    #[test]
    fn something_else_or_nothing_fails() {
        assert_eq!(outcome(&other()), Outcome::Fail(Confidence::Confirmed));
        assert_eq!(outcome(&nowhere()), Outcome::Fail(Confidence::Firm));
    }

    #[test]
    fn an_obstacle_is_no_proof_of_absence() {
        for obstacle in [Obstacle::Refused, Obstacle::Denied, Obstacle::Timeout] {
            assert_eq!(outcome(&obstructed(obstacle)), Outcome::Unknown(obstacle));
        }
    }
}
