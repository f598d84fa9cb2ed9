//! Assessments → the JSON report. It is a contract: fields are added, never changed.

use std::{collections::BTreeMap, time::SystemTime};

use gonogo_probes::contract::{Confidence, Dimension, Fact, Impact, Item, Obstacle, Outcome, Rest};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    assessment::{Assessment, Line, unused},
    causes::{Cause, causes},
    export::timeline::TimelineReport,
    policy::{Status, Waiver},
    scorecard::{RuleName, Score, Verdict},
};

/// Names the format.
pub const SCHEMA: &str = "gonogo/report/v1";

/// Everything known about the targets at one moment.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Report {
    /// Always `gonogo/report/v1`.
    pub schema: &'static str,
    /// When the report was made: RFC 3339, UTC.
    pub at: String,
    /// The version of gonogo that made it.
    pub version: &'static str,
    /// The worst of the targets' verdicts: `no_go`, then `unknown`, `staged`, `go`.
    pub verdict: Verdict,
    /// In the order of the configuration.
    pub targets: Vec<TargetReport>,
    /// The waivers that cover nothing on the targets reported.
    pub unused_waivers: Vec<UnusedWaiver>,
}

/// Everything known about one target.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct TargetReport {
    /// Its name.
    pub name: String,
    /// Where its users find it.
    pub url: String,
    /// Labels of the operator.
    pub labels: BTreeMap<String, String>,
    /// Whether it is fit for use.
    pub verdict: Verdict,
    /// Since when it has had this verdict: RFC 3339, UTC; `null` where that is not known.
    pub since: Option<String>,
    /// How much of the target was asked, where a run was made with `--probe` or `--check`; `null`
    /// where everything was: a verdict on a part says nothing about the rest.
    pub part: Option<PartReport>,
    /// The rules that decided.
    pub reasons: Vec<ReasonReport>,
    /// Over all dimensions, from 0 to 1.
    pub score: ScoreReport,
    /// Share of the applicable weight whose answer is known, from 0 to 1.
    pub coverage: f64,
    /// The score of each dimension that some applicable check counts against.
    pub dimensions: BTreeMap<Dimension, ScoreReport>,
    /// What is deployed there; `null` where that is not known.
    pub revision: Option<RevisionReport>,
    /// One entry a check and probe, in the order of the configuration.
    pub findings: Vec<FindingReport>,
    /// What unknown answers wait for, what most of them wait for first.
    pub causes: Vec<CauseReport>,
    /// What a person stated, apart from what was measured.
    pub attestations: Vec<AttestationReport>,
    /// What was seen, whether or not it is right, by probe.
    pub facts: BTreeMap<String, Vec<FactReport>>,
    /// What happened when during the last visit that had a timeline, by probe.
    pub timelines: BTreeMap<String, TimelineReport>,
}

/// How much of a target was asked.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Serialize)]
pub struct PartReport {
    /// So many checks were asked,
    pub asked: usize,
    /// of so many that apply to the target's probes.
    pub of: usize,
}

/// A rule that decided.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct ReasonReport {
    /// Which rule.
    pub rule: RuleName,
    /// The checks it decided by, worst first; empty where the number decided.
    pub checks: Vec<&'static str>,
    /// The reason as a clause for people.
    pub text: String,
}

/// A score between two bounds, each from 0 to 1.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Serialize)]
pub struct ScoreReport {
    /// If everything unknown were a fail.
    pub low: f64,
    /// Over what is known.
    pub known: f64,
    /// If everything unknown were a pass.
    pub high: f64,
}

/// What is deployed.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct RevisionReport {
    /// As the target tells it.
    pub value: String,
    /// When it was first seen: RFC 3339, UTC.
    pub first_seen: String,
}

/// The answer to one check through one probe.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct FindingReport {
    /// The probe's name on the target.
    pub probe: String,
    /// The check.
    pub check: &'static str,
    /// How bad a fail is.
    pub impact: Impact,
    /// The part of the scorecard it counts against.
    pub dimension: Dimension,
    /// `pass`, `fail`, `waived`, `unknown` or `skip`.
    pub status: &'static str,
    /// How sure a fail is; `null` for other statuses.
    pub confidence: Option<Confidence>,
    /// What was in the way; `null` unless the status is `unknown`.
    pub obstacle: Option<Obstacle>,
    /// Since when the answer has been the same: RFC 3339, UTC; `null` before the first visit.
    pub since: Option<String>,
    /// One entry a subject; the worst of them, if there are more than 100.
    pub items: Vec<ItemReport>,
    /// How many items there are besides, by status.
    pub rest: Rest,
    /// The waiver in force; the one that ends first, if several cover the items; `null` unless the
    /// status is `waived`.
    pub waiver: Option<WaiverReport>,
    /// Every waiver that covers something of the finding, whatever its status.
    pub waivers: Vec<WaiverReport>,
}

/// What unknown answers wait for.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct CauseReport {
    /// The failing check that is behind it; `null` where none is.
    pub check: Option<&'static str>,
    /// What was met.
    pub obstacle: Obstacle,
    /// What was in the way.
    pub seen: String,
    /// The answers that wait for it.
    pub findings: Vec<Waiting>,
}

/// An answer that waits.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Waiting {
    /// The probe's name on the target.
    pub probe: String,
    /// The check.
    pub check: &'static str,
}

/// A waiver that covers nothing.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct UnusedWaiver {
    /// The check it names.
    pub check: String,
    /// The target it names; `null` for all.
    pub target: Option<String>,
    /// The waiver.
    #[serde(flatten)]
    pub waiver: WaiverReport,
}

/// The answer for one subject.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct ItemReport {
    /// What was looked at; empty where the target itself is meant.
    pub subject: String,
    /// `pass`, `fail`, `unknown` or `skip`; `waived` for a fail that a waiver names by its subject.
    pub status: &'static str,
    /// What was seen, or for `skip` the reason, or for `unknown` what was in the way.
    pub seen: String,
    /// Since when this subject has had this answer: RFC 3339, UTC; `null` before the first visit.
    pub since: Option<String>,
    /// A command that shows the same thing again; `null` where there is none.
    pub replay: Option<String>,
}

/// A waiver in force.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct WaiverReport {
    /// The item it covers; `null` for the whole check.
    pub subject: Option<String>,
    /// Why the fail is accepted.
    pub reason: String,
    /// Who answers for that.
    pub owner: String,
    /// Where it is tracked.
    pub ticket: Option<String>,
    /// When it ends: RFC 3339, UTC.
    pub expires: String,
}

/// What a person stated.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct AttestationReport {
    /// What is stated.
    pub statement: String,
    /// The part of the scorecard it is about.
    pub dimension: String,
    /// From 0 to 10.
    pub score: f64,
    /// Who says so.
    pub by: String,
    /// When it ends: RFC 3339, UTC.
    pub until: String,
}

/// Something seen.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct FactReport {
    /// The group it belongs to.
    pub topic: String,
    /// What it is.
    pub name: String,
    /// What was seen.
    pub value: String,
}

/// Reports the assessments made at `at`.
pub fn report(assessments: &[Assessment<'_>], at: SystemTime) -> Report {
    let targets: Vec<TargetReport> = assessments.iter().map(target).collect();
    Report {
        schema: SCHEMA,
        at: rfc3339(at),
        version: crate::telemetry::VERSION,
        verdict: Verdict::worst(targets.iter().map(|target| target.verdict)),
        targets,
        unused_waivers: unused(assessments)
            .into_iter()
            .map(|waiver| UnusedWaiver {
                check: waiver.check.clone(),
                target: waiver.target.clone(),
                waiver: waiver.into(),
            })
            .collect(),
    }
}

/// Reports one assessment.
pub fn target(assessment: &Assessment<'_>) -> TargetReport {
    let findings = assessment.target;
    let card = &assessment.card;
    let dimensions = Dimension::ALL.into_iter().zip(card.dimensions);
    TargetReport {
        name: findings.target.name.clone(),
        url: findings.target.url.to_string(),
        labels: findings.target.labels.clone(),
        verdict: card.verdict,
        since: findings
            .standing
            .filter(|standing| standing.verdict == card.verdict)
            .map(|standing| rfc3339(standing.since)),
        part: assessment.part.map(|part| PartReport { asked: part.asked, of: part.of }),
        reasons: card
            .reasons
            .iter()
            .map(|reason| ReasonReport {
                rule: reason.rule,
                checks: reason.checks.clone(),
                text: reason.shown(),
            })
            .collect(),
        score: card.score.into(),
        coverage: rounded(card.coverage),
        dimensions: dimensions.filter_map(|(name, score)| Some((name, score?.into()))).collect(),
        revision: findings.revision.as_ref().map(|revision| RevisionReport {
            value: revision.value.clone(),
            first_seen: rfc3339(revision.first_seen),
        }),
        findings: assessment.lines.iter().map(finding).collect(),
        causes: causes(assessment).into_iter().map(CauseReport::from).collect(),
        attestations: assessment
            .attestations
            .iter()
            .map(|said| AttestationReport {
                statement: said.statement.clone(),
                dimension: said.dimension.clone(),
                score: said.score,
                by: said.by.clone(),
                until: rfc3339(said.until),
            })
            .collect(),
        facts: findings
            .probes
            .iter()
            .filter(|probe| !probe.facts.is_empty())
            .map(|probe| {
                (probe.name.to_string(), probe.facts.iter().map(FactReport::from).collect())
            })
            .collect(),
        timelines: findings
            .probes
            .iter()
            .filter_map(|probe| {
                Some((probe.name.to_string(), TimelineReport::from(probe.timeline.as_deref()?)))
            })
            .collect(),
    }
}

fn finding(line: &Line<'_>) -> FindingReport {
    FindingReport {
        probe: line.probe.name.to_string(),
        check: line.check.id,
        impact: line.check.impact,
        dimension: line.check.dimension,
        status: line.status.as_str(),
        confidence: match line.status {
            Status::Fail(confidence) => Some(confidence),
            _ => None,
        },
        obstacle: match line.status {
            Status::Unknown(obstacle) => Some(obstacle),
            _ => None,
        },
        since: line.since.map(rfc3339),
        items: line
            .items
            .iter()
            .zip(0..)
            .map(|(item, place)| ItemReport::of(item, line.beginnings.since(place), line))
            .collect(),
        rest: line.rest,
        waiver: line.waiver.map(WaiverReport::from),
        waivers: line.waivers.iter().copied().map(WaiverReport::from).collect(),
    }
}

impl From<Cause<'_>> for CauseReport {
    fn from(cause: Cause<'_>) -> Self {
        let waiting =
            |line: &&Line<'_>| Waiting { probe: line.probe.name.to_string(), check: line.check.id };
        Self {
            check: cause.check,
            obstacle: cause.obstacle,
            findings: cause.lines.iter().map(waiting).collect(),
            seen: cause.seen,
        }
    }
}

impl From<&Waiver> for WaiverReport {
    fn from(waiver: &Waiver) -> Self {
        Self {
            subject: waiver.subject.clone(),
            reason: waiver.reason.clone(),
            owner: waiver.owner.clone(),
            ticket: waiver.ticket.clone(),
            expires: rfc3339(waiver.expires),
        }
    }
}

impl ItemReport {
    fn of(item: &Item, since: Option<SystemTime>, line: &Line<'_>) -> Self {
        let is_waived = line.waiver_of(item).is_some_and(|waiver| waiver.subject.is_some());
        Self {
            subject: item.subject.clone(),
            status: if is_waived { "waived" } else { Outcome::as_str(item.outcome) },
            seen: item.seen.clone(),
            since: since.map(rfc3339),
            replay: item.replay.clone(),
        }
    }
}

impl From<&Fact> for FactReport {
    fn from(fact: &Fact) -> Self {
        Self {
            topic: fact.topic.to_string(),
            name: fact.name.to_string(),
            value: fact.value.clone(),
        }
    }
}

impl From<Score> for ScoreReport {
    fn from(score: Score) -> Self {
        let Score { low, known, high } = score;
        Self { low: rounded(low), known: rounded(known), high: rounded(high) }
    }
}

/// To four digits: what lies beyond is the order of addition. Downwards, so that no threshold reads as
/// met that was not.
fn rounded(ratio: f64) -> f64 {
    (ratio * 10_000.0 + 1e-6).floor() / 10_000.0
}

/// A moment as RFC 3339 in UTC, to the second. What is beyond the calendar is told as its end.
pub fn rfc3339(at: SystemTime) -> String {
    let beyond = || if at < SystemTime::UNIX_EPOCH { Timestamp::MIN } else { Timestamp::MAX };
    let at = Timestamp::try_from(at).unwrap_or_else(|_| beyond());
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use gonogo_probes::contract::Confidence;

    use super::*;
    use crate::{
        assessment::{Rulings, assess},
        testing::{at, visited},
    };

    #[test]
    fn a_report_reads_like_this() {
        let item = Item::fail(Confidence::Firm, "front", "wide open").replay("ls -d door");
        let findings = visited(item);
        findings.record_verdict("shop", Verdict::NoGo, at(100));
        let snapshot = findings.snapshot();
        let rulings = Rulings::default();
        let assessment = assess(&snapshot.targets[0], &rulings, at(120));
        let report = Report { version: "0.0.0", ..report(&[assessment], at(120)) };
        insta::assert_json_snapshot!(report);
    }

    #[test]
    fn a_timeline_stands_beside_the_findings_of_its_probe() {
        let findings = crate::testing::with_timeline();
        let snapshot = findings.snapshot();
        let rulings = Rulings::default();
        let report = target(&assess(&snapshot.targets[0], &rulings, at(120)));
        let report = serde_json::to_value(report).expect("JSON");
        let timeline = &report["timelines"]["door"];
        assert_eq!(timeline["began"], "1970-01-01T00:01:39Z");
        assert_eq!(timeline["seconds"], 18.0);
        let reset = serde_json::json!({
            "at": 7.45, "until": null, "tone": "bad", "label": "connection reset"
        });
        assert_eq!(timeline["lanes"][2]["moments"][2], reset);
        let schema = schemars::schema_for!(TargetReport).to_value();
        assert!(jsonschema::is_valid(&schema, &report));
    }

    #[test]
    fn no_clock_is_a_panic() {
        let at = |secs: u64| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(secs);
        assert_eq!(rfc3339(at(1_795_788_455)), "2026-11-27T14:07:35Z");
        let before = SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1);
        assert_eq!(rfc3339(before), "1969-12-31T23:59:59Z");
        assert!(rfc3339(at(i64::MAX as u64)).starts_with("9999-12-30T"));
    }

    #[test]
    fn rounding_never_lifts_a_score_over_a_threshold() {
        assert!(rounded(0.849_99) < 0.85);
        assert!((rounded(0.85) - 0.85).abs() < f64::EPSILON);
        assert!((rounded(1.0) - 1.0).abs() < f64::EPSILON);
    }
}
