//! Who calls a target: people by a browser, or programs. Much of what browsers want means nothing to
//! programs.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::{Profile, Target};

/// Who calls a target.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Audience {
    /// People, by a browser.
    Browsers,
    /// Other programs.
    Programs,
}

impl Audience {
    /// What the settings say, else what the profile implies; `None` where neither says.
    pub(crate) fn of(setting: Option<Self>, target: &Target) -> Option<Self> {
        setting.or(match target.profile {
            Some(Profile::Web) => Some(Self::Browsers),
            Some(Profile::Api) => Some(Self::Programs),
            Some(Profile::Worker | Profile::Database) | None => None,
        })
    }
}
