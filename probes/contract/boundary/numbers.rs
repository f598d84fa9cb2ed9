//! Numbers on their way into a report: labels of declared values alone, each series once, not too many.

use super::super::{
    Gauge, GaugeReadings, NumberKind, Probe, Reading, Visit,
    number::{OTHER, SERIES, Values},
};

/// What a gauge may export of its readings; `None` if that is nothing.
pub(in super::super) fn readings<P: Probe>(
    probe: &P,
    visit: &Visit,
    gauge: &Gauge<P>,
    readings: Vec<Reading>,
) -> Option<GaugeReadings> {
    if readings.is_empty() {
        return None;
    }
    let allowed: Vec<Allowed> = gauge
        .labels
        .iter()
        .map(|label| match label.values {
            Values::Fixed(values) => Allowed::Fixed(values),
            Values::Settings(values) => Allowed::Listed(values(probe, visit)),
        })
        .collect();
    let mut kept: Vec<Reading> = Vec::new();
    let mut left_out = 0;
    for mut reading in readings {
        if !is_sound(gauge.kind, &reading) || reading.labels.len() != allowed.len() {
            left_out += 1;
            continue;
        }
        for (value, allowed) in reading.labels.iter_mut().zip(&allowed) {
            if !allowed.has(value) {
                OTHER.clone_into(value);
            }
        }
        if let Some(same) = kept.iter_mut().find(|known| known.labels == reading.labels) {
            join(gauge.kind, same, &reading);
        } else if kept.len() < SERIES {
            kept.push(reading);
        } else {
            left_out += 1;
        }
    }
    Some(GaugeReadings { name: gauge.name, readings: kept, left_out })
}

/// The values a label may have.
enum Allowed {
    Fixed(&'static [&'static str]),
    Listed(Vec<String>),
}

impl Allowed {
    fn has(&self, value: &str) -> bool {
        match self {
            Self::Fixed(values) => values.contains(&value),
            Self::Listed(values) => values.iter().any(|known| known == value),
        }
    }
}

/// Whether it is a number that its kind can have. What is none would also make stored state unreadable.
fn is_sound(kind: NumberKind, reading: &Reading) -> bool {
    reading.value.is_finite()
        && match kind {
            NumberKind::Gauge => reading.counts.is_empty(),
            NumberKind::Counter => reading.counts.is_empty() && reading.value >= 0.0,
            NumberKind::Histogram(bounds) => reading.counts.len() == bounds.len() + 1,
        }
}

/// One series of two: what is counted adds up, of what is measured the larger is shown.
fn join(kind: NumberKind, known: &mut Reading, more: &Reading) {
    if kind == NumberKind::Gauge {
        known.value = known.value.max(more.value);
    } else {
        known.value += more.value;
        for (count, more) in known.counts.iter_mut().zip(&more.counts) {
            *count = count.saturating_add(*more);
        }
    }
}
