//! What is known through one armed probe.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gonogo_probes::contract::{Fact, GaugeReadings, Kind, Obstacle, Outcome, Report};

use super::{
    answer::{Answer, Weight},
    snapshot::ExpectedProbe,
    visited::{Stale, Visited},
};

/// What is known through one armed probe.
#[derive(Clone, Debug)]
pub struct ProbeFindings {
    /// The probe's name on this target.
    pub name: Arc<str>,
    /// Which probe it is.
    pub kind: &'static Kind,
    /// Settings and target, as a digest: findings of other settings are not carried over.
    pub identity: [u8; 32],
    /// The time between visits; `None` where visits are made on demand.
    pub interval: Option<Duration>,
    /// The last visit; `None` before the first.
    pub visited: Option<Visited>,
    /// An answer to every check, in declared order.
    pub answers: Vec<Answer>,
    /// The numbers of the last visit.
    pub readings: Vec<GaugeReadings>,
    /// What the last visit saw.
    pub facts: Vec<Fact>,
}

/// Whether a visit's answers are believed, and if not, how soon another may help.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Settled {
    /// They are; the next visit is due in its turn.
    Yes,
    /// Something was in the way that may be gone at any moment, or a noisy answer waits to be
    /// confirmed: look again soon, and go on looking.
    Soon,
    /// Something was in the way that asking often does not remove: look again soon, then less and
    /// less often.
    Later,
}

impl ProbeFindings {
    /// Before the first visit: every check is unknown.
    pub(super) fn pending(probe: &ExpectedProbe) -> Self {
        Self {
            name: Arc::clone(&probe.name),
            kind: probe.kind,
            identity: probe.identity,
            interval: probe.interval,
            visited: None,
            answers: probe.kind.checks().into_iter().map(Answer::pending).collect(),
            readings: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// How long answers are believed: three intervals, or a day where visits are made on demand.
    fn believed_for(&self) -> Duration {
        const ON_DEMAND: Duration = Duration::from_hours(24);
        self.interval.map_or(ON_DEMAND, |interval| interval.saturating_mul(3))
    }

    /// When its answers will be, or became, too old to be believed.
    pub fn stale_at(&self) -> Option<SystemTime> {
        self.visited.as_ref().and_then(|visited| visited.ended.checked_add(self.believed_for()))
    }

    /// Why its answers are not believed at `now`; `None` where they are, and before the first visit.
    pub fn stale(&self, now: SystemTime) -> Option<Stale> {
        self.visited.as_ref().and_then(|visited| visited.stale(now, self.believed_for()))
    }

    /// Whether its last visit tells of what has been deployed since `first_seen`: it began after that.
    pub fn tells_of(&self, first_seen: SystemTime) -> bool {
        self.visited.as_ref().is_some_and(|visited| visited.began >= first_seen)
    }

    /// Whether the report has an answer to each of its checks.
    pub(super) fn fits(&self, report: &Report) -> bool {
        self.answers.len() == report.findings.len()
            && self
                .answers
                .iter()
                .zip(&report.findings)
                .all(|(known, new)| known.finding.check.id == new.check.id)
    }

    /// The same after one more visit, whose report fits.
    pub(super) fn after(&self, visited: Visited, report: Report) -> (Self, Settled) {
        let mut settled = obstacle(&report).map_or(Settled::Yes, when);
        let mut answers = Vec::with_capacity(self.answers.len());
        for (before, finding) in self.answers.iter().zip(report.findings) {
            let (answer, weight) = before.after(finding, &visited, self.believed_for());
            if weight == Weight::Half && settled == Settled::Yes {
                settled = Settled::Soon;
            }
            answers.push(answer);
        }
        let probe = Self {
            name: Arc::clone(&self.name),
            kind: self.kind,
            identity: self.identity,
            interval: self.interval,
            visited: Some(visited),
            answers,
            readings: report.readings,
            facts: report.facts,
        };
        (probe, settled)
    }

    /// The same where what is dated later than now is marked as misdated; `None` if nothing is.
    pub(super) fn doubted(&self, now: SystemTime) -> Option<Self> {
        let visited = self.visited.as_ref().filter(|visited| !visited.misdated)?;
        if self.stale(now) != Some(Stale::Misdated) {
            return None;
        }
        let mut probe =
            Self { visited: Some(Visited { misdated: true, ..visited.clone() }), ..self.clone() };
        for answer in &mut probe.answers {
            answer.past.votes = [None; 2];
        }
        Some(probe)
    }
}

/// What was in the way of every answer.
fn obstacle(report: &Report) -> Option<Obstacle> {
    if let Some(obstructed) = &report.obstructed {
        return Some(obstructed.obstacle);
    }
    let asked = report.findings.iter().filter(|finding| finding.outcome != Outcome::Skip);
    let mut obstacles = asked.map(|finding| match finding.outcome {
        Outcome::Unknown(obstacle) => Some(obstacle),
        _ => None,
    });
    let first = obstacles.next().flatten()?;
    obstacles.all(|obstacle| obstacle.is_some()).then_some(first)
}

/// How soon another visit may find that an obstacle is gone.
const fn when(obstacle: Obstacle) -> Settled {
    match obstacle {
        Obstacle::BreakerOpen
        | Obstacle::Closed
        | Obstacle::ControlFailed
        | Obstacle::Dns
        | Obstacle::Local
        | Obstacle::Refused
        | Obstacle::Reset
        | Obstacle::Timeout
        | Obstacle::Tls
        | Obstacle::Unreachable => Settled::Soon,
        // Nobody is more welcome for asking again, and our own limits stay what they are.
        _ => Settled::Later,
    }
}
