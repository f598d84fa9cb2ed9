//! Visiting specimens, and holding what was found against what they promise.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use rustls_pki_types::CertificateDer;
use url::Url;

use crate::contract::{
    Armed, Footprint, Kind, Outcome, Profile, Report, Target, Visit,
    net::{Address, Allow, Budgets, Endpoint, Net, NetSettings, Roots, Trust},
    redact::Redactor,
};

/// A deployment on which exactly the named checks fail.
pub struct Specimen {
    /// What it is, in a few words: "a catch-all page".
    pub name: &'static str,
    /// The checks that fail on it. Every other one passes or is skipped, unless named below.
    pub fails: &'static [&'static str],
    /// The checks that cannot be answered on it.
    pub unknown: &'static [&'static str],
    /// Starts it.
    pub start: fn() -> Pin<Box<dyn Future<Output = Started> + Send>>,
}

/// A running specimen.
pub struct Started {
    /// The target's URL.
    pub url: Url,
    /// The probe's settings.
    pub settings: serde_json::Value,
    /// Authorities that vouch for it.
    pub roots: Vec<CertificateDer<'static>>,
    /// Where it listens, where the URL's host leads nowhere.
    pub address: Option<SocketAddr>,
    /// Where else it listens.
    pub also: Vec<SocketAddr>,
    /// What kind of system it is, where the settings do not say.
    pub profile: Option<Profile>,
    /// The moment of the visit, where it is not now.
    pub at: Option<SystemTime>,
    /// How long after the first visit the further ones are made, on the same memory. The last is
    /// held against what the specimen promises.
    pub later: Vec<Duration>,
    /// What must live as long as the specimen.
    pub guard: Box<dyn Any + Send + Sync>,
}

impl Started {
    /// A specimen behind this URL, with no settings and nobody to vouch for it.
    pub fn new(url: Url, guard: impl Any + Send + Sync) -> Self {
        Self {
            url,
            settings: serde_json::Value::Object(serde_json::Map::new()),
            roots: Vec::new(),
            address: None,
            also: Vec::new(),
            profile: None,
            at: None,
            later: Vec::new(),
            guard: Box::new(guard),
        }
    }

    /// The same, with settings.
    #[must_use]
    pub fn settings(mut self, settings: serde_json::Value) -> Self {
        self.settings = settings;
        self
    }

    /// The same, vouched for.
    #[must_use]
    pub fn root(mut self, root: CertificateDer<'static>) -> Self {
        self.roots.push(root);
        self
    }

    /// The same, under a name that only the specimen's visitors know: `https://shop.example/`.
    #[must_use]
    pub fn known_as(mut self, url: &str, address: SocketAddr) -> Self {
        self.url = url.parse().expect("a URL");
        self.address = Some(address);
        self
    }

    /// The same, visited again at these times after the first visit, on the same memory.
    #[must_use]
    pub fn later(mut self, later: &[Duration]) -> Self {
        self.later = later.to_vec();
        self
    }

    /// The target it makes.
    #[must_use]
    pub fn target(&self) -> Target {
        Target {
            name: "specimen".to_owned(),
            url: self.url.clone(),
            profile: self.profile,
            labels: BTreeMap::new(),
        }
    }

    /// A visit to it by a probe armed with its settings.
    #[must_use]
    pub fn visit(&self, armed: &dyn Armed, footprint: Footprint) -> Visit {
        self.visit_with(armed.endpoints(&self.target()), footprint)
    }

    fn visit_with(&self, endpoints: Vec<Endpoint>, footprint: Footprint) -> Visit {
        let budgets = Budgets { requests_per_second: 1000, burst: 1000, ..Budgets::default() };
        self.visit_by(&self.net(endpoints, budgets), footprint)
    }

    /// The way to it, with these budgets.
    #[must_use]
    pub fn net(&self, mut endpoints: Vec<Endpoint>, budgets: Budgets) -> Arc<Net> {
        let origin = Endpoint::of_url(&self.url).expect("a specimen's URL has a host and a port");
        endpoints.push(origin.clone());
        // A net takes no empty list; who needs no authority can do with somebody else's.
        let roots = match self.roots.as_slice() {
            [] => Roots::Mozilla,
            listed => Roots::Listed(Arc::new(listed.to_vec())),
        };
        let net = Net::new(NetSettings {
            allow: Allow { endpoints, networks: self.address.map(loopback).into_iter().collect() },
            connect_to: self.address.iter().chain(&self.also).copied().map(Address::Ip).collect(),
            origin,
            trust: Trust { roots, ..Trust::default() },
            budgets,
            user_agent: "gonogo/specimen".to_owned(),
            redactor: Redactor::default(),
            requests: Arc::default(),
        });
        net.expect("a specimen's authorities can be read")
    }

    /// A visit to it by this way.
    #[must_use]
    pub fn visit_by(&self, net: &Arc<Net>, footprint: Footprint) -> Visit {
        #[expect(clippy::disallowed_methods, reason = "a specimen is visited in real time")]
        let now = SystemTime::now();
        let (target, at) = (Arc::new(self.target()), self.at.unwrap_or(now));
        Visit::new(target, net.session(footprint), at, Duration::from_secs(20))
    }
}

/// A visit to a target that does not exist, for what needs a visit and sends nothing.
#[cfg(test)]
pub(crate) fn visit_to_nowhere() -> Visit {
    let url = Url::parse("http://127.0.0.1:1/").expect("a URL");
    Started::new(url, ()).visit_with(Vec::new(), Footprint::Passive)
}

fn loopback(address: SocketAddr) -> IpNet {
    IpNet::from(address.ip())
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// What one specimen showed.
#[derive(Debug)]
pub struct Shown {
    /// The checks that failed.
    pub failed: BTreeSet<&'static str>,
    /// The checks that passed.
    pub passed: BTreeSet<&'static str>,
    /// Where the specimen did not show what it promises: what differs, and the whole report.
    pub broken_promise: Option<String>,
}

/// Starts a specimen, visits it as often as it says, and compares what the last visit found.
pub async fn show(kind: &Kind, specimen: &Specimen) -> Shown {
    let started = (specimen.start)().await;
    let armed = arm(kind, &started.settings);
    let target = started.target();
    let (footprint, requests) = match (armed.needs(&target), armed.experiment(&target)) {
        (_, Some(experiment)) => (experiment.footprint, experiment.requests),
        (Some(needs), None) => (needs.footprint, needs.requests),
        (None, None) => panic!("the settings of `{}` ask for no visit", specimen.name),
    };
    let mut visit = started.visit(armed.as_ref(), footprint);
    visit.net = visit.net.for_requests(requests);
    let first = visit.at;
    let mut report = armed.run(&visit).await;
    for later in &started.later {
        let mut again = started.visit(armed.as_ref(), footprint);
        again.net = again.net.for_requests(requests);
        again.at = first + *later;
        report = armed.run(&again.with_memory(Arc::clone(&visit.memory))).await;
    }
    compare(specimen, &report)
}

/// Arms a probe with settings given as JSON.
#[must_use]
pub fn arm(kind: &Kind, settings: &serde_json::Value) -> Box<dyn Armed> {
    kind.arm(&mut <dyn erased_serde::Deserializer<'_>>::erase(settings))
        .unwrap_or_else(|error| panic!("{}: {settings}: {error}", kind.name))
}

fn compare(specimen: &Specimen, report: &Report) -> Shown {
    let having = |wanted: fn(Outcome) -> bool| -> BTreeSet<&'static str> {
        let found = report.findings.iter().filter(|finding| wanted(finding.outcome));
        found.map(|finding| finding.check.id).collect()
    };
    let failed = having(|outcome| matches!(outcome, Outcome::Fail(_)));
    let unknown = having(|outcome| matches!(outcome, Outcome::Unknown(_)));
    let passed = having(|outcome| outcome == Outcome::Pass);
    let kept = failed == specimen.fails.iter().copied().collect()
        && unknown == specimen.unknown.iter().copied().collect();
    let broken_promise = (!kept).then(|| {
        format!(
            "specimen `{}`\n  should fail    {:?}\n  failed         {failed:?}\n  should not tell {:?}\n  \
             could not tell  {unknown:?}\n{}",
            specimen.name,
            specimen.fails,
            specimen.unknown,
            described(report)
        )
    });
    Shown { failed, passed, broken_promise }
}

fn described(report: &Report) -> String {
    let line = |finding: &crate::contract::Finding| {
        let items = finding.items.iter().map(|item| format!("{}: {}", item.subject, item.seen));
        let items: Vec<String> = items.collect();
        format!("  {:32} {:?}  {}", finding.check.id, finding.outcome, items.join(" | "))
    };
    report.findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;
    use crate::contract::{
        Check, Confidence, Dimension, Impact, Item, Needs, Obstructed, Probe, Rule, Settles,
    };

    /// A probe that sees a leak only over time.
    #[derive(Debug, Default, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Tank {}

    impl Probe for Tank {
        type Evidence = Vec<Duration>;

        const NAME: &'static str = "tank";
        const ABOUT: &'static str = "Whether the tank leaks.";
        const NEEDS: Option<Needs> = Some(Needs::passive());
        const RULES: &'static [Rule<Self>] = &[Rule::new(
            Check {
                id: "tank-leaks",
                fault: "the tank leaks",
                impact: Impact::High,
                dimension: Dimension::Resilience,
                settles: Settles::AtOnce,
                why: "It is empty when it is needed.",
                how: "The level is read on several days.",
                fix: "Close the valve.",
                sources: &[],
            },
            |_, read: &Vec<Duration>| match read.last() {
                Some(last) if *last >= Duration::from_hours(48) && read.len() == 3 => {
                    vec![Item::fail(Confidence::Firm, "", format!("{read:?}"))]
                }
                _ => vec![Item::pass("", "")],
            },
        )];

        async fn observe(&self, visit: &Visit) -> Result<Vec<Duration>, Obstructed> {
            let known = visit.memory.recall::<Vec<SystemTime>>();
            let mut points: Vec<SystemTime> = known.map(|it| it.to_vec()).unwrap_or_default();
            points.push(visit.at);
            visit.memory.store(points.clone());
            Ok(points.iter().filter_map(|at| at.duration_since(points[0]).ok()).collect())
        }

        fn specimens() -> Vec<Specimen> {
            vec![
                Specimen {
                    name: "a tank that is watched for two days",
                    fails: &["tank-leaks"],
                    unknown: &[],
                    start: || {
                        Box::pin(async {
                            let url = Url::parse("http://127.0.0.1:1/").expect("a URL");
                            let days = [Duration::from_hours(24), Duration::from_hours(48)];
                            Started::new(url, ()).later(&days)
                        })
                    },
                },
                Specimen {
                    name: "a tank that is looked at once",
                    fails: &[],
                    unknown: &[],
                    start: || {
                        Box::pin(async {
                            let url = Url::parse("http://127.0.0.1:1/").expect("a URL");
                            Started::new(url, ())
                        })
                    },
                },
            ]
        }
    }

    #[tokio::test]
    async fn a_specimen_is_visited_over_time_on_one_memory() {
        let kind = Kind::of::<Tank>();
        for specimen in kind.specimens() {
            let shown = show(&kind, &specimen).await;
            assert_eq!(shown.broken_promise, None);
        }
    }
}
