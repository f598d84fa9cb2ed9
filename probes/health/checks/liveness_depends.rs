//! Liveness that asks other services turns their outage into a restart of everything.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    health::{
        Evidence, Health, Role,
        evidence::{Answer, Look},
        statement::{is_dependency, words_of},
    },
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-liveness-depends",
        fault: "liveness depends on other services",
        impact: Impact::Low,
        dimension: Dimension::Resilience,
        settles: Settles::AtOnce,
        why: "When the database is down for a minute, liveness says no on every instance, and all of \
              them are restarted at once. They come back with cold caches and a storm of new \
              connections, and the outage lasts longer.",
        how: "Looks in the body of the liveness endpoint for databases, caches, brokers and other \
              services, and whether it says no while a dependency named by `depends` is down. \
              Expected: neither.",
        fix: "Take every check of another service out of liveness and leave it in readiness, which \
              only stops requests.",
        sources: &["Kubernetes documentation, Configure Liveness, Readiness and Startup Probes"],
    },
    |_, seen| match seen.live.answer(Role::Live) {
        Ok(live) => vec![item(live, seen)],
        Err(item) => vec![item],
    },
);

fn item(live: &Answer, seen: &Evidence) -> Item {
    let components = live.statement.components.iter().map(|component| component.name.as_str());
    let named: Vec<&str> = components.filter(|name| is_other_service(name)).collect();
    let mut down = seen.dependencies.iter().filter(|d| matches!(d.state(), Look::Down(_)));
    let item = if !named.is_empty() {
        Item::fail(Confidence::Firm, &live.subject, format!("it reports {}", named.join(", ")))
    } else if let Some(dependency) = down.next().filter(|_| !live.is_alive()) {
        let words = format!("{} while `{}` is down", live.in_words(), dependency.name);
        Item::fail(Confidence::Firm, &live.subject, words)
    } else {
        Item::pass(&live.subject, "it reports no other service")
    };
    item.replay(&live.replay)
}

fn is_other_service(name: &str) -> bool {
    words_of(name).iter().any(|word| is_dependency(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Obstacle, Outcome},
        health::{evidence::Dependency, tests::sample::*},
    };

    fn outcome(status: u16, body: &str, down: bool) -> Outcome {
        let mut seen = evidence(answers(200, "ok"), answers(status, body));
        if down {
            let look = Look::Down(Obstacle::Refused.because(""));
            let (before, after) = (look.clone(), Some(look));
            seen.dependencies = vec![Dependency { name: "db".to_owned(), before, after }];
        }
        RULE.judge(&Health::default(), &seen)[0].outcome
    }

    #[test]
    fn reporting_another_service_fails() {
        for body in [
            r#"{"status":"UP","components":{"db":{"status":"UP"},"ping":{"status":"UP"}}}"#,
            r#"{"status":"UP","checks":[{"name":"Reactive PostgreSQL connections health check","status":"UP"}]}"#,
            r#"{"redis-cache":"ok"}"#,
            "[+]ping ok\n[+]kafka ok\nlivez check passed",
        ] {
            assert_eq!(outcome(200, body, false), Outcome::Fail(Confidence::Firm), "{body}");
        }
    }

    #[test]
    fn reporting_itself_passes() {
        for body in [
            "ok",
            r#"{"status":"UP","components":{"livenessState":{"status":"UP"},"diskSpace":{"status":"UP"}}}"#,
            r#"{"status":"UP","checks":[{"name":"debug","status":"UP"}]}"#,
        ] {
            assert_eq!(outcome(200, body, false), Outcome::Pass, "{body}");
        }
    }

    #[test]
    fn saying_no_while_a_dependency_is_down_fails() {
        assert_eq!(outcome(503, "", true), Outcome::Fail(Confidence::Firm));
        assert_eq!(outcome(200, "ok", true), Outcome::Pass);
        assert_eq!(outcome(503, "", false), Outcome::Pass);
    }
}
