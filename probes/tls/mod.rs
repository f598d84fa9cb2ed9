//! TLS: the certificates a target shows, and the protocol it settles on with a current client.

mod chain;
mod checks;
mod evidence;
mod facts;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod gauges;
mod observe;
mod settings;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
mod statements;
#[cfg(test)]
mod tests;
mod when;

use std::time::Duration;

pub(crate) use self::settings::Tls;
use self::{
    evidence::Posture,
    settings::{begins_without_tls, unknown_check},
};
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::contract::{
    Explains, Fact, Gauge, Mistake, Needs, Obstructed, Probe, Profile, Rule, Scheme, Target, Visit,
    net::Endpoint,
};

impl Probe for Tls {
    type Evidence = Posture;

    const NAME: &'static str = "tls";
    const ABOUT: &'static str = "The certificates a target shows at each of its addresses, whether a \
                                 current client can shake hands with it, and which versions, ciphers \
                                 and groups of TLS it accepts.";
    // A permissive server has a hundred suites. A name of many addresses takes more; the pace of a
    // target's connections still holds.
    const NEEDS: Option<Needs> =
        Some(Needs::passive().requests(400).deadline(Duration::from_secs(45)));
    const JUDGES_CERTIFICATES: bool = true;
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    // Which of them by STARTTLS, and where, its settings say.
    const SPEAKS: &'static [Scheme] = &Scheme::ALL;
    const RULES: &'static [Rule<Self>] = checks::RULES;
    const EXPLAINS: &'static [Explains] = checks::EXPLAINS;
    const GAUGES: &'static [Gauge<Self>] = gauges::GAUGES;

    fn suits(target: &Target) -> bool {
        target.is_tls()
    }

    fn endpoints(&self, _: &Target) -> Vec<Endpoint> {
        self.address.iter().cloned().collect()
    }

    fn mistakes(&self, target: &Target) -> Vec<Mistake> {
        let mut mistakes: Vec<Mistake> =
            self.overrides.keys().filter_map(|id| unknown_check(id)).collect();
        if let Some(protocol) = self.starttls {
            mistakes.extend(self.starts_elsewhere(target, protocol));
        } else if self.address.is_none() {
            mistakes.extend(begins_without_tls(target));
        }
        mistakes
    }

    fn observes(&self, _target: &Target) -> Option<String> {
        Some(self.observed())
    }

    async fn observe(&self, visit: &Visit) -> Result<Posture, Obstructed> {
        observe::posture(self, visit).await
    }

    fn facts(&self, posture: &Posture) -> Vec<Fact> {
        facts::facts(posture)
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}
