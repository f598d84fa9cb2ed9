//! CORS: which web sites' pages may read the target, by what a browser makes of its answers.

mod allowed_origin_refused;
mod answer;
mod any_header;
mod any_method;
mod any_origin;
mod any_origin_on_private_network;
mod any_origin_with_credentials;
mod any_port;
mod any_subdomain;
mod development_origin;
mod evidence;
mod facts;
mod insecure_origin;
mod judge;
mod lookalike_origin;
mod mirror;
mod null_origin;
mod observe;
mod origin;
mod plan;
mod preflight_cached_too_long;
mod preflight_needs_credentials;
mod question;
mod repeated_header;
#[cfg(test)]
mod sample;
mod settings;
mod shared_hosting_origin;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
#[cfg(test)]
mod tests;
mod vary_missing;
mod websocket_any_origin;
mod wildcard_with_credentials;

use std::time::Duration;

use self::evidence::Evidence;
pub(crate) use self::settings::Cors;
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::contract::{
    Fact, Footprint, Mistake, Obstructed, Probe, Profile, Rule, Target, Visit, net,
};

impl Probe for Cors {
    type Evidence = Evidence;

    const NAME: &'static str = "cors";
    const ABOUT: &'static str = "Which web sites' pages may read what the target says, judged by \
                                 what browsers make of its answers to requests and preflights.";
    const FOOTPRINT: Footprint = Footprint::Active;
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    const RULES: &'static [Rule<Self>] = &[
        any_origin_with_credentials::RULE,
        null_origin::RULE,
        lookalike_origin::RULE,
        any_origin::RULE,
        any_origin_on_private_network::RULE,
        any_subdomain::RULE,
        insecure_origin::RULE,
        development_origin::RULE,
        shared_hosting_origin::RULE,
        any_port::RULE,
        allowed_origin_refused::RULE,
        preflight_needs_credentials::RULE,
        any_method::RULE,
        any_header::RULE,
        wildcard_with_credentials::RULE,
        vary_missing::RULE,
        repeated_header::RULE,
        preflight_cached_too_long::RULE,
        websocket_any_origin::RULE,
    ];
    // A policy changes with a deployment, not by itself: a whole round every ten minutes is a request
    // every ten seconds, and tells of a bad deployment while people still look.
    const INTERVAL: Option<Duration> = Some(Duration::from_mins(10));
    // Sixty requests in a row, at half a second each and the net's ten a second.
    const DEADLINE: Duration = Duration::from_mins(1);

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
