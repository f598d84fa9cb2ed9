//! What is known through one armed probe.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gonogo_probes::contract::{
    Check, Fact, Footprint, GaugeReadings, Kind, Obstacle, Outcome, Report, Timeline,
};

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
    /// What ordinary visits do to the target; `None` if only experiments answer.
    pub ordinary: Option<Footprint>,
    /// Time for which ordinary visits were held back since the last one: it does not age answers.
    pub held_back: Duration,
    /// The last visit; `None` before the first.
    pub visited: Option<Visited>,
    /// An answer to every check, in declared order.
    pub answers: Vec<Answer>,
    /// The numbers of the last visit.
    pub readings: Vec<GaugeReadings>,
    /// What the last visit saw.
    pub facts: Vec<Fact>,
    /// What happened when during the last visit that had a timeline.
    pub timeline: Option<Arc<DatedTimeline>>,
}

/// A timeline, and when its visit began.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DatedTimeline {
    /// When the visit began, from which its moments count.
    pub began: SystemTime,
    /// What happened.
    pub timeline: Timeline,
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
            ordinary: probe.ordinary,
            held_back: Duration::ZERO,
            visited: None,
            answers: asked_by(probe.kind, probe.ordinary)
                .map(|(check, needed)| {
                    needed.map_or_else(
                        || Answer::pending(check),
                        |needed| Answer::not_asked(check, needed),
                    )
                })
                .collect(),
            readings: Vec::new(),
            facts: Vec::new(),
            timeline: None,
        }
    }

    /// Whether it is visited as `probe` is.
    pub(super) fn is_as(&self, probe: &ExpectedProbe) -> bool {
        self.interval == probe.interval && self.ordinary == probe.ordinary
    }

    /// The same, visited as `probe` is.
    pub(super) fn as_expected(&self, probe: &ExpectedProbe) -> Self {
        Self { interval: probe.interval, ordinary: probe.ordinary, ..self.clone() }
    }

    /// How long answers of ordinary visits are believed: three intervals, without the time for which
    /// visits were held back.
    fn believed_for(&self) -> Duration {
        let usual = |interval: Duration| interval.saturating_mul(3).saturating_add(self.held_back);
        self.interval.map_or(Duration::MAX, usual)
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
        let asked = asked_by(self.kind, self.ordinary);
        for ((before, finding), (_, needed)) in self.answers.iter().zip(report.findings).zip(asked)
        {
            if finding.not_asked {
                answers.push(before.clone());
                continue;
            }
            let (answer, weight) = before.after(finding, &visited, self.believed_for());
            let answer = match (visited.holds_for, needed) {
                (Some(holds_for), Some(_)) => answer.holding(visited.ended, holds_for),
                _ => answer,
            };
            if weight == Weight::Half && settled == Settled::Yes {
                settled = Settled::Soon;
            }
            answers.push(answer);
        }
        let began = visited.began;
        let timeline = report.timeline.map(|timeline| Arc::new(DatedTimeline { began, timeline }));
        let probe = Self {
            name: Arc::clone(&self.name),
            kind: self.kind,
            identity: self.identity,
            interval: self.interval,
            ordinary: self.ordinary,
            held_back: Duration::ZERO,
            visited: Some(visited),
            answers,
            readings: report.readings,
            facts: report.facts,
            timeline: timeline.or_else(|| self.timeline.clone()),
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

    /// The same without the answers of experiments, which were made on something else; `None` if there
    /// are none.
    pub(super) fn without_experiments(&self) -> Option<Self> {
        if self.answers.iter().all(|answer| answer.held.is_none()) {
            return None;
        }
        let mut probe = Self { timeline: None, ..self.clone() };
        for (answer, (check, needed)) in
            probe.answers.iter_mut().zip(asked_by(self.kind, self.ordinary))
        {
            if let (Some(_), Some(needed)) = (answer.held, needed) {
                *answer = Answer::not_asked(check, needed);
            }
        }
        Some(probe)
    }
}

/// A probe's checks, each with what an experiment must be allowed to answer it, where ordinary visits
/// cannot.
fn asked_by(
    kind: &'static Kind,
    ordinary: Option<Footprint>,
) -> impl Iterator<Item = (&'static Check, Option<Footprint>)> {
    kind.checks().into_iter().zip(kind.footprints()).map(move |(check, footprint)| {
        let needed = match ordinary {
            Some(ordinary) => (footprint > ordinary).then_some(footprint),
            None => Some(kind.experiment.map_or(footprint, |most| most.max(footprint))),
        };
        (check, needed)
    })
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
