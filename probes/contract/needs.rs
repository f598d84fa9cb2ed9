//! What visits of a probe need: of the target, of the daemon, of time.

use std::time::Duration;

use super::{Footprint, net, setting::TimeWindow};

/// What an ordinary visit needs, which is made again and again.
///
/// Ordinary visits are passive or active. What loads or disrupts a target is an [`Experiment`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Needs {
    /// What a visit does to the target.
    pub footprint: Footprint,
    /// The time between visits, unless the configuration says otherwise.
    pub every: Duration,
    /// Whether `every` is the probe's own, because a visit is costly or its answers rarely change. The
    /// target's `interval` then does not stand in for it.
    pub own_pace: bool,
    /// The time allowed for a whole visit, unless the configuration says otherwise.
    pub deadline: Duration,
    /// Connections and requests one visit may use, unless the configuration says otherwise.
    pub requests: u32,
}

impl Needs {
    /// A visit that asks for what any client may ask for.
    #[must_use]
    pub const fn passive() -> Self {
        Self {
            footprint: Footprint::Passive,
            every: Duration::from_mins(1),
            own_pace: false,
            deadline: Duration::from_secs(10),
            requests: net::REQUESTS,
        }
    }

    /// A visit that sends what a well-behaved client would not, and changes nothing.
    #[must_use]
    pub const fn active() -> Self {
        Self { footprint: Footprint::Active, ..Self::passive() }
    }

    /// The same, at a pace of its own.
    #[must_use]
    pub const fn every(self, every: Duration) -> Self {
        Self { every, own_pace: true, ..self }
    }

    /// The same, with this much time for a visit.
    #[must_use]
    pub const fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The same, with this many connections and requests.
    #[must_use]
    pub const fn requests(self, requests: u32) -> Self {
        Self { requests, ..self }
    }
}

/// A visit that loads or disrupts the target.
///
/// It is made when somebody asks for it, in its window, or once for a new revision; never at start-up,
/// by a reload, as a recheck, or again after a crash. Its answers hold until the revision changes or
/// `valid_for` ends. The target must allow its footprint.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Experiment {
    /// [`Footprint::Load`] or [`Footprint::Disruptive`].
    pub footprint: Footprint,
    /// When it may start by itself; `None` if only when asked, or on a new revision.
    pub window: Option<TimeWindow>,
    /// Whether a new revision starts it.
    pub on_revision: bool,
    /// The time allowed for it, without putting back what it changed.
    pub deadline: Duration,
    /// The time allowed for putting back what it changed, after whatever end it took. Zero if there is
    /// nothing to put back.
    pub restore_within: Duration,
    /// Connections and requests it may use.
    pub requests: u32,
    /// Connections it may hold open at the same time.
    pub connections: usize,
    /// Whether no other visit of the target may be under way meanwhile.
    pub alone: bool,
    /// How long its answers hold while the revision stays the same.
    pub valid_for: Duration,
    /// What it would do, for somebody who is asked whether to allow it: "sends SIGTERM to process 4711,
    /// waits at most 30 s and starts it again".
    pub plan: String,
}

impl Experiment {
    /// An experiment that runs alone, when asked.
    #[must_use]
    pub fn new(footprint: Footprint, deadline: Duration, plan: impl Into<String>) -> Self {
        Self {
            footprint,
            window: None,
            on_revision: false,
            deadline,
            restore_within: Duration::ZERO,
            requests: 10_000,
            connections: 64,
            alone: true,
            valid_for: Self::VALID_FOR,
            plan: plan.into(),
        }
    }

    /// How long answers hold, where the settings do not say.
    pub const VALID_FOR: Duration = Duration::from_hours(7 * 24);
}
