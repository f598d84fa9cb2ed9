//! Reading JSON, whichever framework wrote it.

use serde_json::{Map, Value};

use super::{
    Format, Overall, State, Statement,
    names::{is_dependency, is_part, words_of},
    polarity::{self, Polarity},
    words::{self, Said},
};

/// Reads a JSON body.
pub(super) fn read(content_type: &str, value: &Value) -> Statement {
    let mut statement = Statement { format: Format::Json, ..Statement::default() };
    match value {
        Value::Object(object) => {
            statement.format = format_of(content_type, object);
            let mut own = Own::of(object, 0);
            if own.is_silent() {
                own = message(object);
            }
            statement.overall = own.state.map(|state| Overall { state, stated: true });
            statement.unclear = own.unclear;
            components(&mut statement, object, "", 0);
        }
        Value::Array(list) => members(&mut statement, list, "", 0),
        Value::String(text) => match words::said_alone(text) {
            Some(Said::Known(state)) => {
                statement.overall = Some(Overall { state, stated: true });
            }
            Some(Said::Unknown(word)) => statement.unclear = Some(word),
            None => {}
        },
        Value::Bool(up) => {
            let state = if *up { State::Up } else { State::Down };
            statement.overall = Some(Overall { state, stated: true });
        }
        Value::Null | Value::Number(_) => {}
    }
    // It speaks of its status in a word we do not know: its components do not outvote it.
    if statement.unclear.is_none() {
        statement.derive_overall();
    }
    if statement.states_nothing() {
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

/// What an object states of itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Own {
    /// The worst it states.
    state: Option<State>,
    /// A word where one for a state must stand, that nobody here knows; only where no other word does.
    unclear: Option<String>,
}

impl Own {
    /// A flag that says no outweighs a status that says yes.
    fn of(object: &Map<String, Value>, depth: usize) -> Self {
        let (mut own, mut worded) = (Self::default(), false);
        for (key, value) in object {
            let said = Self::said_by(key, value, depth);
            worded |= said.state.is_some() && value.is_string();
            own.state = own.state.max(said.state);
            own.unclear = own.unclear.or(said.unclear);
        }
        // A flag that says yes does not explain a word that nobody knows; another word does.
        if worded || own.state.is_some_and(State::is_no) {
            own.unclear = None;
        } else if own.unclear.is_some() {
            own.state = None;
        }
        own
    }

    fn said_by(key: &str, value: &Value, depth: usize) -> Self {
        let plain = plain(key);
        let role = Role::of(&plain, key, depth);
        match (role, value) {
            (Role::Status | Role::Envelope, Value::Object(inner)) if depth < DEEPEST => {
                Self::of(inner, depth + 1)
            }
            (Role::Status, Value::Number(code)) if plain == "status" => {
                Self::known(code.as_u64().and_then(of_http))
            }
            (Role::Code, Value::Number(code)) => Self::known(code.as_u64().and_then(of_http)),
            (Role::Code | Role::Status, Value::String(text)) if is_number(text) => {
                Self::known(text.trim().parse().ok().and_then(of_http))
            }
            (Role::Indicator, Value::String(text)) if text == "none" => {
                Self::known(Some(State::Up))
            }
            (Role::Status | Role::Indicator, Value::String(text)) => Self::worded(key, text),
            (Role::Failure, Value::String(text)) => Self::failure(text),
            (Role::Mode, Value::String(text)) => Self::known(words::state_of(text)),
            (Role::Flag, Value::String(text)) => match words::truth(text) {
                Some(is) => Self::known(flag(key, is)),
                // `up: "3 days"` is a duration, and `live: "/live"` an address.
                None => Self::known(words::state_of(text)),
            },
            (Role::Flag | Role::Status | Role::Failure, Value::Bool(is)) => {
                Self::known(flag(key, *is))
            }
            _ => Self::default(),
        }
    }

    /// A word where one for a state must stand.
    fn worded(key: &str, text: &str) -> Self {
        if let Some(is) = words::truth(text) {
            return Self::known(flag(key, is));
        }
        match words::said(text) {
            Some(Said::Known(state)) => Self::known(Some(state)),
            Some(Said::Unknown(word)) => Self { state: None, unclear: Some(word) },
            None => Self::default(),
        }
    }

    /// The text of an error, where there is one.
    fn failure(text: &str) -> Self {
        let empty = text.trim().is_empty()
            || matches!(words::truth(text), Some(false))
            || ["none", "null", "nil", "n/a", "-"]
                .contains(&text.trim().to_ascii_lowercase().as_str());
        if empty {
            return Self::default();
        }
        match words::state_of_sentence(text) {
            Some(State::Up) => Self::default(),
            Some(state) => Self::known(Some(state)),
            None => Self { state: None, unclear: Some(text.trim().to_owned()) },
        }
    }

    fn known(state: Option<State>) -> Self {
        Self { state, unclear: None }
    }

    fn is_silent(&self) -> bool {
        self.state.is_none() && self.unclear.is_none()
    }
}

/// What a key of an object is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    /// It holds the object's own state.
    Status,
    /// It holds a state in the words of a status page.
    Indicator,
    /// It repeats the HTTP status.
    Code,
    /// It holds what went wrong, if anything.
    Failure,
    /// It holds how the service runs, which may be a state.
    Mode,
    /// Its truth is well or not.
    Flag,
    /// It wraps the statement.
    Envelope,
    /// Something else.
    Other,
}

impl Role {
    fn of(plain: &str, key: &str, depth: usize) -> Self {
        // Within `status: { … }`, as Kibana and Statuspage write it.
        let nested = depth > 0 && matches!(plain, "level" | "overall" | "value");
        if nested || STATUS_KEYS.contains(&plain) {
            return Self::Status;
        }
        match plain {
            "indicator" => Self::Indicator,
            "statuscode" | "httpstatus" | "httpstatuscode" | "httpcode" | "code" => Self::Code,
            "error" | "err" | "errormessage" | "lasterror" | "failure" | "exception" => {
                Self::Failure
            }
            "mode" => Self::Mode,
            _ if ENVELOPE_KEYS.contains(&plain) => Self::Envelope,
            _ if polarity::of(key) != Polarity::None && polarity::is_general(key) => Self::Flag,
            _ => Self::Other,
        }
    }
}

/// What the truth of a flag states.
fn flag(key: &str, is: bool) -> Option<State> {
    match (polarity::of(key), is) {
        (Polarity::Good, true) => Some(State::Up),
        (Polarity::Good, false) => Some(State::Down),
        (Polarity::Bad(state), true) => Some(state),
        // `error: false` is not yet well.
        (Polarity::Bad(_), false) | (Polarity::None, _) => None,
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

fn is_number(text: &str) -> bool {
    let text = text.trim();
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `{"message": "OK"}`, for want of anything else.
fn message(object: &Map<String, Value>) -> Own {
    let message = ["message", "msg", "response", "data", "result", "description"];
    let message = message.iter().find_map(|key| object.get(*key)?.as_str());
    Own::known(message.and_then(words::state_of))
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
        // Sentry and others list what is well, with flags, under the name of the state.
        let flags = STATUS_KEYS.contains(&plain.as_str())
            && value.as_object().is_some_and(|inner| Own::of(inner, 1).is_silent());
        match value {
            Value::Object(inner) if list || flags => {
                // `details` and `error` hold components, or the particulars of one.
                let words_count =
                    !matches!(plain.as_str(), "details" | "error" | "info" | "errors");
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
            _ if list || not_a_component(&plain, key) => {}
            Value::Object(_) | Value::Array(_) | Value::String(_) | Value::Bool(_) => {
                component(statement, join(within, key), value, false, depth + 1);
            }
            _ => {}
        }
    }
}

/// Takes in one component. In a list of components every object is one; beside the status, only what
/// by its name can be one, and states a state.
fn component(statement: &mut Statement, name: String, value: &Value, listed: bool, depth: usize) {
    let own_name = name.rsplit('/').next().unwrap_or(&name);
    let words = words_of(own_name);
    let is_component = listed || words.iter().any(|word| is_dependency(word) || is_part(word));
    match value {
        Value::Object(inner) => {
            let own = Own::of(inner, 0);
            let speaks = inner.keys().any(|key| STATUS_KEYS.contains(&plain(key).as_str()));
            if listed || ((is_component || speaks) && !own.is_silent()) {
                statement.unclear_component(own.unclear);
                statement.add(name.clone(), own.state);
                components_within(statement, inner, &name, depth);
            }
        }
        // The draft gives a list of measurements for each component.
        Value::Array(inner) if listed => {
            let states = inner.iter().filter_map(Value::as_object).map(|inner| Own::of(inner, 0));
            if let Some(worst) = states.map(|own| own.state).max() {
                statement.add(name, worst);
            }
        }
        Value::Bool(is) => flagged(statement, name, *is, listed),
        Value::String(text) => {
            let own_status = words.last().is_some_and(|word| word == "status" || word == "state");
            match words::truth(text).filter(|_| polarity::of(own_name) != Polarity::None) {
                Some(is) => flagged(statement, name, is, listed),
                None if is_component || own_status => match words::said(text) {
                    Some(Said::Known(state)) => statement.add(name, Some(state)),
                    Some(Said::Unknown(word)) if own_status => {
                        statement.unclear_component(Some(word));
                        statement.add(name, None);
                    }
                    _ => {}
                },
                None => {}
            }
        }
        _ => {}
    }
}

/// Takes in a flag. Beside the status its name must say what its truth means; that of another service
/// alone may say that it works, and may say that it is used.
fn flagged(statement: &mut Statement, name: String, is: bool, listed: bool) {
    let own_name = name.rsplit('/').next().unwrap_or(&name);
    let state = match polarity::of(own_name) {
        // That it does not wait for its turn says nothing of how it is.
        Polarity::Bad(State::Standby) if !is => return,
        Polarity::Bad(state) => Some(if is { state } else { State::Up }),
        Polarity::None if !listed && !polarity::is_bare_dependency(own_name) => return,
        Polarity::None if !listed && is_configured(own_name) => return,
        Polarity::None if !listed && !is => {
            statement.unclear_component(Some(format!("{own_name}: false")));
            None
        }
        Polarity::Good | Polarity::None => Some(if is { State::Up } else { State::Down }),
    };
    statement.add(name, state);
}

/// Whether a name of another service has more words, which make it a setting: `postgres_tls`.
fn is_configured(name: &str) -> bool {
    words_of(name)
        .iter()
        .any(|word| !is_dependency(word) && !is_part(word) && !PLACES.contains(&word.as_str()))
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
        let own = Own::of(member, 0);
        match name.and_then(|(_, name)| name.as_str()) {
            Some(name) => {
                statement.unclear_component(own.unclear);
                statement.add(join(within, name), own.state);
            }
            None if depth <= DEEPEST => {
                if let Some(state) = own.state {
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

fn not_a_component(plain: &str, key: &str) -> bool {
    Role::of(plain, key, 0) != Role::Other || PARTICULARS.contains(&plain)
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
    "overallstate",
    "overallhealth",
    "aggregatedstatus",
    "applicationstatus",
    "appstatus",
    "clusterstatus",
    "clusterstate",
    "healthstate",
    "healthstatus",
    "servicestatus",
    "serverstatus",
    "servingstatus",
    "statusname",
    "systemstatus",
    "readiness",
    "liveness",
    "ok",
    "ready",
    "isready",
    "alive",
    "isalive",
    "success",
    "available",
    "initialized",
];

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

/// Words that tell two services of one kind apart.
const PLACES: &[&str] = &["audit", "main", "primary", "read", "replica", "secondary", "write"];
