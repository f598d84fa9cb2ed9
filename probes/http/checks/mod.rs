//! The checks, in the order reports list them.

mod slow;
mod unexpected;
mod unreachable;
mod unreliable;

use super::Http;
use crate::contract::Rule;

pub(super) const RULES: &[Rule<Http>] =
    &[unreachable::RULE, unexpected::RULE, slow::RULE, unreliable::RULE];
