//! A catalogue of probes that look at nothing, with settings such as real ones have.

use std::{collections::BTreeMap, time::Duration};

use gonogo_probes::contract::{
    Check, Dimension, Experiment, Footprint, Impact, Kind, Mistake, Needs, Obstructed, Probe,
    Profile, Rule, Scheme, Settles, Target, Visit, net,
    setting::{Dur, Pattern, Secret, Text},
    specimen::Specimen,
};
use schemars::JsonSchema;
use serde::Deserialize;

pub(in crate::config) static CATALOGUE: &[Kind] = &[
    Kind::of::<Health>(),
    Kind::of::<Tls>(),
    Kind::of::<Auth>(),
    Kind::of::<Cors>(),
    Kind::of::<Pool>(),
    Kind::of::<Shutdown>(),
];

const fn rule<P: Probe>(id: &'static str, impact: Impact) -> Rule<P> {
    let check = Check {
        id,
        fault: "something is wrong",
        impact,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "",
        how: "",
        fix: "",
        sources: &[],
    };
    Rule::new(check, |_, _| Vec::new())
}

/// What no fake needs to say.
macro_rules! looks_at_nothing {
    () => {
        type Evidence = ();

        const ABOUT: &'static str = "Nothing.";

        async fn observe(&self, _: &Visit) -> Result<(), Obstructed> {
            Ok(())
        }

        fn specimens() -> Vec<Specimen> {
            Vec::new()
        }
    };
}

/// Settings of the `health` probe.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Health {
    /// Path that says whether the target can take requests.
    ready: Option<String>,
    /// Path that says whether the target must be restarted.
    live: Option<String>,
    /// What the answer's body must contain.
    body: Option<Pattern>,
    /// The longest an answer may take.
    within: Option<Dur>,
    /// The status expected.
    status: Option<u16>,
    /// Headers to send.
    headers: BTreeMap<String, Text>,
    /// Hosts whose health the answer depends on.
    depends: Vec<String>,
}

impl Probe for Health {
    looks_at_nothing!();

    const NAME: &'static str = "health";
    const NEEDS: Option<Needs> = Some(Needs::passive());
    const RULES: &'static [Rule<Self>] =
        &[rule("health-not-ready", Impact::Blocker), rule("health-slow", Impact::Medium)];
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web, Profile::Worker];

    fn endpoints(&self, _: &Target) -> Vec<net::Endpoint> {
        self.depends.iter().filter_map(|host| host.parse().ok()).collect()
    }

    fn mistakes(&self, _: &Target) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (key, path) in [("ready", &self.ready), ("live", &self.live)] {
            if path.as_ref().is_some_and(|path| !path.starts_with('/')) {
                let message = "a path starts with `/`".to_owned();
                mistakes.push(Mistake { path: vec![key.to_owned()], message });
            }
        }
        for (i, host) in self.depends.iter().enumerate() {
            if let Err(message) = host.parse::<net::Endpoint>() {
                mistakes.push(Mistake { path: vec!["depends".to_owned(), i.to_string()], message });
            }
        }
        mistakes
    }
}

/// Settings of the `tls` probe.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Tls {
    /// How long before its end a certificate should have been replaced.
    renew_before: Option<Dur>,
}

impl Probe for Tls {
    looks_at_nothing!();

    const NAME: &'static str = "tls";
    const NEEDS: Option<Needs> = Some(Needs::passive().every(Duration::from_hours(1)));
    const SPEAKS: &'static [Scheme] = &Scheme::ALL;
    const RULES: &'static [Rule<Self>] = &[rule("tls-certificate-expired", Impact::Blocker)];
    const PROFILES: &'static [Profile] = &[Profile::Api, Profile::Web];

    fn suits(target: &Target) -> bool {
        target.is_tls()
    }
}

/// Settings of the `auth` probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Auth {
    /// Who can sign in, by a name of your own.
    credentials: BTreeMap<String, Credential>,
    /// Where the API describes itself.
    #[serde(default)]
    #[expect(dead_code, reason = "only its reading matters")]
    openapi: Option<String>,
}

/// A way to sign in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its reading matters")]
enum Credential {
    /// A bearer token.
    Bearer(Secret),
    /// User name and password.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
}

impl Probe for Auth {
    looks_at_nothing!();

    const NAME: &'static str = "auth";
    const NEEDS: Option<Needs> = Some(Needs::active());
    const RULES: &'static [Rule<Self>] = &[rule("auth-missing", Impact::Blocker)];

    fn mistakes(&self, _: &Target) -> Vec<Mistake> {
        // Echoes what it must not, as a careless probe would.
        let weak = self.credentials.iter().filter_map(|(name, credential)| match credential {
            Credential::Bearer(token) if token.expose().starts_with("weak") => Some(Mistake {
                path: vec!["credentials".to_owned(), name.clone()],
                message: format!("the token `{}` is weak", &*token.expose()),
            }),
            _ => None,
        });
        weak.collect()
    }
}

/// Settings of the `cors` probe.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Cors {
    /// Origins that may read answers.
    allowed_origins: Vec<Origin>,
    /// Paths to ask for.
    endpoints: Vec<String>,
}

/// A URL without a path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[expect(dead_code, reason = "only its reading matters")]
struct Origin(String);

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.contains("://") {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not an origin"))
        }
    }
}

impl Probe for Cors {
    looks_at_nothing!();

    const NAME: &'static str = "cors";
    const NEEDS: Option<Needs> = Some(Needs::active());
    const RULES: &'static [Rule<Self>] = &[rule("cors-any-origin", Impact::High)];
    const PROFILES: &'static [Profile] = &[Profile::Api];
}

/// Settings of the `pool` probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its reading matters")]
struct Pool {
    /// How to reach the database.
    dsn: Secret,
    /// The name its connections have.
    application_name: String,
    /// How many connections the pool may open.
    size: u32,
    /// Whether the pool goes through PgBouncer.
    #[serde(default)]
    pgbouncer: bool,
}

impl Probe for Pool {
    looks_at_nothing!();

    const NAME: &'static str = "pool";
    const NEEDS: Option<Needs> = Some(Needs::passive());
    const RULES: &'static [Rule<Self>] = &[rule("pool-exhausted", Impact::High)];
}

/// Settings of the `shutdown` probe.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its reading matters")]
struct Shutdown {
    /// What stops the target.
    trigger: Trigger,
    /// A request that is under way meanwhile.
    in_flight: String,
    /// How long the target may take.
    grace: Dur,
}

/// What stops a target.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its reading matters")]
enum Trigger {
    /// Replaces the pods of a workload.
    Kubernetes(String),
    /// Runs a command.
    Command(Vec<String>),
    /// Somebody does it by hand.
    Manual,
}

impl Probe for Shutdown {
    looks_at_nothing!();

    const NAME: &'static str = "shutdown";
    const NEEDS: Option<Needs> = None;
    const EXPERIMENT: Option<Footprint> = Some(Footprint::Disruptive);
    const RULES: &'static [Rule<Self>] = &[rule("shutdown-drops-requests", Impact::Blocker)];

    fn experiment(&self, _: &Target) -> Option<Experiment> {
        let deadline = Duration::from_mins(2);
        Some(Experiment::new(Footprint::Disruptive, deadline, "stops the target"))
    }
}
