//! Any service that speaks HTTP, by a request and what is expected of its answer.

mod checks;
mod evidence;
mod expect;
mod facts;
mod gauges;
mod method;
mod observe;
mod settings;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::evidence::Evidence;
pub(crate) use self::settings::Http;
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::contract::{
    Explains, Fact, Footprint, Gauge, Mistake, Needs, Obstructed, Probe, Rule, Target, Visit, net,
};

impl Probe for Http {
    type Evidence = Evidence;

    const NAME: &'static str = "http";
    const ABOUT: &'static str =
        "Whether a service answers a request as expected, fast and often enough.";
    // Any client may send what the operator wrote down. The probe adds nothing to it: one that
    // changes something is sent once a visit, without second attempts and measurements.
    // A model that is asked for an answer takes its time.
    const NEEDS: Option<Needs> = Some(Needs::passive().deadline(Duration::from_secs(20)));
    const RULES: &'static [Rule<Self>] = checks::RULES;
    const EXPLAINS: &'static [Explains] = checks::EXPLAINS;
    const GAUGES: &'static [Gauge<Self>] = gauges::GAUGES;

    fn needs(&self, _target: &Target) -> Option<Needs> {
        // What an ordinary client never sends is for those who let gonogo send it.
        let needs = Self::NEEDS?;
        let footprint = if self.method.is_usual() { needs.footprint } else { Footprint::Active };
        Some(Needs { footprint, ..needs })
    }

    fn endpoints(&self, _target: &Target) -> Vec<net::Endpoint> {
        self.named_endpoints()
    }

    fn mistakes(&self, _target: &Target) -> Vec<Mistake> {
        self.wrong()
    }

    fn observes(&self, _target: &Target) -> Option<String> {
        Some(self.observed())
    }

    async fn observe(&self, visit: &Visit) -> Result<Evidence, Obstructed> {
        Ok(observe::evidence(self, visit).await)
    }

    fn facts(&self, seen: &Evidence) -> Vec<Fact> {
        facts::facts(seen)
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}
