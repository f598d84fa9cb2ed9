//! Health endpoints: what the target says of itself, and whether that is true.

mod checks;
mod documented;
mod evidence;
mod facts;
mod gauges;
mod leaks;
mod observe;
mod page;
mod recognise;
mod settings;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
mod statement;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::evidence::{Evidence, Found, Role};
pub(crate) use self::settings::Health;
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::contract::{
    Fact, Gauge, Mistake, Needs, Obstructed, Probe, Profile, Rule, Target, Visit, net,
};

impl Probe for Health {
    type Evidence = Evidence;

    const NAME: &'static str = "health";
    const ABOUT: &'static str =
        "What the target's readiness and liveness endpoints say, and whether it is true.";
    // The first visit looks for endpoints, and measures.
    const NEEDS: Option<Needs> = Some(Needs::passive().deadline(Duration::from_secs(20)));
    const RULES: &'static [Rule<Self>] = checks::RULES;
    const GAUGES: &'static [Gauge<Self>] = gauges::GAUGES;
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web, Profile::Worker];

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

    fn facts(&self, evidence: &Evidence) -> Vec<Fact> {
        facts::facts(evidence)
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}
