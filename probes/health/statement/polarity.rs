//! What the truth of a flag means, by the words of its name.

use super::{
    State,
    names::{is_dependency, words_of},
};

/// What a flag says when it is true.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Polarity {
    /// All is well; false is down.
    Good,
    /// This state; false is well.
    Bad(State),
    /// Nothing, true or false: what is configured, not how it is.
    None,
}

/// What a flag of this name says.
///
/// Of several words the last that says something counts (`maintenance_ok`), unless the first says what
/// is lacking (`needsDbUpgrade`). `not`, `no`, `un…` and `dis…` turn it round.
pub(super) fn of(name: &str) -> Polarity {
    let words = words_of(name);
    if words.first().is_some_and(|first| LACKING.contains(&first.as_str())) {
        return Polarity::Bad(State::Maintenance);
    }
    let configured = |word: &String| CONFIGURED.contains(&word.as_str());
    if words.last().is_some_and(configured) || words.first().is_some_and(|word| word == "use") {
        return Polarity::None;
    }
    let joined = words.join("");
    if let Some(polarity) = word(&joined) {
        return polarity;
    }
    let found = words.iter().enumerate().rev().find_map(|(at, one)| {
        let pair = at.checked_sub(1).map(|before| format!("{}{one}", words[before]));
        if let Some(polarity) = pair.as_deref().and_then(word) {
            return Some((at - 1, polarity));
        }
        word(one).map(|polarity| (at, polarity))
    });
    let Some((at, polarity)) = found else { return Polarity::None };
    let denied =
        words[..at].iter().any(|word| ["not", "no", "non", "without"].contains(&word.as_str()));
    if denied { turned(polarity) } else { polarity }
}

/// Whether a flag's name says whose state it is, besides what the state is.
pub(super) fn is_general(name: &str) -> bool {
    let of_none = |one: &String| {
        word(one).is_some() || NEUTRAL.contains(&one.as_str()) || LACKING.contains(&one.as_str())
    };
    let words = words_of(name);
    words.iter().all(of_none) || word(&words.join("")).is_some()
}

/// Whether a name is that of another service and nothing else, so that a flag of this name may say that
/// it works, or that it is used.
pub(super) fn is_bare_dependency(name: &str) -> bool {
    let words = words_of(name);
    words.iter().any(|word| is_dependency(word)) && of(name) == Polarity::None
}

fn word(word: &str) -> Option<Polarity> {
    if GOOD.contains(&word) {
        return Some(Polarity::Good);
    }
    if let Some((state, _)) = BAD.iter().find(|(_, words)| words.contains(&word)) {
        return Some(Polarity::Bad(*state));
    }
    let plain = word.strip_prefix("un").or_else(|| word.strip_prefix("dis"))?;
    GOOD.contains(&plain).then_some(Polarity::Bad(State::Down)).or_else(|| {
        let (_, words) = BAD.iter().find(|(_, words)| words.contains(&plain))?;
        (!words.is_empty()).then_some(Polarity::Good)
    })
}

fn turned(polarity: Polarity) -> Polarity {
    match polarity {
        Polarity::Good => Polarity::Bad(State::Down),
        Polarity::Bad(_) => Polarity::Good,
        Polarity::None => Polarity::None,
    }
}

/// True is well. Systems: etcd, Dropwizard, Vault, Nextcloud, Nomad, Consul, Elasticsearch, Neo4j.
const GOOD: &[&str] = &[
    "accessible",
    "alive",
    "available",
    "connected",
    "connection",
    "health",
    "healthy",
    "initialised",
    "initialized",
    "installed",
    "joined",
    "live",
    "loaded",
    "ok",
    "okay",
    "online",
    "operational",
    "pass",
    "passed",
    "passing",
    "reachable",
    "ready",
    "registered",
    "responding",
    "running",
    "serving",
    "started",
    "status",
    "success",
    "successful",
    "synced",
    "up",
    "valid",
    "working",
    "writable",
    "writeable",
];

/// True is not well. Systems: Vault, Nextcloud, Elasticsearch, ArangoDB, Redis, MySQL.
const BAD: &[(State, &[&str])] = &[
    (
        State::Down,
        &[
            "broken",
            "corrupt",
            "corrupted",
            "crashed",
            "dead",
            "down",
            "error",
            "errored",
            "errors",
            "expired",
            "fail",
            "failed",
            "failing",
            "failure",
            "failures",
            "fatal",
            "halted",
            "lost",
            "missing",
            "offline",
            "outage",
            "problem",
            "problems",
            "sealed",
            "stopped",
            "timedout",
            "timeout",
            "unavailable",
        ],
    ),
    (
        State::Ending,
        &["closing", "draining", "shutdown", "shuttingdown", "stopping", "terminating"],
    ),
    (State::Starting, &["booting", "initializing", "loading", "starting", "warmingup"]),
    (
        State::Maintenance,
        &["blocked", "frozen", "locked", "maintenance", "maintenancemode", "suspended"],
    ),
    (State::Standby, &["standby"]),
    (
        State::Degraded,
        &[
            "alarm",
            "alarms",
            "alert",
            "alerts",
            "behind",
            "degraded",
            "lagging",
            "outdated",
            "overdue",
            "overloaded",
            "paused",
            "pending",
            "readonly",
            "stale",
            "warning",
            "warnings",
        ],
    ),
];

/// What is lacking, at the beginning of a name.
const LACKING: &[&str] = &["lacks", "missing", "need", "needs", "require", "requires"];

/// At the end of a name: how it is set up, not how it is.
const CONFIGURED: &[&str] = &[
    "allowed",
    "configured",
    "critical",
    "debug",
    "enabled",
    "leader",
    "mandatory",
    "master",
    "optional",
    "primary",
    "replica",
    "required",
    "supported",
    "used",
];

/// Words that say nothing of whose state it is.
const NEUTRAL: &[&str] = &[
    "a",
    "all",
    "any",
    "app",
    "application",
    "are",
    "currently",
    "has",
    "have",
    "in",
    "is",
    "mode",
    "no",
    "node",
    "non",
    "not",
    "now",
    "server",
    "service",
    "system",
    "the",
    "was",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn true_is_well_or_not_by_the_name() {
        for good in [
            "healthy",
            "isReady",
            "up",
            "initialized",
            "database_connected",
            "dbOk",
            "redisUp",
            "unsealed",
            "notSealed",
            "maintenance_ok",
            "is_not_failing",
        ] {
            assert_eq!(of(good), Polarity::Good, "{good}");
        }
        for (bad, state) in [
            ("error", State::Down),
            ("db_error", State::Down),
            ("has_errors", State::Down),
            ("is_down", State::Down),
            ("timed_out", State::Down),
            ("no_connection", State::Down),
            ("disconnected", State::Down),
            ("notReady", State::Down),
            ("shuttingDown", State::Ending),
            ("maintenance", State::Maintenance),
            ("maintenanceMode", State::Maintenance),
            ("locked", State::Maintenance),
            ("needsDbUpgrade", State::Maintenance),
            ("requires_migration", State::Maintenance),
            ("redis_readonly", State::Degraded),
            ("read_only", State::Degraded),
            ("dbMigrationPending", State::Degraded),
            ("cache_stale", State::Degraded),
            ("performance_standby", State::Standby),
        ] {
            assert_eq!(of(bad), Polarity::Bad(state), "{bad}");
        }
    }

    #[test]
    fn what_is_set_up_says_nothing() {
        for name in [
            "use_redis",
            "redis_enabled",
            "has_cache",
            "is_leader",
            "critical",
            "db_required",
            "debug",
            "postgres",
            "extendedSupport",
            "redis_configured",
        ] {
            assert_eq!(of(name), Polarity::None, "{name}");
        }
    }

    #[test]
    fn a_name_says_whose_state_it_is_or_not() {
        for general in
            ["healthy", "isReady", "in_maintenance", "has_errors", "read_only", "timed_out"]
        {
            assert!(is_general(general), "{general}");
        }
        for own in ["db_error", "redis_readonly", "dbMigrationPending", "needsDbUpgrade"] {
            assert!(!is_general(own), "{own}");
        }
        assert!(is_bare_dependency("postgres") && is_bare_dependency("primary_db"));
        assert!(!is_bare_dependency("db_error") && !is_bare_dependency("cache"));
    }
}
