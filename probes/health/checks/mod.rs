//! The checks, in the order reports list them.

mod cacheable;
mod hides_dependency;
mod leaks_details;
mod liveness_depends;
mod liveness_missing;
mod not_alive;
mod not_ready;
mod readiness_missing;
mod shallow;
mod slow;
mod status_contradicts_body;

use super::Health;
use crate::contract::Rule;

pub(super) const RULES: &[Rule<Health>] = &[
    not_ready::RULE,
    not_alive::RULE,
    readiness_missing::RULE,
    liveness_missing::RULE,
    status_contradicts_body::RULE,
    hides_dependency::RULE,
    shallow::RULE,
    slow::RULE,
    leaks_details::RULE,
    cacheable::RULE,
    liveness_depends::RULE,
];
