//! Statuses and policy → score, coverage, verdict with its reasons. Pure.
//!
//! Gates first, number second: a score never outvotes a blocker, and what is not known is never
//! counted as good. For any set of findings (the tests hold these):
//!
//! - a further fail, or a fail in place of a pass, improves neither score nor verdict;
//! - an unknown in place of a pass improves neither;
//! - an unknown in place of a fail never makes a better verdict than the fail does, unless the policy
//!   says `unknown: score`;
//! - without a pass there is neither GO nor STAGED;
//! - a waiver changes nothing but its own check's part, and an expired one nothing at all.

mod decide;
mod sums;
#[cfg(test)]
mod tests;
mod verdict;

use gonogo_probes::contract::{Check, Dimension, Impact};

use crate::policy::{Policy, Status};
use decide::decide;
pub use sums::Score;
use sums::Sums;
pub use verdict::{Reason, RuleName, Verdict, first_few};

/// What a target's findings come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorecard {
    /// Fit for use?
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Over all dimensions.
    pub score: Score,
    /// The share of the applicable weight whose answer is known, from 0 to 1. What a person states is
    /// no answer.
    pub coverage: f64,
    /// The score of each dimension, in the order of [`Dimension::ALL`]; `None` where nothing counts
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

/// Weighs statuses by policy. `attested` are the scores, from 0 to 1, of the attestations in force.
pub fn weigh(lines: &[(&'static Check, Status)], attested: &[f64], policy: &Policy) -> Scorecard {
    let mut measured = Sums::default();
    let mut dimensions = [None::<Sums>; Dimension::ALL.len()];
    let mut counts = Counts::default();
    for &(check, status) in lines {
        let weight = policy.weight(check);
        measured.add(status, weight);
        if status != Status::Skip {
            let sums = &mut dimensions[check.dimension as usize];
            sums.get_or_insert_default().add(status, weight);
        }
        counts.0[check.impact as usize][status.place()] += 1;
    }
    let stated = |sums: Sums, score: &f64| sums.stated(*score, policy.attested_weight);
    let score = attested.iter().fold(measured, stated).score();
    let (verdict, reasons) = decide(lines, &measured, score.low, policy);
    Scorecard {
        verdict,
        reasons,
        score,
        coverage: measured.coverage(),
        dimensions: dimensions.map(|sums| sums.filter(Sums::count).map(|sums| sums.score())),
        counts,
    }
}
