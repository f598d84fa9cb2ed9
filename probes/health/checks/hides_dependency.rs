//! A readiness endpoint that looks away from a dead dependency lies.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    health::{
        Evidence, Health, Role,
        checks::shallow,
        evidence::{Answer, Dependency, Look},
        statement::State,
    },
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-hides-dependency",
        fault: "the service says it is ready while a dependency is down",
        impact: Impact::High,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "Balancers keep sending requests to instances that can only answer with errors, and \
              the deployment of a version that cannot reach its database goes through.",
        how: "Looks at each dependency named by `depends`, asks for readiness, and looks again at \
              those that were down. Expected: readiness says no, or reports the dependency as down, \
              while one is down both times. A dependency that cannot be seen from here is unknown, \
              until it was seen once.",
        fix: "Bring the dependency back first: users are hurt now. Then make the readiness endpoint \
              ask for it, with a time-out shorter than the probe's.",
        sources: &["Kubernetes documentation, Configure Liveness, Readiness and Startup Probes"],
    },
    judge,
);

fn judge(health: &Health, seen: &Evidence) -> Vec<Item> {
    if health.depends.is_empty() {
        return vec![Item::skip("", "the settings name no dependency (`depends`)")];
    }
    match seen.ready.answer(Role::Ready) {
        Ok(ready) => seen.dependencies.iter().map(|dependency| item(ready, dependency)).collect(),
        Err(item) => vec![item],
    }
}

fn item(ready: &Answer, dependency: &Dependency) -> Item {
    let name = &dependency.name;
    let down = match dependency.state() {
        Look::Up => return Item::pass(name, "it is up"),
        Look::Unclear(obstructed) => return Item::unknown(name, &obstructed),
        Look::Down(obstructed) => obstructed,
    };
    if let Some(unclear) = ready.unclear() {
        return Item::unknown(name, &unclear);
    }
    let reported = shallow::reported(ready, name).and_then(|component| component.state);
    let item = if !ready.says_yes() {
        Item::pass(name, format!("it is down, and {} says not ready", ready.subject))
    } else if reported.is_some_and(|state| state.is_no() || state == State::Degraded) {
        Item::pass(name, format!("it is down, and {} reports it", ready.subject))
    } else {
        let seen = format!(
            "it is down before and after ({down}), and {} {}",
            ready.subject,
            ready.in_words()
        );
        Item::fail(Confidence::Confirmed, name, seen)
    };
    item.replay(&ready.replay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Obstacle, Outcome},
        health::tests::sample::*,
    };

    fn down() -> Look {
        Look::Down(Obstacle::Refused.because("db:5432 refuses the connection"))
    }

    fn outcome(status: u16, body: &str, before: Look, after: Option<Look>) -> Outcome {
        let mut seen = evidence(answers(status, body), answers(200, "ok"));
        seen.dependencies = vec![Dependency { name: "db".to_owned(), before, after }];
        RULE.judge(&depending_on("db"), &seen)[0].outcome
    }

    #[test]
    fn ready_while_a_dependency_is_down_both_times_fails() {
        let lie = outcome(200, r#"{"status":"UP"}"#, down(), Some(down()));
        assert_eq!(lie, Outcome::Fail(Confidence::Confirmed));
    }

    #[test]
    fn saying_so_passes() {
        assert_eq!(outcome(503, "", down(), Some(down())), Outcome::Pass);
        let reported = r#"{"status":"degraded","checks":{"db":"down"}}"#;
        assert_eq!(outcome(200, reported, down(), Some(down())), Outcome::Pass);
    }

    #[test]
    fn a_dependency_that_is_up_cannot_be_hidden() {
        assert_eq!(outcome(200, "ok", Look::Up, None), Outcome::Pass);
        assert_eq!(outcome(503, "", Look::Up, None), Outcome::Pass);
    }

    #[test]
    fn a_flap_is_no_lie() {
        let flap = outcome(200, "ok", down(), Some(Look::Up));
        assert_eq!(flap, Outcome::Unknown(Obstacle::ControlFailed));
    }

    #[test]
    fn what_cannot_be_seen_from_here_is_unknown() {
        let unclear = Look::Unclear(Obstacle::Timeout.because("no answer"));
        assert_eq!(outcome(200, "ok", unclear, None), Outcome::Unknown(Obstacle::Timeout));
    }

    #[test]
    fn without_dependencies_there_is_nothing_to_hide() {
        let seen = evidence(answers(200, "ok"), answers(200, "ok"));
        let items = RULE.judge(&Health::default(), &seen);
        assert_eq!(items[0].outcome, Outcome::Skip);
    }

    #[test]
    fn without_readiness_nothing_is_claimed() {
        let items = |ready| {
            let seen = evidence(ready, nowhere());
            RULE.judge(&depending_on("db"), &seen)[0].outcome
        };
        assert_eq!(items(obstructed(Obstacle::Timeout)), Outcome::Unknown(Obstacle::Timeout));
        assert_eq!(items(nowhere()), Outcome::Skip);
    }
}
