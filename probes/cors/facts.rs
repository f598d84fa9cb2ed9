//! What was seen, as a person reads it.

use std::collections::BTreeMap;

use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;

use super::evidence::{Endpoint, Evidence};
use crate::contract::Fact;

/// A few rows for each endpoint.
pub(super) fn facts(seen: &Evidence) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("visit", "requests", seen.requests.to_string()),
        Fact::new("visit", "network", seen.network()),
    ];
    for endpoint in &seen.endpoints {
        facts.extend(of_endpoint(endpoint));
    }
    for socket in &seen.sockets {
        let words = |result: &Result<http::StatusCode, _>| match result {
            Ok(status) => status.as_u16().to_string(),
            Err(obstructed) => format!("{obstructed}"),
        };
        let value =
            format!("own origin {}, stranger {}", words(&socket.trusted), words(&socket.stranger));
        facts.push(Fact::new(socket.subject.clone(), "handshake", value));
    }
    facts
}

fn of_endpoint(endpoint: &Endpoint) -> Vec<Fact> {
    let fact = |name: &'static str, value| Fact::new(endpoint.subject.clone(), name, value);
    let mut facts = Vec::new();
    if let Some(missing) = &endpoint.in_place_of {
        facts.push(fact("asked in place of", missing.to_string()));
    }
    facts.push(fact(
        "without an origin",
        match &endpoint.control {
            Ok(answer) => answer.in_words(),
            Err(obstructed) => format!("no answer: {obstructed}"),
        },
    ));
    for allowed in &endpoint.allowed {
        let value = match &allowed.actual {
            Ok(answer) => answer.in_words(),
            Err(obstructed) => format!("no answer: {obstructed}"),
        };
        let name = format!("from {}", allowed.origin);
        facts.push(Fact::new(endpoint.subject.clone(), name, value));
    }
    // Each value that came back, with how many strangers got it.
    let mut values = BTreeMap::<String, usize>::new();
    let mut unanswered = 0;
    for asked in &endpoint.asked {
        match &asked.actual {
            Ok(answer) => {
                let value = answer.shown(&ACCESS_CONTROL_ALLOW_ORIGIN);
                let value = match value {
                    None => "nothing".to_owned(),
                    Some(value) if value == asked.question.origin => "their own origin".to_owned(),
                    Some(value) => format!("`{value}`"),
                };
                *values.entry(value).or_default() += 1;
            }
            Err(_) => unanswered += 1,
        }
    }
    let values = values.into_iter().map(|(value, count)| format!("{count} were granted {value}"));
    let mut values: Vec<String> = values.collect();
    if unanswered > 0 {
        values.push(format!("{unanswered} not answered"));
    }
    if !values.is_empty() {
        facts.push(fact("from others", values.join(", ")));
    }
    facts
}
