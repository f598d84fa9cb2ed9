//! What browsers are told by the header of an answer: to stay with TLS, not to guess types, not to be
//! framed, which scripts to run.

mod content_type_missing;
mod cross_origin_isolation_invalid;
mod csp;
mod csp_missing;
mod csp_weak;
mod dropped_on_errors;
mod evidence;
mod fields;
mod framing_allowed;
mod hsts;
mod hsts_invalid;
mod hsts_missing;
mod hsts_short;
mod html;
mod observatory;
mod observe;
mod permissions_unrestricted;
mod private_response_cacheable;
mod referrer_leaks;
mod sniffing_allowed;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
mod subresource_unpinned;
#[cfg(test)]
mod tests;
mod version_disclosed;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use self::evidence::Evidence;
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::{
    audience::Audience,
    contract::{
        Fact, Footprint, Gauge, Mistake, Obstructed, Probe, Profile, Reading, Rule, Target, Visit,
        net::Endpoint,
        setting::{self, Dur, Link},
    },
};

/// Settings of the `headers` probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the setting is called what it is in every probe")]
pub(crate) struct Headers {
    /// Further pages or operations to judge as the target's own URL is. Where programs call the target
    /// and its own URL answers 404, these are judged alone; if there are none, something that most
    /// services have, such as /openapi.json or /readyz.
    paths: Vec<Link>,
    /// A path that is answered 400, such as a search with a bad parameter. None is provoked without it:
    /// what a server refuses to parse never reaches the application that sets headers.
    bad_request: Option<Link>,
    /// A path that is answered 401 without a credential.
    unauthorized: Option<Link>,
    /// A static file, if not one the first page mentions.
    asset: Option<Link>,
    /// Header fields to send to the target's own URL and `paths`, such as a credential.
    headers: setting::Headers,
    /// Who calls the target, if not those its profile implies.
    audience: Option<Audience>,
    /// The shortest `max-age` of `Strict-Transport-Security` that is long enough.
    hsts_min_age: Dur,
    /// The port at the target's host that plain HTTP comes to; only the Observatory's score asks.
    port: u16,
    /// Whether the host is on the browsers' list of HSTS preloads; gonogo has no copy of it.
    preloaded: bool,
}

impl Default for Headers {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            bad_request: None,
            unauthorized: None,
            asset: None,
            headers: setting::Headers::default(),
            audience: None,
            hsts_min_age: Dur::secs(31_536_000),
            port: 80,
            preloaded: false,
        }
    }
}

impl Probe for Headers {
    type Evidence = Evidence;

    const NAME: &'static str = "headers";
    const ABOUT: &'static str =
        "What the header of an answer tells browsers to do, and to whom it tells too much.";
    // The Observatory's score needs a request with a foreign origin, and a 404 is provoked.
    const FOOTPRINT: Footprint = Footprint::Active;
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    // Headers change with a deployment, not from minute to minute.
    const INTERVAL: Option<Duration> = Some(Duration::from_mins(10));
    const DEADLINE: Duration = Duration::from_secs(30);
    const RULES: &'static [Rule<Self>] = &[
        content_type_missing::RULE,
        sniffing_allowed::RULE,
        hsts_missing::RULE,
        hsts_short::RULE,
        hsts_invalid::RULE,
        framing_allowed::RULE,
        csp_missing::RULE,
        csp_weak::RULE,
        referrer_leaks::RULE,
        permissions_unrestricted::RULE,
        private_response_cacheable::RULE,
        version_disclosed::RULE,
        dropped_on_errors::RULE,
        cross_origin_isolation_invalid::RULE,
        subresource_unpinned::RULE,
    ];
    const GAUGES: &'static [Gauge<Self>] = GAUGES;

    fn endpoints(&self, target: &Target) -> Vec<Endpoint> {
        let links = self.paths.iter().chain(&self.bad_request).chain(&self.unauthorized);
        let links = links.chain(&self.asset).filter_map(Link::endpoint);
        std::iter::once(Endpoint::tcp(target.host(), self.port)).chain(links).collect()
    }

    fn mistakes(&self, _: &Target) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut mistake = |key: &str, message: &str| {
            mistakes.push(Mistake { path: vec![key.to_owned()], message: message.to_owned() });
        };
        if self.port == 0 {
            mistake("port", "write a port from 1 to 65535");
        }
        if self.hsts_min_age.0.is_zero() {
            mistake("hsts_min_age", "a max-age of 0 switches HSTS off; write a time such as 365d");
        }
        mistakes
    }

    async fn observe(&self, visit: &Visit) -> Result<Evidence, Obstructed> {
        observe::evidence(self, visit).await
    }

    fn facts(&self, seen: &Evidence) -> Vec<Fact> {
        let answers = seen.answers.iter().map(|answer| {
            let words = format!("{} {}", answer.role.noun(), answer.status);
            Fact::new("answer", answer.subject.clone(), words)
        });
        answers.chain(observatory_facts(seen)).collect()
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}

/// What the Observatory would say, test by test: its own words, so that they can be looked up.
fn observatory_facts(seen: &Evidence) -> Vec<Fact> {
    let fact = |name: &'static str, value: String| Fact::new("MDN Observatory", name, value);
    match &seen.observatory {
        Err(why) => vec![fact("score", format!("none: {why}"))],
        Ok(report) => {
            let score = format!("{} ({})", report.score(), report.grade());
            let results = report.results.iter();
            let results = results.map(|one| {
                fact(one.test, format!("{} ({:+})", one.result.name, one.result.modifier))
            });
            std::iter::once(fact("score", score)).chain(results).collect()
        }
    }
}

const GAUGES: &[Gauge<Headers>] = &[
    Gauge {
        name: "headers_observatory_score_ratio",
        help: "The score MDN HTTP Observatory would give, divided by 100; above 1 with bonuses. It \
               decides nothing.",
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
        labels: &["test"],
        read: |_, seen| {
            let results = seen.observatory.iter().flat_map(|report| &report.results);
            results.map(|one| reading(vec![one.test.to_owned()], one.result.modifier)).collect()
        },
    },
];

fn reading(labels: Vec<String>, hundredths: i32) -> Reading {
    Reading { labels, value: f64::from(hundredths) / 100.0 }
}
