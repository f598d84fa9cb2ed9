//! How fast and how often a service answers.

use std::time::Duration;

use super::{Evidence, Http, facts::phases};
use crate::contract::{Gauge, Label, NumberKind, Reading};

pub(super) const GAUGES: &[Gauge<Http>] = &[
    Gauge {
        name: "http_response_seconds",
        help: "Percentiles over the window of the time an answer takes, name resolution left out.",
        kind: NumberKind::Gauge,
        labels: &[Label::fixed("percentile", &["50", "90", "95", "99"])],
        read: |_, seen| {
            let percentiles = [("50", 50.0), ("90", 90.0), ("95", 95.0), ("99", 99.0)];
            let reading = |(name, percent): (&str, f64)| {
                let value = seen.window.percentile(percent)?.as_secs_f64();
                Some(Reading::new(vec![name.to_owned()], value))
            };
            percentiles.into_iter().filter_map(reading).collect()
        },
    },
    Gauge {
        name: "http_success_ratio",
        help: "The share of requests in the window that were answered as expected; what could not be judged is left out.",
        kind: NumberKind::Gauge,
        labels: &[],
        read: |_, seen| {
            let reading = |value| Reading::new(Vec::new(), value);
            seen.success.ratio().map(reading).into_iter().collect()
        },
    },
    Gauge {
        name: "http_addresses_answering_ratio",
        help: "The share of the addresses asked on the last visit that answered as expected.",
        kind: NumberKind::Gauge,
        labels: &[],
        read: |http, seen| {
            let expected = |one: &&Evidence| {
                one.answer.as_ref().is_ok_and(|answer| http.expect.is_met(answer) == Some(true))
            };
            let (met, all) = (seen.each().filter(expected).count(), seen.each().count());
            // Both are at most a few dozen.
            let value = f64::from(u16::try_from(met).unwrap_or(u16::MAX))
                / f64::from(u16::try_from(all).unwrap_or(u16::MAX));
            vec![Reading::new(Vec::new(), value)]
        },
    },
    Gauge {
        name: "http_phase_seconds",
        help: "How long each phase of the last request took; absent while it is not answered.",
        kind: NumberKind::Gauge,
        labels: &[Label::fixed("phase", &["resolve", "connect", "tls", "first_byte", "transfer"])],
        read: |_, seen| {
            if seen.answer.is_err() {
                return Vec::new();
            }
            let reading = |(phase, time): (&str, Duration)| {
                Reading::new(vec![phase.to_owned()], time.as_secs_f64())
            };
            phases(seen).into_iter().map(reading).collect()
        },
    },
];
