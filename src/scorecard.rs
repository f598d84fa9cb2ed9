//! Statuses and policy → score, coverage, verdict with its reasons. Pure.
//!
//! Gates first, number second: a score never outvotes a blocker, and what is not known is never
//! counted as good. For any set of findings (the tests below hold these):
//!
//! - a further fail, or a fail in place of a pass, improves neither score nor verdict;
//! - an unknown in place of a pass improves neither;
//! - a waiver changes nothing but its own check's part, and an expired one nothing at all.

use gonogo_probes::contract::{Check, Confidence, Dimension, Impact};
use serde::{Deserialize, Serialize};

use crate::policy::{Policy, Status};

/// What a target's findings come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorecard {
    /// Fit for use?
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Over all dimensions.
    pub score: Score,
    /// The share of the applicable weight whose answer is known, from 0 to 1.
    pub coverage: f64,
    /// The same for each dimension, in the order of [`Dimension::ALL`]; `None` where nothing counts
    /// against it, because no check applies or all that do are waived.
    pub dimensions: [Option<Score>; Dimension::ALL.len()],
    /// How many checks of each impact have each status.
    pub counts: Counts,
}

/// How many checks of each impact have each status.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts([[usize; Status::WORDS.len()]; Impact::ALL.len()]);

impl Counts {
    /// The number for an impact and a status word.
    pub fn of(&self, impact: Impact, word: &str) -> usize {
        let place = Status::WORDS.iter().position(|known| *known == word);
        place.map_or(0, |place| self.0[impact as usize][place])
    }

    /// For an impact, the numbers in the order of [`Status::WORDS`].
    pub fn row(&self, impact: Impact) -> &[usize; Status::WORDS.len()] {
        &self.0[impact as usize]
    }
}

/// A score between two bounds, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score {
    /// If everything unknown were a fail.
    pub low: f64,
    /// Over what is known.
    pub known: f64,
    /// If everything unknown were a pass.
    pub high: f64,
}

/// Whether a target is fit for use.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fit.
    Go,
    /// Fit for a canary or a staged rollout, with the failing checks as its conditions.
    Staged,
    /// Not fit.
    NoGo,
    /// Nobody can say.
    Unknown,
}

impl Verdict {
    /// Every verdict, best first.
    pub const ALL: [Self; 4] = [Self::Go, Self::Staged, Self::NoGo, Self::Unknown];

    /// The verdict that stands for several: NO-GO beats UNKNOWN, which beats STAGED and GO. Of none,
    /// nobody can say.
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let badness = |verdict: &Self| match verdict {
            Self::Go => 0,
            Self::Staged => 1,
            Self::Unknown => 2,
            Self::NoGo => 3,
        };
        verdicts.into_iter().max_by_key(badness).unwrap_or(Self::Unknown)
    }

    /// The word used in labels and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Staged => "staged",
            Self::NoGo => "no_go",
            Self::Unknown => "unknown",
        }
    }

    /// The word shown to people.
    pub const fn shown(self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::Staged => "STAGED",
            Self::NoGo => "NO-GO",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// A rule that decided, and the checks it decided by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reason {
    /// Which rule.
    pub rule: RuleName,
    /// The checks it is about, worst first; empty where the number decided.
    pub checks: Vec<&'static str>,
}

/// The rules of the verdict.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleName {
    /// A blocker fails.
    BlockerFailed,
    /// Nothing that counts has been answered.
    NothingKnown,
    /// A check without whose answer there is no verdict is unknown.
    RequiredUnknown,
    /// Too little is known.
    CoverageLow,
    /// A check of high impact, or a blocker that the policy lets not block, fails.
    HighFailed,
    /// The lower score is below the threshold of the next better verdict.
    ScoreLow,
    /// Nothing stands in the way.
    AllClear,
}

impl RuleName {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BlockerFailed => "blocker_failed",
            Self::NothingKnown => "nothing_known",
            Self::RequiredUnknown => "required_unknown",
            Self::CoverageLow => "coverage_low",
            Self::HighFailed => "high_failed",
            Self::ScoreLow => "score_low",
            Self::AllClear => "all_clear",
        }
    }

    /// The rule as a clause for people.
    pub const fn shown(self) -> &'static str {
        match self {
            Self::BlockerFailed => "a blocker fails",
            Self::NothingKnown => "nothing is known yet",
            Self::RequiredUnknown => "a required answer is missing",
            Self::CoverageLow => "too little is known",
            Self::HighFailed => "a check of high impact fails",
            Self::ScoreLow => "the score is too low",
            Self::AllClear => "nothing stands in the way",
        }
    }
}

/// Weighs statuses by policy. `attested` are the scores, from 0 to 1, of the attestations in force.
pub fn weigh(lines: &[(&'static Check, Status)], attested: &[f64], policy: &Policy) -> Scorecard {
    let mut total = Sums::default();
    let mut dimensions = [None::<Sums>; Dimension::ALL.len()];
    let mut counts = Counts::default();
    for &(check, status) in lines {
        let weight = policy.weight(check);
        total.add(status, weight);
        if status != Status::Skip {
            let sums = &mut dimensions[check.dimension as usize];
            sums.get_or_insert_default().add(status, weight);
        }
        counts.0[check.impact as usize][status.place()] += 1;
    }
    for score in attested {
        total.passed += policy.attested_weight * score;
        total.failed += policy.attested_weight * (1.0 - score);
    }
    let (verdict, reasons) = decide(lines, &total, policy);
    Scorecard {
        verdict,
        reasons,
        score: total.score(),
        coverage: total.coverage(),
        dimensions: dimensions.map(|sums| sums.filter(Sums::count).map(|sums| sums.score())),
        counts,
    }
}

fn decide(
    lines: &[(&'static Check, Status)],
    total: &Sums,
    policy: &Policy,
) -> (Verdict, Vec<Reason>) {
    let having = |rule, wanted: &dyn Fn(&Check, Status) -> bool| {
        let mut checks: Vec<&'static Check> = lines
            .iter()
            .filter(|(check, status)| wanted(check, *status))
            .map(|(check, _)| *check)
            .collect();
        checks.sort_by_key(|check| (std::cmp::Reverse(check.impact), check.id));
        checks.dedup_by_key(|check| check.id);
        Reason { rule, checks: checks.into_iter().map(|check| check.id).collect() }
    };
    let blockers = having(RuleName::BlockerFailed, &|check, status| {
        policy.blocking.contains(&check.impact) && is_certain_fail(status)
    });
    if !blockers.checks.is_empty() {
        return (Verdict::NoGo, vec![blockers]);
    }
    if total.passed + total.unknown <= 0.0 && total.failed <= 0.0 {
        return (Verdict::Unknown, vec![having(RuleName::NothingKnown, &|_, _| false)]);
    }
    let missing = having(RuleName::RequiredUnknown, &|check, status| {
        policy.requires(check) && is_open(status)
    });
    let open = having(RuleName::CoverageLow, &|_, status| is_open(status));
    let reasons: Vec<Reason> = [
        (!missing.checks.is_empty()).then_some(missing),
        (total.known_of_sound() < policy.coverage).then_some(open),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !reasons.is_empty() {
        return (Verdict::Unknown, reasons);
    }
    let highs = having(RuleName::HighFailed, &|check, status| {
        check.impact >= Impact::High && is_certain_fail(status)
    });
    let low = total.score().low;
    let against = having(RuleName::ScoreLow, &|_, status| {
        matches!(status, Status::Fail(_)) || is_open(status)
    });
    if highs.checks.is_empty() && low >= policy.go {
        return (Verdict::Go, vec![Reason { rule: RuleName::AllClear, checks: Vec::new() }]);
    }
    let mut reasons = Vec::new();
    if !highs.checks.is_empty() {
        reasons.push(highs);
    }
    if low >= policy.staged {
        if low < policy.go {
            reasons.push(against);
        }
        return (Verdict::Staged, reasons);
    }
    reasons.push(against);
    (Verdict::NoGo, reasons)
}

/// A fail that may block. A tentative one shows, and counts as unknown.
fn is_certain_fail(status: Status) -> bool {
    matches!(status, Status::Fail(Confidence::Firm | Confidence::Confirmed))
}

/// Whether the answer is still open.
fn is_open(status: Status) -> bool {
    matches!(status, Status::Unknown(_) | Status::Fail(Confidence::Tentative))
}

/// Weights by what is known of them.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    passed: f64,
    failed: f64,
    unknown: f64,
    /// Known, and counted neither for nor against.
    waived: f64,
}

impl Sums {
    fn add(&mut self, status: Status, weight: f64) {
        match status {
            Status::Pass => self.passed += weight,
            Status::Fail(Confidence::Firm | Confidence::Confirmed) => self.failed += weight,
            Status::Fail(Confidence::Tentative) | Status::Unknown(_) => self.unknown += weight,
            Status::Waived => self.waived += weight,
            Status::Skip => {}
        }
    }

    /// Whether there is anything to be scored.
    fn count(&self) -> bool {
        self.passed + self.failed + self.unknown > 0.0
    }

    fn score(&self) -> Score {
        let all = self.passed + self.failed + self.unknown;
        Score {
            low: ratio(self.passed, all),
            known: ratio(self.passed, self.passed + self.failed),
            high: ratio(self.passed + self.unknown, all),
        }
    }

    fn coverage(&self) -> f64 {
        let known = self.passed + self.failed + self.waived;
        ratio(known, known + self.unknown)
    }

    /// Coverage as the gate reads it: how much of what does not fail is known.
    ///
    /// Over everything, one more fail would raise the coverage, and could turn UNKNOWN into GO.
    fn known_of_sound(&self) -> f64 {
        ratio(self.passed, self.passed + self.unknown)
    }
}

/// Nothing of nothing is nothing: where no answer counts, no score is good.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use gonogo_probes::contract::{Obstacle, Settles};
    use proptest::{collection::vec, prelude::*};

    use super::*;

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
        assert_eq!(all_but(&[(0, tentative)]).verdict, Verdict::Unknown);
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_further_fail_improves_nothing(lines in lines(), which in 0..CHECKS.len()) {
            let mut more = lines.clone();
            more.push((which, FAIL));
            let (before, after) = (card(&lines), card(&more));
            // Where nothing counted before, every score was nought, and stays so.
            let nothing = before.reasons[0].rule == RuleName::NothingKnown;
            prop_assert!(!improved(&before, &after), "{before:?}\n{after:?}");
            prop_assert!(!nothing || reach(after.verdict) == 0);
        }

        #[test]
        fn a_worse_answer_improves_nothing(lines in lines(), at in any::<prop::sample::Index>()) {
            prop_assume!(lines.iter().any(|(_, status)| *status == Status::Pass));
            let passes: Vec<usize> =
                (0..lines.len()).filter(|&i| lines[i].1 == Status::Pass).collect();
            let at = passes[at.index(passes.len())];
            for worse in [FAIL, UNKNOWN, Status::Fail(Confidence::Tentative)] {
                let mut changed = lines.clone();
                changed[at].1 = worse;
                prop_assert!(!improved(&card(&lines), &card(&changed)), "{worse:?}");
            }
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
}
