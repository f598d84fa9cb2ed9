//! The verdict and its reasons: words that labels and reports are made of.

use serde::{Deserialize, Serialize};

/// Whether a target is fit for use.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Fit.
    Go,
    /// Fit for a canary or a staged rollout, with the failing checks, and those of high impact that
    /// were not seen, as its conditions.
    Staged,
    /// Not fit.
    NoGo,
    /// It cannot be told.
    Unknown,
}

impl Verdict {
    /// Every verdict, best first.
    pub const ALL: [Self; 4] = [Self::Go, Self::Staged, Self::NoGo, Self::Unknown];

    /// The verdict that stands for several: NO-GO beats UNKNOWN, which beats STAGED and GO. Of none,
    /// it is UNKNOWN.
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
    /// A check whose fail would make NO-GO is unknown.
    BlockerUnknown,
    /// Too little is known.
    CoverageLow,
    /// A check of high impact, or a blocker that the policy lets not block, fails.
    HighFailed,
    /// A check whose fail would make STAGED the best there is, is unknown.
    HighUnknown,
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
            Self::BlockerUnknown => "blocker_unknown",
            Self::CoverageLow => "coverage_low",
            Self::HighFailed => "high_failed",
            Self::HighUnknown => "high_unknown",
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
            Self::BlockerUnknown => "a blocker was not seen",
            Self::CoverageLow => "too little is known",
            Self::HighFailed => "a check of high impact fails",
            Self::HighUnknown => "not seen",
            Self::ScoreLow => "the score is too low",
            Self::AllClear => "nothing stands in the way",
        }
    }

    /// Whether the checks of the reason are worth naming: those of a number hang on nearly everything.
    pub const fn is_by_number(self) -> bool {
        matches!(self, Self::ScoreLow | Self::CoverageLow)
    }
}

impl Reason {
    /// The reason as a clause for people, with the first few checks: "not seen: tls-expired".
    pub fn shown(&self) -> String {
        let rule = self.rule.shown();
        if self.rule.is_by_number() || self.checks.is_empty() {
            return rule.to_owned();
        }
        let checks = first_few(&self.checks);
        match self.rule {
            RuleName::HighUnknown => format!("{rule}: {checks}"),
            _ => format!("{rule} ({checks})"),
        }
    }
}

/// The first four names, and how many there are besides: "a, b, c, d and 3 more".
pub fn first_few(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_verdict_stands_for_all() {
        use Verdict::{Go, NoGo, Staged, Unknown};
        assert_eq!(Verdict::worst([Go, Unknown, Staged]), Unknown);
        assert_eq!(Verdict::worst([Unknown, NoGo]), NoGo);
        assert_eq!(Verdict::worst([Go, Staged]), Staged);
        assert_eq!(Verdict::worst([]), Unknown);
    }

    #[test]
    fn a_reason_reads_like_this() {
        let shown =
            |rule, checks: &[&'static str]| Reason { rule, checks: checks.to_vec() }.shown();
        assert_eq!(shown(RuleName::HighUnknown, &["a-b", "c-d"]), "not seen: a-b, c-d");
        assert_eq!(shown(RuleName::BlockerFailed, &["a-b"]), "a blocker fails (a-b)");
        assert_eq!(shown(RuleName::CoverageLow, &["a-b"]), "too little is known");
        assert_eq!(
            shown(RuleName::HighFailed, &["a", "b", "c", "d", "e", "f"]),
            "a check of high impact fails (a, b, c, d and 2 more)"
        );
    }
}
