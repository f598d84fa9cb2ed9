//! What a server can be asked for beyond a handshake: questions by hand-made ClientHellos, in three
//! tiers.
//!
//! One hello that offers everything of a kind at once tells that a sound server has none of it; only
//! where it is taken up is it taken apart. That is why a sound server costs a dozen connections less a
//! tier than asking suite by suite.

pub(in crate::tls) mod ask;
pub(in crate::tls) mod cadence;
pub(in crate::tls) mod fast;
#[cfg(test)]
pub(in crate::tls) mod fixture;
pub(in crate::tls) mod full;
pub(in crate::tls) mod list;
pub(in crate::tls) mod standard;
#[cfg(test)]
pub(in crate::tls) mod tests;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{ask::Answer, fast::Fast, full::Full, standard::Standard};
use crate::contract::{Obstacle, Obstructed};

/// How deep to look.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "lowercase")]
pub(in crate::tls) enum Tier {
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
    pub(in crate::tls) const fn as_str(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Fast => "fast",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }
}

/// What was asked for, or what kept us from knowing.
pub(in crate::tls) type Told<T> = Result<T, Obstructed>;

/// What the questions brought, tier by tier.
#[derive(Clone, Debug)]
pub(in crate::tls) struct Survey {
    /// Asked on this visit.
    pub(in crate::tls) fast: Fast,
    /// Asked on this visit or an earlier one; `None` where it was not asked for.
    pub(in crate::tls) standard: Option<Arc<Standard>>,
    /// The same.
    pub(in crate::tls) full: Option<Arc<Full>>,
}

impl Survey {
    /// The standard tier.
    pub(in crate::tls) fn standard(&self) -> Told<&Standard> {
        self.standard.as_deref().ok_or_else(not_yet)
    }

    /// The full tier.
    pub(in crate::tls) fn full(&self) -> Told<&Full> {
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
