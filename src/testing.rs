//! A small catalogue for the daemon's own tests, so that they name no real probe.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use gonogo_probes::contract::{
    Check, Confidence, Dimension, Experiment, Explains, Finding, Footprint, Gauge, GaugeReadings,
    Impact, Item, Kind, Label, Lane, Moment, Needs, NumberKind, Obstacle, Obstructed, Probe,
    Reading, Report, Rule, Settles, Target, Timeline, Tone, Visit, setting::TimeWindow,
    specimen::Specimen,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    findings::{Expected, ExpectedProbe, Findings, Reporter, Visited},
    store::{Effort, Now, Remembered, Store},
};

/// A probe that looks at nothing.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Door {}

impl Probe for Door {
    type Evidence = ();

    const NAME: &'static str = "door";
    const ABOUT: &'static str = "Whether the door is shut.";
    const NEEDS: Option<Needs> = Some(Needs::passive());
    const RULES: &'static [Rule<Self>] = &[Rule::new(
        Check {
            id: "door-open",
            fault: "the door is open",
            impact: Impact::Blocker,
            dimension: Dimension::Security,
            settles: Settles::AtOnce,
            why: "Anybody can walk in.",
            how: "Look at the door.",
            fix: "Shut it.",
            sources: &["Common sense"],
        },
        |_, ()| vec![Item::pass("", "shut")],
    )];
    const EXPLAINS: &'static [Explains] =
        &[Explains { check: "door-open", obstacles: &[Obstacle::Closed] }];
    const GAUGES: &'static [Gauge<Self>] = &[
        Gauge {
            name: "door_width_meters",
            help: "Width of the door.",
            kind: NumberKind::Gauge,
            labels: &[Label::fixed("leaf", &["left", "right"])],
            read: |_, ()| vec![Reading::new(vec!["left".to_owned()], 0.9)],
        },
        Gauge {
            name: "door_slams_total",
            help: "How often the door was slammed.",
            kind: NumberKind::Counter,
            labels: &[Label::fixed("leaf", &["left", "right"])],
            read: |_, ()| Vec::new(),
        },
        Gauge {
            name: "door_slam_seconds",
            help: "How long the slams were heard.",
            kind: NumberKind::Histogram(&[0.5, 1.0]),
            labels: &[Label::fixed("leaf", &["left", "right"])],
            read: |_, ()| Vec::new(),
        },
    ];

    async fn observe(&self, _: &Visit) -> Result<(), Obstructed> {
        Ok(())
    }

    fn specimens() -> Vec<Specimen> {
        Vec::new()
    }
}

pub(crate) static DOOR: Kind = Kind::of::<Door>();

/// A probe that looks at nothing, and whose answers are noisy.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {}

impl Probe for Window {
    type Evidence = ();

    const NAME: &'static str = "window";
    const ABOUT: &'static str = "Whether the window is shut.";
    const NEEDS: Option<Needs> = Some(Needs::passive());
    const RULES: &'static [Rule<Self>] = &[Rule::new(
        Check {
            id: "window-open",
            fault: "the window is open",
            settles: Settles::TwoOfThree,
            ..<Door as Probe>::RULES[0].check
        },
        |_, ()| vec![Item::pass("", "shut")],
    )];
    const GAUGES: &'static [Gauge<Self>] = &[];

    async fn observe(&self, _: &Visit) -> Result<(), Obstructed> {
        Ok(())
    }

    fn specimens() -> Vec<Specimen> {
        Vec::new()
    }
}

/// A probe that looks at a fuse, and takes it out in experiments.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Fuse {
    /// How an experiment ends: `answer`, `error`, `hang` or `panic`.
    ends: String,
    /// The file that notes what was done: `out` and `in`.
    log: String,
    /// Whether the fuse cannot be put back in.
    stuck: bool,
    /// When it is taken out.
    window: Option<TimeWindow>,
    /// Whether a new revision has it taken out.
    on_revision: bool,
}

impl Fuse {
    fn note(&self, word: &str) {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&self.log);
        let written =
            file.and_then(|mut file| std::io::Write::write_all(&mut file, word.as_bytes()));
        written.expect("a file to write to");
    }
}

impl Probe for Fuse {
    type Evidence = ();

    const NAME: &'static str = "fuse";
    const ABOUT: &'static str = "Whether the house stays lit without its fuse.";
    const NEEDS: Option<Needs> = Some(Needs::passive());
    const EXPERIMENT: Option<Footprint> = Some(Footprint::Disruptive);
    const RULES: &'static [Rule<Self>] = &[
        Rule::new(
            Check {
                id: "fuse-missing",
                fault: "there is no fuse",
                settles: Settles::AtOnce,
                ..<Door as Probe>::RULES[0].check
            },
            |_, ()| vec![Item::pass("", "there is one")],
        ),
        Rule::new(
            Check {
                id: "fuse-darkens",
                fault: "it is dark without the fuse",
                settles: Settles::AtOnce,
                ..<Door as Probe>::RULES[0].check
            },
            |_, ()| vec![Item::fail(Confidence::Firm, "", "dark")],
        )
        .needs(Footprint::Disruptive),
    ];

    fn experiment(&self, _: &Target) -> Option<Experiment> {
        let deadline = Duration::from_millis(200);
        Some(Experiment {
            window: self.window.clone(),
            on_revision: self.on_revision,
            restore_within: Duration::from_secs(5),
            ..Experiment::new(
                Footprint::Disruptive,
                deadline,
                "takes the fuse out and puts it back",
            )
        })
    }

    async fn observe(&self, visit: &Visit) -> Result<(), Obstructed> {
        if !visit.is_experiment() {
            return Ok(());
        }
        self.note("out ");
        match self.ends.as_str() {
            "error" => Err(Obstacle::Refused.because("the box is locked")),
            "hang" => std::future::pending().await,
            "panic" => panic!("a bug"),
            _ => Ok(()),
        }
    }

    async fn restore(&self, _: &Visit) -> Result<(), Obstructed> {
        if self.stuck {
            return Err(Obstacle::Refused.because("it does not fit"));
        }
        self.note("in ");
        Ok(())
    }

    fn specimens() -> Vec<Specimen> {
        Vec::new()
    }
}

pub(crate) static WINDOW: Kind = Kind::of::<Window>();
pub(crate) static FUSE: Kind = Kind::of::<Fuse>();
pub(crate) static CATALOGUE: [Kind; 3] =
    [Kind::of::<Door>(), Kind::of::<Window>(), Kind::of::<Fuse>()];

/// A report that answers the kind's first check with `items`.
pub(crate) fn report(kind: &Kind, items: Vec<Item>) -> Report {
    Report {
        findings: vec![Finding::of(kind.checks()[0], items)],
        readings: vec![GaugeReadings {
            name: "door_width_meters",
            readings: vec![Reading::new(vec!["left".to_owned()], 0.9)],
            left_out: 0,
        }],
        facts: Vec::new(),
        timeline: None,
        obstructed: None,
    }
}

/// A process that is told to stop, and drops a request meanwhile.
pub(crate) fn timeline() -> Timeline {
    let ms = Duration::from_millis;
    let requests = vec![
        Moment::lasting(ms(0), ms(6_100), Tone::Good, "200"),
        Moment::lasting(ms(6_100), ms(7_400), Tone::Bad, "503"),
        Moment::at(ms(7_450), Tone::Bad, "connection reset"),
        Moment::lasting(ms(12_000), ms(18_000), Tone::Good, "200"),
    ];
    let lane = |name: &'static str, moments| Lane { name: name.into(), moments };
    Timeline {
        length: ms(18_000),
        lanes: vec![
            lane(
                "process",
                vec![
                    Moment::at(ms(5_000), Tone::Neutral, "SIGTERM"),
                    Moment::lasting(ms(7_500), ms(11_800), Tone::Neutral, "gone"),
                ],
            ),
            lane(
                "readiness",
                vec![
                    Moment::lasting(ms(0), ms(5_200), Tone::Good, "ready"),
                    Moment::at(ms(5_200), Tone::Good, "503"),
                ],
            ),
            lane("requests", requests),
        ],
    }
}

/// So many seconds after 1970.
pub(crate) fn at(secs: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(secs)
}

/// A target with one door, looked at every minute.
pub(crate) fn expected(name: &str) -> Expected {
    expecting(name, &DOOR)
}

/// A target with one probe of this kind and name, looked at every minute.
pub(crate) fn expecting(name: &str, kind: &'static Kind) -> Expected {
    Expected {
        target: Arc::new(Target {
            name: name.to_owned(),
            url: "https://shop.example/".parse().expect("a URL"),
            profile: None,
            labels: BTreeMap::new(),
        }),
        probes: vec![ExpectedProbe {
            name: kind.name.into(),
            kind,
            identity: [0; 32],
            interval: Some(Duration::from_mins(1)),
            ordinary: Some(Footprint::Passive),
        }],
        requests: Arc::default(),
    }
}

/// The target `shop`, whose door was looked at from second 99 to 100.
pub(crate) fn visited(item: Item) -> Findings {
    let findings = Findings::default();
    findings.expect(&[expected("shop")]);
    findings.record(door("shop"), visit(99), report(&DOOR, vec![item]));
    findings
}

/// The same with a timeline of that visit.
pub(crate) fn with_timeline() -> Findings {
    let findings = Findings::default();
    findings.expect(&[expected("shop")]);
    let report = report(&DOOR, vec![Item::pass("", "shut")]);
    let report = Report { timeline: Some(timeline()), ..report };
    findings.record(door("shop"), visit(99), report);
    findings
}

/// The door of a target, as [`expected`].
pub(crate) fn door(target: &str) -> Reporter<'_> {
    Reporter { target, probe: "door", identity: &[0; 32] }
}

/// A visit that began in this second and took one.
pub(crate) fn visit(began: u64) -> Visited {
    Visited::new(at(began), Duration::from_secs(1), Duration::from_mins(1), None)
}

/// What is known of these targets after gonogo was stopped and started again at `now`.
pub(crate) fn restarted(findings: &Findings, expected: &[Expected], now: SystemTime) -> Findings {
    let directory = tempfile::tempdir().expect("a directory");
    let now = Now { at: now, tick: Instant::now() };
    let start = |findings: &Findings| {
        let store = Store::open(directory.path(), now.at).expect("writable");
        let remembered = expected
            .iter()
            .map(|wanted| Remembered { target: wanted.target.name.clone(), probes: Vec::new() });
        let before = findings.snapshot();
        let adopted = store.adopt(&before, remembered.collect(), &CATALOGUE, now);
        assert!(adopted.errors.is_empty(), "{:?}", adopted.errors);
        (store, adopted.known)
    };
    let (store, _) = start(findings);
    store.save(&findings.snapshot(), now, Effort::Last).expect("written");
    drop(store);
    let after = Findings::default();
    after.expect(expected);
    let (_, known) = start(&after);
    after.restore(known);
    after
}
