//! What is stored of a target's findings, and how it becomes findings again.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gonogo_probes::contract::{
    Check, Confidence, Finding, GaugeReadings, Item, Kind, Obstacle, Outcome, Reading, Rest,
};
use serde::{Deserialize, Serialize};

use crate::{
    clock::unix,
    findings::{
        Answer, Past, ProbeFindings, Restored, Revision, Standing, TargetFindings, Visited, Vote,
    },
    scorecard::Verdict,
};

/// What every version has said first.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub(super) schema: String,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct State {
    pub(super) schema: String,
    pub(super) targets: Vec<TargetState>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct TargetState {
    name: String,
    revision: Option<RevisionState>,
    standing: Option<StandingState>,
    probes: Vec<ProbeState>,
}

#[derive(Debug, Deserialize, Serialize)]
struct RevisionState {
    value: String,
    first_seen: f64,
}

#[derive(Debug, Deserialize, Serialize)]
struct StandingState {
    verdict: Verdict,
    since: f64,
    last_go: Option<f64>,
}

#[derive(Debug, Deserialize, Serialize)]
struct ProbeState {
    name: String,
    kind: String,
    identity: [u8; 32],
    /// When the last visit began; not written before there was a need.
    began_at: Option<f64>,
    /// When it ended.
    visited_at: f64,
    #[serde(default)]
    misdated: bool,
    took: f64,
    answers: Vec<AnswerState>,
    readings: Vec<ReadingsState>,
}

#[derive(Debug, Deserialize, Serialize)]
struct AnswerState {
    failing_since: Option<f64>,
    #[serde(default)]
    votes: Vec<VoteState>,
    check: String,
    since: Option<f64>,
    items: Vec<ItemState>,
    #[serde(default)]
    rest: Rest,
}

#[derive(Debug, Deserialize, Serialize)]
struct VoteState {
    word: String,
    at: f64,
}

#[derive(Debug, Deserialize, Serialize)]
struct ItemState {
    subject: String,
    #[serde(flatten)]
    outcome: OutcomeState,
    seen: String,
    replay: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum OutcomeState {
    Pass,
    Fail { confidence: Confidence },
    Unknown { obstacle: Obstacle },
    Skip,
}

#[derive(Debug, Deserialize, Serialize)]
struct ReadingsState {
    gauge: String,
    readings: Vec<Reading>,
    #[serde(default)]
    left_out: usize,
}

impl From<&TargetFindings> for TargetState {
    fn from(known: &TargetFindings) -> Self {
        Self {
            name: known.target.name.clone(),
            revision: known.revision.as_ref().map(|revision| RevisionState {
                value: revision.value.clone(),
                first_seen: unix(revision.first_seen),
            }),
            standing: known.standing.map(|standing| StandingState {
                verdict: standing.verdict,
                since: unix(standing.since),
                last_go: standing.last_go.map(unix),
            }),
            probes: known.probes.iter().filter_map(|probe| ProbeState::of(probe)).collect(),
        }
    }
}

impl ProbeState {
    fn of(known: &ProbeFindings) -> Option<Self> {
        // What was never visited has nothing to be remembered by.
        let visited = known.visited.as_ref()?;
        Some(Self {
            name: known.name.to_string(),
            kind: known.kind.name.to_owned(),
            identity: known.identity,
            began_at: Some(unix(visited.began)),
            visited_at: unix(visited.ended),
            // Seconds since 1970 cannot say when it was.
            misdated: visited.misdated || visited.ended < UNIX_EPOCH,
            took: visited.took.as_secs_f64(),
            answers: known.answers.iter().map(AnswerState::of).collect(),
            readings: known
                .readings
                .iter()
                .map(|gauge| ReadingsState {
                    gauge: gauge.name.to_owned(),
                    readings: gauge.readings.clone(),
                    left_out: gauge.left_out,
                })
                .collect(),
        })
    }

    /// What the probe had found; `None` if this version of gonogo asks other questions, so that the
    /// answers would not fit.
    fn restore(self, catalogue: &'static [Kind]) -> Option<ProbeFindings> {
        let kind = catalogue.iter().find(|kind| kind.name == self.kind)?;
        let checks = kind.checks();
        let fits = checks.len() == self.answers.len()
            && checks.iter().zip(&self.answers).all(|(check, answer)| check.id == answer.check);
        if !fits {
            return None;
        }
        let answers = checks.into_iter().zip(self.answers);
        let began_at = self.began_at.unwrap_or(self.visited_at - self.took);
        let gauges = kind.gauges();
        Some(ProbeFindings {
            name: self.name.into(),
            kind,
            identity: self.identity,
            interval: None,
            visited: Some(Visited {
                began: moment(began_at),
                ended: moment(self.visited_at),
                took: length(self.took),
                obstructed: None,
                misdated: self.misdated || told(self.visited_at).is_none(),
            }),
            answers: answers
                .map(|(check, answer)| {
                    let past = answer.past();
                    answer.restore(check).with(past)
                })
                .collect(),
            readings: self
                .readings
                .into_iter()
                .filter_map(|stored| {
                    let gauge = gauges.iter().find(|gauge| gauge.name == stored.gauge)?;
                    let ReadingsState { readings, left_out, .. } = stored;
                    Some(GaugeReadings { name: gauge.name, readings, left_out })
                })
                .collect(),
            facts: Vec::new(),
        })
    }
}

impl TargetState {
    pub(super) fn restore(self, catalogue: &'static [Kind]) -> Restored {
        Restored {
            target: self.name,
            revision: self.revision.map(|revision| Revision {
                value: revision.value,
                first_seen: moment(revision.first_seen),
            }),
            standing: self.standing.map(|standing| Standing {
                verdict: standing.verdict,
                since: moment(standing.since),
                last_go: standing.last_go.map(moment),
            }),
            probes: self
                .probes
                .into_iter()
                .filter_map(|probe| probe.restore(catalogue).map(Arc::new))
                .collect(),
        }
    }
}

impl AnswerState {
    fn of(known: &Answer) -> Self {
        Self {
            failing_since: known.past.failing_since.map(unix),
            votes: known.past.votes.iter().flatten().map(VoteState::of).collect(),
            check: known.finding.check.id.to_owned(),
            since: known.since.map(unix),
            items: known.finding.items.iter().map(ItemState::of).collect(),
            rest: known.finding.rest,
        }
    }

    fn restore(self, check: &'static Check) -> Answer {
        let items = self.items.into_iter().map(ItemState::restore).collect();
        let finding = Finding { rest: self.rest, ..Finding::of(check, items) };
        Answer::restored(finding, self.since.map(moment))
    }
}

impl AnswerState {
    fn past(&self) -> Past {
        let mut votes = [None; 2];
        for (vote, stored) in votes.iter_mut().zip(&self.votes) {
            *vote = stored.restore();
        }
        Past { failing_since: self.failing_since.map(moment), votes }
    }
}

impl VoteState {
    fn of(vote: &Vote) -> Self {
        Self { word: vote.word.to_owned(), at: unix(vote.at) }
    }

    fn restore(&self) -> Option<Vote> {
        Vote::restored(&self.word, told(self.at)?)
    }
}

impl ItemState {
    fn of(item: &Item) -> Self {
        Self {
            subject: item.subject.clone(),
            outcome: match item.outcome {
                Outcome::Pass => OutcomeState::Pass,
                Outcome::Fail(confidence) => OutcomeState::Fail { confidence },
                Outcome::Unknown(obstacle) => OutcomeState::Unknown { obstacle },
                Outcome::Skip => OutcomeState::Skip,
            },
            seen: item.seen.clone(),
            replay: item.replay.clone(),
        }
    }

    fn restore(self) -> Item {
        Item {
            subject: self.subject,
            outcome: match self.outcome {
                OutcomeState::Pass => Outcome::Pass,
                OutcomeState::Fail { confidence } => Outcome::Fail(confidence),
                OutcomeState::Unknown { obstacle } => Outcome::Unknown(obstacle),
                OutcomeState::Skip => Outcome::Skip,
            },
            seen: self.seen,
            replay: self.replay,
        }
    }
}

/// A moment, from seconds since 1970; `None` for what no clock could have told.
fn told(unix: f64) -> Option<SystemTime> {
    let since = Duration::try_from_secs_f64(unix).ok()?;
    UNIX_EPOCH.checked_add(since)
}

/// A moment that is only shown; what no clock could have told becomes 1970.
fn moment(unix: f64) -> SystemTime {
    told(unix).unwrap_or(UNIX_EPOCH)
}

fn length(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs).unwrap_or_default()
}
