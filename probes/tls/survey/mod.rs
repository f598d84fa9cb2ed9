//! What a server can be asked for beyond a handshake: questions by hand-made ClientHellos, in three
//! tiers.
//!
//! One hello that offers everything of a kind at once tells that a sound server has none of it; only
//! where it is taken up is it taken apart. That is why a sound server costs a dozen connections less a
//! tier than asking suite by suite.

mod ask;
mod cadence;
mod fast;
#[cfg(test)]
pub(super) mod fixture;
mod full;
mod list;
mod standard;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use self::{
    ask::{Answer, Asker, Refusal},
    cadence::{Cadence, Remembered},
    fast::{Fast, fast},
    full::{Full, Listed, Shown, full},
    list::Listing,
    standard::{Standard, is_accepted, standard},
};
use crate::contract::{Obstacle, Obstructed};

/// How deep to look.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tier {
    /// Handshakes as current clients make them, and nothing else.
    Handshake,
    /// Whether anything old or weak is accepted at all.
    Fast,
    /// Which old versions and weak ciphers, and how the protocol is spoken.
    Standard,
    /// Every suite and group, and what other clients are shown.
    #[default]
    Full,
}

impl Tier {
    /// The word used in configuration.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Fast => "fast",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }
}

/// What was asked for, or what kept us from knowing.
pub(super) type Told<T> = Result<T, Obstructed>;

/// What the questions brought, tier by tier.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    /// Asked on this visit.
    pub(super) fast: Fast,
    /// Asked on this visit or an earlier one; `None` where it was not asked for.
    pub(super) standard: Option<Arc<Standard>>,
    /// The same.
    pub(super) full: Option<Arc<Full>>,
}

impl Survey {
    /// The standard tier.
    pub(super) fn standard(&self) -> Told<&Standard> {
        self.standard.as_deref().ok_or_else(not_yet)
    }

    /// The full tier.
    pub(super) fn full(&self) -> Told<&Full> {
        self.full.as_deref().ok_or_else(not_yet)
    }
}

/// Lets go of all certificates but the first few of what was answered.
fn keep_certificates(answer: &mut Told<Answer>, count: usize) {
    if let Ok(Answer::Accepted(flight)) = answer {
        flight.chain.truncate(count);
        flight.chain.shrink_to_fit();
    }
}

fn not_yet() -> Obstructed {
    Obstacle::Pending.because("this has not been asked yet")
}
