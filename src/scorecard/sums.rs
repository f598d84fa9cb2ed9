//! Weights by what is known of them, and the scores they make.

use gonogo_probes::contract::Confidence;
use serde::Serialize;

use crate::policy::Status;

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

/// Weights by what is known of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    passed: f64,
    failed: f64,
    unknown: f64,
    /// Known, and counted neither for nor against.
    waived: f64,
}

impl Sums {
    pub(super) fn add(&mut self, status: Status, weight: f64) {
        match status {
            Status::Pass => self.passed += weight,
            Status::Fail(Confidence::Firm | Confidence::Confirmed) => self.failed += weight,
            Status::Fail(Confidence::Tentative) | Status::Unknown(_) => self.unknown += weight,
            Status::Waived => self.waived += weight,
            Status::Skip => {}
        }
    }

    /// The same with a statement that scores from 0 to 1.
    pub(super) fn stated(mut self, score: f64, weight: f64) -> Self {
        self.passed += weight * score;
        self.failed += weight * (1.0 - score);
        self
    }

    /// Whether there is anything to be scored.
    pub(super) fn count(&self) -> bool {
        self.passed + self.failed + self.unknown > 0.0
    }

    pub(super) fn score(&self) -> Score {
        let all = self.passed + self.failed + self.unknown;
        Score {
            low: ratio(self.passed, all),
            known: ratio(self.passed, self.passed + self.failed),
            high: ratio(self.passed + self.unknown, all),
        }
    }

    pub(super) fn coverage(&self) -> f64 {
        let known = self.passed + self.failed + self.waived;
        ratio(known, known + self.unknown)
    }

    /// Coverage as the gate reads it: how much of what does not fail is known.
    ///
    /// Over everything, one more fail would raise the coverage, and could turn UNKNOWN into GO. Where
    /// everything fails, all is known.
    pub(super) fn known_of_sound(&self) -> f64 {
        let sound = self.passed + self.unknown;
        if sound <= 0.0 && self.failed > 0.0 { 1.0 } else { ratio(self.passed, sound) }
    }
}

/// Nothing of nothing is nothing: where no answer counts, no score is good.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
