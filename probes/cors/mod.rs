//! CORS: which web sites' pages may read the target, by what a browser makes of its answers.

mod answer;
mod checks;
mod evidence;
mod facts;
mod judge;
mod mirror;
mod observe;
mod origin;
mod plan;
mod question;
mod settings;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::evidence::Evidence;
pub(crate) use self::settings::Cors;
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::contract::{Fact, Mistake, Needs, Obstructed, Probe, Profile, Rule, Target, Visit, net};

impl Probe for Cors {
    type Evidence = Evidence;

    const NAME: &'static str = "cors";
    const ABOUT: &'static str = "Which web sites' pages may read what the target says, judged by \
                                 what browsers make of its answers to requests and preflights.";
    // A policy changes with a deployment, not by itself: a whole round every ten minutes is a request
    // every ten seconds, and tells of a bad deployment while people still look. Sixty requests in a
    // row, at half a second each and the net's ten a second, take most of a minute.
    const NEEDS: Option<Needs> =
        Some(Needs::active().every(Duration::from_mins(10)).deadline(Duration::from_mins(1)));
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    const RULES: &'static [Rule<Self>] = checks::RULES;

    fn needs(&self, target: &Target) -> Option<Needs> {
        let usual = Self::NEEDS?;
        let requests = plan::most(self, target);
        // At the net's ten a second, and a third more for what is slow.
        let deadline = Duration::from_secs(20 + requests as u64 * 4 / 30);
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        Some(usual.requests(requests.max(usual.requests)).deadline(deadline.max(usual.deadline)))
    }

    fn endpoints(&self, _target: &Target) -> Vec<net::Endpoint> {
        self.named_endpoints()
    }

    fn mistakes(&self, target: &Target) -> Vec<Mistake> {
        self.wrong(target)
    }

    async fn observe(&self, visit: &Visit) -> Result<Evidence, Obstructed> {
        observe::evidence(self, visit).await
    }

    fn facts(&self, seen: &Evidence) -> Vec<Fact> {
        facts::facts(seen)
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}
