//! The configured targets, for Prometheus's `http_sd_configs`.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, response::Response};
use gonogo_probes::contract::{Profile, Target};
use http::StatusCode;
use serde::Serialize;

use super::{Site, json};

/// Targets with the same labels.
#[derive(Debug, Serialize)]
struct Group<'a> {
    targets: [&'a str; 1],
    labels: BTreeMap<String, String>,
}

/// The whole list every time, as Prometheus wants it.
pub(in crate::web) async fn service_discovery(State(site): State<Arc<Site>>) -> Response {
    let snapshot = site.board.findings.snapshot();
    let groups: Vec<Group<'_>> =
        snapshot.targets.iter().map(|known| group(&known.target)).collect();
    json(StatusCode::OK, &groups)
}

/// A target is named as `/probe` wants it, so that `__address__` becomes `__param_target` as it is.
fn group(target: &Target) -> Group<'_> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &target.labels {
        let name = label_name(name);
        labels.insert(format!("{META}label_{name}"), value.clone());
        // Prometheus keeps names with two underscores in front for itself.
        if !name.starts_with("__") {
            labels.insert(name, value.clone());
        }
    }
    let profile = target.profile.map(Profile::as_str).unwrap_or_default();
    for (name, value) in [
        ("target", target.name.as_str()),
        ("url", target.url.as_str()),
        ("host", target.host()),
        ("profile", profile),
    ] {
        labels.insert(format!("{META}{name}"), value.to_owned());
    }
    Group { targets: [&target.name], labels }
}

/// The nearest name that Prometheus takes.
fn label_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let name: String = name.chars().map(safe).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

const META: &str = "__meta_gonogo_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_names_are_made_fit_for_prometheus() {
        assert_eq!(label_name("team"), "team");
        assert_eq!(label_name("app.kubernetes.io/name"), "app_kubernetes_io_name");
        assert_eq!(label_name("2nd"), "_2nd");
    }

    #[test]
    fn a_target_is_named_as_probe_wants_it() {
        let target = Target {
            name: "checkout".to_owned(),
            url: "https://[::1]:8443/x".parse().expect("a URL"),
            profile: Some(Profile::Api),
            labels: BTreeMap::from([("team".to_owned(), "payments".to_owned())]),
        };
        let expected = r#"{"targets":["checkout"],"labels":{"__meta_gonogo_host":"::1","__meta_gonogo_label_team":"payments","__meta_gonogo_profile":"api","__meta_gonogo_target":"checkout","__meta_gonogo_url":"https://[::1]:8443/x","team":"payments"}}"#;
        assert_eq!(serde_json::to_string(&group(&target)).expect("JSON"), expected);
    }
}
