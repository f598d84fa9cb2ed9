//! The probe against servers on loopback: what its specimens cannot show.

mod addresses;
mod clients;
#[cfg(test)]
pub(in crate::tls) mod fixture;
mod lab;
mod openssl;
mod programs;
mod replays;
mod revocation;
mod servers;
mod settings;
mod starttls;
mod survey;
mod wire;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, SystemTime},
};

use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use url::Url;

use crate::{
    CATALOGUE,
    contract::{
        Finding, Footprint, Item, Kind, Memory, Outcome, Report, Target, Visit,
        net::{Address, Allow, Budgets, Endpoint, Net, NetSettings, Roots, Trust, warm_up},
        redact::Redactor,
        specimen::arm,
    },
};

/// `https://shop.example`, at addresses of the test's choice.
struct Scene {
    addresses: Vec<Address>,
    settings: Value,
    roots: Vec<CertificateDer<'static>>,
    budgets: Budgets,
    memory: Arc<Memory>,
    connections: Arc<AtomicU64>,
}

impl Scene {
    fn at(addresses: &[SocketAddr], root: CertificateDer<'static>) -> Self {
        Self {
            addresses: addresses.iter().map(|address| Address::Ip(*address)).collect(),
            settings: json!({}),
            roots: vec![root],
            budgets: Budgets::default(),
            memory: Arc::default(),
            connections: Arc::default(),
        }
    }

    async fn visit(&self) -> Report {
        // Its 50 to 110 ms must not be taken for the server's.
        warm_up();
        let kind = kind();
        let armed = arm(kind, &self.settings);
        armed.run(&self.prepare()).await
    }

    fn prepare(&self) -> Visit {
        let url = Url::parse("https://shop.example/").expect("a URL");
        let origin = Endpoint::of_url(&url).expect("a host and a port");
        let net = Net::new(NetSettings {
            allow: Allow { endpoints: vec![origin.clone()], networks: Vec::new() },
            connect_to: self.addresses.clone(),
            origin,
            trust: Trust { roots: Roots::Listed(Arc::new(self.roots.clone())), ..Trust::default() },
            budgets: self.budgets.clone(),
            user_agent: "gonogo/test".to_owned(),
            redactor: Redactor::default(),
            requests: Arc::clone(&self.connections),
        });
        #[expect(clippy::disallowed_methods, reason = "certificates are made in real time")]
        let at = SystemTime::now();
        let target = Arc::new(Target {
            name: "shop".to_owned(),
            url,
            profile: None,
            labels: std::collections::BTreeMap::new(),
        });
        let net = net
            .expect("authorities that can be read")
            .session(Footprint::Passive)
            .for_requests(kind().needs.expect("it has ordinary visits").requests);
        Visit::new(target, net, at, Duration::from_secs(30)).with_memory(Arc::clone(&self.memory))
    }
}

fn kind() -> &'static Kind {
    CATALOGUE.iter().find(|kind| kind.name == "tls").expect("the probe is in the catalogue")
}

fn finding<'a>(report: &'a Report, check: &str) -> &'a Finding {
    report.findings.iter().find(|finding| finding.check.id == check).expect("a check of the probe")
}

fn items<'a>(report: &'a Report, check: &str) -> &'a [Item] {
    &finding(report, check).items
}

fn failed(report: &Report) -> Vec<&'static str> {
    let failed = report.findings.iter().filter(|one| matches!(one.outcome, Outcome::Fail(_)));
    failed.map(|finding| finding.check.id).collect()
}

fn unknown(report: &Report) -> Vec<&'static str> {
    let unknown = report.findings.iter().filter(|one| matches!(one.outcome, Outcome::Unknown(_)));
    unknown.map(|finding| finding.check.id).collect()
}

fn skipped(report: &Report) -> Vec<&'static str> {
    let skipped = report.findings.iter().filter(|one| one.outcome == Outcome::Skip);
    skipped.map(|finding| finding.check.id).collect()
}

fn fact<'a>(report: &'a Report, topic: &str, name: &str) -> Option<&'a str> {
    let fact = report.facts.iter().find(|fact| fact.topic == topic && fact.name == name)?;
    Some(&fact.value)
}
