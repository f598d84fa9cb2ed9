//! How much gonogo does at once.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schedule::Limits;

/// How much gonogo does at once.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitSettings {
    /// Visits under way at the same time, over all targets; default 256.
    visits: Option<NonZeroUsize>,
    /// Visits under way at the same time on one target; default 2.
    visits_per_target: Option<NonZeroUsize>,
}

impl From<LimitSettings> for Limits {
    fn from(settings: LimitSettings) -> Self {
        let usual = Self::default();
        Self {
            overall: settings.visits.map_or(usual.overall, NonZeroUsize::get),
            per_target: settings.visits_per_target.map_or(usual.per_target, NonZeroUsize::get),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_defaults_are_those_of_the_schedule() {
        let usual = Limits::from(LimitSettings::default());
        assert_eq!((usual.overall, usual.per_target), (256, 2));
    }
}
