//! The probe against servers that nobody here wrote, and against those that misbehave.

mod policies;
#[cfg(test)]
pub(in crate::cors) mod sample;
mod servers;
mod tower_http;
mod visits;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use url::Url;

use super::Cors;
use crate::contract::{
    Finding, Footprint, Kind, Memory, Outcome, Report, Shared, Target, Visit,
    net::{Address, Allow, Budgets, Endpoint, Net, NetSettings, Roots, Trust},
    redact::Redactor,
    specimen::arm,
};

/// The front end of every test.
const FRONT: &str = "https://shop.example";

/// `api.shop.example`, at an address of the test's choice.
struct Scene {
    url: Url,
    address: Address,
    settings: Value,
    roots: Vec<CertificateDer<'static>>,
    budgets: Budgets,
    memory: Arc<Memory>,
    shared: Arc<Shared>,
    net: Option<Arc<Net>>,
}

impl Scene {
    fn at(address: Address, settings: Value) -> Self {
        // Paced as in a test, but with no more requests a visit than anywhere.
        let budgets = Budgets { requests_per_second: 10_000, burst: 10_000, ..Budgets::default() };
        Self {
            url: Url::parse("http://api.shop.example/").expect("a URL"),
            address,
            settings,
            roots: Vec::new(),
            budgets,
            memory: Arc::default(),
            shared: Arc::default(),
            net: None,
        }
    }

    fn tls(mut self, root: CertificateDer<'static>) -> Self {
        self.url = Url::parse("https://api.shop.example/").expect("a URL");
        self.roots = vec![root];
        self
    }

    async fn visit(&mut self) -> Report {
        let armed = arm(&Kind::of::<Cors>(), &self.settings);
        let visit = self.prepare();
        armed.run(&visit).await
    }

    fn prepare(&mut self) -> Visit {
        let origin = Endpoint::of_url(&self.url).expect("a host and a port");
        let net = self.net.get_or_insert_with(|| {
            let roots = match self.roots.as_slice() {
                [] => Roots::Mozilla,
                listed => Roots::Listed(Arc::new(listed.to_vec())),
            };
            Net::new(NetSettings {
                allow: Allow { endpoints: vec![origin.clone()], networks: Vec::new() },
                connect_to: vec![self.address.clone()],
                origin,
                trust: Trust { roots, ..Trust::default() },
                budgets: self.budgets.clone(),
                user_agent: "gonogo/test".to_owned(),
                redactor: Redactor::default(),
                requests: Arc::default(),
            })
            .expect("authorities that can be read")
        });
        #[expect(clippy::disallowed_methods, reason = "answers are remembered in real time")]
        let at = SystemTime::now();
        let target = Arc::new(Target {
            name: "api".to_owned(),
            url: self.url.clone(),
            profile: None,
            labels: BTreeMap::new(),
        });
        let net = net.session(Footprint::Active);
        Visit::new(target, net, at, Duration::from_mins(1))
            .with_memory(Arc::clone(&self.memory))
            .with_shared(Arc::clone(&self.shared))
    }
}

/// Settings for one endpoint on a public network, called by the front end.
fn settings(path: &str, endpoint: &Value, more: &Value) -> Value {
    let mut settings = json!({
        "allowed_origins": [FRONT],
        "private_network": false,
        "endpoints": [{"path": path}],
    });
    merge(&mut settings["endpoints"][0], endpoint);
    merge(&mut settings, more);
    settings
}

fn merge(into: &mut Value, more: &Value) {
    for (key, value) in more.as_object().expect("a mapping") {
        into[key] = value.clone();
    }
}

fn finding<'a>(report: &'a Report, check: &str) -> &'a Finding {
    report.findings.iter().find(|finding| finding.check.id == check).expect(check)
}

fn outcome(report: &Report, check: &str) -> Outcome {
    finding(report, check).outcome
}

/// The checks that came out so.
fn those(report: &Report, wanted: fn(Outcome) -> bool) -> Vec<&'static str> {
    let those = report.findings.iter().filter(|finding| wanted(finding.outcome));
    let mut those: Vec<_> = those.map(|finding| finding.check.id).collect();
    those.sort_unstable();
    those
}

fn failed(report: &Report) -> Vec<&'static str> {
    those(report, |outcome| matches!(outcome, Outcome::Fail(_)))
}

fn unknown(report: &Report) -> Vec<&'static str> {
    those(report, |outcome| matches!(outcome, Outcome::Unknown(_)))
}
