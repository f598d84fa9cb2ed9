//! What browsers are told by the header of an answer: to stay with TLS, not to guess types, not to be
//! framed, which scripts to run.

mod checks;
mod evidence;
mod facts;
mod gauges;
mod observe;
mod settings;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::evidence::Evidence;
pub(crate) use self::settings::Headers;
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::contract::{
    Fact, Gauge, Mistake, Needs, Obstructed, Probe, Profile, Rule, Target, Visit, net::Endpoint,
    setting::Link,
};

impl Probe for Headers {
    type Evidence = Evidence;

    const NAME: &'static str = "headers";
    const ABOUT: &'static str =
        "What the header of an answer tells browsers to do, and to whom it tells too much.";
    // The Observatory's score needs a request with a foreign origin, and a 404 is provoked.
    // Headers change with a deployment, not from minute to minute.
    const NEEDS: Option<Needs> =
        Some(Needs::active().every(Duration::from_mins(10)).deadline(Duration::from_secs(30)));
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    const RULES: &'static [Rule<Self>] = checks::RULES;
    const GAUGES: &'static [Gauge<Self>] = gauges::GAUGES;

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
        answers.chain(facts::observatory_facts(seen)).collect()
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}
