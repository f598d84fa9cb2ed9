//! What it costs to write 100,000 series: all new, one target changed, nothing changed, and zipped;
//! beside the `prometheus` crate's own encoder. Budgets: 15 ms CPU, unchanged 1 ms, gzip 20 ms.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::support::{measured, median, tell};
use gonogo::{
    board::Board,
    clock::Clock,
    export::exposition::Format,
    findings::{Expected, ExpectedProbe, Reporter, Visited},
};
use gonogo_probes::{
    CATALOGUE,
    contract::{Finding, Item, Kind, Report, Target},
};
use prometheus::{Encoder, GaugeVec, Opts, Registry, TextEncoder};

const SERIES: usize = 100_000;
const ROUNDS: usize = 9;

pub(crate) fn run() {
    let board = Board::new(CATALOGUE, Clock::telling(now)).expect("metrics");
    let kind = CATALOGUE.iter().find(|kind| kind.name == "http").expect("a probe");
    let targets = targets_for(&board, kind);
    let series = |text: &[u8]| text.split(|b| *b == b'\n').filter(|l| !l.starts_with(b"#")).count();
    let text = board.metrics(Format::Text, false);
    tell(&format!("{} series of {targets} targets, {} bytes", series(&text), text.len()));

    let milliseconds = |rounds: Vec<f64>| median(rounds);
    let round = |change: &dyn Fn(usize), gzip| {
        let rounds = (0..ROUNDS).map(|round| {
            change(round);
            measured(|| board.metrics(Format::Text, gzip)).0.as_secs_f64() * 1e3
        });
        milliseconds(rounds.collect())
    };
    let all = |round| (0..targets).for_each(|target| visit(&board, kind, target, round));
    let one = |round| visit(&board, kind, 0, round);
    tell(&format!("every target changed    {:7.2} ms CPU", round(&all, false)));
    tell(&format!("one target changed      {:7.2} ms CPU", round(&one, false)));
    tell(&format!("nothing changed         {:7.2} ms CPU", round(&|_| {}, false)));
    tell(&format!("one changed, gzip       {:7.2} ms CPU", round(&one, true)));
    tell(&format!("nothing changed, gzip   {:7.2} ms CPU", round(&|_| {}, true)));

    let registry = Registry::new();
    let family = GaugeVec::new(Opts::new("series", "Series."), &["target", "probe", "check"])
        .expect("a family");
    for i in 0..SERIES {
        let target = format!("t{}", i / 60);
        family.with_label_values(&[&target, "http", &format!("check-{}", i % 60)]).set(1.0);
    }
    registry.register(Box::new(family)).expect("registered");
    let rounds = (0..ROUNDS).map(|_| {
        let encode = || {
            let mut text = Vec::new();
            TextEncoder::new().encode(&registry.gather(), &mut text).expect("encoded");
        };
        measured(encode).0.as_secs_f64() * 1e3
    });
    tell(&format!("the crate's own encoder {:7.2} ms CPU", milliseconds(rounds.collect())));
}

/// As many targets as make the series wanted, each visited once.
fn targets_for(board: &Board, kind: &'static Kind) -> usize {
    board.findings.expect(&[expected(0, kind)]);
    visit(board, kind, 0, 0);
    let lines = |text: &[u8]| text.split(|byte| *byte == b'\n').count();
    let one = lines(&board.metrics(Format::Text, false));
    board.findings.expect(&[expected(0, kind), expected(1, kind)]);
    visit(board, kind, 1, 0);
    let each = lines(&board.metrics(Format::Text, false)) - one;
    let targets = SERIES.div_ceil(each);
    let all: Vec<Expected> = (0..targets).map(|target| expected(target, kind)).collect();
    board.findings.expect(&all);
    (0..targets).for_each(|target| visit(board, kind, target, 0));
    targets
}

fn expected(target: usize, kind: &'static Kind) -> Expected {
    Expected {
        target: Arc::new(Target {
            name: format!("target-{target}"),
            url: "https://shop.example/".parse().expect("a URL"),
            profile: None,
            labels: BTreeMap::new(),
        }),
        probes: vec![ExpectedProbe {
            name: kind.name.into(),
            kind,
            identity: [0; 32],
            interval: Some(Duration::from_mins(1)),
            ordinary: Some(gonogo_probes::contract::Footprint::Passive),
        }],
        requests: Arc::default(),
    }
}

fn visit(board: &Board, kind: &Kind, target: usize, round: usize) {
    let answer = |check| Finding::of(check, vec![Item::pass("", "as it should be")]);
    let report = Report {
        findings: kind.checks().into_iter().map(answer).collect(),
        readings: Vec::new(),
        facts: Vec::new(),
        timeline: None,
        obstructed: None,
    };
    let at = now() - Duration::from_secs(30) + Duration::from_millis(round as u64);
    let took = Duration::from_millis(5);
    let visited = Visited::new(at, took, Duration::from_secs(10), None);
    let target = format!("target-{target}");
    let reporter = Reporter { target: &target, probe: kind.name, identity: &[0; 32] };
    board.findings.record(reporter, visited, report);
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(500_000)
}
