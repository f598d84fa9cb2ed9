//! Any service that speaks HTTP, by a request and what is expected of its answer.

mod expect;
mod observe;
mod settings;
mod slow;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
#[cfg(test)]
mod tests;
mod unexpected;
mod unreachable;
mod unreliable;

use std::time::Duration;

use http::header;

use self::expect::Answer;
pub(crate) use self::settings::Http;
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::{
    contract::{
        Fact, Footprint, Gauge, Mistake, Obstructed, Probe, Reading, Rule, Target, Visit,
        WindowSummary, net,
    },
    window,
};

/// What one visit brought back.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The URL that was asked for.
    subject: String,
    /// The answer, or what kept it away, twice if asking again was harmless.
    answer: Result<Answer, Obstructed>,
    /// What kept the first answer away, where a second attempt got one.
    first: Option<Obstructed>,
    /// Where the time went; all zero without an answer.
    phases: net::Phases,
    /// Latency and success, on this visit and earlier ones.
    window: WindowSummary,
    /// The command that asks the same.
    replay: String,
}

impl Probe for Http {
    type Evidence = Evidence;

    const NAME: &'static str = "http";
    const ABOUT: &'static str =
        "Whether a service answers a request as expected, fast and often enough.";
    // Any client may send what the operator wrote down. The probe adds nothing to it: one that
    // changes something is sent once a visit, without second attempts and measurements.
    const FOOTPRINT: Footprint = Footprint::Passive;
    const RULES: &'static [Rule<Self>] =
        &[unreachable::RULE, unexpected::RULE, slow::RULE, unreliable::RULE];
    const GAUGES: &'static [Gauge<Self>] = GAUGES;
    // A model that is asked for an answer takes its time.
    const DEADLINE: Duration = Duration::from_secs(20);

    fn endpoints(&self, _target: &Target) -> Vec<net::Endpoint> {
        self.named_endpoints()
    }

    fn mistakes(&self, _target: &Target) -> Vec<Mistake> {
        self.wrong()
    }

    async fn observe(&self, visit: &Visit) -> Result<Evidence, Obstructed> {
        Ok(observe::evidence(self, visit).await)
    }

    fn facts(&self, seen: &Evidence) -> Vec<Fact> {
        facts(seen)
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}

const GAUGES: &[Gauge<Http>] = &[
    Gauge {
        name: "http_response_seconds",
        help: "Percentiles over the window of the time an answer takes, name resolution left out.",
        labels: &["percentile"],
        read: |_, seen| {
            let percentiles = [("50", 50.0), ("90", 90.0), ("95", 95.0), ("99", 99.0)];
            let reading = |(name, percent): (&str, f64)| {
                let value = seen.window.percentile(percent)?.as_secs_f64();
                Some(Reading { labels: vec![name.to_owned()], value })
            };
            percentiles.into_iter().filter_map(reading).collect()
        },
    },
    Gauge {
        name: "http_success_ratio",
        help: "The share of requests in the window that were answered as expected.",
        labels: &[],
        read: |_, seen| {
            let reading = |value| Reading { labels: Vec::new(), value };
            seen.window.success_ratio().map(reading).into_iter().collect()
        },
    },
    Gauge {
        name: "http_phase_seconds",
        help: "How long each phase of the last request took; absent while it is not answered.",
        labels: &["phase"],
        read: |_, seen| {
            if seen.answer.is_err() {
                return Vec::new();
            }
            let reading = |(phase, time): (&str, Duration)| Reading {
                labels: vec![phase.to_owned()],
                value: time.as_secs_f64(),
            };
            phases(seen).into_iter().map(reading).collect()
        },
    },
];

fn phases(seen: &Evidence) -> [(&'static str, Duration); 5] {
    let phases = seen.phases;
    [
        ("resolve", phases.resolve),
        ("connect", phases.connect),
        ("tls", phases.tls),
        ("first_byte", phases.first_byte),
        ("transfer", phases.transfer),
    ]
}

fn facts(seen: &Evidence) -> Vec<Fact> {
    let fact = |name: &'static str, value: String| Fact::new("answer", name, value);
    let mut facts = vec![fact("url", seen.subject.clone())];
    match &seen.answer {
        Err(obstructed) => facts.push(fact("status", format!("none: {obstructed}"))),
        Ok(answer) => {
            facts.push(fact("status", answer.status.to_string()));
            if let Some(kind) = answer.headers.get(header::CONTENT_TYPE) {
                let kind = String::from_utf8_lossy(kind.as_bytes()).into_owned();
                facts.push(fact("content-type", kind));
            }
            facts.push(fact("body", format!("{} bytes", answer.body.len())));
            let times =
                phases(seen).map(|(name, time)| format!("{name} {}", window::in_words(time)));
            facts.push(fact("time", times.join(", ")));
        }
    }
    if let (Some(p50), Some(p95)) = (seen.window.percentile(50.0), seen.window.percentile(95.0)) {
        let (p50, p95) = (window::in_words(p50), window::in_words(p95));
        facts.push(fact("latency", format!("p50 {p50}, p95 {p95} over {}", seen.window.timed())));
    }
    facts.push(fact("success", format!("{} of {} requests", seen.window.ok, seen.window.count)));
    facts
}
