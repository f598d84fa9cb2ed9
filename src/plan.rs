//! A configuration → errands. What is unchanged since the last one is kept: what a probe remembers,
//! and the way to a target with its budgets and its circuit breaker.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicU64},
};

use gonogo_probes::contract::{
    Memory, Shared, Target,
    net::{Net, TrustError},
};
use url::Url;

use crate::{
    config::{Config, Fingerprint, TargetConfig},
    findings::{Expected, ExpectedProbe},
    revision::Watch,
    store::{Remembered, RememberedProbe},
    telemetry::VERSION,
    visit::Errand,
};

/// All that is to be done by a configuration.
#[derive(Debug, Default)]
pub struct Plan {
    /// In the order of the configuration.
    pub targets: Vec<PlannedTarget>,
}

/// All that is to be done about one target.
#[derive(Debug)]
pub struct PlannedTarget {
    /// The target.
    pub target: Arc<Target>,
    /// Where the net counts connections and requests.
    pub requests: Arc<AtomicU64>,
    /// Its armed probes.
    pub errands: Vec<Arc<Errand>>,
}

/// The way to a target cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[error("target `{target}`: {source}")]
pub struct PlanError {
    /// The target.
    pub target: String,
    /// Why.
    pub source: TrustError,
}

/// Makes plans, and remembers what can be kept from one to the next.
#[derive(Debug)]
pub struct Planner {
    user_agent: String,
    ways: HashMap<String, Way>,
    memories: HashMap<(String, String), (Fingerprint, Arc<Memory>)>,
}

#[derive(Clone, Debug)]
struct Way {
    fingerprint: Fingerprint,
    net: Arc<Net>,
    shared: Arc<Shared>,
    requests: Arc<AtomicU64>,
    revision: Option<Arc<Watch>>,
}

impl Planner {
    /// A planner that has seen nothing yet. Targets are told `external_url`, so that their owners know
    /// where to ask.
    pub fn new(external_url: Option<&Url>) -> Self {
        let user_agent = match external_url {
            Some(url) => format!("gonogo/{VERSION} (+{url})"),
            None => format!("gonogo/{VERSION}"),
        };
        Self { user_agent, ways: HashMap::new(), memories: HashMap::new() }
    }

    /// Plans a configuration. If that fails, what was remembered stays.
    pub fn plan(&mut self, config: &Config) -> Result<Plan, PlanError> {
        let mut ways = HashMap::new();
        for target in &config.targets {
            ways.insert(target.target.name.clone(), self.way(target)?);
        }
        let mut memories = HashMap::new();
        let targets = config.targets.iter().filter_map(|target| {
            let way = ways.get(&target.target.name)?;
            let errands = target.probes.iter().map(|probe| {
                let key = (target.target.name.clone(), probe.name.clone());
                let memory = match self.memories.get(&key) {
                    Some((known, memory)) if *known == probe.fingerprint => Arc::clone(memory),
                    _ => Arc::default(),
                };
                memories.insert(key, (probe.fingerprint, Arc::clone(&memory)));
                Arc::new(Errand {
                    target: Arc::clone(&target.target),
                    net: Arc::clone(&way.net),
                    probe: probe.name.as_str().into(),
                    kind: probe.kind,
                    armed: Arc::clone(&probe.armed),
                    memory,
                    shared: Arc::clone(&way.shared),
                    interval: probe.interval,
                    deadline: probe.deadline,
                    ordinary: probe.ordinary,
                    requests: probe.requests,
                    allowed: probe
                        .experiment
                        .as_ref()
                        .is_some_and(|experiment| target.allow.contains(&experiment.footprint)),
                    experiment: probe.experiment.clone(),
                    identity: probe.identity(target),
                    revision: way.revision.clone(),
                })
            });
            Some(PlannedTarget {
                target: Arc::clone(&target.target),
                requests: Arc::clone(&way.requests),
                errands: errands.collect(),
            })
        });
        let plan = Plan { targets: targets.collect() };
        (self.ways, self.memories) = (ways, memories);
        Ok(plan)
    }

    fn way(&self, target: &TargetConfig) -> Result<Way, PlanError> {
        let known = self.ways.get(&target.target.name);
        if let Some(known) = known.filter(|known| known.fingerprint == target.fingerprint) {
            return Ok(known.clone());
        }
        // A counter must not start again because a timeout was changed.
        let requests = known.map_or_else(Arc::default, |known| Arc::clone(&known.requests));
        let settings = target.net_settings(self.user_agent.clone(), Arc::clone(&requests));
        let net = Net::new(settings)
            .map_err(|source| PlanError { target: target.target.name.clone(), source })?;
        if target.probes.iter().any(|probe| probe.kind.judges_certificates) {
            net.expect_judgement();
        }
        let revision = target.revision.clone().map(|revision| Arc::new(Watch::new(revision)));
        let shared = Arc::default();
        Ok(Way { fingerprint: target.fingerprint, net, shared, requests, revision })
    }
}

impl Plan {
    /// What is expected to report.
    pub fn expected(&self) -> Vec<Expected> {
        let expected = self.targets.iter().map(|planned| Expected {
            target: Arc::clone(&planned.target),
            requests: Arc::clone(&planned.requests),
            probes: planned
                .errands
                .iter()
                .map(|errand| ExpectedProbe {
                    name: Arc::clone(&errand.probe),
                    kind: errand.kind,
                    identity: errand.identity,
                    interval: errand.interval,
                    ordinary: errand.ordinary,
                })
                .collect(),
        });
        expected.collect()
    }

    /// What its probes remember.
    pub fn remembered(&self) -> Vec<Remembered> {
        let remembered = self.targets.iter().map(|planned| Remembered {
            target: planned.target.name.clone(),
            probes: planned
                .errands
                .iter()
                .map(|errand| RememberedProbe {
                    name: Arc::clone(&errand.probe),
                    observes: errand.identity,
                    memory: Arc::clone(&errand.memory),
                })
                .collect(),
        });
        remembered.collect()
    }

    /// Every errand.
    pub fn errands(&self) -> impl Iterator<Item = &Arc<Errand>> {
        self.targets.iter().flat_map(|planned| &planned.errands)
    }
}
