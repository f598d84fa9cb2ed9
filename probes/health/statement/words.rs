//! The words services use for their state.

use super::State;

/// The state a word or short phrase stands for, whatever its case, hyphens and full stops.
pub(super) fn state_of(word: &str) -> Option<State> {
    let word = normal(word);
    let known = |words: &[&str]| words.contains(&word.as_str());
    if known(UP) {
        Some(State::Up)
    } else if known(DEGRADED) {
        Some(State::Degraded)
    } else if known(DOWN) {
        Some(State::Down)
    } else {
        None
    }
}

/// The state a sentence states: a known phrase, one that ends in `… is ready`, or one that begins with
/// a word for a state and goes on after a separator (`OK - 3 days`).
pub(super) fn state_of_sentence(sentence: &str) -> Option<State> {
    let sentence = sentence.trim();
    if sentence.len() > LONGEST_SENTENCE {
        return None;
    }
    if let Some(state) = state_of(sentence) {
        return Some(state);
    }
    let lower = normal(sentence);
    for verb in [" is ", " are "] {
        if let Some((_, predicate)) = lower.rsplit_once(verb)
            && let Some(state) = state_of(predicate)
        {
            return Some(state);
        }
    }
    if let Some(verdict) = lower.rsplit_once(" check ").map(|(_, verdict)| verdict) {
        return state_of(verdict);
    }
    let end = sentence.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    let (first, rest) = sentence.split_at(end);
    // "Error 12" and "OK: 3 days" lead with their state; "ok computer" is a sentence of its own.
    rest.trim_start().starts_with([':', '-', ',', ';', '(', '|', '\u{2013}']).then_some(())?;
    state_of(first)
}

/// Lower case, single spaces, no quotation marks, no full stop.
fn normal(text: &str) -> String {
    let text = text.trim().trim_matches(['"', '\'', '.', '!', '\u{2714}', '\u{2705}']).trim();
    let words = text.split(|c: char| c.is_whitespace() || c == '_' || c == '-');
    let words: Vec<String> = words.filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    words.join(" ")
}

const LONGEST_SENTENCE: usize = 300;

const UP: &[&str] = &[
    "accessible",
    "active",
    "alive",
    "available",
    "connected",
    "enabled",
    "good",
    "green",
    "healthy",
    "i'm alive",
    "imok",
    "live",
    "normal",
    "ok",
    "okay",
    "online",
    "operational",
    "pass",
    "passed",
    "passing",
    "pong",
    "reachable",
    "ready",
    "running",
    "serving",
    "started",
    "success",
    "successful",
    "true",
    "up",
    "up and running",
    "working",
];

const DEGRADED: &[&str] =
    &["degraded", "impaired", "partial", "partially available", "warn", "warning", "yellow"];

const DOWN: &[&str] = &[
    "closed",
    "critical",
    "dead",
    "disconnected",
    "down",
    "draining",
    "err",
    "error",
    "fail",
    "failed",
    "failing",
    "failure",
    "false",
    "fatal",
    "inaccessible",
    "initializing",
    "loading",
    "loading model",
    "maintenance",
    "not accepting traffic",
    "not alive",
    "not available",
    "not connected",
    "not healthy",
    "not ok",
    "not ready",
    "not reachable",
    "not running",
    "not serving",
    "not started",
    "offline",
    "out of service",
    "outofservice",
    "pre initializing",
    "red",
    "refused",
    "sealed",
    "service unavailable",
    "shutting down",
    "starting",
    "starting up",
    "stopped",
    "stopping",
    "terminating",
    "timed out",
    "timeout",
    "unavailable",
    "unhealthy",
    "uninitialized",
    "unreachable",
    "unready",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_hyphens_and_full_stops_do_not_matter() {
        for up in ["OK", "ok\n", "Healthy", "I'm alive!", "Up and Running", "\"pass\""] {
            assert_eq!(state_of(up), Some(State::Up), "{up}");
        }
        for down in ["OUT_OF_SERVICE", "out-of-service", "Not Ready", "Unhealthy."] {
            assert_eq!(state_of(down), Some(State::Down), "{down}");
        }
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
            ("OK - 3 days", up),
            ("FAIL: database", down),
            ("Active connections: 3", None),
            ("ok computer", None),
            ("Welcome to the health insurance pages", None),
        ] {
            assert_eq!(state_of_sentence(sentence), state, "{sentence}");
        }
    }
}
