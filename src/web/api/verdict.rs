//! The verdict on one target, for gates: 200 whatever the verdict, because a gate takes another status
//! for a fault of gonogo's.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{Site, complaint, json};
use crate::{
    assessment::{Assessment, Rulings, assess},
    export::json::{ReasonReport, ScoreReport, target},
    findings::TargetFindings,
    policy::Status,
    scorecard::Verdict,
};

/// The verdict on one target. Fields are added, never changed.
#[derive(Debug, Serialize)]
struct Answer {
    /// Always `gonogo/verdict/v1`.
    schema: &'static str,
    target: String,
    verdict: Verdict,
    /// Whether the verdict is `go`.
    go: bool,
    score: ScoreReport,
    coverage: f64,
    /// What is deployed; `null` where that is not known.
    revision: Option<String>,
    reasons: Vec<Reason>,
    /// How many checks have each status.
    counts: BTreeMap<&'static str, usize>,
    /// Whether every probe that visits by itself has done so lately, and all answers are from visits
    /// that began after the revision was first seen.
    fresh: bool,
    /// The page with all that is known.
    report: String,
}

#[derive(Debug, Serialize)]
struct Reason {
    rule: &'static str,
    checks: Vec<&'static str>,
    /// The reason as a clause for people.
    text: String,
    /// What only a gate asks, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(in crate::web) struct Asked {
    revision: Option<String>,
}

pub(in crate::web) async fn verdict(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else {
        let text = "the query is not understood; `revision` may be given once";
        return complaint(StatusCode::BAD_REQUEST, text.to_owned());
    };
    if !site.board.is_ready() {
        let text = "gonogo is starting or stopping";
        return complaint(StatusCode::SERVICE_UNAVAILABLE, text.to_owned());
    }
    match site.wanted(&name) {
        Ok(known) => {
            let link = site.links.absolute(&site.links.target(&name));
            let (rulings, now) = (site.board.rulings(), site.board.clock.now());
            let wanted = asked.revision.as_deref();
            json(StatusCode::OK, &answer(&known, &rulings, now, wanted, link))
        }
        Err(problem) => complaint(StatusCode::NOT_FOUND, problem),
    }
}

fn answer(
    known: &TargetFindings,
    rulings: &Rulings,
    now: SystemTime,
    wanted: Option<&str>,
    report: String,
) -> Answer {
    let assessment = assess(known, rulings, now);
    let told = target(&assessment);
    let outdated = outdated(&assessment, now);
    let objection = wanted.and_then(|wanted| objection(known, wanted, &outdated));
    let verdict = if objection.is_some() { Verdict::Unknown } else { told.verdict };
    let reasons = match objection {
        Some(objection) => vec![objection],
        None => told.reasons.into_iter().map(Reason::from).collect(),
    };
    let counts = Status::WORDS.map(|word| (word, assessment.count(word)));
    Answer {
        schema: "gonogo/verdict/v1",
        target: told.name,
        verdict,
        go: verdict == Verdict::Go,
        score: told.score,
        coverage: told.coverage,
        revision: told.revision.map(|revision| revision.value),
        reasons,
        counts: BTreeMap::from(counts),
        fresh: outdated.is_empty(),
        report,
    }
}

/// Why the findings say nothing about the revision that a gate asks for. A GO from before a
/// deployment must not let the deployment pass, and a NO-GO must not stop it.
fn objection(known: &TargetFindings, wanted: &str, outdated: &[&str]) -> Option<Reason> {
    let (rule, because) = match &known.revision {
        None => {
            let because = "no revision has been seen; see `revision` in the target's configuration";
            ("revision_unknown", because.to_owned())
        }
        Some(seen) if seen.value != wanted => {
            ("revision_differs", format!("the revision seen is {}", seen.value))
        }
        Some(_) if !outdated.is_empty() => {
            let probes = outdated.join(", ");
            (
                "revision_not_visited",
                format!("no visit since the revision was first seen: {probes}"),
            )
        }
        Some(_) => return None,
    };
    Some(Reason { rule, checks: Vec::new(), text: because.clone(), because: Some(because) })
}

/// The probes whose answers are about the past: never made, too old, or from a visit that began before
/// the deployment was seen. A probe that visits on demand only is not expected to have been asked, but
/// what it answered is about one revision like any other answer.
fn outdated<'a>(assessment: &Assessment<'a>, now: SystemTime) -> Vec<&'a str> {
    let deployed = assessment.target.revision.as_ref().map(|revision| revision.first_seen);
    let probes = assessment.target.probes.iter();
    probes
        .filter(|probe| {
            if probe.visited.is_none() {
                return probe.interval.is_some();
            }
            let before = deployed.is_some_and(|first_seen| !probe.tells_of(first_seen));
            before || probe.stale(now).is_some()
        })
        .map(|probe| &*probe.name)
        .collect()
}

impl From<ReasonReport> for Reason {
    fn from(reason: ReasonReport) -> Self {
        let (rule, text) = (reason.rule.as_str(), reason.text);
        Self { rule, checks: reason.checks, text, because: None }
    }
}

#[cfg(test)]
mod tests {
    use gonogo_probes::contract::Item;

    use super::*;
    use crate::{
        findings::Findings,
        testing::{DOOR, at, door, expected, report, visit, visited},
    };

    fn asked(revision: Option<(&str, u64)>, wanted: Option<&str>, now: u64) -> Answer {
        let findings = visited(Item::pass("", "shut"));
        if let Some((value, seen)) = revision {
            findings.record_revision(door("shop"), value.to_owned(), at(seen));
        }
        let snapshot = findings.snapshot();
        answer(&snapshot.targets[0], &Rulings::default(), at(now), wanted, String::new())
    }

    #[test]
    fn a_go_reads_like_this() {
        insta::assert_json_snapshot!(asked(Some(("77aa01c", 90)), Some("77aa01c"), 120));
    }

    #[test]
    fn another_revision_than_the_one_seen_is_unknown() {
        let answer = asked(Some(("77aa01c", 90)), Some("9f3c2e1"), 120);
        assert_eq!((answer.verdict, answer.go), (Verdict::Unknown, false));
        assert_eq!(answer.reasons[0].rule, "revision_differs");
        let answer = asked(None, Some("9f3c2e1"), 120);
        assert_eq!(answer.reasons[0].rule, "revision_unknown");
    }

    #[test]
    fn a_go_from_before_the_deployment_lets_no_deployment_pass() {
        let answer = asked(Some(("9f3c2e1", 110)), Some("9f3c2e1"), 120);
        assert_eq!((answer.verdict, answer.fresh), (Verdict::Unknown, false));
        assert_eq!(answer.reasons[0].rule, "revision_not_visited");
    }

    #[test]
    fn a_visit_that_was_under_way_when_the_deployment_was_seen_is_about_the_one_before() {
        for (seen, rule) in [(99, "all_clear"), (100, "revision_not_visited")] {
            let answer = asked(Some(("9f3c2e1", seen)), Some("9f3c2e1"), 120);
            assert_eq!(answer.reasons[0].rule, rule, "{seen}");
        }
    }

    #[test]
    fn what_was_asked_on_demand_before_the_deployment_is_not_about_it() {
        let mut on_demand = expected("shop");
        on_demand.probes[0].interval = None;
        let rule = |visited: Option<u64>| {
            let findings = Findings::default();
            findings.expect(std::slice::from_ref(&on_demand));
            findings.record_revision(door("shop"), "9f3c2e1".to_owned(), at(100));
            if let Some(began) = visited {
                let report = report(&DOOR, vec![Item::pass("", "shut")]);
                findings.record(door("shop"), visit(began), report);
            }
            let snapshot = findings.snapshot();
            let target = &snapshot.targets[0];
            let answer =
                answer(target, &Rulings::default(), at(120), Some("9f3c2e1"), String::new());
            answer.reasons[0].rule
        };
        assert_eq!(rule(Some(99)), "revision_not_visited");
        assert_eq!(rule(Some(100)), "all_clear");
        assert_eq!(rule(None), "required_unknown");
    }

    #[test]
    fn whoever_names_no_revision_hears_whether_the_verdict_is_fresh() {
        let answer = asked(Some(("9f3c2e1", 110)), None, 120);
        assert_eq!((answer.verdict, answer.fresh), (Verdict::Go, false));
        let stale = asked(None, None, 1000);
        assert_eq!((stale.verdict, stale.fresh), (Verdict::Unknown, false));
    }
}
