//! A service that is slow makes its callers slow.

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    http::{Evidence, Http},
    web::window,
};

pub(super) const RULE: Rule<Http> = Rule::<Http>::new(
    Check {
        id: "http-slow",
        fault: "the service answers slowly",
        impact: Impact::Medium,
        dimension: Dimension::Performance,
        settles: Settles::TwoOfThree,
        why: "Callers wait, their own callers give up, and requests pile up in between.",
        how: "Measures each answer from connecting to its last byte, without resolving the name. \
              Expected: each percentile named by `slow` is within its limit over the window. The \
              first visit takes `min_samples` measurements if the request changes nothing; fewer are \
              unknown.",
        fix: "See which phase takes the time: connecting (a full queue, a long way), the first byte \
              (the service works), the transfer (large answers). Begin with the largest.",
        sources: &["Google, Site Reliability Engineering, chapter 6 (latency as a golden signal)"],
    },
    judge,
);

fn judge(http: &Http, seen: &Evidence) -> Vec<Item> {
    let limits: Vec<_> = http.slow.set().collect();
    if limits.is_empty() {
        return vec![Item::skip(&seen.subject, "the settings set no limit (`slow`)")];
    }
    let items = limits.into_iter().map(|(name, percent, limit)| {
        window::slower_than(name, &seen.window, percent, limit.0, http.min_samples)
            .replay(&seen.replay)
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        contract::{Confidence, Memory, Obstacle, Outcome, Sample},
        http::{
            expect,
            tests::{evidence, settings},
        },
    };

    fn outcomes(slow: &Value, latencies: &[u64]) -> Vec<Outcome> {
        let memory = Memory::default();
        for &ms in latencies {
            let latency = Some(Duration::from_millis(ms));
            memory.record("requests", SystemTime::UNIX_EPOCH, Sample { latency, ok: true });
        }
        let mut seen = evidence(Ok(expect::answer(200, &[], "")));
        seen.window = memory.summary("requests");
        let items = judge(&settings(json!({"slow": slow})), &seen);
        items.iter().map(|item| item.outcome).collect()
    }

    #[test]
    fn each_percentile_has_its_own_limit() {
        let latencies: Vec<u64> = (1..=100).collect();
        let slow = json!({"p50": "50ms", "p95": "94ms", "p99": "99ms"});
        let fail = Outcome::Fail(Confidence::Firm);
        assert_eq!(outcomes(&slow, &latencies), [Outcome::Pass, fail, Outcome::Pass]);
    }

    #[test]
    fn without_a_limit_or_measurements_nothing_passes() {
        assert_eq!(outcomes(&json!({}), &[1; 10]), [Outcome::Skip]);
        let too_few = Outcome::Unknown(Obstacle::TooFewSamples);
        assert_eq!(outcomes(&json!({"p95": "1s"}), &[1; 4]), [too_few]);
    }
}
