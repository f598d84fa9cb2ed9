//! Statuses that a system's own documentation gives a meaning of its own, so that they are neither a
//! plain yes nor an error.

use http::StatusCode;
use serde_json::Value;

/// A status with a meaning of its own.
#[derive(Debug)]
pub(super) struct Documented {
    /// What it means, with whose word it is.
    pub(super) meaning: &'static str,
    /// Whether the system takes requests in that state.
    pub(super) serves: bool,
    status: u16,
    is: fn(&Value) -> bool,
}

/// What the answer means, where its system's documentation says so.
pub(super) fn of(status: StatusCode, body: &str) -> Option<&'static Documented> {
    let candidates = || TABLE.iter().filter(|known| known.status == status.as_u16());
    candidates().next()?;
    let body: Value = serde_json::from_str(body.trim_start_matches('\u{feff}')).ok()?;
    candidates().find(|known| (known.is)(&body))
}

fn is_vault(body: &Value) -> bool {
    ["initialized", "sealed", "standby"].iter().all(|key| body[key].is_boolean())
}

fn is_couchdb(body: &Value) -> bool {
    matches!(body["status"].as_str(), Some("maintenance_mode" | "nolb" | "seeding"))
}

/// `/v1/agent/health/service/…` answers a list, or one service.
fn is_consul(body: &Value) -> bool {
    let status = |one: &Value| one["AggregatedStatus"] == "warning";
    status(body) || body.as_array().is_some_and(|all| !all.is_empty() && all.iter().any(status))
}

const TABLE: &[Documented] = &[
    // HashiCorp Vault and OpenBao, API, /sys/health.
    Documented {
        status: 429,
        meaning: "a standby node of Vault, unsealed; add 429 to `accept` if it counts as ready",
        serves: false,
        is: is_vault,
    },
    Documented {
        status: 472,
        meaning: "a node of Vault that replicates for disaster recovery; add 472 to `accept` if it counts as ready",
        serves: false,
        is: is_vault,
    },
    Documented {
        status: 473,
        meaning: "a performance standby of Vault; add 473 to `accept` if it counts as ready",
        serves: false,
        is: is_vault,
    },
    // Apache CouchDB, GET /_up.
    Documented {
        status: 404,
        meaning: "CouchDB keeps requests away from this node",
        serves: false,
        is: is_couchdb,
    },
    // HashiCorp Consul, API, agent, local service health: discovery still returns it.
    Documented {
        status: 429,
        meaning: "a service of Consul in the state warning, which discovery still returns",
        serves: true,
        is: is_consul,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, body: &str) -> Option<&'static str> {
        of(StatusCode::from_u16(status).expect("a status"), body).map(|known| known.meaning)
    }

    #[test]
    fn each_system_is_known_by_its_own_body() {
        let vault = r#"{"initialized":true,"sealed":false,"standby":true}"#;
        for status in [429, 472, 473] {
            assert!(
                meaning(status, vault).is_some_and(|meaning| meaning.contains("Vault")),
                "{status}"
            );
        }
        assert_eq!(meaning(503, vault), None);
        assert_eq!(meaning(429, "slow down"), None);
        assert_eq!(meaning(429, r#"{"error":"too many requests"}"#), None);
        assert!(meaning(404, r#"{"status":"nolb"}"#).is_some());
        assert_eq!(meaning(404, r#"{"status":404}"#), None);
        assert!(meaning(429, r#"[{"AggregatedStatus":"warning"}]"#).is_some());
        assert_eq!(meaning(429, r#"[{"AggregatedStatus":"critical"}]"#), None);
    }
}
