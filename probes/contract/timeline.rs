//! What happened when during a visit, in lanes: for a person to see at a glance.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Serialize};

/// The moments of one visit.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Timeline {
    /// How long it covers, from the moment that the others count from.
    pub length: Duration,
    /// Its lanes, from top to bottom.
    pub lanes: Vec<Lane>,
}

/// What happened to one subject.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lane {
    /// The subject: "readiness", "requests under way".
    pub name: Cow<'static, str>,
    /// In order of their beginning.
    pub moments: Vec<Moment>,
}

/// Something that happened, or that lasted.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Moment {
    /// When it began.
    pub at: Duration,
    /// When it ended, where it lasted.
    pub until: Option<Duration>,
    /// How it is to be seen.
    pub tone: Tone,
    /// What it was: "503", "connection reset".
    pub label: String,
}

/// How a moment is to be seen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// It is neither good nor bad: a signal that was sent.
    Neutral,
    /// It is as it should be.
    Good,
    /// It is a fault.
    Bad,
}

impl Timeline {
    /// The time it covers with everything in it: a moment may end after the visit was thought to.
    #[must_use]
    pub fn extent(&self) -> Duration {
        let moments = self.lanes.iter().flat_map(|lane| &lane.moments);
        moments.map(Moment::end).fold(self.length, Duration::max)
    }
}

impl Moment {
    /// Something that happened at once.
    pub fn at(at: Duration, tone: Tone, label: impl Into<String>) -> Self {
        Self { at, until: None, tone, label: label.into() }
    }

    /// Something that lasted.
    pub fn lasting(at: Duration, until: Duration, tone: Tone, label: impl Into<String>) -> Self {
        Self { at, until: Some(until), tone, label: label.into() }
    }

    /// When it was over; never before it began.
    #[must_use]
    pub fn end(&self) -> Duration {
        self.until.map_or(self.at, |until| until.max(self.at))
    }
}
