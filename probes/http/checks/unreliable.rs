//! A service that answers now and then cannot be relied on.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles},
    http::{Evidence, Http, evidence::Success, expect::Answer},
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
        how: "Counts the requests of the window, the last 120, that were answered and met every \
              expectation; what could not be judged, such as a body over the limit, counts as neither. \
              Fails once the lower bound of the share of failures (Wilson, 95 %) exceeds what `success` \
              allows (1 % unless set), or tentatively while it may be a single failure. Passes with \
              none in the last 20, or with a share that `success` allows. Fewer than `min_samples` are \
              unknown where `success` is set.",
        fix: "See whether the failures have something in common: one instance, one address, one time \
              of day. Behind a balancer, ask the instances one by one.",
        sources: &[
            "Google, Site Reliability Engineering, chapter 4 (service level objectives)",
            "Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927)",
        ],
    },
    |http, seen| vec![item(http, seen)],
);

fn item(http: &Http, seen: &Evidence) -> Item {
    let subject = &seen.subject;
    let Success { judged, failed, since_failure } = seen.success;
    match &seen.answer {
        // Nobody listens: `http-unreachable` tells, and how often it answers is another question.
        Err(obstructed) if obstructed.obstacle == Obstacle::Refused => {
            return Item::unknown(subject, obstructed);
        }
        Err(obstructed) if judged == 0 => return Item::unknown(subject, obstructed),
        Ok(Answer { cut: Some(cut), .. }) if judged < http.min_samples => {
            return Item::unknown(subject, cut);
        }
        _ => {}
    }
    let least = if http.success.is_some() { http.min_samples } else { 1 };
    if judged < least {
        return Item::unknown(subject, &window::too_few(judged, least));
    }
    let wanted = http.success.unwrap_or(OBJECTIVE);
    let ok = judged - failed;
    let mut words =
        format!("{ok} of {judged} requests as expected, wanted {:.1} %", wanted * 100.0);
    if failed > 0 && ok > 0 {
        words = format!("it comes and goes: {words}");
    }
    if failed == 0 || since_failure >= RECOVERED || share(ok, judged) >= wanted {
        return Item::pass(subject, format!("{ok} of {judged} requests as expected"));
    }
    // One failure of five may as well be the only one of a thousand.
    let proven = failed >= 2 && lower_bound(failed, judged) > 1.0 - wanted;
    let sure = if proven { Confidence::Firm } else { Confidence::Tentative };
    Item::fail(sure, subject, words).replay(&seen.replay)
}

#[expect(clippy::cast_precision_loss, reason = "a window holds few samples")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// The least share of failures that so many failures speak for: the lower end of Wilson's interval.
#[expect(clippy::cast_precision_loss, reason = "a window holds few samples")]
fn lower_bound(failed: usize, judged: usize) -> f64 {
    let (n, p, z) = (judged as f64, share(failed, judged), Z);
    let centre = p + z * z / (2.0 * n);
    let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    (centre - spread) / (1.0 + z * z / n)
}

/// The share of requests that must be answered as expected, where the settings do not say.
const OBJECTIVE: f64 = 0.99;

/// So many requests in a row that were answered as expected put an end to it.
const RECOVERED: usize = 20;

/// Of a two-sided interval of 95 %.
const Z: f64 = 1.96;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        contract::Outcome,
        http::{
            expect,
            tests::{evidence, settings},
        },
    };

    fn judged(settings_of: Value, ok: usize, failed: usize, since_failure: usize) -> Outcome {
        let mut seen = evidence(Ok(expect::answer(200, &[], "")));
        seen.success = Success { judged: ok + failed, failed, since_failure };
        item(&settings(settings_of), &seen).outcome
    }

    fn outcome(ok: usize, failed: usize) -> Outcome {
        judged(json!({"success": 0.95}), ok, failed, 0)
    }

    const FIRM: Outcome = Outcome::Fail(Confidence::Firm);
    const TENTATIVE: Outcome = Outcome::Fail(Confidence::Tentative);

    #[test]
    fn a_share_that_is_allowed_passes_and_one_that_is_certainly_not_fails() {
        assert_eq!(outcome(95, 5), Outcome::Pass);
        assert_eq!(outcome(94, 6), TENTATIVE);
        assert_eq!(outcome(88, 12), FIRM);
        assert_eq!(outcome(5, 0), Outcome::Pass);
        assert_eq!(outcome(0, 5), FIRM);
    }

    #[test]
    fn a_service_that_fails_every_other_request_fails_whatever_came_last() {
        for since_failure in [0, 1] {
            assert_eq!(judged(json!({}), 5, 5, since_failure), FIRM);
            assert_eq!(judged(json!({}), 60, 60, since_failure), FIRM);
        }
    }

    #[test]
    fn a_service_that_has_recovered_passes() {
        assert_eq!(judged(json!({}), 60, 60, 19), FIRM);
        assert_eq!(judged(json!({}), 60, 60, 20), Outcome::Pass);
    }

    #[test]
    fn one_failure_of_few_is_shown_and_does_not_block() {
        assert_eq!(outcome(4, 1), TENTATIVE);
        assert_eq!(outcome(3, 2), FIRM);
        assert_eq!(outcome(19, 1), Outcome::Pass);
        assert_eq!(judged(json!({}), 4, 1, 0), TENTATIVE);
    }

    #[test]
    fn too_few_requests_are_unknown_where_a_share_is_wanted() {
        assert_eq!(outcome(4, 0), Outcome::Unknown(Obstacle::TooFewSamples));
        assert_eq!(outcome(0, 0), Outcome::Unknown(Obstacle::TooFewSamples));
        assert_eq!(judged(json!({}), 1, 0, 1), Outcome::Pass);
        assert_eq!(judged(json!({}), 0, 0, 0), Outcome::Unknown(Obstacle::TooFewSamples));
    }

    #[test]
    fn what_cannot_be_judged_is_unknown_and_a_refusal_is_told_elsewhere() {
        let cut = Some(Obstacle::OverBudget.because("the body is larger than 1 MiB"));
        let answer = Answer { cut, ..expect::answer(200, &[], "") };
        let seen = evidence(Ok(answer));
        assert_eq!(
            item(&settings(json!({})), &seen).outcome,
            Outcome::Unknown(Obstacle::OverBudget)
        );
        let mut seen = evidence(Err(Obstacle::Refused.because("refused")));
        seen.success = Success { judged: 9, failed: 9, since_failure: 0 };
        assert_eq!(item(&settings(json!({})), &seen).outcome, Outcome::Unknown(Obstacle::Refused));
    }

    #[test]
    fn the_bound_is_wilsons() {
        assert!((lower_bound(5, 10) - 0.2366).abs() < 1e-3);
        assert!((lower_bound(0, 10)).abs() < 1e-9);
    }
}
