//! A service that answers now and then cannot be relied on.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    http::{Evidence, Http},
    web::window,
};

pub(super) const RULE: Rule<Http> = Rule::<Http>::new(
    Check {
        id: "http-unreliable",
        fault: "too many requests are not answered as expected",
        impact: Impact::High,
        dimension: Dimension::Resilience,
        settles: Settles::TwoOfThree,
        why: "Each failure is a user's error, or a retry that loads a service in trouble still more. \
              One visit may be lucky; the window is not.",
        how: "Counts the requests of the window that were answered and met every expectation. \
              Expected: their share is at least `success`. Fewer than `min_samples` are unknown; a \
              single failure among a few is shown and does not block.",
        fix: "See whether the failures have something in common: one instance, one address, one time \
              of day. Behind a balancer, ask the instances one by one.",
        sources: &["Google, Site Reliability Engineering, chapter 4 (service level objectives)"],
    },
    |http, seen| vec![item(http, seen)],
);

fn item(http: &Http, seen: &Evidence) -> Item {
    let Some(wanted) = http.success else {
        return Item::skip(&seen.subject, "the settings set no share (`success`)");
    };
    let (ok, count) = (seen.window.ok, seen.window.count);
    let Some(share) = seen.window.success_ratio().filter(|_| count >= http.min_samples) else {
        return Item::unknown(&seen.subject, &window::too_few(count, http.min_samples));
    };
    let words = format!("{ok} of {count} requests as expected, wanted {:.1} %", wanted * 100.0);
    if share >= wanted {
        return Item::pass(&seen.subject, words);
    }
    // One failure of five is 80 %, and may as well be the only one of a thousand.
    let sure = if count - ok >= 2 { Confidence::Firm } else { Confidence::Tentative };
    Item::fail(sure, &seen.subject, words).replay(&seen.replay)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::json;

    use super::*;
    use crate::{
        contract::{Memory, Obstacle, Outcome, Sample},
        http::{
            expect,
            tests::{evidence, settings},
        },
    };

    fn outcome(ok: usize, failed: usize) -> Outcome {
        let memory = Memory::default();
        for i in 0..ok + failed {
            memory.record("requests", SystemTime::UNIX_EPOCH, Sample { latency: None, ok: i < ok });
        }
        let mut seen = evidence(Ok(expect::answer(200, &[], "")));
        seen.window = memory.summary("requests");
        item(&settings(json!({"success": 0.95})), &seen).outcome
    }

    #[test]
    fn the_share_itself_is_enough() {
        assert_eq!(outcome(95, 5), Outcome::Pass);
        assert_eq!(outcome(94, 6), Outcome::Fail(Confidence::Firm));
        assert_eq!(outcome(5, 0), Outcome::Pass);
    }

    #[test]
    fn one_failure_of_few_is_shown_and_does_not_block() {
        assert_eq!(outcome(4, 1), Outcome::Fail(Confidence::Tentative));
        assert_eq!(outcome(3, 2), Outcome::Fail(Confidence::Firm));
        assert_eq!(outcome(19, 1), Outcome::Pass);
    }

    #[test]
    fn too_few_requests_are_unknown() {
        assert_eq!(outcome(4, 0), Outcome::Unknown(Obstacle::TooFewSamples));
        assert_eq!(outcome(0, 0), Outcome::Unknown(Obstacle::TooFewSamples));
    }

    #[test]
    fn without_a_wanted_share_there_is_no_answer() {
        let seen = evidence(Ok(expect::answer(200, &[], "")));
        assert_eq!(item(&settings(json!({})), &seen).outcome, Outcome::Skip);
    }
}
