//! Configuration: one YAML file, or a directory of them, becomes targets with armed probes.
//!
//! Strict: what is not understood is a mistake, and all mistakes are told in one go, each with its
//! place and what would be right. The way of a configuration:
//!
//! ```text
//! files ──▶ yaml: a tree with places ──▶ decode: types, by serde ──▶ target, policy, waiver: sense
//! ```

mod budgets;
mod date;
mod decode;
mod excerpt;
mod files;
mod fingerprint;
mod limits;
mod load;
mod loading;
mod mention;
mod mistake;
mod policy;
mod probes;
mod problem;
mod proxy;
mod redacted;
mod revision;
mod schema;
mod secret;
mod source;
pub(crate) mod suggest;
mod target;
mod target_url;
#[cfg(test)]
mod tests;
mod trust;
mod unarmed;
mod waiver;
mod watch;
mod words;
mod yaml;

use std::{path::Path, time::SystemTime};

use gonogo_probes::contract::Kind;

use crate::{
    assessment::Rulings,
    policy::{Attestation, Policy, Waiver},
    schedule::Limits,
};

pub(crate) use files::Files;
pub use files::Inputs;
pub use fingerprint::Fingerprint;
pub use load::LoadError;
pub(crate) use load::settings;
pub use mistake::Mistakes;
pub use probes::ArmedProbe;
pub use problem::{Place, Problem};
pub use proxy::ignored_proxies;
pub use revision::Revision;
pub use schema::schema;
pub(crate) use secret::{LARGEST_SECRET, secret_in};
pub use source::Position;
pub use target::TargetConfig;
pub use watch::changed;

/// A configuration without mistakes.
#[derive(Debug)]
pub struct Config {
    /// The targets, in the order they are written.
    pub targets: Vec<TargetConfig>,
    /// When a target is fit for use.
    pub policy: Policy,
    /// Accepted fails, expired ones included.
    pub waivers: Vec<Waiver>,
    /// Statements about what no probe can see, expired ones included.
    pub attestations: Vec<Attestation>,
    /// How much gonogo does at once.
    pub limits: Limits,
    /// Why nothing is asked of anybody, with the place to write it, if there are no targets.
    pub no_targets: Option<Problem>,
    /// The files it was made from.
    pub inputs: Inputs,
}

impl Config {
    /// What people decided, for an assessment.
    pub fn rulings(&self) -> Rulings {
        Rulings {
            policy: self.policy.clone(),
            waivers: self.waivers.clone(),
            attestations: self.attestations.clone(),
        }
    }

    /// What is right and yet should be looked at: targets of which nothing is asked,
    /// waivers and attestations that have ended.
    pub fn warnings(&self, now: SystemTime) -> Vec<Problem> {
        let unarmed = self.targets.iter().filter_map(|target| target.unarmed.clone());
        let unarmed = self.no_targets.iter().cloned().chain(unarmed);
        let expired = self.waivers.iter().filter(|waiver| !waiver.is_in_force(now)).map(|waiver| {
            let (check, ended) = (&waiver.check, date::day(waiver.expires));
            let target = waiver.target.as_deref().unwrap_or("all targets");
            let of = match &waiver.subject {
                Some(subject) => format!("`{check}` for `{subject}`"),
                None => format!("`{check}`"),
            };
            format!("the waiver of {of} on {target} expired at {ended} and changes nothing")
        });
        let ended = self.attestations.iter().filter(|statement| statement.until <= now);
        let ended = ended.map(|statement| {
            let (what, ended) = (&statement.statement, date::day(statement.until));
            format!("the attestation \"{what}\" ended at {ended} and counts no more")
        });
        unarmed.chain(expired.chain(ended).map(Problem::anywhere)).collect()
    }
}

/// Loads the configuration at `path`, a file or a directory of `*.yaml` and `*.yml`.
///
/// Reads files and environment variables; calls nobody. `now` decides how far ahead a waiver may end.
pub fn load(path: &Path, catalogue: &'static [Kind], now: SystemTime) -> Result<Config, LoadError> {
    attempt(path, catalogue, now).0
}

/// The same, and what the configuration was, or would have been, made from.
pub fn attempt(
    path: &Path,
    catalogue: &'static [Kind],
    now: SystemTime,
) -> (Result<Config, LoadError>, Inputs) {
    load::attempt(path, catalogue, now, &load::process_environment)
}
