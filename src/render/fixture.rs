//! A catalogue with one of everything, for the renderers' own tests.

use std::collections::BTreeMap;

use gonogo_probes::contract::{
    Check, Dimension, Gauge, Impact, Kind, Label, Needs, NumberKind, Obstructed, Probe, Profile,
    Rule, Settles, Visit,
    setting::{Dur, Secret},
    specimen::Specimen,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A probe with settings of every shape.
#[expect(dead_code, reason = "only its schema is of interest")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gate {
    /// How long to wait for the gate.
    #[serde(default = "wait")]
    wait: Dur,
    /// Shown to the guard.
    pass: Option<Secret>,
    /// Where the gate stands.
    place: String,
    /// Who may come in | who may not.
    #[serde(default)]
    guests: Vec<Guest>,
    /// Which way it opens.
    #[serde(default)]
    opens: Opens,
    /// Signs on the gate, by their place.
    #[serde(default)]
    signs: BTreeMap<String, String>,
    /// Weights of its wings.
    #[serde(default)]
    weights: Vec<u32>,
}

#[expect(dead_code, reason = "only its schema is of interest")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Guest {
    /// Name at the gate.
    name: String,
    /// Whether the guest may bring others.
    #[serde(default)]
    company: bool,
}

#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
enum Opens {
    /// Towards the garden.
    #[default]
    Inwards,
    /// Towards the street.
    Outwards,
}

fn wait() -> Dur {
    Dur::secs(5)
}

impl Probe for Gate {
    type Evidence = ();

    const NAME: &'static str = "gate";
    const ABOUT: &'static str = "Whether the gate is shut, and what its guard says.";
    const NEEDS: Option<Needs> = Some(Needs::active());
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    const RULES: &'static [Rule<Self>] = &[
        Rule::new(
            Check {
                id: "gate-open",
                fault: "the gate is open",
                impact: Impact::Blocker,
                dimension: Dimension::Security,
                settles: Settles::AtOnce,
                why: "Anybody can walk in, and somebody will: gates are tried within minutes of being \
                      put up, by people who try all of them.",
                how: "Push the gate with `push <gate>`; it must not move.",
                fix: "Shut it. Then find out who left it open.",
                sources: &["Common sense", "RFC 2119 section 1"],
            },
            |_, ()| Vec::new(),
        ),
        Rule::new(
            Check {
                id: "gate-creaks",
                fault: "the gate creaks",
                impact: Impact::Medium,
                dimension: Dimension::Performance,
                settles: Settles::TwoOfThree,
                why: "The neighbours wake up.",
                how: "Listen.",
                fix: "Oil the hinges.",
                sources: &["The neighbours"],
            },
            |_, ()| Vec::new(),
        ),
    ];
    const GAUGES: &'static [Gauge<Self>] = &[
        Gauge {
            name: "tls_certificate_not_before_timestamp_seconds",
            help: "Unix time from which the certificate is valid.",
            kind: NumberKind::Gauge,
            labels: &[Label::fixed("host", &[]), Label::fixed("position", &["0"])],
            read: |_, ()| Vec::new(),
        },
        Gauge {
            name: "tls_certificate_not_after_timestamp_seconds",
            help: "Unix time until which the certificate is valid.",
            kind: NumberKind::Gauge,
            labels: &[Label::fixed("host", &[]), Label::fixed("position", &["0"])],
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

pub(crate) static GATE: Kind = Kind::of::<Gate>();

pub(crate) static CATALOGUE: [Kind; 2] = [Kind::of::<Gate>(), Kind::of::<crate::testing::Door>()];
