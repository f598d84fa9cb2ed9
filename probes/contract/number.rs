//! Declaring a number worth graphing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Probe, Visit};

/// A number worth graphing whether or not anything is wrong.
pub struct Gauge<P: Probe> {
    /// Metric name without the `gonogo_` prefix, starting with the probe's name or one of
    /// [`FAMILIES`] and ending in a base unit: `tls_certificate_not_after_timestamp_seconds`. That of
    /// a counter ends in `_total`.
    pub name: &'static str,
    /// The metric's help text, with a full stop.
    pub help: &'static str,
    /// How the numbers behave.
    pub kind: NumberKind,
    /// The labels besides `target` and `probe`.
    pub labels: &'static [Label<P>],
    /// Reads the numbers off the evidence; none where the target has none.
    pub read: fn(&P, &P::Evidence) -> Vec<Reading>,
}

/// How a number behaves from one visit to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NumberKind {
    /// May go up and down.
    Gauge,
    /// Only goes up, and starts again at 0.
    Counter,
    /// How many of something fell into each bucket; counts as a counter does. These are the upper
    /// bounds of the buckets, in ascending order; a further bucket takes what is above the last.
    Histogram(&'static [f64]),
}

/// A label, and the values it may have: never what a target chose.
pub struct Label<P: Probe> {
    /// The label's name.
    pub name: &'static str,
    /// The values it may have.
    pub values: Values<P>,
}

/// The values a label may have. Any other becomes [`OTHER`].
pub enum Values<P: Probe> {
    /// These.
    Fixed(&'static [&'static str]),
    /// What the settings name.
    Settings(fn(&P, &Visit) -> Vec<String>),
}

impl<P: Probe> Label<P> {
    /// A label with a fixed set of values.
    #[must_use]
    pub const fn fixed(name: &'static str, values: &'static [&'static str]) -> Self {
        Self { name, values: Values::Fixed(values) }
    }

    /// A label whose values stand in the settings.
    #[must_use]
    pub const fn of_settings(name: &'static str, values: fn(&P, &Visit) -> Vec<String>) -> Self {
        Self { name, values: Values::Settings(values) }
    }
}

impl<P: Probe> fmt::Debug for Gauge<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauge").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<P: Probe> fmt::Debug for Label<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Label").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<P: Probe> fmt::Debug for Values<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "Fixed",
            Self::Settings(_) => "Settings",
        })
    }
}

/// One value of a gauge.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reading {
    /// Values of the gauge's labels, in the declared order.
    pub labels: Vec<String>,
    /// What it stood at, in the unit the gauge's name ends in; of a histogram, the sum of all that was
    /// counted.
    pub value: f64,
    /// Of a histogram, how many fell into each bucket, the last being that without a bound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<u64>,
}

impl Reading {
    /// What a gauge or counter stood at.
    pub fn new(labels: Vec<String>, value: f64) -> Self {
        Self { labels, value, counts: Vec::new() }
    }

    /// What a histogram had counted: how many fell into each bucket, and the sum of all.
    pub fn histogram(labels: Vec<String>, counts: Vec<u64>, sum: f64) -> Self {
        Self { labels, value: sum, counts }
    }
}

/// What the daemon must know of a gauge to export it.
#[derive(Clone, Debug, PartialEq)]
pub struct GaugeInfo {
    /// Metric name without the `gonogo_` prefix.
    pub name: &'static str,
    /// The metric's help text.
    pub help: &'static str,
    /// How the numbers behave.
    pub kind: NumberKind,
    /// Names of the labels besides `target` and `probe`.
    pub labels: Vec<&'static str>,
}

impl GaugeInfo {
    pub(super) fn of<P: Probe>(gauge: &Gauge<P>) -> Self {
        Self {
            name: gauge.name,
            help: gauge.help,
            kind: gauge.kind,
            labels: gauge.labels.iter().map(|label| label.name).collect(),
        }
    }
}

/// What the values of a label that are neither fixed nor in the settings are called.
pub const OTHER: &str = "other";

/// Series of one gauge and visit that are kept.
pub(super) const SERIES: usize = 100;

/// Families of numbers that several probes share, each with the same declaration: a pool is a pool,
/// whichever probe looks at it.
pub const FAMILIES: [&str; 1] = ["db_pool"];
