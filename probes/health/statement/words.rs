//! The words services use for their state.

use super::{State, names::words_of};

/// What a value says of a state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Said {
    /// A state.
    Known(State),
    /// A word for a state that is in no table here.
    Unknown(String),
}

/// The state a word or short phrase stands for, whatever its case, hyphens and full stops. `not ready`
/// is the opposite of `ready`, and `not shutting down` that of its own.
pub(super) fn state_of(word: &str) -> Option<State> {
    let word = normal(word);
    if let Some(state) = listed(&word) {
        return Some(state);
    }
    let denied = word.strip_prefix("not ").or_else(|| word.strip_prefix("no "))?;
    match listed(denied)? {
        State::Up => Some(State::Down),
        State::Degraded | State::Standby => None,
        _ => Some(State::Up),
    }
}

fn listed(word: &str) -> Option<State> {
    TABLE.iter().find(|(_, words, _)| words.contains(&word)).map(|(state, ..)| *state)
}

/// The state a sentence states: a known phrase, one that ends in `… is ready`, one of few words that
/// ends in a known one (`database unavailable`), or one that begins with a word for a state and goes on
/// after a separator (`OK - 3 days`).
pub(super) fn state_of_sentence(sentence: &str) -> Option<State> {
    let sentence = sentence.trim();
    if sentence.len() > LONGEST_SENTENCE {
        return None;
    }
    if let Some(state) = state_of(sentence) {
        return Some(state);
    }
    if let Some(state) = predicate(sentence) {
        return Some(state);
    }
    // "Error: 12", "OK - 3 days", "Ingester not ready: waiting"; "ok computer" is a sentence of its own.
    let separators = [":", " - ", ",", ";", " (", " |", "\u{2013}", "\u{2014}"];
    let end = separators.iter().filter_map(|separator| sentence.find(separator)).min()?;
    let head = sentence[..end].trim();
    state_of(head).or_else(|| predicate(head))
}

/// The state that the end of a sentence states.
fn predicate(sentence: &str) -> Option<State> {
    let lower = normal(sentence);
    for verb in [" is ", " are "] {
        if let Some((subject, predicate)) = lower.rsplit_once(verb)
            && let Some(state) = state_of(predicate)
        {
            return Some(if subject.starts_with("not all ") { State::Down } else { state });
        }
    }
    if let Some(verdict) = lower.rsplit_once(" check ").map(|(_, verdict)| verdict) {
        return state_of(verdict);
    }
    let words: Vec<&str> = lower.split(' ').collect();
    if words.len() > LONGEST_PHRASE {
        return None;
    }
    (1..words.len()).find_map(|at| {
        // "slow down" and "sign up" are orders.
        let order = matches!(words[at], "up" | "down") && PHRASAL.contains(&words[at - 1]);
        state_of(&words[at..].join(" ")).filter(|_| !order)
    })
}

/// What a word says in a place where a word for a state must stand. Numbers, times, addresses and
/// sentences say nothing.
pub(super) fn said(text: &str) -> Option<Said> {
    if let Some(state) = state_of_sentence(text) {
        return Some(Said::Known(state));
    }
    let text = text.trim();
    let is_word = text.chars().all(|c| c.is_alphanumeric() || " _-.'!".contains(c))
        && text.starts_with(char::is_alphabetic)
        && text.chars().filter(|c| *c == ' ').count() < LONGEST_PHRASE
        && text.len() <= LONGEST_WORD;
    is_word.then(|| Said::Unknown(text.to_owned()))
}

/// What a text that is one word alone says: there, a sentence may be about anything.
pub(super) fn said_alone(text: &str) -> Option<Said> {
    match said(text)? {
        Said::Unknown(word) if !word.chars().all(|c| c.is_alphabetic() || "_-.!".contains(c)) => {
            None
        }
        said => Some(said),
    }
}

/// Whether a word stands for true or false.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Lower case, single spaces, no quotation marks, no full stop; `NotReady` is `not ready`.
fn normal(text: &str) -> String {
    let text = text.trim().trim_matches(['"', '\'', '.', '!', '\u{2714}', '\u{2705}']).trim();
    let words = text.split(|c: char| c.is_whitespace() || c == '_' || c == '-');
    let words: Vec<String> = words.filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    if let [one] = words.as_slice()
        && text.chars().all(|c| c.is_ascii_alphabetic())
        && text.chars().any(|c| c.is_ascii_lowercase())
    {
        let parts = words_of(text);
        return if parts.len() > 1 { parts.join(" ") } else { one.clone() };
    }
    words.join(" ")
}

const PHRASAL: &[&str] = &[
    "back", "break", "follow", "look", "scroll", "set", "shut", "sign", "slow", "speed", "start",
    "turn",
];

const LONGEST_SENTENCE: usize = 300;
const LONGEST_PHRASE: usize = 4;
const LONGEST_WORD: usize = 60;

/// What words stand for, with who says so.
const TABLE: &[(State, &[&str], &str)] = &[
    (
        State::Up,
        UP,
        "Spring Boot, MicroProfile, ASP.NET Core, the IETF draft, gRPC health checking",
    ),
    (State::Up, UP_ELSEWHERE, "as seen of the systems named"),
    (
        State::Degraded,
        DEGRADED,
        "ASP.NET Core, the IETF draft, Elasticsearch, Atlassian Statuspage",
    ),
    (State::Standby, STANDBY, "Vault, Milvus, Neo4j, PostgreSQL, Keepalived"),
    (State::Starting, STARTING, "Envoy, SonarQube, CouchDB, llama-server, Kafka Connect"),
    (State::Ending, ENDING, "Envoy, NestJS, lightship, VictoriaMetrics, CockroachDB"),
    (State::Maintenance, MAINTENANCE, "Spring Boot, CouchDB, SonarQube, Atlassian Statuspage"),
    (State::Down, DOWN, "Spring Boot, MicroProfile, ASP.NET Core, the IETF draft, gRPC"),
    (State::Down, DOWN_ELSEWHERE, "as seen of the systems named"),
];

const UP: &[&str] = &[
    "alive",
    "available",
    "healthy",
    "live",
    "ok",
    "okay",
    "online",
    "pass",
    "passed",
    "passing",
    "ready",
    "reachable",
    "running",
    "serving",
    "started",
    "success",
    "successful",
    "succeeded",
    "true",
    "up",
    "working",
];

const UP_ELSEWHERE: &[&str] = &[
    "accessible",
    "active",
    "all good",
    "all systems go",
    "all systems operational", // Statuspage and its imitators
    "application up",          // Laravel
    "clean",
    "connected",
    "enabled",
    "fine",
    "good",
    "green",     // Elasticsearch
    "i'm alive", // LiteLLM
    "imok",      // ZooKeeper
    "no error",
    "no errors",
    "no issues",
    "no problem",
    "no problems",
    "nominal",
    "normal",
    "operational",
    "optimal",
    "perfect",
    "pong",
    "service ready",
    "stable",
    "up and running",
    "valid",
    "well",
];

const DEGRADED: &[&str] = &[
    "degraded",
    "degraded performance",
    "impaired",
    "lagging",
    "limited",
    "minor",
    "minor outage",
    "partial",
    "partial outage",
    "partially available",
    "partially degraded",
    "read only",
    "readonly",
    "recovering",
    "slow",
    "unstable",
    "warn",
    "warning",
    "yellow",
];

const STANDBY: &[&str] = &[
    "backup",
    "follower",
    "hot standby",
    "passive",
    "replica",
    "secondary",
    "standby",
    "stand by",
];

const STARTING: &[&str] = &[
    "booting",
    "bootstrapping",
    "created",
    "creating",
    "initialising",
    "initializing",
    "joining",
    "loading",
    "loading model",
    "migrating",
    "pending",
    "pre initializing",
    "preparing",
    "provisioning",
    "rebooting",
    "restarting",
    "seeding",
    "starting",
    "starting up",
    "syncing",
    "uninitialized",
    "db migration running",
    "waiting",
    "warming",
    "warming up",
    "warmup",
];

const ENDING: &[&str] = &[
    "closing",
    "delayed shutdown mode",
    "draining",
    "ending",
    "exiting",
    "leaving",
    "lame duck",
    "shutdown",
    "shutting down",
    "stopping",
    "terminated",
    "terminating",
];

const MAINTENANCE: &[&str] = &[
    "db migration needed",
    "frozen",
    "in maintenance",
    "locked",
    "maintenance",
    "maintenance mode",
    "nolb",
    "out of service",
    "outofservice",
    "paused",
    "suspended",
    "under maintenance",
];

const DOWN: &[&str] = &[
    "critical",
    "dead",
    "down",
    "err",
    "error",
    "errored",
    "fail",
    "failed",
    "failing",
    "failure",
    "false",
    "fatal",
    "offline",
    "red",
    "sealed",
    "stopped",
    "unavailable",
    "unhealthy",
    "unreachable",
];

const DOWN_ELSEWHERE: &[&str] = &[
    "aborted",
    "application experiencing problems",
    "bad gateway",
    "broken",
    "corrupt",
    "corrupted",
    "crash loop",
    "crashed",
    "crashing",
    "disconnected",
    "halted",
    "inaccessible",
    "inoperable",
    "inoperative",
    "internal error",
    "ko",
    "lost",
    "major",
    "major outage",
    "missing",
    "n ok",
    "nok",
    "not accepting traffic",
    "not operational",
    "nonoperational",
    "non operational",
    "outage",
    "panic",
    "refused",
    "service unavailable",
    "severe",
    "system failure",
    "timed out",
    "timeout",
    "unready",
    "unresponsive",
    "unusable",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_word_stands_for_one_state() {
        let mut met = BTreeSet::new();
        for (_, words, source) in TABLE {
            assert!(!source.is_empty());
            for word in *words {
                assert!(met.insert(word), "{word} is there twice");
                assert_eq!(normal(word), *word, "it is written as it is looked up");
            }
        }
    }

    #[test]
    fn case_hyphens_and_full_stops_do_not_matter() {
        for up in ["OK", "ok\n", "Healthy", "I'm alive!", "Up and Running", "\"pass\"", "UP."] {
            assert_eq!(state_of(up), Some(State::Up), "{up}");
        }
        for down in ["Not Ready", "NotReady", "not-ready", "Unhealthy.", "NOT_OK", "KO"] {
            assert_eq!(state_of(down), Some(State::Down), "{down}");
        }
        for out in ["OUT_OF_SERVICE", "out-of-service", "OutOfService"] {
            assert_eq!(state_of(out), Some(State::Maintenance), "{out}");
        }
        assert_eq!(state_of("ShuttingDown"), Some(State::Ending));
    }

    #[test]
    fn not_turns_a_word_round() {
        assert_eq!(state_of("not serving"), Some(State::Down));
        assert_eq!(state_of("NOT_SHUTTING_DOWN"), Some(State::Up));
        assert_eq!(state_of("no failure"), Some(State::Up));
        assert_eq!(state_of("not degraded"), None);
    }

    #[test]
    fn what_is_no_word_for_a_state_states_nothing() {
        for other in ["UNKNOWN", "hello", "", "ok computer", "production", "1.2.3"] {
            assert_eq!(state_of(other), None, "{other}");
        }
    }

    #[test]
    fn sentences_state_what_they_end_or_begin_with() {
        let up = Some(State::Up);
        let down = Some(State::Down);
        for (sentence, state) in [
            ("Prometheus Server is Ready.", up),
            ("Ollama is running", up),
            ("Service is not ready", down),
            ("livez check passed", up),
            ("healthz check failed", down),
            ("Health check passed", up),
            ("OK - 3 days", up),
            ("FAIL: database", down),
            ("database unavailable", down),
            ("Server not available", down),
            ("GitLab OK", up),
            ("Ingester not ready: waiting for 15s after being ready", down),
            ("Some services are not Running:", down),
            ("all shards are ready", up),
            ("some shards are not ready", down),
            ("Not all components are healthy, 3/4", down),
            ("node is shutting down", Some(State::Ending)),
            ("SERVER_IS_NOT_SHUTTING_DOWN", up),
            ("SERVER_IS_NOT_READY", down),
            ("slow down", None),
            ("Please sign up", None),
            ("Active connections: 3", None),
            ("ok computer", None),
            ("Welcome to the health insurance pages", None),
        ] {
            assert_eq!(state_of_sentence(sentence), state, "{sentence}");
        }
    }

    #[test]
    fn a_word_that_nobody_knows_is_told_from_what_is_none() {
        let word = |text: &str| match said(text) {
            Some(Said::Unknown(word)) => Some(word),
            _ => None,
        };
        assert_eq!(word("wobbly").as_deref(), Some("wobbly"));
        assert_eq!(word("UNKNOWN").as_deref(), Some("UNKNOWN"));
        for none in ["", "12", "3.5s", "/health", "https://t.example/", "2026-01-01T00:00:00Z"] {
            assert_eq!(said(none), None, "{none}");
        }
        assert_eq!(said_alone("RESUMING"), Some(Said::Unknown("RESUMING".to_owned())));
        assert_eq!(said_alone("Hello World"), None);
        assert_eq!(said_alone("v1.2"), None);
    }
}
