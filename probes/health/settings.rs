//! What an operator may say about a target's health endpoints.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::contract::{
    Mistake, Window,
    net::Endpoint,
    setting::{Dur, Headers, Link, StatusSet},
};

/// Settings of the `health` probe. Every one may be left out: endpoints are then looked for at the
/// places frameworks put them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Health {
    /// Where the service says whether it can take requests.
    pub(super) ready: Option<Link>,
    /// Where the service says whether its process must be restarted.
    pub(super) live: Option<Link>,
    /// Where the service says whether it has started, if that is a third place.
    pub(super) startup: Option<Link>,
    /// Header fields the endpoints want, such as a credential.
    pub(super) headers: Headers,
    /// Statuses that mean "yes".
    pub(super) accept: StatusSet,
    /// What the service cannot work without, looked at in the same visit as its readiness.
    pub(super) depends: Vec<Dependency>,
    /// Names of components that the readiness endpoint must report.
    pub(super) expect_components: Vec<String>,
    /// The longest that 95 of 100 answers may take.
    pub(super) slow: Dur,
    /// Measurements to have before latency is judged.
    pub(super) min_samples: usize,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            ready: None,
            live: None,
            startup: None,
            headers: Headers::default(),
            accept: StatusSet::success(),
            depends: Vec::new(),
            expect_components: Vec::new(),
            slow: Dur::secs(1),
            min_samples: 5,
        }
    }
}

/// A service that the target needs, with exactly one way to see whether it is there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Dependency {
    /// What it is called in reports and metrics.
    pub(super) name: String,
    /// It is there when this address accepts a connection.
    #[serde(default)]
    tcp: Option<Endpoint>,
    /// It is there when this URL answers with any status below 500.
    #[serde(default)]
    http: Option<Link>,
    /// It is there when PostgreSQL, or a pooler, answers at this address.
    #[serde(default)]
    postgres: Option<Endpoint>,
}

/// How to see whether a dependency is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// Connect.
    Tcp(Endpoint),
    /// Ask for a URL.
    Http(Link),
    /// Ask PostgreSQL whether it speaks TLS.
    Postgres(Endpoint),
}

impl Dependency {
    /// The way to look at it; `None` where the settings name none or several, which is a mistake.
    pub(super) fn way(&self) -> Option<Way> {
        match (&self.tcp, &self.http, &self.postgres) {
            (Some(tcp), None, None) => Some(Way::Tcp(tcp.clone())),
            (None, Some(http), None) => Some(Way::Http(http.clone())),
            (None, None, Some(postgres)) => Some(Way::Postgres(postgres.clone())),
            _ => None,
        }
    }

    fn endpoint(&self) -> Option<Endpoint> {
        match self.way()? {
            Way::Tcp(endpoint) | Way::Postgres(endpoint) => Some(endpoint),
            Way::Http(link) => link.endpoint(),
        }
    }
}

impl Health {
    /// Addresses the settings name besides the target's own.
    pub(super) fn named_endpoints(&self) -> Vec<Endpoint> {
        let links = [&self.ready, &self.live, &self.startup].into_iter().flatten();
        let links = links.filter_map(Link::endpoint);
        links.chain(self.depends.iter().filter_map(Dependency::endpoint)).collect()
    }

    /// What is asked, and what counts as a yes; limits and what is expected of the answer are not in it.
    pub(super) fn observed(&self) -> String {
        let Self { ready, live, startup, headers, accept, depends, .. } = self;
        format!("{ready:?} {live:?} {startup:?} {headers:?} {accept:?} {depends:?}")
    }

    /// What is wrong that the types cannot say.
    pub(super) fn wrong(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let mut mistake = |path: &[&str], message: String| {
            let path = path.iter().map(|&key| key.to_owned()).collect();
            mistakes.push(Mistake { path, message });
        };
        for (i, dependency) in self.depends.iter().enumerate() {
            let at = i.to_string();
            let name = &dependency.name;
            if dependency.way().is_none() {
                let message = format!("`{name}` needs exactly one of `tcp`, `http` and `postgres`");
                mistake(&["depends", &at], message);
            }
            if self.depends[..i].iter().any(|earlier| earlier.name == *name) {
                let message = format!("another dependency is called `{name}` too");
                mistake(&["depends", &at, "name"], message);
            }
        }
        for (i, name) in self.expect_components.iter().enumerate() {
            if name.trim().is_empty() {
                mistake(&["expect_components", &i.to_string()], "the name is empty".to_owned());
            }
        }
        if !(1..=Window::CAPACITY).contains(&self.min_samples) {
            let most = Window::CAPACITY;
            mistake(
                &["min_samples"],
                format!("write a number from 1 to {most}, the window's size"),
            );
        }
        if self.slow.0.is_zero() {
            mistake(&["slow"], "no answer takes no time; write a limit such as 1s".to_owned());
        }
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(value: Value) -> Result<Health, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    fn mistakes(value: Value) -> Vec<String> {
        let mistakes = parse(value).expect("settings").wrong();
        mistakes.into_iter().map(|m| format!("{}: {}", m.path.join("."), m.message)).collect()
    }

    #[test]
    fn nothing_needs_to_be_said() {
        let health = parse(json!({})).expect("settings");
        assert_eq!(health.min_samples, 5);
        assert!(mistakes(json!({})).is_empty());
    }

    #[test]
    fn a_dependency_has_one_way_to_be_looked_at() {
        let wrong = mistakes(json!({"depends": [
            {"name": "db"},
            {"name": "cache", "tcp": "c:1", "http": "http://c:2/"},
            {"name": "ok", "postgres": "db:5432"},
        ]}));
        assert_eq!(
            wrong,
            [
                "depends.0: `db` needs exactly one of `tcp`, `http` and `postgres`",
                "depends.1: `cache` needs exactly one of `tcp`, `http` and `postgres`",
            ]
        );
    }

    #[test]
    fn every_address_named_is_one_the_net_may_call() {
        let health = parse(json!({
            "ready": "http://10.0.0.7:8081/ready",
            "live": "/livez",
            "depends": [{"name": "db", "postgres": "db:5432"}, {"name": "llm", "http": "http://llm/"}],
        }));
        let endpoints = health.expect("settings").named_endpoints();
        let expected = [("10.0.0.7", 8081), ("db", 5432), ("llm", 80)];
        assert_eq!(endpoints, expected.map(|(host, port)| Endpoint::tcp(host, port)));
    }

    #[test]
    fn slips_are_found() {
        assert!(parse(json!({"redy": "/x"})).expect_err("a typo").contains("redy"));
        assert_eq!(mistakes(json!({"min_samples": 0})).len(), 1);
        assert_eq!(mistakes(json!({"min_samples": 121})).len(), 1);
        assert_eq!(mistakes(json!({"slow": "0s"})).len(), 1);
        assert_eq!(mistakes(json!({"expect_components": [" "]})).len(), 1);
        let twice = json!({"depends": [{"name": "a", "tcp": "a:1"}, {"name": "a", "tcp": "b:1"}]});
        assert_eq!(mistakes(twice), ["depends.1.name: another dependency is called `a` too"]);
        let mail = json!({"depends": [{"name": "m", "http": "mailto:m@m.example"}]});
        assert!(parse(mail).expect_err("no HTTP").contains("is not HTTP"));
    }
}
