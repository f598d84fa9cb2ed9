//! Plain HTTP: what is served to those who come without TLS.

mod api_redirects;
mod knock;
mod listener;
mod observe;
mod reach;
mod redirect_temporary;
mod redirects_elsewhere;
mod served;
#[cfg(any(test, feature = "specimen"))]
mod specimens;
mod speech;
#[cfg(test)]
mod tests;

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::knock::{Door, Hop, knock};
use self::speech::Listener;
#[cfg(any(test, feature = "specimen"))]
use crate::contract::specimen::Specimen;
use crate::{
    audience::Audience,
    contract::{
        Fact, Footprint, Mistake, Obstructed, Probe, Profile, Rule, Target, Visit, net::Endpoint,
    },
};

/// Settings of the `plaintext` probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Plaintext {
    /// The port at the target's host that plain HTTP comes to. Where the target's own URL is http, its
    /// own port is looked at instead. Where `connect_to` leads to another port than the URL's, 80 is not
    /// looked at, since it would be somebody else's.
    port: u16,
    /// The path to ask for, if not that of the target's URL. It should be one that is answered by TLS.
    path: Option<String>,
    /// Who calls the target, if not those its profile implies.
    audience: Option<Audience>,
    /// Other places where TLS is expected from the first byte, as `host:port`: gRPC, custom protocols.
    listeners: Vec<Endpoint>,
}

impl Default for Plaintext {
    fn default() -> Self {
        Self { port: 80, path: None, audience: None, listeners: Vec::new() }
    }
}

/// What one visit brought back.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The URL that was asked for without TLS.
    subject: String,
    /// Whether that is the target's own URL, so that its users are sent there.
    own: bool,
    /// The target's host.
    host: String,
    /// What happened there.
    door: Door,
    /// How the same path is answered by TLS, where the answer without needed comparing.
    control: Option<Result<Hop, Obstructed>>,
    /// Who calls.
    audience: Option<Audience>,
    /// What the other places speak.
    listeners: Vec<Listener>,
}

impl Probe for Plaintext {
    type Evidence = Evidence;

    const NAME: &'static str = "plaintext";
    const ABOUT: &'static str =
        "What is served to those who come without TLS, and where they are sent.";
    const FOOTPRINT: Footprint = Footprint::Passive;
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];
    // What listens without TLS changes with a deployment, not from minute to minute.
    const INTERVAL: Option<Duration> = Some(Duration::from_mins(10));
    const DEADLINE: Duration = Duration::from_secs(20);
    const RULES: &'static [Rule<Self>] = &[
        served::RULE,
        redirects_elsewhere::RULE,
        redirect_temporary::RULE,
        api_redirects::RULE,
        listener::RULE,
    ];

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
