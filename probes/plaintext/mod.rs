//! Plain HTTP: what is served to those who come without TLS.

mod checks;
mod evidence;
mod observe;
mod settings;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use self::{evidence::Evidence, settings::Plaintext};
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::contract::{
    Fact, Mistake, Needs, Obstructed, Probe, Profile, Rule, Target, Visit, net::Endpoint,
};

impl Probe for Plaintext {
    type Evidence = Evidence;

    const NAME: &'static str = "plaintext";
    const ABOUT: &'static str =
        "What is served to those who come without TLS, and where they are sent.";
    // What listens without TLS changes with a deployment, not from minute to minute.
    const NEEDS: Option<Needs> =
        Some(Needs::passive().every(Duration::from_mins(10)).deadline(Duration::from_secs(20)));
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    const RULES: &'static [Rule<Self>] = checks::RULES;

    fn endpoints(&self, target: &Target) -> Vec<Endpoint> {
        let plain = Endpoint::tcp(target.host(), self.port);
        std::iter::once(plain).chain(self.listeners.iter().cloned()).collect()
    }

    fn mistakes(&self, _: &Target) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut mistake = |key: &str, message: &str| {
            mistakes.push(Mistake { path: vec![key.to_owned()], message: message.to_owned() });
        };
        if self.port == 0 {
            mistake("port", "write a port from 1 to 65535");
        }
        if self.path.as_ref().is_some_and(|path| !path.starts_with('/') || path.contains('#')) {
            mistake("path", "write a path on the target, like /login");
        }
        mistakes
    }

    async fn observe(&self, visit: &Visit) -> Result<Evidence, Obstructed> {
        observe::evidence(self, visit).await
    }

    fn facts(&self, seen: &Evidence) -> Vec<Fact> {
        let mut facts = vec![Fact::new("plain HTTP", seen.subject.clone(), seen.door.in_words())];
        let listeners = seen.listeners.iter();
        facts.extend(
            listeners.map(|one| Fact::new("listener", one.endpoint.to_string(), one.in_words())),
        );
        facts
    }

    #[cfg(any(test, feature = "specimen"))]
    fn specimens() -> Vec<Specimen> {
        specimens::all()
    }
}
