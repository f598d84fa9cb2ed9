//! Reading JSON, whichever framework wrote it.

use serde_json::{Map, Value};

use super::{
    Format, Overall, State, Statement,
    names::{is_dependency, words_of},
    words,
};

/// Reads a JSON body.
pub(super) fn read(content_type: &str, value: &Value) -> Statement {
    let mut statement = Statement { format: Format::Json, ..Statement::default() };
    match value {
        Value::Object(object) => {
            statement.format = format_of(content_type, object);
            let stated = overall(object).or_else(|| message(object));
            statement.overall = stated.map(|state| Overall { state, stated: true });
            components(&mut statement, object, "", 0);
            // It speaks of its status, in a word we do not know (`UNKNOWN`): its components do not
            // outvote it.
            if object.get("status").is_some_and(Value::is_string) {
                return statement;
            }
        }
        Value::Array(list) => members(&mut statement, list, "", 0),
        other => {
            statement.overall = state(other).map(|state| Overall { state, stated: true });
        }
    }
    statement.derive_overall();
    if statement.overall.is_none() && statement.components.is_empty() {
        statement.format = Format::Opaque;
    }
    statement
}

/// Which framework's shape it is.
fn format_of(content_type: &str, object: &Map<String, Value>) -> Format {
    let status = object.get("status").and_then(Value::as_str).unwrap_or_default();
    let lower = status.to_ascii_lowercase();
    if content_type.contains("health+json") || matches!(lower.as_str(), "pass" | "warn" | "fail") {
        return Format::HealthJson;
    }
    match status {
        "UP" | "DOWN" if object.get("checks").is_some_and(Value::is_array) => Format::MicroProfile,
        "UP" | "DOWN" | "OUT_OF_SERVICE" | "UNKNOWN" => Format::Spring,
        "Healthy" | "Degraded" | "Unhealthy" => Format::AspNet,
        _ => Format::Json,
    }
}

/// The state an object states of itself. A flag that says no outweighs a status that says yes.
fn overall(object: &Map<String, Value>) -> Option<State> {
    let mut overall = None;
    for (key, value) in object {
        let key = plain(key);
        let stated = if STATUS_KEYS.contains(&key.as_str()) {
            match value {
                Value::Object(inner) => self::overall(inner),
                Value::Number(code) if key == "status" => code.as_u64().and_then(of_http),
                other => state(other),
            }
        } else if DOWN_FLAGS.contains(&key.as_str()) {
            (value == &Value::Bool(true)).then_some(State::Down)
        } else if ENVELOPE_KEYS.contains(&key.as_str()) {
            value.as_object().and_then(self::overall)
        } else {
            None
        };
        overall = overall.max(stated);
    }
    overall
}

/// The state a value is a word for.
fn state(value: &Value) -> Option<State> {
    match value {
        Value::String(text) => words::state_of_sentence(text),
        Value::Bool(up) => Some(if *up { State::Up } else { State::Down }),
        _ => None,
    }
}

/// Some repeat the HTTP status in the body.
fn of_http(code: u64) -> Option<State> {
    match code {
        200..=299 => Some(State::Up),
        400..=599 => Some(State::Down),
        _ => None,
    }
}

/// `{"message": "OK"}`, for want of anything else.
fn message(object: &Map<String, Value>) -> Option<State> {
    let message = object.get("message").or_else(|| object.get("msg"))?;
    words::state_of(message.as_str()?)
}

/// Takes in the components an object reports, in the lists frameworks keep them in and beside its own
/// status.
fn components(statement: &mut Statement, object: &Map<String, Value>, within: &str, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    for (key, value) in object {
        let plain = plain(key);
        let list = COMPONENT_LISTS.contains(&plain.as_str());
        match value {
            Value::Object(inner) if list => {
                // `details` and `error` hold components, or the particulars of one.
                let words_count = !matches!(plain.as_str(), "details" | "error" | "info");
                for (name, value) in inner {
                    if words_count || value.is_object() || value.is_array() {
                        component(statement, join(within, name), value, true, depth + 1);
                    }
                }
            }
            Value::Array(inner) if list => members(statement, inner, within, depth + 1),
            Value::Object(inner) if ENVELOPE_KEYS.contains(&plain.as_str()) => {
                components(statement, inner, within, depth + 1);
            }
            _ if list || not_a_component(&plain) => {}
            Value::Object(_) | Value::Array(_) | Value::String(_) | Value::Bool(_) => {
                component(statement, join(within, key), value, false, depth + 1);
            }
            _ => {}
        }
    }
}

/// Takes in one component. In a list of components every object is one; beside the status, only what
/// states a state.
fn component(statement: &mut Statement, name: String, value: &Value, listed: bool, depth: usize) {
    match value {
        Value::Object(inner) => {
            let state = overall(inner);
            if state.is_some() || listed {
                statement.add(name.clone(), state);
                components_within(statement, inner, &name, depth);
            }
        }
        // The draft gives a list of measurements for each component.
        Value::Array(inner) if listed => {
            let states = inner.iter().filter_map(Value::as_object).map(overall);
            if let Some(worst) = states.max() {
                statement.add(name, worst);
            }
        }
        Value::Bool(_) if listed || words_of(&name).iter().any(|word| is_dependency(word)) => {
            statement.add(name, state(value));
        }
        Value::String(text) => {
            if let Some(state) = words::state_of_sentence(text) {
                statement.add(name, Some(state));
            }
        }
        _ => {}
    }
}

/// The components a component is made of: only those in a list of components, because what stands
/// beside its status are its own particulars.
fn components_within(
    statement: &mut Statement,
    object: &Map<String, Value>,
    name: &str,
    depth: usize,
) {
    if depth > DEEPEST {
        return;
    }
    for key in ["components", "checks"] {
        for (inner, value) in object.get(key).and_then(Value::as_object).into_iter().flatten() {
            if value.is_object() {
                component(statement, join(name, inner), value, true, depth + 1);
            }
        }
    }
}

/// Takes in a list of components that carry their names in themselves.
fn members(statement: &mut Statement, list: &[Value], within: &str, depth: usize) {
    for member in list.iter().filter_map(Value::as_object) {
        let name = member
            .iter()
            .find(|(key, value)| NAME_KEYS.contains(&plain(key).as_str()) && value.is_string());
        match name.and_then(|(_, name)| name.as_str()) {
            Some(name) => statement.add(join(within, name), overall(member)),
            None if depth <= DEEPEST => {
                let state = overall(member);
                if let Some(state) = state {
                    let worst = statement.state().map_or(state, |known| known.max(state));
                    statement.overall = Some(Overall { state: worst, stated: true });
                }
                components(statement, member, within, depth + 1);
            }
            None => {}
        }
    }
}

fn join(within: &str, name: &str) -> String {
    if within.is_empty() { name.to_owned() } else { format!("{within}/{name}") }
}

/// A key without its case, hyphens and underscores.
fn plain(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn not_a_component(key: &str) -> bool {
    STATUS_KEYS.contains(&key) || DOWN_FLAGS.contains(&key) || PARTICULARS.contains(&key)
}

const DEEPEST: usize = 4;

/// Keys that hold an object's own state.
const STATUS_KEYS: &[&str] = &[
    "status",
    "state",
    "health",
    "healthy",
    "ishealthy",
    "overallstatus",
    "aggregatedstatus",
    "healthstatus",
    "ok",
    "ready",
    "isready",
    "alive",
    "isalive",
    "up",
    "success",
    "available",
    "initialized",
];

/// Keys whose truth means that the service does not work.
const DOWN_FLAGS: &[&str] = &["sealed", "draining", "shuttingdown", "maintenance"];

/// Keys of an object that wraps the statement.
const ENVELOPE_KEYS: &[&str] = &["data", "result", "response"];

/// Keys of lists of components.
const COMPONENT_LISTS: &[&str] = &[
    "components",
    "checks",
    "details",
    "info",
    "error",
    "entries",
    "results",
    "dependencies",
    "services",
    "subsystems",
    "indicators",
    "healthchecks",
    "healthindicators",
    "systems",
    "resources",
];

/// Keys that say what a service is, not how it is, though the value may read like a state.
const PARTICULARS: &[&str] = &[
    "version",
    "env",
    "environment",
    "mode",
    "name",
    "service",
    "serviceid",
    "releaseid",
    "message",
    "msg",
    "description",
    "timestamp",
    "time",
    "output",
    "notes",
    "commit",
    "build",
    "hostname",
    "host",
    "region",
    "stage",
    "profile",
    "reason",
    "title",
    "type",
    "stderr",
    "stdout",
    "tags",
    "duration",
    "uptime",
];

/// Keys that hold a component's name.
const NAME_KEYS: &[&str] = &["name", "component", "componentname", "id", "service", "check"];
