//! What a person wants to know of a target's health endpoints at a glance.

use http::header;

use super::{
    Evidence,
    evidence::{Answer, Found, Look},
    statement::State,
};
use crate::{contract::Fact, web::window};

/// The rows.
pub(super) fn facts(seen: &Evidence) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (role, found) in seen.endpoints() {
        match found {
            Found::Answer(answer) => answer_facts(role.noun(), answer, &mut facts),
            Found::Other { subject, seen, .. } => {
                facts.push(Fact::new(role.noun(), "endpoint", format!("{subject}: {seen}")));
            }
            Found::Nowhere { seen } | Found::Silent { seen, .. } => {
                facts.push(Fact::new(role.noun(), "endpoint", seen));
            }
            Found::Obstructed { obstructed, .. } => {
                facts.push(Fact::new(role.noun(), "endpoint", &obstructed.detail));
            }
        }
    }
    for dependency in &seen.dependencies {
        let state = match dependency.state() {
            Look::Up => "up".to_owned(),
            Look::Down(obstructed) => format!("down: {obstructed}"),
            Look::Unclear(obstructed) => format!("unknown: {obstructed}"),
        };
        facts.push(Fact::new("dependencies", dependency.name.clone(), state));
    }
    facts
}

fn answer_facts(topic: &'static str, answer: &Answer, facts: &mut Vec<Fact>) {
    let mut fact = |name: &'static str, value: String| facts.push(Fact::new(topic, name, value));
    fact("endpoint", answer.subject.clone());
    fact("answer", answer.in_words());
    fact("format", answer.statement.format.to_string());
    let components: Vec<String> = answer
        .statement
        .components
        .iter()
        .take(MOST_COMPONENTS)
        .map(|c| format!("{} {}", c.name, c.state.map_or("reported", State::as_str)))
        .collect();
    if !components.is_empty() {
        fact("components", components.join(", "));
    }
    let percentile = |percent| answer.window.percentile(percent).map(window::in_words);
    if let (Some(p50), Some(p95)) = (percentile(50.0), percentile(95.0)) {
        let timed = answer.window.timed();
        fact("latency", format!("p50 {p50}, p95 {p95} over {timed} answers"));
    }
    let caching = answer.headers.get_all(header::CACHE_CONTROL).iter();
    let caching: Vec<&str> = caching.filter_map(|value| value.to_str().ok()).collect();
    fact("cache-control", if caching.is_empty() { "none".to_owned() } else { caching.join(", ") });
}

const MOST_COMPONENTS: usize = 30;
