//! Balancers read the status, people read the body; both should read the same.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles, boundary},
    health::{
        Health, Role,
        evidence::{Answer, Found},
        statement::{Format, State},
    },
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-status-contradicts-body",
        fault: "the status of a health endpoint contradicts its body",
        impact: Impact::High,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "Balancers, kubelets and uptime checks read only the status. An endpoint that answers \
              200 with a body that says down keeps getting requests that it cannot serve, and \
              nobody is paged.",
        how: "Compares the status of each health endpoint with what its body says. Expected: a \
              status that means yes with up, ok, pass or a warning; any other status with down. A \
              body that says nothing of health cannot contradict.",
        fix: "Answer 503 whenever the body says the service is down. Frameworks map states to \
              statuses by a setting: look for the one that was changed, or for a proxy in front \
              that turns 503 into 200.",
        sources: &[
            "draft-inadarei-api-health-check-06 section 3.1",
            "Spring Boot reference, Actuator, management.endpoint.health.status.http-mapping",
            "MicroProfile Health 4.0, Protocol and Wireformat",
        ],
    },
    |health, seen| seen.endpoints().map(|(role, found)| item(health, role, found)).collect(),
);

fn item(health: &Health, role: Role, found: &Found) -> Item {
    let answer = match found.answer(role) {
        Ok(answer) => answer,
        Err(item) => return item,
    };
    let item = match answer.statement.overall {
        None => {
            let words = match &answer.statement.unclear {
                Some(word) => {
                    let word = boundary::excerpt(word, 80);
                    format!("the body says `{word}`, which is no word for a state known here")
                }
                None => "the body states no status".to_owned(),
            };
            return Item::skip(&answer.subject, words);
        }
        Some(overall) if contradicts(answer, overall.state, overall.stated) => {
            let sure = if overall.stated { Confidence::Confirmed } else { Confidence::Firm };
            Item::fail(sure, &answer.subject, answer.in_words())
        }
        Some(_) => match hidden_component(health, answer) {
            Some(name) => Item::fail(
                Confidence::Firm,
                &answer.subject,
                format!("{}, while it reports `{name}` as down", answer.in_words()),
            ),
            None => Item::pass(&answer.subject, answer.in_words()),
        },
    };
    item.replay(&answer.replay)
}

fn contradicts(answer: &Answer, state: State, stated: bool) -> bool {
    match state {
        State::Down | State::Maintenance | State::Starting | State::Ending => answer.accepted,
        // The status decides what a standby is good for.
        State::Standby => false,
        // By the draft a warning comes with 2xx or 3xx. Others may map it to either.
        State::Degraded => !answer.accepted && answer.statement.format == Format::HealthJson,
        State::Up if answer.documented.is_some() => false,
        // Components that are up do not make the service so; only its own word does.
        State::Up => stated && !answer.accepted,
    }
}

/// A component the settings call indispensable, reported as down by an endpoint that says up.
fn hidden_component<'a>(health: &'a Health, answer: &Answer) -> Option<&'a str> {
    if !answer.accepted || answer.statement.state() != Some(State::Up) {
        return None;
    }
    let needed = health.expect_components.iter().map(String::as_str);
    let mut needed = needed.chain(health.depends.iter().map(|dependency| dependency.name.as_str()));
    needed.find(|name| {
        let reported = crate::health::checks::shallow::reported(answer, name);
        reported.is_some_and(|component| component.state.is_some_and(State::is_no))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Obstacle, Outcome},
        health::tests::sample::*,
    };

    fn outcome(status: u16, body: &str) -> Outcome {
        item(&Health::default(), Role::Ready, &answers(status, body)).outcome
    }

    const CONFIRMED: Outcome = Outcome::Fail(Confidence::Confirmed);

    #[test]
    fn yes_with_down_and_no_with_up_fail() {
        assert_eq!(outcome(200, r#"{"status":"DOWN"}"#), CONFIRMED);
        assert_eq!(outcome(200, "Unhealthy"), CONFIRMED);
        assert_eq!(outcome(503, r#"{"status":"UP"}"#), CONFIRMED);
        assert_eq!(outcome(200, r#"{"database":"down"}"#), Outcome::Fail(Confidence::Firm));
    }

    #[test]
    fn agreement_passes() {
        for (status, body) in [
            (200, r#"{"status":"UP"}"#),
            (503, r#"{"status":"DOWN"}"#),
            (200, r#"{"status":"warn"}"#),
            (200, "Degraded"),
            (503, "Degraded"),
            (503, r#"{"database":"ok"}"#),
        ] {
            assert_eq!(outcome(status, body), Outcome::Pass, "{status} {body}");
        }
    }

    #[test]
    fn statuses_with_a_meaning_of_their_own_contradict_nothing() {
        let vault = r#"{"initialized":true,"sealed":false,"standby":true}"#;
        for status in [429, 472, 473] {
            assert_eq!(outcome(status, vault), Outcome::Pass, "{status}");
        }
        assert_eq!(outcome(200, "maintenance"), CONFIRMED);
    }

    #[test]
    fn by_the_draft_a_warning_comes_with_success() {
        assert_eq!(outcome(503, r#"{"status":"warn"}"#), CONFIRMED);
    }

    #[test]
    fn a_body_that_says_nothing_cannot_contradict() {
        for body in ["", "Welcome to us", r#"{"status":"UNKNOWN"}"#] {
            assert_eq!(outcome(200, body), Outcome::Skip, "{body}");
        }
    }

    #[test]
    fn a_component_down_contradicts_only_if_the_settings_need_it() {
        let body = r#"{"status":"ok","checks":{"db":"down","mail":"down"}}"#;
        assert_eq!(outcome(200, body), Outcome::Pass);
        let health = Health { expect_components: vec!["db".to_owned()], ..Health::default() };
        let item = item(&health, Role::Ready, &answers(200, body));
        assert_eq!(item.outcome, Outcome::Fail(Confidence::Firm));
        assert!(item.seen.contains("`db`"), "{}", item.seen);
    }

    #[test]
    fn every_endpoint_is_judged_by_itself() {
        let seen = evidence(obstructed(Obstacle::Timeout), answers(200, r#"{"ok":false}"#));
        let items = RULE.judge(&Health::default(), &seen);
        let outcomes: Vec<Outcome> = items.iter().map(|item| item.outcome).collect();
        assert_eq!(outcomes, [Outcome::Unknown(Obstacle::Timeout), CONFIRMED]);
    }
}
