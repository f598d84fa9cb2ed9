//! Cookies: who can read them, and with which requests they travel.

mod checks;
mod evidence;
mod names;
mod observe;
mod session;
mod settings;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use self::{evidence::Evidence, settings::Cookies};
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::contract::{
    Fact, Mistake, Needs, Obstructed, Probe, Profile, Rule, Target, Visit, net::Endpoint,
    setting::Link,
};

impl Probe for Cookies {
    type Evidence = Evidence;

    const NAME: &'static str = "cookies";
    const ABOUT: &'static str =
        "Who can read the cookies a target sets, and with which requests they travel.";
    // What cookies are set with changes with a deployment, not from minute to minute.
    const NEEDS: Option<Needs> =
        Some(Needs::passive().every(Duration::from_mins(10)).deadline(Duration::from_secs(20)));
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    const RULES: &'static [Rule<Self>] = checks::RULES;

    fn endpoints(&self, target: &Target) -> Vec<Endpoint> {
        let plain = Endpoint::tcp(target.host(), self.port);
        std::iter::once(plain).chain(self.paths.iter().filter_map(Link::endpoint)).collect()
    }

    fn mistakes(&self, _: &Target) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut mistake = |path: &[&str], message: String| {
            mistakes
                .push(Mistake { path: path.iter().map(|&key| key.to_owned()).collect(), message });
        };
        if self.port == 0 {
            mistake(&["port"], "write a port from 1 to 65535".to_owned());
        }
        for (i, name) in self.session.iter().enumerate() {
            if self.harmless.contains(name) {
                mistake(&["session", &i.to_string()], format!("`{name}` is called harmless too"));
            }
        }
        mistakes
    }

    async fn observe(&self, visit: &Visit) -> Result<Evidence, Obstructed> {
        observe::evidence(self, visit).await
    }

    fn facts(&self, seen: &Evidence) -> Vec<Fact> {
        let set = seen.set().filter_map(Result::ok).chain(seen.plain.cookies.iter());
        set.map(|set| Fact::new("cookie", set.name(), set.cookie.in_words())).collect()
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}
