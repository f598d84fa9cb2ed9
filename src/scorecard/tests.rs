//! Single cases, and properties of any findings under any policy.

use std::collections::BTreeSet;

use gonogo_probes::contract::{Confidence, Obstacle, Settles};
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::policy::{Required, Unknown};

const fn check(id: &'static str, impact: Impact, dimension: Dimension) -> Check {
    Check {
        id,
        fault: "",
        impact,
        dimension,
        settles: Settles::AtOnce,
        why: "",
        how: "",
        fix: "",
        sources: &[],
    }
}

static CHECKS: [Check; 8] = [
    check("a-blocker", Impact::Blocker, Dimension::Security),
    check("b-blocker", Impact::Blocker, Dimension::Transport),
    check("a-high", Impact::High, Dimension::Security),
    check("b-high", Impact::High, Dimension::Resilience),
    check("a-medium", Impact::Medium, Dimension::Security),
    check("b-medium", Impact::Medium, Dimension::Data),
    check("a-low", Impact::Low, Dimension::Transport),
    check("b-low", Impact::Low, Dimension::Performance),
];
const FAIL: Status = Status::Fail(Confidence::Confirmed);
const UNKNOWN: Status = Status::Unknown(Obstacle::Timeout);

fn card(lines: &[(usize, Status)]) -> Scorecard {
    let lines: Vec<_> = lines.iter().map(|&(i, status)| (&CHECKS[i], status)).collect();
    weigh(&lines, &[], &Policy::default())
}

fn all_but(changed: &[(usize, Status)]) -> Scorecard {
    let mut lines: Vec<_> = (0..CHECKS.len()).map(|i| (i, Status::Pass)).collect();
    for &(i, status) in changed {
        lines[i].1 = status;
    }
    card(&lines)
}

fn rules(card: &Scorecard) -> Vec<&'static str> {
    card.reasons.iter().map(|reason| reason.rule.as_str()).collect()
}

#[test]
fn everything_passing_is_a_go() {
    let card = all_but(&[]);
    assert_eq!((card.verdict, card.coverage), (Verdict::Go, 1.0));
    assert_eq!(card.score, Score { low: 1.0, known: 1.0, high: 1.0 });
}

#[test]
fn nothing_at_all_is_unknown() {
    assert_eq!(card(&[]).verdict, Verdict::Unknown);
    assert_eq!(card(&[(0, Status::Skip), (4, Status::Waived)]).verdict, Verdict::Unknown);
    assert_eq!(rules(&card(&[])), ["nothing_known"]);
}

#[test]
fn no_score_outvotes_a_blocker() {
    let card = all_but(&[(0, FAIL), (1, UNKNOWN)]);
    assert_eq!(card.verdict, Verdict::NoGo);
    assert_eq!(card.reasons[0].checks, ["a-blocker"]);
}

#[test]
fn a_required_check_that_is_unknown_leaves_the_verdict_open() {
    let card = all_but(&[(1, UNKNOWN)]);
    assert_eq!(card.verdict, Verdict::Unknown);
    assert_eq!(rules(&card), ["required_unknown", "coverage_low"]);
}

/// As [`all_but`], with eight times as many passes, so that little unknown is enough known.
fn many_but(changed: &[(usize, Status)], policy: &Policy) -> Scorecard {
    let mut lines = vec![Status::Pass; 8 * CHECKS.len()];
    for &(i, status) in changed {
        lines[i] = status;
    }
    let lines: Vec<_> =
        lines.into_iter().enumerate().map(|(i, s)| (&CHECKS[i % CHECKS.len()], s)).collect();
    weigh(&lines, &[], policy)
}

#[test]
fn a_high_that_was_not_seen_is_staged_at_best() {
    let card = many_but(&[(2, UNKNOWN)], &Policy::default());
    assert_eq!((card.verdict, rules(&card)), (Verdict::Staged, vec!["high_unknown"]));
    assert_eq!(card.reasons[0].shown(), "not seen: a-high");
}

#[test]
fn a_blocker_that_was_not_seen_is_unknown_whatever_is_required() {
    let listed = |ids: &[&str]| Policy {
        required: Required::Listed(ids.iter().map(|id| (*id).to_owned()).collect()),
        ..Policy::default()
    };
    let rule = |changed: &[(usize, Status)], policy: &Policy| {
        let card = many_but(changed, policy);
        (card.verdict, rules(&card))
    };
    let unknown = |rule| (Verdict::Unknown, vec![rule]);
    assert_eq!(rule(&[(0, UNKNOWN)], &Policy::default()), unknown("required_unknown"));
    assert_eq!(rule(&[(0, UNKNOWN)], &listed(&[])), unknown("blocker_unknown"));
    assert_eq!(rule(&[(6, UNKNOWN)], &listed(&["a-low"])), unknown("required_unknown"));
    assert_eq!(rule(&[(6, UNKNOWN)], &listed(&[])).0, Verdict::Go);
}

#[test]
fn the_policy_may_let_the_score_decide_on_what_was_not_seen() {
    let policy = Policy {
        unknown: Unknown::Score,
        required: Required::Listed(BTreeSet::new()),
        ..Policy::default()
    };
    assert_eq!(many_but(&[(0, UNKNOWN), (2, UNKNOWN)], &policy).verdict, Verdict::Go);
    assert_eq!(all_but(&[(0, UNKNOWN), (2, UNKNOWN)]).verdict, Verdict::Unknown);
}

#[test]
fn what_a_person_states_does_not_make_up_for_what_was_not_seen() {
    let policy = Policy { attested_weight: 1000.0, ..Policy::default() };
    let lines = [(&CHECKS[4], Status::Pass), (&CHECKS[5], UNKNOWN)];
    let card = weigh(&lines, &[1.0; 9], &policy);
    assert_eq!((card.verdict, card.coverage), (Verdict::Unknown, 0.5));
    assert_eq!(weigh(&[], &[1.0], &policy).verdict, Verdict::Unknown);
}

#[test]
fn only_fails_are_no_go() {
    let card = card(&[(4, FAIL), (5, FAIL)]);
    assert_eq!((card.verdict, rules(&card)), (Verdict::NoGo, vec!["score_low"]));
}

#[test]
fn a_high_fail_is_staged() {
    let card = all_but(&[(2, FAIL)]);
    assert_eq!((card.verdict, rules(&card)), (Verdict::Staged, vec!["high_failed"]));
}

#[test]
fn a_low_fail_costs_score_and_never_blocks() {
    let card = all_but(&[(6, FAIL)]);
    assert_eq!(card.verdict, Verdict::Go);
    assert!(card.score.low < 1.0);
}

#[test]
fn a_score_below_staged_is_a_no_go() {
    let card = all_but(&[(2, FAIL), (3, FAIL), (4, FAIL), (5, FAIL)]);
    assert_eq!((card.verdict, rules(&card)), (Verdict::NoGo, vec!["high_failed", "score_low"]));
}

#[test]
fn a_tentative_fail_never_blocks_and_never_counts_as_known() {
    let tentative = Status::Fail(Confidence::Tentative);
    let card = all_but(&[(6, tentative)]);
    assert_eq!(card.verdict, Verdict::Go);
    assert!(card.coverage < 1.0);
    // Among few it is too much that is not known, among many it only shows.
    assert_eq!(rules(&all_but(&[(0, tentative)])), ["coverage_low"]);
    for check in [0, 2] {
        assert_eq!(many_but(&[(check, tentative)], &Policy::default()).verdict, Verdict::Go);
    }
}

#[test]
fn dimensions_weigh_what_the_policy_says() {
    let mut policy = Policy::default();
    policy.dimensions.insert(Dimension::Performance, 0.0);
    let lines = [(&CHECKS[0], Status::Pass), (&CHECKS[7], FAIL)];
    assert!((weigh(&lines, &[], &policy).score.low - 1.0).abs() < f64::EPSILON);
}

#[test]
fn attestations_count_only_if_the_policy_says_so() {
    let lines = [(&CHECKS[4], Status::Pass)];
    let low = |attested_weight| {
        let policy = Policy { attested_weight, ..Policy::default() };
        weigh(&lines, &[0.0], &policy).score.low
    };
    assert!((low(0.0) - 1.0).abs() < f64::EPSILON);
    assert!((low(5.0) - 0.5).abs() < f64::EPSILON);
}

#[test]
fn the_policy_says_which_impacts_block() {
    let mut policy = Policy::default();
    policy.blocking.insert(Impact::High);
    let lines: Vec<_> = CHECKS
        .iter()
        .map(|check| (check, if check.id == "a-high" { FAIL } else { Status::Pass }))
        .collect();
    assert_eq!(weigh(&lines, &[], &policy).verdict, Verdict::NoGo);
}

/// How far a verdict lets a release through. NO-GO and UNKNOWN both stop it.
fn reach(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Go => 2,
        Verdict::Staged => 1,
        Verdict::NoGo | Verdict::Unknown => 0,
    }
}

fn improved(before: &Scorecard, after: &Scorecard) -> bool {
    const ROUNDING: f64 = 1e-9;
    reach(after.verdict) > reach(before.verdict)
        || after.score.low > before.score.low + ROUNDING
        || after.score.known > before.score.known + ROUNDING
        || after.score.high > before.score.high + ROUNDING
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        6 => Just(Status::Pass),
        1 => Just(FAIL),
        1 => Just(Status::Fail(Confidence::Firm)),
        1 => Just(Status::Fail(Confidence::Tentative)),
        1 => Just(UNKNOWN),
        1 => Just(Status::Waived),
        1 => Just(Status::Skip),
    ]
}

fn lines() -> impl Strategy<Value = Vec<(usize, Status)>> {
    vec((0..CHECKS.len(), status()), 0..40)
}

/// Any policy, however lax.
fn policy() -> impl Strategy<Value = Policy> {
    let share = || prop_oneof![1 => Just(0.0), 4 => 0.0..1.0_f64];
    let impacts = proptest::sample::subsequence(Impact::ALL.to_vec(), 0..=Impact::ALL.len());
    let ids: Vec<_> = CHECKS.iter().map(|check| check.id.to_owned()).collect();
    let required = prop_oneof![
        Just(Required::Blockers),
        proptest::sample::subsequence(ids, 0..=CHECKS.len())
            .prop_map(|ids| Required::Listed(ids.into_iter().collect())),
    ];
    (share(), share(), share(), impacts, required, any::<bool>(), 0.0..20.0_f64).prop_map(
        |(go, staged, coverage, blocking, required, is_default, attested_weight)| {
            if is_default {
                return Policy::default();
            }
            let (go, staged) = (go.max(staged), go.min(staged));
            let blocking = blocking.into_iter().collect();
            let usual = Policy::default();
            Policy { go, staged, coverage, required, blocking, attested_weight, ..usual }
        },
    )
}

fn by(policy: &Policy, lines: &[(usize, Status)]) -> Scorecard {
    let lines: Vec<_> = lines.iter().map(|&(i, status)| (&CHECKS[i], status)).collect();
    weigh(&lines, &[1.0, 0.3], policy)
}

/// One of the lines that are so.
fn one(
    lines: &[(usize, Status)],
    at: prop::sample::Index,
    wanted: impl Fn(Status) -> bool,
) -> Option<usize> {
    let wanted: Vec<usize> = (0..lines.len()).filter(|&i| wanted(lines[i].1)).collect();
    (!wanted.is_empty()).then(|| wanted[at.index(wanted.len())])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_further_fail_improves_nothing(
        lines in lines(), which in 0..CHECKS.len(), policy in policy(),
    ) {
        let mut more = lines.clone();
        more.push((which, FAIL));
        let (before, after) = (by(&policy, &lines), by(&policy, &more));
        prop_assert!(!improved(&before, &after), "{before:?}\n{after:?}");
    }

    #[test]
    fn a_worse_answer_improves_nothing(
        lines in lines(), at in any::<prop::sample::Index>(), policy in policy(),
    ) {
        let at = one(&lines, at, |status| status == Status::Pass);
        prop_assume!(at.is_some());
        for worse in [FAIL, UNKNOWN, Status::Fail(Confidence::Tentative)] {
            let mut changed = lines.clone();
            changed[at.unwrap_or_default()].1 = worse;
            let (before, after) = (by(&policy, &lines), by(&policy, &changed));
            prop_assert!(!improved(&before, &after), "{worse:?} {before:?}\n{after:?}");
        }
    }

    #[test]
    fn what_is_not_seen_is_never_better_than_its_fail(
        lines in lines(), at in any::<prop::sample::Index>(), policy in policy(),
    ) {
        let certain = |status| matches!(status, FAIL | Status::Fail(Confidence::Firm));
        let at = one(&lines, at, certain);
        prop_assume!(at.is_some());
        let mut unseen = lines.clone();
        unseen[at.unwrap_or_default()].1 = UNKNOWN;
        let (fail, unseen) = (by(&policy, &lines), by(&policy, &unseen));
        prop_assert!(reach(unseen.verdict) <= reach(fail.verdict), "{fail:?}\n{unseen:?}");
    }

    #[test]
    fn nothing_goes_without_a_pass(lines in lines(), policy in policy()) {
        let lines: Vec<_> = lines.into_iter().filter(|(_, s)| *s != Status::Pass).collect();
        prop_assert_eq!(reach(by(&policy, &lines).verdict), 0);
    }

    #[test]
    fn a_waiver_takes_out_its_own_check_and_changes_nothing_else(
        lines in lines(), at in any::<prop::sample::Index>(), policy in policy(),
    ) {
        let at = one(&lines, at, |status| matches!(status, Status::Fail(_)));
        prop_assume!(at.is_some());
        let at = at.unwrap_or_default();
        let mut without = lines.clone();
        without.remove(at);
        let mut waived = lines;
        waived[at].1 = Status::Waived;
        let (waived, without) = (by(&policy, &waived), by(&policy, &without));
        prop_assert_eq!(waived.verdict, without.verdict);
        prop_assert_eq!(waived.reasons, without.reasons);
        for (a, b) in [
            (waived.score.low, without.score.low),
            (waived.score.known, without.score.known),
            (waived.score.high, without.score.high),
        ] {
            prop_assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn every_verdict_has_a_reason(lines in lines(), policy in policy()) {
        let card = by(&policy, &lines);
        prop_assert!(!card.reasons.is_empty(), "{:?}", card.verdict);
    }

    #[test]
    fn bounds_hold(lines in lines()) {
        let Scorecard { score, coverage, .. } = card(&lines);
        prop_assert!(score.low <= score.high);
        prop_assert!(score.low <= score.known + 1e-9);
        for number in [score.low, score.known, score.high, coverage] {
            prop_assert!((0.0..=1.0).contains(&number));
        }
    }
}
