//! Liveness and readiness are two questions and need two answers.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    health::{Health, Role, checks::readiness_missing},
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-liveness-missing",
        fault: "there is no liveness endpoint apart from readiness",
        impact: Impact::Medium,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "Without a liveness endpoint a process that hangs is never restarted. If one endpoint \
              serves both questions, an outage of the database restarts every instance at once, \
              and the restarts outlast the outage.",
        how: "Asks the place named by `live`, or the usual places (/livez, /health/live, \
              /actuator/health/liveness and so on). Expected: a health endpoint that is not the \
              readiness endpoint.",
        fix: "Add an endpoint that answers 200 as long as the process can answer at all, without \
              asking the database or any other service. If there is one, name it by `live`.",
        sources: &["Kubernetes documentation, Configure Liveness, Readiness and Startup Probes"],
    },
    |_, seen| vec![readiness_missing::item(Role::Live, &seen.live)],
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        health::tests::sample::*,
    };

    #[test]
    fn readiness_alone_is_not_enough() {
        let outcome = |live| {
            let seen = evidence(answers(200, "ok"), live);
            RULE.judge(&Health::default(), &seen)[0].outcome
        };
        assert_eq!(outcome(answers(200, "ok")), Outcome::Pass);
        assert_eq!(outcome(nowhere()), Outcome::Fail(Confidence::Firm));
    }
}
