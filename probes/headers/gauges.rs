//! The Observatory's score as numbers.

use super::Headers;
use crate::{
    contract::{Gauge, Label, NumberKind, Reading},
    observatory,
};

pub(super) const GAUGES: &[Gauge<Headers>] = &[
    Gauge {
        name: "headers_observatory_score_ratio",
        help: "The score MDN HTTP Observatory would give, divided by 100; above 1 with bonuses. It \
               decides nothing.",
        kind: NumberKind::Gauge,
        labels: &[],
        read: |_, seen| {
            let report = seen.observatory.iter();
            report.map(|report| reading(Vec::new(), report.score())).collect()
        },
    },
    Gauge {
        name: "headers_observatory_modifier_ratio",
        help: "What each test of MDN HTTP Observatory adds to the score, divided by 100; bonuses count \
               only from a score of 0.9.",
        kind: NumberKind::Gauge,
        labels: &[Label::fixed("test", &observatory::TESTS)],
        read: |_, seen| {
            let results = seen.observatory.iter().flat_map(|report| &report.results);
            results.map(|one| reading(vec![one.test.to_owned()], one.result.modifier)).collect()
        },
    },
];

pub(super) fn reading(labels: Vec<String>, hundredths: i32) -> Reading {
    Reading::new(labels, f64::from(hundredths) / 100.0)
}
