//! Labels of declared values alone, and not too many series.

use std::{sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::readings;
use crate::contract::{
    Footprint, Gauge, Label, Needs, NumberKind, Obstructed, Probe, Reading, Rule, Target, Visit,
    net::{Allow, Budgets, Endpoint, Net, NetSettings, Trust},
    redact::Redactor,
    specimen::Specimen,
};

/// A pool of connections, by the application that holds them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct Pool {
    applications: Vec<String>,
}

impl Probe for Pool {
    type Evidence = ();

    const NAME: &'static str = "pool";
    const ABOUT: &'static str = "A pool.";
    const NEEDS: Option<Needs> = Some(Needs::passive());
    const RULES: &'static [Rule<Self>] = &[];

    async fn observe(&self, _: &Visit) -> Result<(), Obstructed> {
        Ok(())
    }

    fn specimens() -> Vec<Specimen> {
        Vec::new()
    }
}

const LABELS: &[Label<Pool>] = &[
    Label::of_settings("application", |pool, _| pool.applications.clone()),
    Label::fixed("state", &["active", "idle"]),
];

const fn gauge(kind: NumberKind) -> Gauge<Pool> {
    Gauge {
        name: "pool_connections",
        help: "Connections.",
        kind,
        labels: LABELS,
        read: |_, ()| Vec::new(),
    }
}

fn visit() -> Visit {
    let url: url::Url = "http://db.example/".parse().expect("a URL");
    let origin = Endpoint::of_url(&url).expect("a host");
    let net = Net::new(NetSettings {
        allow: Allow { endpoints: Vec::new(), networks: Vec::new() },
        connect_to: Vec::new(),
        origin,
        trust: Trust { roots: crate::contract::net::Roots::Mozilla, ..Trust::default() },
        budgets: Budgets::default(),
        user_agent: "gonogo".to_owned(),
        redactor: Redactor::default(),
        requests: Arc::default(),
    });
    let target = Target {
        name: "db".to_owned(),
        url,
        profile: None,
        labels: std::collections::BTreeMap::new(),
    };
    let session = net.expect("a net").session(Footprint::Passive);
    let at = std::time::SystemTime::UNIX_EPOCH;
    Visit::new(Arc::new(target), session, at, Duration::from_secs(1))
}

fn read(application: &str, state: &str, value: f64) -> Reading {
    Reading::new(vec![application.to_owned(), state.to_owned()], value)
}

fn shown(kind: NumberKind, applications: &[&str], given: Vec<Reading>) -> (Vec<Reading>, usize) {
    let pool = Pool { applications: applications.iter().map(|&name| name.to_owned()).collect() };
    let kept = readings(&pool, &visit(), &gauge(kind), given).expect("readings");
    (kept.readings, kept.left_out)
}

#[test]
fn what_a_target_chose_is_no_label() {
    let given = vec![
        read("shop", "active", 1.0),
        read("https://evil.example/?a=1", "active", 2.0),
        read("shop\u{1b}", "active", 3.0),
        read("shop", "idle in transaction", 4.0),
    ];
    let (kept, _) = shown(NumberKind::Gauge, &["shop"], given);
    let expected =
        [read("shop", "active", 1.0), read("other", "active", 3.0), read("shop", "other", 4.0)];
    assert_eq!(kept, expected);
}

#[test]
fn what_is_counted_adds_up_in_one_series() {
    let given = vec![read("a", "idle", 2.0), read("b", "idle", 3.0)];
    assert_eq!(shown(NumberKind::Counter, &[], given).0, [read("other", "idle", 5.0)]);
    let histogram = |name: &str, counts: [u64; 2], sum| {
        Reading::histogram(vec![name.to_owned(), "idle".to_owned()], counts.to_vec(), sum)
    };
    let given = vec![histogram("a", [1, 2], 0.5), histogram("b", [3, 4], 1.5)];
    let kept = shown(NumberKind::Histogram(&[1.0]), &[], given).0;
    assert_eq!(kept, [histogram("other", [4, 6], 2.0)]);
}

#[test]
fn a_gauge_has_so_many_series_and_counts_the_rest() {
    let names: Vec<String> = (0..150).map(|number| format!("app{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let given = names.iter().map(|name| read(name, "idle", 1.0)).collect();
    let (kept, left_out) = shown(NumberKind::Gauge, &names, given);
    assert_eq!((kept.len(), left_out), (100, 50));
}

#[test]
fn what_is_no_number_of_its_kind_is_left_out() {
    let given = vec![
        read("shop", "idle", f64::NAN),
        read("shop", "active", f64::INFINITY),
        Reading::new(vec!["shop".to_owned()], 1.0),
        Reading::histogram(vec!["shop".to_owned(), "idle".to_owned()], vec![1], 1.0),
    ];
    assert_eq!(shown(NumberKind::Gauge, &["shop"], given), (Vec::new(), 4));
    let given = vec![read("shop", "idle", -1.0)];
    assert_eq!(shown(NumberKind::Counter, &["shop"], given), (Vec::new(), 1));
    let given = vec![read("shop", "idle", 1.0)];
    assert_eq!(shown(NumberKind::Histogram(&[1.0]), &["shop"], given), (Vec::new(), 1));
}
