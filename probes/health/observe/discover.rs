//! Looking for health endpoints at the places frameworks put them.

use url::Url;

use super::{Survey, ask::statement};
use crate::{
    contract::{Obstacle, Obstructed},
    health::{
        evidence::{Found, Role},
        recognise::{Asked, Recognised},
    },
};

/// What was learned about where the endpoints are.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    ready: Option<Learned>,
    live: Option<Learned>,
}

/// What one search came to.
#[derive(Clone, Debug)]
struct Learned {
    /// The visit that searched.
    made: u32,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    /// It is here.
    At(Url),
    /// It is at none of the usual places.
    Nowhere(String),
    /// Something is there and wants a credential.
    Denied(String),
}

impl Survey<'_> {
    /// What stands where the role's endpoint was found, now or on an earlier visit.
    pub(super) async fn discovered(&mut self, role: Role) -> Found {
        let learned = match role {
            Role::Ready => &self.remembered.places.ready,
            Role::Live | Role::Startup => &self.remembered.places.live,
        };
        if let Some(Learned { made, place }) = learned.clone() {
            match place {
                Place::At(url) => {
                    // It was told from other answers when it was found.
                    match self.at(role, &url, Asked::Named).await {
                        Found::Other { .. } => {}
                        found => return found,
                    }
                }
                absent if self.remembered.visits - made < AGAIN => return absent.found(),
                _ => {}
            }
        }
        let place = match self.search(role).await {
            Ok(place) => place,
            Err(obstructed) => {
                return Found::Obstructed { subject: String::new(), obstructed, replay: None };
            }
        };
        let learned = Some(Learned { made: self.remembered.visits, place: place.clone() });
        match role {
            Role::Ready => self.remembered.places.ready = learned,
            Role::Live | Role::Startup => self.remembered.places.live = learned,
        }
        match place {
            Place::At(url) => self.at(role, &url, Asked::Guessed).await,
            absent => absent.found(),
        }
    }

    /// Asks at one usual place after the other, until one has it or something is in the way.
    async fn search(&mut self, role: Role) -> Result<Place, Obstructed> {
        let paths = self.usual_places(role);
        let (mut denied, mut untold, mut first) = (None, None, None);
        for &path in &paths {
            let mut url = self.visit.target.url.clone();
            url.set_query(None);
            url.set_path(path);
            if Some(&url) == self.ready.as_ref() {
                continue;
            }
            let exchange = self.ask(&url, true).await?;
            let status = exchange.status.as_u16();
            let statement = statement(&exchange);
            match self.told(&url, &exchange, &statement, Asked::Guessed).await {
                Recognised::Health { .. } => return Ok(Place::At(url)),
                Recognised::Throttled => {
                    return Err(Obstacle::Throttled.because(format!("{path} answers {status}")));
                }
                Recognised::Failing => {
                    let seen = format!("every path answers {status}, those that do not exist too");
                    return Err(Obstacle::ControlFailed.because(seen));
                }
                Recognised::Denied => denied = denied.or(Some(path)),
                Recognised::Untold => untold = untold.or(Some(path)),
                Recognised::Other(seen) => first = first.or(Some(format!("{path}: {seen}"))),
            }
        }
        if let Some(path) = denied {
            return Ok(Place::Denied(format!(
                "{path} wants a credential; name the endpoint by `{}`, and the credential by `headers`",
                role.setting()
            )));
        }
        if let Some(path) = untold {
            let seen = format!("{path} answers, and a path that does not exist could not be asked");
            return Err(Obstacle::ControlFailed.because(seen));
        }
        Ok(Place::Nowhere(self.nowhere(role, paths.len(), &first.unwrap_or_default())))
    }

    /// Says that there is no endpoint for the role.
    fn nowhere(&self, role: Role, places: usize, first: &str) -> String {
        match &self.ready {
            Some(ready) if role == Role::Live && is_general(ready) => {
                let path = ready.path();
                format!("{path} is the only health endpoint; it cannot answer both questions")
            }
            _ => format!(
                "none of the {places} usual places has one ({first}); if there is one, name it by `{}`",
                role.setting()
            ),
        }
    }

    /// The places to ask at, likeliest first.
    fn usual_places(&self, role: Role) -> Vec<&'static str> {
        if role == Role::Ready {
            return READY.iter().chain(GENERAL).copied().collect();
        }
        let mut places = LIVE.to_vec();
        if let Some(ready) = &self.ready {
            // The framework that has the one has the other beside it.
            let beside = READY.iter().position(|path| *path == ready.path());
            if let Some(partner) = beside.and_then(|i| LIVE.get(i)) {
                places.retain(|path| path != partner);
                places.insert(0, partner);
            }
            // Beside an endpoint for readiness alone, a general one is about liveness. Two general
            // ones are one endpoint with two names.
            if !is_general(ready) {
                places.extend(GENERAL);
            }
        }
        places
    }
}

impl Place {
    /// What a place that has no endpoint for us comes to.
    fn found(self) -> Found {
        match self {
            Self::Denied(what) => Found::Obstructed {
                subject: String::new(),
                obstructed: Obstacle::Denied.because(what),
                replay: None,
            },
            Self::Nowhere(seen) => Found::Nowhere { seen },
            Self::At(url) => Found::Nowhere { seen: format!("{url} has none any more") },
        }
    }
}

fn is_general(url: &Url) -> bool {
    GENERAL.contains(&url.path())
}

/// Visits after which places that had nothing are asked again.
const AGAIN: u32 = 10;

/// Places of readiness endpoints; [`LIVE`] has their partners in the same order.
const READY: &[&str] = &[
    "/readyz",
    "/health/ready",
    "/actuator/health/readiness",
    "/q/health/ready",
    "/-/ready",
    "/ready",
    "/health/readiness",
];

/// Places of liveness endpoints.
const LIVE: &[&str] = &[
    "/livez",
    "/health/live",
    "/actuator/health/liveness",
    "/q/health/live",
    "/-/healthy",
    "/live",
    "/health/liveness",
    "/alive",
    "/health/liveliness",
];

/// Places of endpoints that answer for health at large.
const GENERAL: &[&str] = &[
    "/health",
    "/healthz",
    "/actuator/health",
    "/q/health",
    "/ping",
    "/up",
    "/api/health",
    "/healthcheck",
    "/_health",
    "/hc",
    "/ht/",
];
