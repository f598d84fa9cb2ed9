//! An endpoint that reports nothing of what it stands on answers for the process alone.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    health::{
        Evidence, Health, Role,
        evidence::Answer,
        statement::{Component, words_of},
    },
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-shallow",
        fault: "the readiness endpoint does not report an expected component",
        impact: Impact::Medium,
        dimension: Dimension::Observability,
        settles: Settles::AtOnce,
        why: "An endpoint that answers for the process alone stays up while what the service needs \
              is down, and does not tell the person on call where to look.",
        how: "Looks in the body of the readiness endpoint for each component named by \
              `expect_components`. Expected: every one is reported, by that name or as a word of a \
              longer one (`db` in `orders-db`).",
        fix: "Register a health check for the component, and let the readiness endpoint show its \
              components by name. If it is reported under another name, expect that name.",
        sources: &["draft-inadarei-api-health-check-06 section 4"],
    },
    judge,
);

fn judge(health: &Health, seen: &Evidence) -> Vec<Item> {
    if health.expect_components.is_empty() {
        return vec![Item::skip("", "the settings expect no component (`expect_components`)")];
    }
    let ready = match seen.ready.answer(Role::Ready) {
        Ok(ready) => ready,
        Err(item) => return vec![item],
    };
    health.expect_components.iter().map(|name| item(ready, name)).collect()
}

fn item(ready: &Answer, name: &str) -> Item {
    let item = match reported(ready, name) {
        Some(component) => Item::pass(name, format!("reported as `{}`", component.name)),
        None if ready.statement.components.is_empty() => {
            Item::fail(Confidence::Firm, name, format!("{} reports no component", ready.subject))
        }
        None => {
            let names = ready.statement.components.iter().take(MOST_NAMES);
            let names: Vec<&str> = names.map(|component| component.name.as_str()).collect();
            let seen = format!("{} reports only {}", ready.subject, names.join(", "));
            Item::fail(Confidence::Firm, name, seen)
        }
    };
    item.replay(&ready.replay)
}

/// The component reported by this name, or by one that has it as a word.
pub(in crate::health) fn reported<'a>(answer: &'a Answer, name: &str) -> Option<&'a Component> {
    let components = &answer.statement.components;
    let exact = components.iter().find(|component| component.name.eq_ignore_ascii_case(name));
    exact.or_else(|| {
        let wanted = words_of(name);
        components.iter().find(|component| {
            let words = words_of(&component.name);
            words.windows(wanted.len().max(1)).any(|window| window == wanted)
        })
    })
}

const MOST_NAMES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Obstacle, Outcome},
        health::tests::sample::*,
    };

    fn outcomes(body: &str, expected: &[&str]) -> Vec<Outcome> {
        let expect_components = expected.iter().map(|&name| name.to_owned()).collect();
        let health = Health { expect_components, ..Health::default() };
        let seen = evidence(answers(200, body), nowhere());
        RULE.judge(&health, &seen).iter().map(|item| item.outcome).collect()
    }

    #[test]
    fn each_expected_component_is_looked_for() {
        let body = r#"{"status":"UP","components":{"db":{"status":"UP"},"ping":{"status":"UP"}}}"#;
        let firm = Outcome::Fail(Confidence::Firm);
        assert_eq!(outcomes(body, &["db", "redis"]), [Outcome::Pass, firm]);
        assert_eq!(outcomes("ok", &["db"]), [firm]);
    }

    #[test]
    fn a_name_is_found_as_a_word_of_a_longer_one() {
        let body = r#"{"ordersDb":"ok","postgres:connections":"ok","debug":"ok"}"#;
        let pass = Outcome::Pass;
        assert_eq!(outcomes(body, &["db", "Postgres", "orders-db"]), [pass, pass, pass]);
        let not = outcomes(r#"{"debug":"ok"}"#, &["db"]);
        assert_eq!(not, [Outcome::Fail(Confidence::Firm)]);
    }

    #[test]
    fn a_component_that_is_down_is_reported() {
        assert_eq!(outcomes(r#"{"status":"ok","checks":{"db":"down"}}"#, &["db"]), [Outcome::Pass]);
    }

    #[test]
    fn nothing_expected_or_nothing_seen_is_no_pass() {
        assert_eq!(outcomes("ok", &[]), [Outcome::Skip]);
        let health = Health { expect_components: vec!["db".to_owned()], ..Health::default() };
        let seen = evidence(obstructed(Obstacle::Timeout), nowhere());
        assert_eq!(RULE.judge(&health, &seen)[0].outcome, Outcome::Unknown(Obstacle::Timeout));
    }
}
