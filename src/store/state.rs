//! What is stored of a target's findings, and how it becomes findings again.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gonogo_probes::contract::{
    Check, Confidence, Finding, GaugeReadings, Item, Kind, Obstacle, Outcome, Reading, Rest, Saved,
    Timeline,
};
use serde::{Deserialize, Serialize};

use super::{time::millis, visits::Times};
use crate::{
    clock::unix,
    findings::{
        Answer, Beginning, Beginnings, DatedTimeline, Held, Past, ProbeFindings, Restored,
        Revision, Standing, TargetFindings, Visited, Vote,
    },
    scorecard::Verdict,
};

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct TargetState {
    pub(super) name: String,
    revision: Option<RevisionState>,
    standing: Option<StandingState>,
    probes: Vec<ProbeState>,
}

/// What the probes of a target remember.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct MemoryState {
    pub(super) name: String,
    pub(super) probes: Vec<ProbeMemory>,
}

/// What a probe remembers.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct ProbeMemory {
    pub(super) name: String,
    pub(super) observes: [u8; 32],
    pub(super) memory: Saved,
}

/// The format of a target's findings,
pub(super) const SCHEMA: &str = "gonogo/state/v2";
/// and of what its probes remember.
pub(super) const MEMORY_SCHEMA: &str = "gonogo/memory/v1";

/// When a probe's last visit began and ended.
pub(super) fn times(probe: &ProbeFindings) -> Option<Times> {
    let visited = probe.visited.as_ref()?;
    Some(Times(millis(visited.began), millis(visited.ended)))
}

/// A number that changes with what a visit came to: outcomes, items and since when, but neither when
/// the visit was, nor its texts and numbers.
pub(super) fn digest(probe: &ProbeFindings) -> u64 {
    let mut hasher = DefaultHasher::new();
    (probe.identity, probe.visited.as_ref().map(is_misdated)).hash(&mut hasher);
    for answer in &probe.answers {
        let votes = answer.past.votes.map(|vote| vote.map(|vote| vote.word));
        let since = (answer.since, answer.past.failing_since);
        (answer.finding.check.id, since, votes).hash(&mut hasher);
        for item in &answer.finding.items {
            (&item.subject, item.outcome).hash(&mut hasher);
        }
        for it in &answer.beginnings.items {
            (it.since, it.failing_since).hash(&mut hasher);
        }
        answer.beginnings.unseen.hash(&mut hasher);
        (answer.held.map(|held| (held.from, held.until)), answer.finding.not_asked)
            .hash(&mut hasher);
    }
    hasher.finish()
}

/// A number that changes with what else is known of a target.
pub(super) fn head_digest(revision: Option<&Revision>, standing: Option<&Standing>) -> u64 {
    let mut hasher = DefaultHasher::new();
    revision.map(|it| (&it.value, it.first_seen)).hash(&mut hasher);
    standing.map(|it| (it.verdict.as_str(), it.since)).hash(&mut hasher);
    hasher.finish()
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeline: Option<TimelineState>,
}

/// The timeline of the last visit that had one.
#[derive(Debug, Deserialize, Serialize)]
struct TimelineState {
    began_at: f64,
    timeline: Timeline,
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
    #[serde(default)]
    not_asked: bool,
    /// From when and until when the answer of an experiment holds.
    held: Option<(f64, f64)>,
    /// Fails that could not be looked at the last time, by subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unseen: Vec<(String, f64)>,
}

#[derive(Debug, Deserialize, Serialize)]
struct VoteState {
    word: String,
    at: f64,
}

#[derive(Debug, Deserialize, Serialize)]
struct ItemState {
    subject: String,
    since: Option<f64>,
    failing_since: Option<f64>,
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
            misdated: is_misdated(visited),
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
            timeline: known.timeline.as_ref().map(|dated| TimelineState {
                began_at: unix(dated.began),
                timeline: dated.timeline.clone(),
            }),
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
            ordinary: None,
            held_back: Duration::ZERO,
            visited: Some(Visited {
                began: moment(began_at),
                ended: moment(self.visited_at),
                took: length(self.took),
                obstructed: None,
                holds_for: None,
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
            timeline: self.timeline.map(|TimelineState { began_at, timeline }| {
                Arc::new(DatedTimeline { began: moment(began_at), timeline })
            }),
        })
    }
}

impl TargetState {
    /// Takes over when probes were visited again with nothing new to be said.
    pub(super) fn visited_again(&mut self, visits: &HashMap<String, Times>) {
        for probe in &mut self.probes {
            if let Some(Times(began, ended)) = visits.get(&probe.name).copied() {
                (probe.began_at, probe.visited_at) = (Some(seconds(began)), seconds(ended));
                for answer in &mut probe.answers {
                    if let Some(latest) = answer.votes.first_mut() {
                        latest.at = seconds(ended);
                    }
                }
            }
        }
    }

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
            items: known
                .finding
                .items
                .iter()
                .enumerate()
                .map(|(place, item)| ItemState::of(item, known.beginnings.items.get(place)))
                .collect(),
            unseen: known
                .beginnings
                .unseen
                .iter()
                .map(|(subject, since)| (subject.clone(), unix(*since)))
                .collect(),
            rest: known.finding.rest,
            not_asked: known.finding.not_asked,
            held: known.held.map(|held| (unix(held.from), unix(held.until))),
        }
    }

    fn restore(self, check: &'static Check) -> Answer {
        let beginnings = Beginnings {
            items: self.items.iter().map_while(ItemState::beginning).collect(),
            unseen: self.unseen.into_iter().map(|(it, since)| (it, moment(since))).collect(),
        };
        let items = self.items.into_iter().map(ItemState::restore).collect();
        let Self { rest, not_asked, .. } = self;
        let finding = Finding { rest, not_asked, ..Finding::of(check, items) };
        let held = self.held.map(|(from, until)| Held { from: moment(from), until: moment(until) });
        Answer { held, ..Answer::restored(finding, self.since.map(moment), beginnings) }
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
    fn beginning(&self) -> Option<Beginning> {
        let since = moment(self.since?);
        Some(Beginning { since, failing_since: self.failing_since.map(moment) })
    }

    fn of(item: &Item, beginning: Option<&Beginning>) -> Self {
        Self {
            since: beginning.map(|it| unix(it.since)),
            failing_since: beginning.and_then(|it| it.failing_since).map(unix),
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

/// Whether it cannot be told when a visit was; seconds since 1970 cannot say it of earlier ones.
fn is_misdated(visited: &Visited) -> bool {
    visited.misdated || visited.ended < UNIX_EPOCH
}

#[expect(clippy::cast_precision_loss, reason = "exact for three hundred thousand years")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1e3
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
