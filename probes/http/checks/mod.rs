//! The checks, in the order reports list them.

mod slow;
mod unexpected;
mod unreachable;
mod unreliable;

use super::Http;
use crate::contract::{Explains, Obstacle, Rule};

pub(super) const RULES: &[Rule<Http>] =
    &[unreachable::RULE, unexpected::RULE, slow::RULE, unreliable::RULE];

/// What cannot be reached answers nobody.
pub(super) const EXPLAINS: &[Explains] = &[Explains {
    check: "http-unreachable",
    obstacles: &[
        Obstacle::BreakerOpen,
        Obstacle::Closed,
        Obstacle::Dns,
        Obstacle::Refused,
        Obstacle::Reset,
        Obstacle::Timeout,
        Obstacle::Tls,
        Obstacle::Unreachable,
    ],
}];
