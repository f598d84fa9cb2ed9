//! A person's statement about what no probe can see.

use std::time::SystemTime;

/// An attestation: shown apart from what was measured, and marked as such.
#[derive(Clone, Debug, PartialEq)]
pub struct Attestation {
    /// The target it is about; `None` for every target.
    pub target: Option<String>,
    /// What is stated.
    pub statement: String,
    /// The part of the scorecard it would count against, in the operator's words.
    pub dimension: String,
    /// How good it is said to be, from 0 to 10.
    pub score: f64,
    /// Who says so.
    pub by: String,
    /// The moment from which it is worth nothing any more.
    pub until: SystemTime,
}

impl Attestation {
    /// Whether it is about this target and still worth something.
    pub fn holds(&self, target: &str, now: SystemTime) -> bool {
        now < self.until && self.target.as_deref().is_none_or(|wanted| wanted == target)
    }
}
