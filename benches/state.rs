//! What the state costs the disk: bytes a minute of 100 targets about which there is nothing new, bytes
//! a changed answer, and the time a look takes that finds nothing to write. Budget: bytes are
//! proportional to changes.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::support::{measured, median, tell};
use gonogo::{
    findings::{Expected, ExpectedProbe, Findings, Reporter, Visited},
    store::{Effort, Now, Remembered, RememberedProbe, Store},
};
use gonogo_probes::{
    CATALOGUE,
    contract::{Confidence, Finding, Item, Kind, Profile, Report, Sample, Target},
};

const MINUTES: u64 = 60;

pub(crate) fn run() {
    let kinds: Vec<&'static Kind> =
        CATALOGUE.iter().filter(|kind| kind.profiles.contains(&Profile::Api)).collect();
    let idle = Desk::new(100, &kinds);
    idle.round(0, false);
    idle.save(0);
    let first = idle.store.written();
    tell(&format!("first answers of 100 targets  {first:9} bytes"));
    for minute in 1..=MINUTES {
        idle.round(minute, false);
        idle.save(minute);
    }
    let a_minute = (idle.store.written() - first) / MINUTES;
    tell(&format!("visited, nothing new          {a_minute:9} bytes a minute"));
    let before = idle.store.written();
    for minute in MINUTES + 1..=2 * MINUTES {
        idle.save(minute);
    }
    let a_minute = (idle.store.written() - before) / MINUTES;
    tell(&format!("not visited                   {a_minute:9} bytes a minute"));

    let busy = Desk::new(100, &kinds);
    for minute in 0..MINUTES {
        busy.round(minute, minute % 2 == 0);
        busy.save(minute);
    }
    let a_change = busy.store.written() / (MINUTES * 100);
    tell(&format!("one answer of each changes    {a_change:9} bytes a change"));

    let many = Desk::new(10_000, &kinds[..1]);
    many.round(0, false);
    while many.save(0) {}
    let looks = (0..9).map(|minute| {
        many.round(minute + 1, false);
        many.save(minute + 1);
        measured(|| many.save(minute + 1)).0.as_secs_f64() * 1e3
    });
    let looks = median(looks.collect());
    tell(&format!("10,000 targets, nothing due   {looks:9.2} ms CPU a look"));
}

/// Targets, and a store for what is found of them.
struct Desk {
    findings: Findings,
    store: Store,
    remembered: Vec<Remembered>,
    kinds: Vec<&'static Kind>,
    began: Instant,
    _directory: tempfile::TempDir,
}

impl Desk {
    fn new(targets: usize, kinds: &[&'static Kind]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path(), at(0)).expect("writable");
        let names: Vec<String> = (0..targets).map(|i| format!("target-{i}")).collect();
        let remembered = names.iter().map(|name| Remembered {
            target: name.clone(),
            probes: kinds
                .iter()
                .map(|kind| RememberedProbe {
                    name: kind.name.into(),
                    observes: [0; 32],
                    memory: Arc::default(),
                })
                .collect(),
        });
        let remembered: Vec<Remembered> = remembered.collect();
        let (findings, began) = (Findings::default(), Instant::now());
        let now = Now { at: at(0), tick: began };
        store.adopt(&findings.snapshot(), remembered.clone(), CATALOGUE, now);
        let expected: Vec<Expected> = names.iter().map(|name| expected(name, kinds)).collect();
        findings.expect(&expected);
        Self { findings, store, remembered, kinds: kinds.to_vec(), began, _directory: directory }
    }

    /// Visits every target with every probe; where `failing`, the first check of the first one fails.
    fn round(&self, minute: u64, failing: bool) {
        for remembered in &self.remembered {
            for (place, kind) in self.kinds.iter().enumerate() {
                let answer = |(number, check)| {
                    let seen = format!("as it should be, after {} ms", minute % 7);
                    let fails = failing && place == 0 && number == 0;
                    let item = if fails {
                        Item::fail(Confidence::Firm, "/api/orders", seen)
                    } else {
                        Item::pass("/api/orders", seen)
                    };
                    Finding::of(check, vec![item])
                };
                let report = Report {
                    findings: kind.checks().into_iter().enumerate().map(answer).collect(),
                    readings: Vec::new(),
                    facts: Vec::new(),
                    timeline: None,
                    obstructed: None,
                };
                let sample = Sample { latency: Some(Duration::from_millis(minute % 7)), ok: true };
                remembered.probes[place].memory.record("requests", at(minute), sample);
                let took = Duration::from_millis(5);
                let visited = Visited::new(at(minute) - took, took, took, None);
                let reporter =
                    Reporter { target: &remembered.target, probe: kind.name, identity: &[0; 32] };
                self.findings.record(reporter, visited, report);
            }
        }
    }

    /// Saves, and tells whether there is more to write.
    fn save(&self, minute: u64) -> bool {
        let tick = self.began + Duration::from_mins(minute);
        let now = Now { at: at(minute), tick };
        self.store.save(&self.findings.snapshot(), now, Effort::Due).expect("written").pending
    }
}

fn expected(name: &str, kinds: &[&'static Kind]) -> Expected {
    Expected {
        target: Arc::new(Target {
            name: name.to_owned(),
            url: "https://shop.example/".parse().expect("a URL"),
            profile: Some(Profile::Api),
            labels: std::collections::BTreeMap::new(),
        }),
        probes: kinds
            .iter()
            .map(|kind| ExpectedProbe {
                name: kind.name.into(),
                kind,
                identity: [0; 32],
                interval: Some(Duration::from_mins(1)),
                ordinary: Some(gonogo_probes::contract::Footprint::Passive),
            })
            .collect(),
        requests: Arc::default(),
    }
}

fn at(minute: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(500_000) + Duration::from_mins(minute)
}
