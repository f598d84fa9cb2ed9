//! What a visit comes to.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Check, Footprint, Obstacle, Obstructed, Reading, Timeline};

/// All that one visit came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// An answer to every check of the probe, in declared order.
    pub findings: Vec<Finding>,
    /// The numbers the evidence carried; none if there was no evidence.
    pub readings: Vec<GaugeReadings>,
    /// What was seen, for a person to read; none if there was no evidence.
    pub facts: Vec<Fact>,
    /// What happened when, for a person to see.
    pub timeline: Option<Timeline>,
    /// Why there is no evidence, where there is none.
    pub obstructed: Option<Obstructed>,
}

/// The values of one gauge.
#[derive(Clone, Debug, PartialEq)]
pub struct GaugeReadings {
    /// The gauge's name, without the `gonogo_` prefix.
    pub name: &'static str,
    /// One entry a set of labels.
    pub readings: Vec<Reading>,
    /// How many there were besides.
    pub left_out: usize,
}

/// Something seen on a visit that is neither right nor wrong: a row of the table a person reads.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Fact {
    /// The group of rows it stands in: "certificate", "readiness".
    pub topic: Cow<'static, str>,
    /// What it is: "expires".
    pub name: Cow<'static, str>,
    /// What was seen: "2027-02-01, in 72 days".
    pub value: String,
}

impl Fact {
    /// A row of the table.
    pub fn new(
        topic: impl Into<Cow<'static, str>>,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        Self { topic: topic.into(), name: name.into(), value: value.into() }
    }
}

/// The answer to one check, for one target and probe.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was asked.
    pub check: &'static Check,
    /// The worst of the items' outcomes.
    pub outcome: Outcome,
    /// One entry a subject; never empty. The worst of them, if there are many.
    pub items: Vec<Item>,
    /// The items that are not kept.
    pub rest: Rest,
    /// Whether this visit was too mild to ask. What a visit that did ask has found then still holds.
    pub not_asked: bool,
}

impl Finding {
    /// The finding that `items` make: as bad as the worst of them, and `unknown` if there are none.
    #[must_use]
    pub fn of(check: &'static Check, mut items: Vec<Item>) -> Self {
        if items.is_empty() {
            items.push(Item::unknown(
                "",
                &Obstacle::Panicked.because("the check gave no answer; this is a bug in gonogo"),
            ));
        }
        let outcome = items.iter().map(|item| item.outcome).max_by_key(|o| o.badness()).unwrap_or(
            // Not reached: there is at least one item.
            Outcome::Unknown(Obstacle::Panicked),
        );
        Self { check, outcome, items, rest: Rest::default(), not_asked: false }
    }

    /// The finding of a visit that may not do what the check needs.
    pub fn not_asked(check: &'static Check, needed: Footprint) -> Self {
        let needed = needed.as_str();
        let reason = format!(
            "made on demand, and never asked: it needs `allow: [{needed}]` and an experiment"
        );
        Self { not_asked: true, ..Self::of(check, vec![Item::skip("", reason)]) }
    }
}

/// Items that were counted and not kept, none of them worse than those that were.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, schemars::JsonSchema, Serialize,
)]
pub struct Rest {
    /// How many of them fail.
    pub fail: usize,
    /// How many could not be judged.
    pub unknown: usize,
    /// How many pass.
    pub pass: usize,
    /// To how many the question does not apply.
    pub skip: usize,
}

impl Rest {
    /// Counts one more.
    pub fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Fail(_) => &mut self.fail,
            Outcome::Unknown(_) => &mut self.unknown,
            Outcome::Pass => &mut self.pass,
            Outcome::Skip => &mut self.skip,
        } += 1;
    }

    /// How many there are.
    #[must_use]
    pub const fn total(self) -> usize {
        self.fail + self.unknown + self.pass + self.skip
    }
}

/// One subject within a finding: an endpoint, an origin, a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Item {
    /// What was looked at: a path, a host, "leaf certificate". Empty where the target itself is meant.
    pub subject: String,
    /// The answer for this subject.
    pub outcome: Outcome,
    /// What was seen (or, for `skip`, the reason; for `unknown`, what was in the way), as a
    /// lower-case fragment without a full stop.
    pub seen: String,
    /// A command that shows the same thing again, where there is one. Secrets in it are names of
    /// environment variables.
    pub replay: Option<String>,
}

impl Item {
    /// The subject is as it should be.
    pub fn pass(subject: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(subject.into(), Outcome::Pass, seen.into())
    }

    /// The subject has the fault the check names.
    pub fn fail(
        confidence: Confidence,
        subject: impl Into<String>,
        seen: impl Into<String>,
    ) -> Self {
        Self::new(subject.into(), Outcome::Fail(confidence), seen.into())
    }

    /// Nobody can say.
    pub fn unknown(subject: impl Into<String>, obstructed: &Obstructed) -> Self {
        let outcome = Outcome::Unknown(obstructed.obstacle);
        Self::new(subject.into(), outcome, obstructed.detail.clone())
    }

    /// The question does not arise, for a reason that was declared or seen, never for an error.
    pub fn skip(subject: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(subject.into(), Outcome::Skip, reason.into())
    }

    /// The same, with a command that shows it again.
    #[must_use]
    pub fn replay(mut self, command: impl Into<String>) -> Self {
        self.replay = Some(command.into());
        self
    }

    fn new(subject: String, outcome: Outcome, seen: String) -> Self {
        Self { subject, outcome, seen, replay: None }
    }
}

/// The answer to a check.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Outcome {
    /// The target is as it should be.
    Pass,
    /// The target has the fault the check names.
    Fail(Confidence),
    /// Nobody can say. Never counted as a pass.
    Unknown(Obstacle),
    /// The check asks about something this target does not have.
    Skip,
}

impl Outcome {
    /// The word used in labels and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::Unknown(_) => "unknown",
            Self::Skip => "skip",
        }
    }

    /// Orders outcomes of items: the finding takes the largest.
    #[must_use]
    pub const fn badness(self) -> u8 {
        match self {
            Self::Skip => 0,
            Self::Pass => 1,
            Self::Unknown(_) => 2,
            Self::Fail(Confidence::Tentative) => 3,
            Self::Fail(Confidence::Firm) => 4,
            Self::Fail(Confidence::Confirmed) => 5,
        }
    }
}

/// How sure a fail is.
#[derive(
    Clone,
    Copy,
    Debug,
    serde::Deserialize,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A heuristic says so. It shows, and never blocks and never pages.
    Tentative,
    /// Seen directly, or with one control.
    Firm,
    /// Seen with a positive and a negative control, or beyond doubt by its nature.
    Confirmed,
}

impl Confidence {
    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tentative => "tentative",
            Self::Firm => "firm",
            Self::Confirmed => "confirmed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Dimension, Impact, Settles};

    const CHECK: Check = Check {
        id: "x-y",
        fault: "y",
        impact: Impact::Low,
        dimension: Dimension::Data,
        settles: Settles::AtOnce,
        why: "",
        how: "",
        fix: "",
        sources: &[],
    };
    static STATIC_CHECK: Check = CHECK;

    #[test]
    fn a_finding_is_as_bad_as_its_worst_item() {
        let unknown = Item::unknown("b", &Obstacle::Timeout.because("no answer"));
        let of = |items: Vec<Item>| Finding::of(&STATIC_CHECK, items).outcome;
        assert_eq!(of(vec![Item::pass("a", ""), Item::skip("c", "")]), Outcome::Pass);
        assert_eq!(
            of(vec![Item::pass("a", ""), unknown.clone()]),
            Outcome::Unknown(Obstacle::Timeout)
        );
        assert_eq!(
            of(vec![unknown, Item::fail(Confidence::Firm, "c", "")]),
            Outcome::Fail(Confidence::Firm)
        );
        assert_eq!(of(vec![Item::skip("c", "")]), Outcome::Skip);
    }

    #[test]
    fn no_answer_is_unknown() {
        let finding = Finding::of(&STATIC_CHECK, Vec::new());
        assert_eq!(finding.outcome, Outcome::Unknown(Obstacle::Panicked));
        assert_eq!(finding.items.len(), 1);
    }
}
