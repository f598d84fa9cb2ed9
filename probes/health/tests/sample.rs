//! Evidence made up for the tests of judgements.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use url::Url;

use crate::{
    contract::{Obstacle, WindowSummary},
    health::{
        Evidence, Health, documented,
        evidence::{Answer, Found},
        statement::Statement,
    },
};

/// What was seen where both endpoints are `ready` and `live`.
pub(in crate::health) fn evidence(ready: Found, live: Found) -> Evidence {
    Evidence {
        ready,
        live,
        startup: None,
        anonymous: None,
        dependencies: Vec::new(),
        elsewhere: Vec::new(),
        unasked: Vec::new(),
    }
}

/// A health endpoint that answers so, unlike other paths.
pub(in crate::health) fn answers(status: u16, body: &str) -> Found {
    answers_with(status, body, |_| {})
}

/// The same, but for what `change` does to it.
pub(in crate::health) fn answers_with(
    status: u16,
    body: &str,
    change: impl FnOnce(&mut Answer),
) -> Found {
    let status = StatusCode::from_u16(status).expect("a status");
    let mut answer = Answer {
        url: Url::parse("https://t.example/readyz").expect("a URL"),
        subject: "/readyz".to_owned(),
        status,
        accepted: status.is_success(),
        distinct: true,
        headers: HeaderMap::new(),
        body: body.to_owned(),
        statement: Statement::of(None, body),
        documented: documented::of(status, body),
        authorized: false,
        latency: Duration::from_millis(1),
        window: WindowSummary::default(),
        replay: "curl https://t.example/readyz".to_owned(),
    };
    change(&mut answer);
    Found::Answer(Box::new(answer))
}

/// A place named by the settings where something else stands.
pub(in crate::health) fn other() -> Found {
    let seen = "answered 404".to_owned();
    Found::Other { subject: "/readyz".to_owned(), seen, replay: None }
}

/// No endpoint at the usual places.
pub(in crate::health) fn nowhere() -> Found {
    Found::Nowhere { seen: "none of 20 usual places has one".to_owned() }
}

/// Something in the way.
pub(in crate::health) fn obstructed(obstacle: Obstacle) -> Found {
    let obstructed = obstacle.because("what happened");
    Found::Obstructed { subject: "/readyz".to_owned(), obstructed, replay: None }
}

/// Settings that name one dependency.
pub(in crate::health) fn depending_on(name: &str) -> Health {
    let settings = serde_json::json!({"depends": [{"name": name, "tcp": "db:5432"}]});
    serde_json::from_value(settings).expect("settings")
}
