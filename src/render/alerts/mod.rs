//! Catalogue → Prometheus recording and alerting rules.
//!
//! They assume nothing of the deployment: every rule takes the worse answer of replicas that watch the
//! same target, and no expression names a job. Labels never change while an alert lasts, or its `for`
//! would begin anew.

mod about_gonogo;
mod about_targets;
mod rule;

use gonogo_probes::contract::Kind;

/// The rules file. `external_url` is where people reach gonogo, for the runbook links.
pub fn rules(catalogue: &[Kind], external_url: &str) -> String {
    let external_url = external_url.trim_end_matches('/');
    let mut file = HEAD.to_owned();
    file.push_str("  - name: gonogo.recording\n    rules:\n");
    for recording in about_targets::RECORDINGS {
        recording.write(&mut file);
    }
    for (group, alerts) in [
        ("gonogo.targets", about_targets::alerts(catalogue)),
        ("gonogo.itself", Vec::from(about_gonogo::ALERTS)),
    ] {
        file.push_str("  - name: ");
        file.push_str(group);
        file.push_str("\n    rules:\n");
        for alert in alerts {
            alert.write(&mut file, external_url);
        }
    }
    file
}

const HEAD: &str = "\
# Rendered by `gonogo generate alerts`; needs Prometheus 2.42 or later.
# Findings never get a severity above `warning`; `critical` says that gonogo itself is gone.
groups:
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{rule::Alert, *};
    use crate::render::fixture::CATALOGUE;

    fn alerts() -> Vec<Alert> {
        let mut alerts = about_targets::alerts(&CATALOGUE);
        alerts.extend(about_gonogo::ALERTS);
        alerts
    }

    #[test]
    fn the_rules_read_like_this() {
        insta::assert_snapshot!(rules(&CATALOGUE, "http://localhost:10466/"));
    }

    #[test]
    fn an_alert_has_one_name_and_says_what_happened() {
        let mut names = BTreeSet::new();
        for alert in alerts() {
            assert!(names.insert(alert.name), "{} twice", alert.name);
            assert!(alert.name.starts_with("Gonogo"), "{}", alert.name);
            for text in [alert.summary, &*alert.description] {
                assert!(text.trim_end().ends_with(['.', '}']), "{}: {text}", alert.name);
            }
            // Whoever groups or silences by the summary needs it to stay as it is.
            assert!(!alert.summary.contains("$value"), "{}", alert.name);
        }
    }

    #[test]
    fn only_the_loss_of_gonogo_is_critical() {
        let critical = alerts().into_iter().filter(|a| a.severity == rule::Severity::Critical);
        assert_eq!(critical.map(|alert| alert.name).collect::<Vec<_>>(), ["GonogoAbsent"]);
    }

    #[test]
    fn certificates_are_watched_where_something_looks_at_them() {
        let without = about_targets::alerts(&CATALOGUE[1..]);
        assert!(without.iter().all(|alert| alert.name != "GonogoCertificateExpiresSoon"));
        assert!(alerts().iter().any(|alert| alert.name == "GonogoCertificateExpiresSoon"));
    }

    #[test]
    fn a_fault_cannot_be_taken_for_a_template() {
        assert_eq!(rule::literal("sends {{x}}"), r#"sends {{ "{{" }}x}}"#);
    }
}
