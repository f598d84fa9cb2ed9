//! A target of the configuration, and the way to it.

use std::{
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    sync::{Arc, atomic::AtomicU64},
};

use gonogo_probes::contract::{
    Footprint, Profile, Target,
    net::{Address, Allow, Budgets, Endpoint, NetSettings},
    redact::Redactor,
    setting::Secret,
};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::{
    budgets::BudgetSettings,
    decode,
    fingerprint::{Fingerprint, fingerprint},
    loading::Loading,
    mistake::Mistake,
    probes::{self, ArmedProbe, Site},
    problem::Problem,
    redacted,
    revision::{Revision, RevisionSettings},
    schema::ProbeList,
    source::Position,
    target_url,
    trust::{self, Trust, TrustSettings},
    unarmed,
    words::{AllowedHost, Apart, Dialled, Interval, LabelName, Name, Network},
    yaml::Node,
};

/// A target with everything that is configured for it.
pub struct TargetConfig {
    /// What its probes know of it.
    pub target: Arc<Target>,
    /// Where it says which revision is running; `None` if it does not.
    pub revision: Option<Revision>,
    /// Footprints that may be used beyond passive and active ones.
    pub allow: Vec<Footprint>,
    /// Its probes, as configured, then as implied by its profile.
    pub probes: Vec<ArmedProbe>,
    /// Of everything the net to the target is made of, and of where its revision is found: with an
    /// equal one, both may be kept. Values of secrets are not in it. Never to be stored: the key of the
    /// client certificate is.
    pub fingerprint: Fingerprint,
    /// Where it is configured.
    pub position: Position,
    /// Why nothing is asked of it, with the place and what to write, if no probe is armed.
    pub unarmed: Option<Problem>,
    pub(super) budgets: Budgets,
    pub(super) connect_to: Vec<Address>,
    /// Its settings but for probes, as they were written.
    pub(super) settings: Box<str>,
    /// Kinds that the configuration keeps from being armed.
    pub(super) disabled: Vec<&'static str>,
    /// The secrets that its probes share.
    pub secrets: Vec<Secret>,
    reach: Allow,
    trust: Trust,
}

impl TargetConfig {
    /// A digest of where the target is dialled and by whom that is vouched for.
    pub(super) fn way(&self) -> Fingerprint {
        fingerprint([self.dialled().as_bytes(), &self.trust.digest()])
    }

    /// Where the target is dialled, and under which name.
    pub(super) fn dialled(&self) -> String {
        format!("{:?} {:?}", self.connect_to, self.trust.server_name)
    }

    /// What a net to the target is made of. `requests` counts what is sent to it.
    #[must_use]
    pub fn net_settings(&self, user_agent: String, requests: Arc<AtomicU64>) -> NetSettings {
        NetSettings {
            allow: self.reach.clone(),
            connect_to: self.connect_to.clone(),
            origin: origin(&self.target),
            trust: self.trust.for_net(),
            budgets: self.budgets.clone(),
            user_agent,
            redactor: self.redactor(),
            requests,
        }
    }

    /// A redactor that knows the secrets of the target's settings.
    #[must_use]
    pub fn redactor(&self) -> Redactor {
        Redactor::new(self.secrets.iter().map(Secret::hidden).collect())
    }
}

impl fmt::Debug for TargetConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetConfig")
            .field("target", &self.target)
            .field("probes", &self.probes)
            .finish_non_exhaustive()
    }
}

/// A deployed system under test.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetSettings {
    /// Its name in metrics, reports and waivers.
    name: Name,
    /// Where its users find it, without user name, password or fragment: https or http, or for what
    /// speaks no HTTP postgres, rediss, redis, grpcs, grpc, mqtts, mqtt or tcp.
    #[expect(dead_code, reason = "read apart, so that it is looked at whatever else is wrong")]
    url: Apart<Url>,
    /// What kind of system it is; sets which probes apply.
    profile: Option<Profile>,
    /// Shown in reports and on `/sd`.
    #[serde(default)]
    labels: BTreeMap<LabelName, String>,
    /// Where it says which revision of it is running.
    revision: Option<RevisionSettings>,
    /// Whom its certificate may come from, and the certificate we show it.
    #[serde(default)]
    #[expect(dead_code, reason = "read apart")]
    trust: Apart<TrustSettings>,
    /// Addresses to dial for the URL's host instead of what DNS says.
    #[serde(default)]
    connect_to: Vec<Dialled>,
    /// The time between visits of passive and active probes that have no interval of their own;
    /// default 60s.
    interval: Option<Interval>,
    /// Its probes, besides those that its profile arms.
    #[serde(default)]
    #[expect(dead_code, reason = "read apart")]
    probes: Apart<ProbeList>,
    /// Footprints beyond passive and active that gonogo may use on its own.
    #[serde(default)]
    allow: Vec<Risky>,
    /// Hosts and ports that probes may call besides the target's own.
    #[serde(default)]
    allow_hosts: Vec<AllowedHost>,
    /// Networks that may be called although they are refused by default: link-local ones, metadata
    /// services.
    #[serde(default)]
    allow_networks: Vec<Network>,
    /// What gonogo may ask of it, and take from it.
    #[serde(default)]
    budgets: BudgetSettings,
}

/// A footprint that must be allowed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Risky {
    /// Sends bursts.
    Load,
    /// Takes something down or changes state.
    Disruptive,
}

/// Reads a target; `None` if that brought mistakes.
pub(super) fn read(node: &Node, loading: &mut Loading<'_>) -> Option<TargetConfig> {
    let before = loading.mistakes.len();
    let settings: Option<TargetSettings> =
        decode::decode(node, &loading.vault, &mut loading.mistakes);
    let url = node.get("url").and_then(|node| target_url::read(node, &mut loading.mistakes));
    let trust = read_trust(node, loading);
    let target = settings.as_ref().zip(url).map(|(settings, url)| target(settings, url));
    let profile = match &settings {
        Some(settings) => settings.profile,
        // Which probes the profile arms is of no interest until the rest is right.
        None => None,
    };
    let interval = settings.as_ref().and_then(|settings| settings.interval);
    let interval = interval.map(|Interval(interval)| interval);
    let site = Site { target: target.as_ref(), profile, interval, node };
    let (probes, disabled) = probes::arm(&site, loading);
    let secrets = std::mem::take(&mut loading.secrets);
    let (settings, target) = settings.zip(target)?;
    if settings.revision.is_some() && !target.scheme().is_http() {
        let message = format!(
            "a revision is asked for by HTTP, and this target speaks {}",
            target.scheme().as_str()
        );
        loading.mistakes.push(Mistake::at(node.nearest(["revision"]).span, message));
    }
    if loading.mistakes.len() > before {
        return None;
    }
    let position = loading.position(node.span);
    let unarmed = probes.is_empty().then(|| unarmed::explain(node, &target, loading));
    let mut config = settings.into_config(target, trust, probes, secrets, position);
    config.settings = redacted::written(node, &["name", "budgets", "probes"]);
    config.disabled = disabled;
    config.unarmed = unarmed;
    Some(config)
}

fn read_trust(node: &Node, loading: &mut Loading<'_>) -> Trust {
    let Some(node) = node.get("trust") else { return Trust::default() };
    let settings = decode::decode(node, &loading.vault, &mut loading.mistakes);
    settings.map_or_else(Trust::default, |settings: TrustSettings| {
        let Loading { vault, authorities, mistakes, .. } = loading;
        trust::read(settings, node, vault, authorities, mistakes)
    })
}

fn target(settings: &TargetSettings, url: Url) -> Target {
    let labels = settings.labels.iter();
    Target {
        name: settings.name.0.clone(),
        url,
        profile: settings.profile,
        labels: labels.map(|(LabelName(name), value)| (name.clone(), value.clone())).collect(),
    }
}

impl TargetSettings {
    fn allowed(&self) -> Vec<Footprint> {
        let footprint = |risky: &Risky| match risky {
            Risky::Load => Footprint::Load,
            Risky::Disruptive => Footprint::Disruptive,
        };
        self.allow.iter().map(footprint).collect()
    }

    fn into_config(
        self,
        target: Target,
        trust: Trust,
        probes: Vec<ArmedProbe>,
        secrets: Vec<Secret>,
        position: Position,
    ) -> TargetConfig {
        let allow = self.allowed();
        let connect_to: Vec<Address> = self.connect_to.into_iter().map(|Dialled(a)| a).collect();
        let budgets = Budgets::from(self.budgets);
        let mut reach = Allow {
            endpoints: vec![origin(&target)],
            networks: self.allow_networks.into_iter().map(|Network(network)| network).collect(),
        };
        for address in &connect_to {
            match address {
                Address::Ip(address) => {
                    let endpoint = Endpoint::tcp(&address.ip().to_string(), address.port());
                    reach.endpoints.push(endpoint);
                    // Whoever writes an address down means it, link-local or not.
                    reach.networks.push(single(address.ip()));
                }
                Address::Unix(path) => reach.endpoints.push(Endpoint::Unix(path.clone())),
            }
        }
        reach.endpoints.extend(self.allow_hosts.into_iter().map(|AllowedHost(host)| host));
        reach.endpoints.extend(probes.iter().flat_map(|probe| probe.armed.endpoints(&target)));
        reach.endpoints.sort();
        reach.endpoints.dedup();
        let revision = self.revision.as_ref();
        let url = target.url.as_str();
        let way = format!("{url} {reach:?} {connect_to:?} {budgets:?} {revision:?}");
        let trusted = trust.digest();
        let fingerprint = fingerprint([way.as_bytes(), &trusted]);
        TargetConfig {
            allow,
            revision: self.revision.map(Revision::from),
            probes,
            fingerprint,
            position,
            budgets,
            connect_to,
            settings: <_>::default(),
            disabled: Vec::new(),
            unarmed: None,
            reach,
            trust,
            secrets,
            target: Arc::new(target),
        }
    }
}

/// The endpoint that the URL names.
fn origin(target: &Target) -> Endpoint {
    target.endpoint().expect("a target's URL was checked to have a host and a scheme with a port")
}

fn single(address: IpAddr) -> IpNet {
    IpNet::from(address)
}
