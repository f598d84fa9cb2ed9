//! Statuses and sums → a verdict with its reasons. Gates first, number second.

use std::cmp::Reverse;

use gonogo_probes::contract::{Check, Confidence, Impact};

use super::{Reason, RuleName, Verdict, sums::Sums};
use crate::policy::{Policy, Status, Unknown};

/// The verdict on these checks. `measured` sums up what was seen, `low` is the lower score.
pub(super) fn decide(
    lines: &[(&'static Check, Status)],
    measured: &Sums,
    low: f64,
    policy: &Policy,
) -> (Verdict, Vec<Reason>) {
    let having = |rule, wanted: &dyn Fn(&Check, Status) -> bool| reason(lines, rule, wanted);
    let held = |status| policy.unknown == Unknown::Hold && is_unknown(status);
    let blocks = |check: &Check| policy.blocking.contains(&check.impact);

    let failed =
        having(RuleName::BlockerFailed, &|check, status| blocks(check) && is_certain_fail(status));
    if !failed.checks.is_empty() {
        return (Verdict::NoGo, vec![failed]);
    }

    let seen = |wanted: fn(Status) -> bool| lines.iter().any(|(_, status)| wanted(*status));
    let passed = seen(|status| status == Status::Pass);
    let nothing = Reason { rule: RuleName::NothingKnown, checks: Vec::new() };
    if !passed && !seen(is_certain_fail) && !seen(is_open) {
        return (Verdict::Unknown, vec![nothing]);
    }
    let required = having(RuleName::RequiredUnknown, &|check, status| {
        policy.requires(check) && is_unknown(status)
    });
    let hidden = having(RuleName::BlockerUnknown, &|check, status| {
        blocks(check) && held(status) && !policy.requires(check)
    });
    let mut reasons: Vec<Reason> =
        [required, hidden].into_iter().filter(|reason| !reason.checks.is_empty()).collect();
    if measured.known_of_sound() < policy.coverage {
        reasons.push(having(RuleName::CoverageLow, &|_, status| is_open(status)));
    }
    if reasons.is_empty() && !passed && !seen(is_certain_fail) {
        reasons.push(nothing);
    }
    if !reasons.is_empty() {
        return (Verdict::Unknown, reasons);
    }

    let highs = having(RuleName::HighFailed, &|check, status| {
        check.impact >= Impact::High && is_certain_fail(status)
    });
    let unseen = having(RuleName::HighUnknown, &|check, status| {
        check.impact >= Impact::High && held(status)
    });
    let mut reasons: Vec<Reason> =
        [highs, unseen].into_iter().filter(|reason| !reason.checks.is_empty()).collect();
    if passed && reasons.is_empty() && low >= policy.go {
        return (Verdict::Go, vec![Reason { rule: RuleName::AllClear, checks: Vec::new() }]);
    }
    let is_staged = passed && low >= policy.staged;
    if !is_staged || low < policy.go {
        reasons.push(having(RuleName::ScoreLow, &|_, status| {
            matches!(status, Status::Fail(_)) || is_open(status)
        }));
    }
    (if is_staged { Verdict::Staged } else { Verdict::NoGo }, reasons)
}

/// A reason with the checks that are so, worst first.
fn reason(
    lines: &[(&'static Check, Status)],
    rule: RuleName,
    wanted: &dyn Fn(&Check, Status) -> bool,
) -> Reason {
    let wanted = lines.iter().filter(|(check, status)| wanted(check, *status));
    let mut checks: Vec<&'static Check> = wanted.map(|(check, _)| *check).collect();
    checks.sort_by_key(|check| (Reverse(check.impact), check.id));
    checks.dedup_by_key(|check| check.id);
    Reason { rule, checks: checks.into_iter().map(|check| check.id).collect() }
}

/// A fail that may block. A tentative one shows, and counts as unknown.
fn is_certain_fail(status: Status) -> bool {
    matches!(status, Status::Fail(Confidence::Firm | Confidence::Confirmed))
}

fn is_unknown(status: Status) -> bool {
    matches!(status, Status::Unknown(_))
}

/// Whether the answer is still open. A tentative fail lowers what is known, and holds nothing back.
fn is_open(status: Status) -> bool {
    is_unknown(status) || matches!(status, Status::Fail(Confidence::Tentative))
}
