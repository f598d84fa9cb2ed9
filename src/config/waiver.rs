//! What people decide and state, until a date.

use std::{
    collections::{BTreeSet, HashMap},
    time::SystemTime,
};

use gonogo_probes::contract::{Dimension, boundary};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    date::{self, End},
    decode,
    loading::Loading,
    mistake::Mistake,
    schema::CheckId,
    source::Span,
    suggest,
    words::{Apart, shown},
    yaml::Node,
};
use crate::policy::{Attestation, Policy, Waiver};

/// A decision to accept a fail until a date.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiverSettings {
    /// The id of the check whose fail is accepted.
    #[expect(dead_code, reason = "looked at whatever else is wrong")]
    check: Apart<CheckId>,
    /// The target's name, or `*` for all.
    #[expect(dead_code, reason = "looked at whatever else is wrong")]
    target: Apart<Words>,
    /// The item that is accepted, as reports name it, such as `GET /reports`; the whole check if
    /// left out.
    subject: Option<Subject>,
    /// Why it is accepted.
    reason: Words,
    /// Who accepted it.
    owner: Words,
    /// The last day (UTC) or the moment it ends; at most `policy.max_waiver` ahead.
    expires: End,
    /// Where the work on it is followed.
    ticket: Option<Words>,
}

/// A statement about what no probe can see, until a date.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AttestationSettings {
    /// What is stated.
    statement: Words,
    /// The part of the scorecard it counts against: a dimension, or another word in kebab case.
    dimension: DimensionName,
    /// The target's name, or `*` for all, which is the default.
    #[serde(default)]
    #[expect(dead_code, reason = "looked at whatever else is wrong")]
    target: Apart<Words>,
    /// How good it is, from 0 to 10.
    score: Score,
    /// Who states it.
    by: Words,
    /// The last day (UTC) or the moment it ends.
    until: End,
}

/// Text that says something.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("minLength" = 1))]
struct Words(String);

impl TryFrom<String> for Words {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.trim().is_empty() { Err("this is empty".to_owned()) } else { Ok(Self(text)) }
    }
}

/// The subject of an item, as a report can name it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = 200))]
struct Subject(String);

impl TryFrom<String> for Subject {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let escaped = boundary::escaped(&text);
        if text.trim().is_empty() {
            Err("this is empty: omit `subject` to waive the whole check".to_owned())
        } else if text.chars().count() > boundary::NAME {
            Err(format!("no subject is longer than {} characters", boundary::NAME))
        } else if escaped != text {
            Err(format!("no report names it like this: write `{escaped}`"))
        } else {
            Ok(Self(text))
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"))]
struct DimensionName(String);

impl TryFrom<String> for DimensionName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let kebab = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.split('-').all(|word| !word.is_empty() && word.chars().all(allowed));
        if kebab {
            return Ok(Self(text));
        }
        let known = suggest::one_of(Dimension::ALL.iter().map(|dimension| dimension.as_str()));
        let known = known.unwrap_or_default();
        Err(format!("`{text}` is not a dimension: {known}, or another word in kebab case"))
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
#[schemars(extend("minimum" = 0, "maximum" = 10.0))]
struct Score(f64);

impl TryFrom<f64> for Score {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        if (0.0..=10.0).contains(&number) {
            return Ok(Self(number));
        }
        Err(format!("expected a number from 0 to 10, found `{number}`"))
    }
}

/// Reads waivers. `targets` are the names of all targets.
pub(super) fn read_waivers(
    nodes: &[&Node],
    targets: &BTreeSet<String>,
    policy: &Policy,
    loading: &mut Loading<'_>,
) -> Vec<Waiver> {
    let mut waivers: Vec<Waiver> = Vec::new();
    let mut places: HashMap<(&str, Option<String>, Option<String>), Span> = HashMap::new();
    for node in nodes {
        let settings = decode::decode(node, &loading.vault, &mut loading.mistakes);
        let check = node
            .get("check")
            .and_then(Node::text)
            .and_then(|id| loading.check(id, node.nearest(["check"]).span));
        let target = known_target(node, targets, &mut loading.mistakes);
        let Some(settings) = settings as Option<WaiverSettings> else { continue };
        if settings.expires.from > loading.now + policy.max_waiver {
            loading.mistakes.push(too_far(node, policy, loading.now));
        }
        let (Some(check), Ok(target)) = (check, target) else { continue };
        let subject = settings.subject.map(|Subject(subject)| subject);
        let key = (check.id, target.clone(), subject.clone());
        if let Some(first) = places.insert(key, node.span) {
            let what = if subject.is_some() { "target and subject" } else { "target" };
            let message = format!("`{}` is waived twice for the same {what}", check.id);
            loading
                .mistakes
                .push(Mistake::at(node.span, message).also("it is also waived at", first));
        }
        waivers.push(Waiver {
            check: check.id.to_owned(),
            target,
            subject,
            reason: settings.reason.0,
            owner: settings.owner.0,
            ticket: settings.ticket.map(|Words(ticket)| ticket),
            expires: settings.expires.end,
        });
    }
    waivers
}

/// Reads attestations.
pub(super) fn read_attestations(
    nodes: &[&Node],
    targets: &BTreeSet<String>,
    loading: &mut Loading<'_>,
) -> Vec<Attestation> {
    let mut attestations = Vec::new();
    for node in nodes {
        let settings = decode::decode(node, &loading.vault, &mut loading.mistakes);
        let target = known_target(node, targets, &mut loading.mistakes);
        let Some(settings) = settings as Option<AttestationSettings> else { continue };
        attestations.push(Attestation {
            statement: settings.statement.0,
            dimension: settings.dimension.0,
            target: target.unwrap_or_default(),
            score: settings.score.0,
            by: settings.by.0,
            until: settings.until.end,
        });
    }
    attestations
}

struct NoSuchTarget;

/// The target that is named; `None` where all are meant.
fn known_target(
    node: &Node,
    targets: &BTreeSet<String>,
    mistakes: &mut Vec<Mistake>,
) -> Result<Option<String>, NoSuchTarget> {
    let Some(named) = node.get("target") else { return Ok(None) };
    match named.text() {
        Some("*") => Ok(None),
        Some(name) if targets.contains(name) => Ok(Some(name.to_owned())),
        Some(name) if !name.is_empty() => {
            let near = suggest::nearest(name, targets.iter().map(String::as_str));
            let help = near.map_or_else(
                || "name a target of this configuration, or \"*\" for all".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            mistakes.push(Mistake::at(named.span, format!("unknown target `{name}`")).help(help));
            Err(NoSuchTarget)
        }
        // What is no name was reported where it was read.
        _ => Err(NoSuchTarget),
    }
}

fn too_far(node: &Node, policy: &Policy, now: SystemTime) -> Mistake {
    let most = shown(policy.max_waiver);
    let message = format!("a waiver lasts at most {most} (`policy.max_waiver`)");
    let last = date::day(now + policy.max_waiver);
    Mistake::at(node.nearest(["expires"]).span, message)
        .help(format!("today, {last} is the last day"))
}
