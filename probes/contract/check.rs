//! Declaring a check.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Item, Probe};

/// A question about a target that has a right answer.
///
/// A check is declared once, as a constant beside the function that judges it. Metric labels,
/// `explain`, the check pages, the probe's README, the alert rules and the JSON Schema are rendered
/// from that declaration, so none of them can disagree with it.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Names the check for ever: the probe's name, a hyphen, the fault in kebab case. Never renamed,
    /// never reused; it reads well in "waive *tls-certificate-expired*".
    pub id: &'static str,
    /// The fault, as a clause without a full stop: "the certificate has expired".
    pub fault: &'static str,
    /// How bad a fail is.
    pub impact: Impact,
    /// The part of the scorecard a fail counts against.
    pub dimension: Dimension,
    /// When a changed answer is believed.
    pub settles: Settles,
    /// What happens, and to whom, if the fault is left alone.
    pub why: &'static str,
    /// What is sent, and what is expected.
    pub how: &'static str,
    /// What the reader should do about it, first things first.
    pub fix: &'static str,
    /// Standards and measured facts the check rests on: "RFC 9110 section 15.6.4".
    pub sources: &'static [&'static str],
}

impl Check {
    /// Whether the id is `probe`, a hyphen, and a kebab-case rest.
    pub(super) const fn belongs_to(&self, probe: &str) -> bool {
        let (id, probe) = (self.id.as_bytes(), probe.as_bytes());
        let mut i = 0;
        while i < id.len() {
            let expected = if i < probe.len() {
                id[i] == probe[i]
            } else if i == probe.len() {
                id[i] == b'-'
            } else {
                id[i].is_ascii_lowercase() || id[i].is_ascii_digit() || id[i] == b'-'
            };
            if !expected {
                return false;
            }
            i += 1;
        }
        i > probe.len() + 1 && id[i - 1] != b'-'
    }
}

/// A check, with the function that decides it.
pub struct Rule<P: Probe> {
    /// What is asked.
    pub check: Check,
    /// The mildest visit that can answer. Where a check needs more than a visit may do, it is skipped
    /// with what would have to be allowed.
    pub footprint: Footprint,
    pub(super) applies: Applies<P>,
    pub(super) judge: Judge<P>,
}

/// Says why a check does not apply under these settings, as a lower-case fragment, if they say so.
type Applies<P> = fn(&P, &'static Check) -> Result<(), String>;

/// Decides the answer from the settings and the evidence alone: no clock, no network, no state.
///
/// One item a subject. A check that does not apply answers one [`Item::skip`] with the reason; an empty
/// answer is a bug and reads `unknown`.
type Judge<P> = fn(&P, &<P as Probe>::Evidence) -> Vec<Item>;

impl<P: Probe> Rule<P> {
    /// A check that every visit can answer and whose settings never switch it off.
    #[must_use]
    pub const fn new(check: Check, judge: Judge<P>) -> Self {
        Self { check, footprint: Footprint::Passive, applies: |_, _| Ok(()), judge }
    }

    /// The same, unless the settings say that it does not apply.
    #[must_use]
    pub const fn applies(mut self, applies: Applies<P>) -> Self {
        self.applies = applies;
        self
    }

    /// The same, for visits that may do at least this to the target.
    #[must_use]
    pub const fn needs(mut self, footprint: Footprint) -> Self {
        self.footprint = footprint;
        self
    }

    /// The answer, from settings and evidence. For tests of judgements.
    #[must_use]
    pub fn judge(&self, probe: &P, evidence: &P::Evidence) -> Vec<Item> {
        (self.judge)(probe, evidence)
    }
}

impl<P: Probe> fmt::Debug for Rule<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("check", &self.check).finish_non_exhaustive()
    }
}

/// How bad a fail is.
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Worth mending; costs score and never blocks.
    Low,
    /// Somebody will be hurt by it sooner or later.
    Medium,
    /// Not fit for general use: a canary at most.
    High,
    /// Not fit for anybody: no score outvotes it.
    Blocker,
}

impl Impact {
    /// Every impact, worst first.
    pub const ALL: [Self; 4] = [Self::Blocker, Self::High, Self::Medium, Self::Low];

    /// The word used in labels, reports and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Blocker => "blocker",
        }
    }
}

/// The part of the scorecard a fail counts against.
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Does it keep out those it should?
    Security,
    /// Is what travels to and from it private and authentic?
    Transport,
    /// Does it answer, and keep answering while parts of it fail or are replaced?
    Resilience,
    /// Would its operators see trouble coming?
    Observability,
    /// Is what it stores safe and current?
    Data,
    /// Is it fast enough?
    Performance,
}

impl Dimension {
    /// Every dimension, in the order reports list them.
    pub const ALL: [Self; 6] = [
        Self::Security,
        Self::Transport,
        Self::Resilience,
        Self::Observability,
        Self::Data,
        Self::Performance,
    ];

    /// The word used in labels, reports and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Transport => "transport",
            Self::Resilience => "resilience",
            Self::Observability => "observability",
            Self::Data => "data",
            Self::Performance => "performance",
        }
    }
}

/// When a changed answer is believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settles {
    /// The same question always has the same answer: a change counts at once.
    AtOnce,
    /// Noisy by nature (latency, load): a change counts when two of the last three visits agree.
    TwoOfThree,
}

/// What a probe does to the target.
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Footprint {
    /// Asks for what any client may ask for.
    Passive,
    /// Sends what a well-behaved client would not, such as a foreign origin; changes nothing.
    Active,
    /// Sends bursts. Runs only where the target's configuration allows it.
    Load,
    /// Takes something down or changes state. Runs only where the target's configuration allows it.
    Disruptive,
}

impl Footprint {
    /// The word used in configuration and prose.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passive => "passive",
            Self::Active => "active",
            Self::Load => "load",
            Self::Disruptive => "disruptive",
        }
    }
}
