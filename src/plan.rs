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
    secrets::Secrets,
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
    secrets: Arc<Secrets>,
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
            way.secrets.set(&target.secrets);
            let errands = target.probes.iter().map(|probe| {
                let key = (target.target.name.clone(), probe.name.clone());
                let observes = probe.observes(target);
                let memory = match self.memories.get(&key) {
                    Some((known, memory)) if *known == observes => Arc::clone(memory),
                    _ => Arc::default(),
                };
                memories.insert(key, (observes, Arc::clone(&memory)));
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
                    observes,
                    secrets: Arc::clone(&way.secrets),
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
        let secrets = Arc::new(Secrets::new(&target.target.name, Arc::clone(net.redactor())));
        let (fingerprint, shared) = (target.fingerprint, Arc::default());
        Ok(Way { fingerprint, net, shared, requests, revision, secrets })
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
                    observes: errand.observes,
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

#[cfg(test)]
mod tests {
    use std::{
        fs,
        time::{Instant, SystemTime},
    };

    use gonogo_probes::{
        CATALOGUE,
        contract::{Progress, Sample},
    };

    use super::*;
    use crate::{
        clock::Clock,
        config,
        findings::Findings,
        store::{Effort, Now, Store},
        telemetry::Telemetry,
    };

    const SHOP: &str = "https://shop.example";
    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn configured(url: &str, probe: &str) -> Config {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("token"), fastrand::u64(..).to_string()).expect("written");
        let path = directory.path().join("gonogo.yaml");
        let text = format!("targets: [{{name: shop, url: '{url}', probes: [{{{probe}}}]}}]\n");
        fs::write(&path, text).expect("written");
        config::load(&path, CATALOGUE, NOW).expect("a configuration")
    }

    fn memory(plan: &Plan) -> &Arc<Memory> {
        &plan.targets[0].errands[0].memory
    }

    /// Whether what was remembered under the first settings lasts under the second ones.
    fn lasts(before: (&str, &str), after: (&str, &str)) -> bool {
        let (before, after) = (configured(before.0, before.1), configured(after.0, after.1));
        let mut planner = Planner::new(None);
        let first = planner.plan(&before).expect("a plan");
        let sample = Sample { latency: None, ok: true };
        memory(&first).record("requests", NOW, sample);
        let reloaded = planner.plan(&after).expect("a plan");
        let has = |plan: &Plan| memory(plan).summary("requests").count == 1;

        let directory = tempfile::tempdir().expect("a directory");
        let now = Now { at: NOW, tick: Instant::now() };
        let none = Findings::default().snapshot();
        let store = Store::open(directory.path(), NOW).expect("writable");
        store.adopt(&none, first.remembered(), CATALOGUE, now);
        store.save(&none, now, Effort::Last).expect("written");
        drop(store);
        let restarted = Planner::new(None).plan(&after).expect("a plan");
        let store = Store::open(directory.path(), NOW).expect("writable");
        store.adopt(&none, restarted.remembered(), CATALOGUE, now);
        assert_eq!(has(&reloaded), has(&restarted), "a reload and a restart differ");
        has(&reloaded)
    }

    #[test]
    fn limits_and_rotated_secrets_do_not_change_what_is_remembered() {
        for (before, after) in [
            ("health: {slow: 1s}", "health: {slow: 2s, expect_components: [db], interval: 5s}"),
            ("health: {headers: {x: {file: token}}}", "health: {headers: {x: {file: token}}}"),
            ("http: {url: /a}", "http: {url: /a, slow: {p95: 1s}, success: 0.9, min_samples: 9}"),
            ("tls: {}", "tls: {renew_before: 3d, profile: modern, overrides: {}}"),
        ] {
            assert!(lasts((SHOP, before), (SHOP, after)), "{before} {after}");
        }
    }

    #[test]
    fn another_question_forgets_what_is_remembered() {
        for (before, after) in [
            ("health: {ready: /a}", "health: {ready: /b}"),
            ("health: {accept: [200]}", "health: {accept: [200, 503]}"),
            ("health: {headers: {x: a}}", "health: {headers: {x: b}}"),
            ("http: {url: /a}", "http: {url: /b}"),
            ("http: {url: /a}", "http: {url: /a, method: POST}"),
            ("http: {url: /a}", "http: {url: /a, expect: {body: [ok]}}"),
            ("tls: {}", "tls: {server_name: other.example}"),
            ("tls: {}", "tls: {address: 'shop.example:8443'}"),
            // Whatever does not say what it observes.
            ("plaintext: {name: a}", "plaintext: {name: b}"),
        ] {
            assert!(!lasts((SHOP, before), (SHOP, after)), "{before} {after}");
            assert!(!lasts((SHOP, before), ("https://cart.example", before)), "{before}");
        }
    }

    #[test]
    fn a_rotated_secret_is_taken_out_after_a_reload_that_keeps_the_way() {
        let probe = "health: {headers: {x: {file: token}}}";
        let (before, after) = (configured(SHOP, probe), configured(SHOP, probe));
        let mut planner = Planner::new(None);
        let first = planner.plan(&before).expect("a plan");
        let second = planner.plan(&after).expect("a plan");
        let net = |plan: &Plan| Arc::clone(&plan.targets[0].errands[0].net);
        assert!(Arc::ptr_eq(&net(&first), &net(&second)), "budgets and breaker go on");
        for config in [before, after] {
            let secret = config.targets[0].secrets[0].expose();
            assert_eq!(net(&second).redactor().clean(&secret), "[redacted]");
        }
    }

    #[tokio::test]
    async fn what_could_not_be_remembered_is_counted_once() {
        let config = configured("http://127.0.0.1:1", "health: {}");
        let plan = Planner::new(None).plan(&config).expect("a plan");
        let errand = &plan.targets[0].errands[0];
        errand.memory.note("width", NOW, f64::NAN);
        let telemetry = Telemetry::new().expect("sound");
        for _ in 0..2 {
            errand.run(&Clock::system(), &telemetry, Progress::default()).await;
            let families = telemetry.gather();
            let counted = families.iter().find(|it| it.name() == "gonogo_memory_refused_total");
            let counted = &counted.expect("the metric").get_metric()[0];
            assert!((counted.get_counter().get_value() - 1.0).abs() < f64::EPSILON);
            assert!(errand.memory.notices().is_empty(), "it was said");
        }
    }
}
