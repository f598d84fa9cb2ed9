//! A health endpoint that is slow fails its probes when it matters most.

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    health::{Found, Health, Role},
    web::window,
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-slow",
        fault: "a health endpoint answers slowly",
        impact: Impact::Medium,
        dimension: Dimension::Performance,
        settles: Settles::TwoOfThree,
        why: "A kubelet waits one second for an answer unless told otherwise. Under load a slow \
              endpoint exceeds that first, and instances that work are taken out or restarted, \
              which loads the others still more.",
        how: "Measures each answer from connecting to its last byte, without resolving the name, as \
              a balancer sees it. Expected: the 95th percentile over the window is within `slow`. \
              The first visit takes `min_samples` measurements; fewer are unknown.",
        fix: "See which component's check takes the time, and give each a time-out or check it in \
              the background and answer from memory. Liveness should check nothing at all.",
        sources: &["Kubernetes documentation, Configure Probes: timeoutSeconds defaults to 1"],
    },
    |health, seen| {
        let judged = [(Role::Ready, &seen.ready), (Role::Live, &seen.live)];
        judged.into_iter().map(|(role, found)| item(health, role, found)).collect()
    },
);

fn item(health: &Health, role: Role, found: &Found) -> Item {
    match found.answer(role) {
        Ok(answer) => {
            let (limit, at_least) = (health.slow.0, health.min_samples);
            window::slower_than(&answer.subject, &answer.window, 95.0, limit, at_least)
                .replay(&answer.replay)
        }
        Err(item) => item,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::{
        contract::{Confidence, Memory, Obstacle, Outcome, Sample},
        health::tests::sample::*,
    };

    fn outcome(ms: u64, count: usize) -> Outcome {
        let memory = Memory::default();
        for _ in 0..count {
            let latency = Some(Duration::from_millis(ms));
            memory.record("ready", SystemTime::UNIX_EPOCH, Sample { latency, ok: true });
        }
        let found = answers_with(200, "ok", |answer| answer.window = memory.summary("ready"));
        item(&Health::default(), Role::Ready, &found).outcome
    }

    #[test]
    fn the_limit_itself_is_fast_enough() {
        assert_eq!(outcome(1000, 5), Outcome::Pass);
        assert_eq!(outcome(1001, 5), Outcome::Fail(Confidence::Firm));
        assert_eq!(outcome(1, 4), Outcome::Unknown(Obstacle::TooFewSamples));
    }
}
