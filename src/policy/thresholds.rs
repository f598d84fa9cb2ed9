//! When a target is fit for what.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use gonogo_probes::contract::{Check, Dimension, Impact};
use schemars::JsonSchema;
use serde::Deserialize;

/// Thresholds and weights. The defaults are the design's.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The least lower score of a GO.
    pub go: f64,
    /// The least lower score of a STAGED.
    pub staged: f64,
    /// The least share of the weight that does not fail which must be known.
    pub coverage: f64,
    /// How far ahead a waiver may end.
    pub max_waiver: Duration,
    /// The checks without whose answer there is no verdict.
    pub required: Required,
    /// What an unknown check does to the verdict, besides costing score and coverage.
    pub unknown: Unknown,
    /// Impacts of which a single certain fail makes NO-GO.
    pub blocking: BTreeSet<Impact>,
    /// What a check of each impact weighs.
    pub impacts: BTreeMap<Impact, f64>,
    /// What each dimension weighs, as a factor on its checks' weights; 1 where it says nothing.
    pub dimensions: BTreeMap<Dimension, f64>,
    /// What each attestation in force weighs; 0 shows it and counts nothing.
    pub attested_weight: f64,
}

/// The checks without whose answer there is no verdict.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Required {
    /// Those whose fail would be a blocker.
    Blockers,
    /// These.
    Listed(BTreeSet<String>),
}

/// What an unknown check does to the verdict, besides costing score and coverage.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// It holds the verdict where its fail would: an unknown blocker makes UNKNOWN, and with an
    /// unknown check of high impact STAGED is the best there is.
    #[default]
    Hold,
    /// Nothing: score and coverage decide.
    Score,
}

impl Unknown {
    /// The word used in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Score => "score",
        }
    }
}

impl Policy {
    /// What an answer to this check weighs.
    pub fn weight(&self, check: &Check) -> f64 {
        let impact = self.impacts.get(&check.impact).copied().unwrap_or(0.0);
        impact * self.dimensions.get(&check.dimension).copied().unwrap_or(1.0)
    }

    /// The first moment at which a waiver that ends at `end` can be in force: before that, it was
    /// given by a clock that has been set back since.
    pub fn waives_from(&self, end: SystemTime) -> SystemTime {
        // A day counts to its end.
        const DAY: Duration = Duration::from_hours(24);
        let ahead = self.max_waiver.saturating_add(DAY);
        end.checked_sub(ahead).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Whether there is no verdict without an answer to this check.
    pub fn requires(&self, check: &Check) -> bool {
        match &self.required {
            Required::Blockers => check.impact == Impact::Blocker,
            Required::Listed(ids) => ids.contains(check.id),
        }
    }

    /// Whether this check is required by its name: an experiment that was never made then counts as an
    /// answer that is missing.
    pub fn names(&self, check: &Check) -> bool {
        matches!(&self.required, Required::Listed(ids) if ids.contains(check.id))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            go: 0.85,
            staged: 0.60,
            coverage: 0.90,
            max_waiver: Duration::from_hours(90 * 24),
            required: Required::Blockers,
            unknown: Unknown::default(),
            blocking: BTreeSet::from([Impact::Blocker]),
            // OpenSSF Scorecard's weights for critical, high, medium and low.
            impacts: BTreeMap::from([
                (Impact::Blocker, 10.0),
                (Impact::High, 7.5),
                (Impact::Medium, 5.0),
                (Impact::Low, 2.5),
            ]),
            dimensions: BTreeMap::new(),
            attested_weight: 0.0,
        }
    }
}
