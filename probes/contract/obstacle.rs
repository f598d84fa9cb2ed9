//! What keeps a probe from seeing the target.

use serde::{Deserialize, Serialize};

/// Why a question could not be answered.
///
/// A closed set, because it is a metric label; what else there is to say stands in
/// [`Obstructed::detail`].
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
pub enum Obstacle {
    /// The circuit breaker keeps active probes away from a target in trouble.
    BreakerOpen,
    /// The connection ended before the answer did.
    Closed,
    /// The known-good request did not succeed, so the others prove nothing.
    ControlFailed,
    /// The target refused us with 401 or 403 where it should not have.
    Denied,
    /// The name could not be resolved.
    Dns,
    /// Our own machine was short of something: sockets, file descriptors, memory.
    Local,
    /// The configuration does not allow gonogo to call that address.
    NotAllowed,
    /// An answer is required that only an experiment gives, and none was made.
    NotAsked,
    /// The answer was larger, or took more requests, than the budget allows.
    OverBudget,
    /// A bug of ours.
    Panicked,
    /// The first visit has not ended yet.
    Pending,
    /// What came back breaks the protocol.
    Protocol,
    /// The connection was refused.
    Refused,
    /// The connection was reset.
    Reset,
    /// The last answer is too old to be believed.
    Stale,
    /// The target asked us to slow down (429, or 503 with `Retry-After`).
    Throttled,
    /// The answer did not come in time.
    Timeout,
    /// The TLS handshake failed, or the certificate was not accepted.
    Tls,
    /// There are too few measurements to say.
    TooFewSamples,
    /// There is no route to the address.
    Unreachable,
}

impl Obstacle {
    /// Every obstacle, in the order of their labels.
    pub const ALL: [Self; 20] = [
        Self::BreakerOpen,
        Self::Closed,
        Self::ControlFailed,
        Self::Denied,
        Self::Dns,
        Self::Local,
        Self::NotAllowed,
        Self::NotAsked,
        Self::OverBudget,
        Self::Panicked,
        Self::Pending,
        Self::Protocol,
        Self::Refused,
        Self::Reset,
        Self::Stale,
        Self::Throttled,
        Self::Timeout,
        Self::Tls,
        Self::TooFewSamples,
        Self::Unreachable,
    ];

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BreakerOpen => "breaker_open",
            Self::Closed => "closed",
            Self::ControlFailed => "control_failed",
            Self::Denied => "denied",
            Self::Dns => "dns",
            Self::Local => "local",
            Self::NotAllowed => "not_allowed",
            Self::NotAsked => "not_asked",
            Self::OverBudget => "over_budget",
            Self::Panicked => "panicked",
            Self::Pending => "pending",
            Self::Protocol => "protocol",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Stale => "stale",
            Self::Throttled => "throttled",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::TooFewSamples => "too_few_samples",
            Self::Unreachable => "unreachable",
        }
    }

    /// The obstacle, with what there is to say about it.
    pub fn because(self, detail: impl Into<String>) -> Obstructed {
        Obstructed { obstacle: self, detail: detail.into() }
    }
}

/// An obstacle met on a visit.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
#[error("{detail}")]
pub struct Obstructed {
    /// Which of the closed set.
    pub obstacle: Obstacle,
    /// What happened, with the names and numbers of this target: a lower-case fragment without a full
    /// stop, fit to be shown in a report.
    pub detail: String,
}
