//! What one visit brought back.

use super::expect::Answer;
use crate::contract::{Obstructed, WindowSummary, net};

/// What one visit brought back.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The URL that was asked for.
    pub(super) subject: String,
    /// The answer, or what kept it away, twice if asking again was harmless.
    pub(super) answer: Result<Answer, Obstructed>,
    /// What kept the first answer away, where a second attempt got one.
    pub(super) first: Option<Obstructed>,
    /// Where the time went; all zero without an answer.
    pub(super) phases: net::Phases,
    /// Latency and success, on this visit and earlier ones.
    pub(super) window: WindowSummary,
    /// The command that asks the same.
    pub(super) replay: String,
}
