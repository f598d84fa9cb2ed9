//! Arming probes: those the configuration mentions, and those the target's profile implies.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use gonogo_probes::contract::{Armed, Experiment, Footprint, Kind, Needs, Profile, Target};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    decode,
    fingerprint::{Fingerprint, fingerprint},
    loading::Loading,
    mention::{Mention, mentions},
    mistake::Mistake,
    redacted,
    source::Position,
    target::TargetConfig,
    words::{Deadline, Interval, Name, shown},
    yaml::Node,
};

/// A probe configured for a target.
pub struct ArmedProbe {
    /// The row of the catalogue.
    pub kind: &'static Kind,
    /// The probe's name on this target; by default its kind's.
    pub name: String,
    /// The time between visits; `None` where visits are made on demand only.
    pub interval: Option<Duration>,
    /// The time allowed for a whole visit; never longer than the interval.
    pub deadline: Duration,
    /// What an ordinary visit does to the target; `None` if only experiments answer.
    pub ordinary: Option<Footprint>,
    /// Connections and requests a visit may use, where the target's budgets do not say.
    pub requests: u32,
    /// The experiment that the settings describe.
    pub experiment: Option<Experiment>,
    /// The probe itself.
    pub armed: Arc<dyn Armed>,
    /// Where it is configured; for one that a profile arms, where the profile is named.
    pub position: Position,
    /// Its settings as they were written, as YAML; secrets are references.
    pub(super) settings: Box<str>,
}

impl ArmedProbe {
    /// A digest of the probe, its settings as they were written, secrets as references, and where its
    /// target is dialled and by whom that is vouched for: the same after a restart, and safe to be
    /// stored. Findings with an equal one are still true of this probe.
    pub fn identity(&self, config: &TargetConfig) -> Fingerprint {
        let target = &config.target;
        let profile = target.profile.map_or("", Profile::as_str);
        let (url, settings) = (target.url.as_str(), &*self.settings);
        let way = config.way();
        let parts = [&target.name, url, profile, self.kind.name, &self.name, settings];
        fingerprint(parts.map(str::as_bytes).into_iter().chain([&way[..]]))
    }

    /// A digest of what the probe observes, and where: the same after a restart, and safe to be stored.
    /// What was remembered with an equal one is still true, though it may be judged differently now.
    pub fn observes(&self, config: &TargetConfig) -> Fingerprint {
        let Some(observes) = self.armed.observes(&config.target) else {
            return self.identity(config);
        };
        let (target, dialled) = (&config.target, config.dialled());
        let parts = [&target.name, target.url.as_str(), self.kind.name, &dialled, &observes];
        fingerprint(parts.map(str::as_bytes))
    }
}

impl fmt::Debug for ArmedProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArmedProbe")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("interval", &self.interval)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// What can be said of every probe, beside its own settings.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Common {
    /// The probe's name on this target; by default its kind. Two probes of one kind need it.
    name: Option<Name>,
    /// The time between visits.
    interval: Option<Interval>,
    /// The time allowed for a whole visit.
    deadline: Option<Deadline>,
    /// `false` keeps the target's profile from arming this probe.
    enabled: Option<bool>,
}

/// The keys of [`Common`].
pub(super) const COMMON: &[&str] = &["name", "interval", "deadline", "enabled"];

/// What the probes of a target have in common.
pub(super) struct Site<'a> {
    /// `None` if something is wrong with it; then its probes are looked through for mistakes only.
    pub(super) target: Option<&'a Target>,
    pub(super) profile: Option<Profile>,
    pub(super) interval: Option<Duration>,
    /// The whole target.
    pub(super) node: &'a Node,
}

/// Arms the probes of a target.
///
/// Also tells which kinds the configuration mentions to keep them from being armed.
pub(super) fn arm(
    site: &Site<'_>,
    loading: &mut Loading<'_>,
) -> (Vec<ArmedProbe>, Vec<&'static str>) {
    let mut probes = Vec::new();
    let mut mentioned = Vec::new();
    let mut disabled = Vec::new();
    let mut names = HashMap::new();
    for entry in mentions(site.node.get("probes"), &mut loading.mistakes) {
        let Some(kind) = entry.kind(loading) else { continue };
        mentioned.push(kind.name);
        if entry.settings.and_then(|settings| settings.get("enabled")).and_then(Node::text)
            == Some("false")
        {
            disabled.push(kind.name);
        }
        let is_disabled = disabled.last() == Some(&kind.name);
        if let Some(target) = site.target.filter(|_| !is_disabled) {
            entry.must_speak(kind, target, loading);
        }
        let (name, probe) = entry.arm(kind, site, loading);
        if let Some(first) = names.insert(name.clone(), entry.name.span) {
            let message = format!("two probes of this target are called `{name}`");
            let mistake = Mistake::at(entry.name.span, message).also("the other is at", first);
            loading.mistakes.push(mistake.help("give one of them another `name`".to_owned()));
        }
        probes.extend(probe);
    }
    let Some((target, profile)) = site.target.zip(site.profile) else { return (probes, disabled) };
    for kind in loading.catalogue {
        let implied = kind.profiles.contains(&profile) && kind.suits(target);
        if !implied || mentioned.contains(&kind.name) {
            continue;
        }
        if let Some(taken) = names.get(kind.name) {
            let message = format!("the profile arms a probe called `{}` as well", kind.name);
            let help = "give this one another `name`";
            loading.mistakes.push(Mistake::at(*taken, message).help(help.to_owned()));
        }
        probes.extend(implied_probe(kind, site, loading));
    }
    (probes, disabled)
}

/// A probe that the profile arms, with the settings it has when nobody sets any.
fn implied_probe(
    kind: &'static Kind,
    site: &Site<'_>,
    loading: &mut Loading<'_>,
) -> Option<ArmedProbe> {
    let at = site.node.nearest(["profile"]).span;
    let settings = Node::empty(at);
    let before = loading.mistakes.len();
    let (_, probe) = Mention { name: &settings, settings: None }.arm(kind, site, loading);
    let mut found = loading.mistakes.drain(before..).peekable();
    if found.peek().is_some() {
        let found: Vec<String> = found.map(|mistake| mistake.message).collect();
        let message = format!("the profile arms the probe `{}`: {}", kind.name, found.join("; "));
        let help = "mention it under `probes`, with `enabled: false` if it does not apply";
        loading.mistakes.push(Mistake::at(at, message).help(help.to_owned()));
        return None;
    }
    drop(found);
    probe
}

impl Mention<'_> {
    /// Refuses a probe that cannot ask such a target anything.
    fn must_speak(&self, kind: &Kind, target: &Target, loading: &mut Loading<'_>) {
        if kind.speaks.contains(&target.scheme()) {
            return;
        }
        let words: Vec<&str> = kind.speaks.iter().map(|scheme| scheme.as_str()).collect();
        let (name, scheme) = (kind.name, target.scheme().as_str());
        let message = format!(
            "the probe `{name}` asks by {}, and this target speaks {scheme}",
            words.join(", ")
        );
        let others = loading.catalogue.iter().filter(|kind| kind.speaks.contains(&target.scheme()));
        let others: Vec<&str> = others.map(|kind| kind.name).collect();
        let instead = if others.is_empty() {
            String::new()
        } else {
            format!("of this one, ask `probes: [{}]`; ", others.join(", "))
        };
        let help = format!("{instead}what speaks {} is a target of its own", words[0]);
        loading.mistakes.push(Mistake::at(self.name.span, message).help(help));
    }

    /// The probe's name on the target, and the probe unless it is disabled or wrong.
    fn arm(
        &self,
        kind: &'static Kind,
        site: &Site<'_>,
        loading: &mut Loading<'_>,
    ) -> (String, Option<ArmedProbe>) {
        let (common_node, settings) = self.split();
        let before = loading.mistakes.len();
        let common: Option<Common> =
            decode::decode(&common_node, &loading.vault, &mut loading.mistakes);
        let common_sound = common.is_some();
        let common = common.unwrap_or_default();
        let name = match &common.name {
            Some(Name(name)) => name.clone(),
            None => kind.name.to_owned(),
        };
        if common.enabled == Some(false) {
            return (name, None);
        }
        let armed =
            decode::decode_by(&settings, COMMON, &loading.vault, &mut loading.mistakes, |from| {
                let mut erased = <dyn erased_serde::Deserializer<'_>>::erase(from);
                kind.arm(&mut erased).map_err(drop)
            });
        loading.secrets.extend(loading.vault.take());
        if let Some((armed, target)) = armed.as_ref().zip(site.target) {
            for wrong in armed.mistakes(target) {
                let node = settings.nearest(wrong.path.iter().map(String::as_str));
                loading.mistakes.push(Mistake::at(node.span, wrong.message));
            }
        }
        let needs = match (&armed, site.target) {
            (Some(armed), Some(target)) => armed.needs(target),
            // Something is wrong with it, which is no reason to find fault with its times too.
            _ => kind.needs,
        };
        let times =
            common_sound.then(|| times(&common, needs, site, &common_node, &mut loading.mistakes));
        loading.redact_since(before);
        let Some(((armed, target), (interval, deadline))) = armed.zip(site.target).zip(times)
        else {
            return (name, None);
        };
        let experiment = armed.experiment(target);
        let deadline = match (deadline, &experiment) {
            (Some(deadline), _) => deadline,
            (None, Some(experiment)) => experiment.deadline,
            (None, None) => Duration::ZERO,
        };
        let written = redacted::written(&settings, &[]);
        let probe = ArmedProbe {
            kind,
            name: name.clone(),
            interval,
            deadline,
            ordinary: needs.map(|needs| needs.footprint),
            requests: match (needs, &experiment) {
                (Some(needs), _) => needs.requests,
                (None, Some(experiment)) => experiment.requests,
                (None, None) => 0,
            },
            experiment,
            armed: armed.into(),
            position: loading.position(self.name.span),
            settings: written,
        };
        (name, Some(probe))
    }
}

/// The probe's interval and deadline.
///
/// The target's interval stands for the one that most probes have; a probe which has its own, because
/// a visit is costly, keeps it.
fn times(
    common: &Common,
    needs: Option<Needs>,
    site: &Site<'_>,
    node: &Node,
    mistakes: &mut Vec<Mistake>,
) -> (Option<Duration>, Option<Duration>) {
    let interval = match (common.interval, needs) {
        (Some(Interval(_)), None) => {
            let message = "every visit of this probe is an experiment, which has no interval";
            let help = "leave it out; experiments are made in their window, when asked, or on a new \
                        revision";
            let span = node.nearest(["interval"]).span;
            mistakes.push(Mistake::at(span, message.to_owned()).help(help.to_owned()));
            None
        }
        (None, None) => None,
        (Some(Interval(interval)), Some(_)) => Some(interval),
        (None, Some(needs)) if needs.own_pace => Some(needs.every),
        (None, Some(needs)) => Some(site.interval.unwrap_or(needs.every)),
    };
    let most = interval.unwrap_or(Duration::MAX);
    let deadline = match common.deadline {
        Some(Deadline(deadline)) if deadline > most => {
            let span = node.nearest(["deadline"]).span;
            let message = format!(
                "the deadline {} is longer than the interval {}: visits would overlap",
                shown(deadline),
                shown(most)
            );
            mistakes.push(Mistake::at(span, message));
            Some(most)
        }
        Some(Deadline(deadline)) => Some(deadline),
        None => needs.map(|needs| needs.deadline.min(most)),
    };
    (interval, deadline)
}
