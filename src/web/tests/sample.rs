//! A board with something of everything on it.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use gonogo_probes::contract::{
    Check, Confidence, Dimension, Fact, Finding, Footprint, Impact, Item, Kind, Lane, Moment,
    Needs, Obstacle, Obstructed, Probe, Report, Rule, Settles, Target, Timeline, Tone, Visit,
    specimen::Specimen,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    assessment::{Rulings, assess},
    board::Board,
    clock::Clock,
    findings::{Expected, ExpectedProbe, Reporter, Visited},
    policy::{Attestation, Waiver},
};

/// A probe with a check of every impact.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Lock {}

const fn rule(
    id: &'static str,
    fault: &'static str,
    impact: Impact,
    dimension: Dimension,
) -> Rule<Lock> {
    let check = Check {
        id,
        fault,
        impact,
        dimension,
        settles: Settles::AtOnce,
        why: "Whoever tries the handle is inside, and nobody notices before the stock is counted.",
        how: "The handle is pressed once, without a key. A sound lock does not move.",
        fix: "Order a new cylinder today and put a guard at the door until it is fitted. Then find \
              out why the yearly inspection did not find it.",
        sources: &["EN 12209 section 5.2", "the locksmith's handbook"],
    };
    Rule::new(check, |_, ()| Vec::new())
}

impl Probe for Lock {
    type Evidence = ();

    const NAME: &'static str = "lock";
    const ABOUT: &'static str = "Whether the lock keeps out who has no key.";
    const NEEDS: Option<Needs> = Some(Needs::active());
    const RULES: &'static [Rule<Self>] = &[
        rule(
            "lock-opens-without-key",
            "the lock opens without a key",
            Impact::Blocker,
            Dimension::Security,
        ),
        rule(
            "lock-key-shared",
            "the same key opens several doors",
            Impact::High,
            Dimension::Security,
        ),
        rule("lock-rusty", "the lock has begun to rust", Impact::Medium, Dimension::Resilience),
        rule(
            "lock-unlabelled",
            "nobody can tell which key is for it",
            Impact::Low,
            Dimension::Observability,
        ),
        rule(
            "lock-slow",
            "turning the key takes longer than it should",
            Impact::Medium,
            Dimension::Performance,
        ),
        rule("lock-no-spare", "there is no spare key", Impact::Medium, Dimension::Data),
    ];

    async fn observe(&self, _: &Visit) -> Result<(), Obstructed> {
        Ok(())
    }

    fn specimens() -> Vec<Specimen> {
        Vec::new()
    }
}

static LOCK: Kind = Kind::of::<Lock>();
static CATALOGUE: [Kind; 1] = [Kind::of::<Lock>()];

/// 2026-11-21 03:42:07 UTC.
pub(super) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_232_527)
}

fn ago(secs: u64) -> SystemTime {
    now() - Duration::from_secs(secs)
}

/// A board that shows these targets, at a time that stands still.
pub(super) fn board(names: &[&str]) -> Arc<Board> {
    let board = Board::new(&CATALOGUE, Clock::telling(now)).expect("metrics");
    let expected: Vec<Expected> = names.iter().map(|name| expected(name)).collect();
    board.findings.expect(&expected);
    board.rule(Rulings::default(), "targets: []\n".to_owned());
    board.set_ready(true);
    Arc::new(board)
}

fn expected(name: &str) -> Expected {
    let team = if name.len().is_multiple_of(2) { "payments" } else { "stock" };
    Expected {
        target: Arc::new(Target {
            name: name.to_owned(),
            url: "https://shop.staging.example/entrance".parse().expect("a URL"),
            profile: None,
            labels: BTreeMap::from([("team".to_owned(), team.to_owned())]),
        }),
        probes: vec![ExpectedProbe {
            name: "lock".into(),
            kind: &LOCK,
            identity: [0; 32],
            interval: Some(Duration::from_mins(1)),
            ordinary: Some(Footprint::Passive),
        }],
        requests: Arc::default(),
    }
}

/// Takes in what a visit found so many seconds ago: the items of the first checks, the others pass.
pub(super) fn visit(board: &Board, target: &str, secs_ago: u64, items: Vec<Vec<Item>>) {
    let mut items = items.into_iter();
    let findings = LOCK.checks().into_iter().map(|check| {
        let passed = || vec![Item::pass("front door", "held against 40 N")];
        Finding::of(check, items.next().unwrap_or_else(passed))
    });
    let report = Report {
        findings: findings.collect(),
        readings: Vec::new(),
        facts: vec![
            Fact::new("cylinder", "maker", "Tumbler & Sons"),
            Fact::new("cylinder", "fitted", "2019-03-02, 2821 days ago"),
            Fact::new("key", "cuts", "5"),
        ],
        timeline: None,
        obstructed: None,
    };
    let took = Duration::from_millis(143);
    let visited = Visited::new(ago(secs_ago) - took, took, Duration::from_secs(10), None);
    board.findings.record(lock(target), visited, report);
    let snapshot = board.findings.snapshot();
    let known = snapshot.target(target).expect("an expected target");
    let verdict = assess(known, &board.rulings(), ago(secs_ago)).card.verdict;
    board.findings.record_verdict(target, verdict, ago(secs_ago));
}

/// Takes in a sound visit with a timeline, in which the target says `said`.
pub(super) fn visit_with_timeline(board: &Board, target: &str, said: &str) {
    let findings =
        LOCK.checks().into_iter().map(|check| Finding::of(check, vec![Item::pass("", "")]));
    let moments = vec![Moment::at(Duration::from_secs(2), Tone::Bad, said)];
    let lanes = vec![Lane { name: "key".into(), moments }];
    let report = Report {
        findings: findings.collect(),
        readings: Vec::new(),
        facts: Vec::new(),
        timeline: Some(Timeline { length: Duration::from_secs(5), lanes }),
        obstructed: None,
    };
    let visited = Visited::new(ago(5), Duration::from_secs(5), Duration::from_secs(10), None);
    board.findings.record(lock(target), visited, report);
}

/// The lock of a target, as it is expected.
pub(super) fn lock(target: &str) -> Reporter<'_> {
    Reporter { target, probe: "lock", identity: &[0; 32] }
}

/// Five targets: one of each verdict, and one that has not been visited.
pub(super) fn mixed() -> Arc<Board> {
    let board = board(&["warehouse", "checkout", "cart", "billing", "search"]);
    board.rule(rulings(), "targets:\n  - name: checkout\n".to_owned());
    for target in ["warehouse", "checkout", "cart", "search"] {
        visit(&board, target, 9_000, Vec::new());
    }
    board.findings.record_revision(lock("checkout"), "9f3c2e1".to_owned(), ago(1_500));
    board.findings.record_revision(lock("cart"), "77aa01c".to_owned(), ago(90_000));
    let pass = || vec![Item::pass("front door", "held against 40 N")];
    let fail = |subject: &str, seen: &str| Item::fail(Confidence::Confirmed, subject, seen);
    let opened = fail("back door", "opened at the first push; nobody came")
        .replay("curl --silent --include https://shop.staging.example/back\n# expect 403");
    let shared = fail("front door", "the key of the cellar fits");
    let jammed = Obstacle::Timeout.because("the key did not turn within 10 s");
    visit(
        &board,
        "checkout",
        1_230,
        vec![
            vec![opened.clone(), pass().remove(0), fail("loading ramp", "was ajar")],
            vec![shared.clone()],
            pass(),
            pass(),
            vec![Item::unknown("front door", &jammed)],
            pass(),
        ],
    );
    visit(
        &board,
        "checkout",
        42,
        vec![
            vec![opened, pass().remove(0), fail("loading ramp", "was ajar")],
            vec![shared.clone()],
            pass(),
            vec![fail("", "the tag reads \"misc\"")],
            vec![Item::unknown("front door", &jammed)],
            vec![Item::skip("", "the settings declare no spare")],
        ],
    );
    visit(&board, "search", 12, vec![pass(), vec![shared]]);
    visit(&board, "cart", 30, vec![]);
    let rust = Item::fail(Confidence::Firm, "hinge", "brown spots on 12 % of the surface");
    visit(&board, "warehouse", 5, vec![pass(), pass(), vec![rust]]);
    board
}

fn rulings() -> Rulings {
    let waiver = Waiver {
        check: "lock-unlabelled".to_owned(),
        target: Some("checkout".to_owned()),
        subject: None,
        reason: "the tags are on order".to_owned(),
        owner: "facility team".to_owned(),
        ticket: Some("INFRA-212".to_owned()),
        expires: now() + Duration::from_hours(8 * 24),
    };
    let attestation = Attestation {
        target: Some("checkout".to_owned()),
        statement: "the night guard walks past every two hours".to_owned(),
        dimension: "organisation".to_owned(),
        score: 8.0,
        by: "head of security".to_owned(),
        until: now() + Duration::from_hours(60 * 24),
    };
    Rulings { waivers: vec![waiver], attestations: vec![attestation], ..Rulings::default() }
}
