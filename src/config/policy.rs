//! The policy, as an operator writes it.

use std::collections::{BTreeMap, BTreeSet};

use gonogo_probes::contract::{Dimension, Impact, setting::Dur};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    date::DAY,
    decode,
    loading::Loading,
    mistake::Mistake,
    schema::CheckId,
    words::{Ratio, Weight},
    yaml::Node,
};
use crate::policy::{Policy, Required, Unknown};

/// When a target is fit for use.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PolicySettings {
    /// The least lower score for `go`; default 0.85.
    go: Option<Ratio>,
    /// The least lower score for `staged`; default 0.6.
    staged: Option<Ratio>,
    /// The least share of checks, by weight, that must be known; default 0.9.
    coverage: Option<Ratio>,
    /// How far ahead a waiver may end; default 90d.
    max_waiver: Option<Dur>,
    /// Ids of checks without whose answer the verdict is `unknown`; default: every blocker.
    #[schemars(with = "Option<Vec<CheckId>>")]
    required: Option<Vec<String>>,
    /// What a check that could not be answered does to the verdict; default `hold`: it holds the
    /// verdict where its fail would. With `score`, only score and coverage count.
    unknown: Option<Unknown>,
    /// Impacts of which a single certain fail makes the verdict `no_go`; default: blocker.
    blocking: Option<BTreeSet<Impact>>,
    /// How much a check counts, by its impact; default 10, 7.5, 5 and 2.5.
    weights: BTreeMap<Impact, Weight>,
    /// How much dimensions count, as a factor; default 1 each.
    dimensions: BTreeMap<Dimension, Weight>,
    /// How much each attestation counts; default 0: it is shown and counts nothing.
    attested: Option<Weight>,
}

/// Reads the policy.
pub(super) fn read(node: Option<&Node>, loading: &mut Loading<'_>) -> Policy {
    let mut policy = Policy::default();
    let Some(node) = node else { return policy };
    let settings = decode::decode(node, &loading.vault, &mut loading.mistakes);
    let Some(settings) = settings as Option<PolicySettings> else { return policy };
    let ratio = |set: Option<Ratio>, usual| set.map_or(usual, |Ratio(ratio)| ratio);
    policy.go = ratio(settings.go, policy.go);
    policy.staged = ratio(settings.staged, policy.staged);
    policy.coverage = ratio(settings.coverage, policy.coverage);
    policy.max_waiver = settings.max_waiver.map_or(policy.max_waiver, |Dur(time)| time);
    policy.attested_weight = settings.attested.map_or(policy.attested_weight, |Weight(w)| w);
    policy.impacts.extend(settings.weights.into_iter().map(|(impact, Weight(w))| (impact, w)));
    policy.dimensions.extend(settings.dimensions.into_iter().map(|(name, Weight(w))| (name, w)));
    policy.unknown = settings.unknown.unwrap_or(policy.unknown);
    if let Some(blocking) = settings.blocking {
        policy.blocking = blocking;
    }
    if let Some(required) = settings.required {
        policy.required = Required::Listed(checks(&required, node, loading));
    }
    loading.mistakes.extend(faults(&policy, node));
    policy
}

fn checks(ids: &[String], node: &Node, loading: &mut Loading<'_>) -> BTreeSet<String> {
    let known = |(i, id): (usize, &String)| {
        let span = node.nearest(["required", &i.to_string()]).span;
        loading.check(id, span).map(|check| check.id.to_owned())
    };
    ids.iter().enumerate().filter_map(known).collect()
}

/// What the types of the parts cannot say.
fn faults(policy: &Policy, node: &Node) -> Vec<Mistake> {
    let at = |key: &str| node.nearest([key]).span;
    let mut faults = Vec::new();
    if policy.staged > policy.go {
        let (staged, go) = (policy.staged, policy.go);
        let set = if node.get("staged").is_some() { "staged" } else { "go" };
        let message = format!("`staged` ({staged}) is above `go` ({go}): nothing could be staged");
        faults.push(Mistake::at(at(set), message));
    }
    let weights = Impact::ALL.map(|impact| policy.impacts.get(&impact).copied().unwrap_or(0.0));
    let [blocker, high, medium, low] = weights;
    if !weights.is_sorted_by(|worse, better| worse >= better) || low <= 0.0 {
        let message = "worse impacts must not weigh less than milder ones, and all more than 0";
        let help = format!("as it is: blocker {blocker}, high {high}, medium {medium}, low {low}");
        faults.push(Mistake::at(at("weights"), message).help(help));
    }
    if policy.max_waiver < DAY {
        faults.push(Mistake::at(at("max_waiver"), "a waiver must be able to last a day"));
    }
    if Dimension::ALL.iter().all(|dimension| policy.dimensions.get(dimension) == Some(&0.0)) {
        faults.push(Mistake::at(at("dimensions"), "no dimension counts: there would be no score"));
    }
    faults
}
