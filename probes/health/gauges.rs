//! The numbers a visit to health endpoints brings back.

use super::{
    Evidence, Health, Role,
    evidence::{Found, Look},
};
use crate::contract::{Gauge, Label, NumberKind, Obstacle, Reading};

pub(super) const GAUGES: &[Gauge<Health>] = &[
    Gauge {
        name: "health_ready",
        help: "Whether the readiness endpoint says yes (1) or no (0); absent while nobody can say.",
        kind: NumberKind::Gauge,
        labels: &[],
        read: |_, seen| yes_or_no(seen, Role::Ready),
    },
    Gauge {
        name: "health_live",
        help: "Whether the liveness endpoint says yes (1) or no (0); absent while nobody can say.",
        kind: NumberKind::Gauge,
        labels: &[],
        read: |_, seen| yes_or_no(seen, Role::Live),
    },
    Gauge {
        name: "health_addresses_ready_ratio",
        help: "The share of the addresses asked on the last visit whose readiness endpoint says yes.",
        kind: NumberKind::Gauge,
        labels: &[],
        read: |_, seen| ready_ratio(seen),
    },
    Gauge {
        name: "health_response_seconds",
        help: "Percentiles over the window of the time an endpoint takes to answer, name resolution \
               left out.",
        kind: NumberKind::Gauge,
        labels: &[
            Label::fixed("role", &["ready", "live"]),
            Label::fixed("percentile", &["50", "95", "99"]),
        ],
        read: |_, seen| response_seconds(seen),
    },
    Gauge {
        name: "health_dependency_up",
        help: "Whether a dependency named in the settings answers (1) or not (0); absent while \
               nobody can say.",
        kind: NumberKind::Gauge,
        labels: &[Label::of_settings("dependency", |health: &Health, _| {
            health.depends.iter().map(|dependency| dependency.name.clone()).collect()
        })],
        read: |_, seen| dependency_up(seen),
    },
];

/// No if it is no at any address, yes if it is yes at all of them.
fn yes_or_no(seen: &Evidence, role: Role) -> Vec<Reading> {
    let answers: Vec<Option<bool>> = seen.of(role).map(says_yes).collect();
    let value = if answers.contains(&Some(false)) {
        0.0
    } else if answers.iter().all(|answer| *answer == Some(true)) {
        1.0
    } else {
        return Vec::new();
    };
    vec![Reading::new(Vec::new(), value)]
}

fn says_yes(found: &Found) -> Option<bool> {
    match found {
        Found::Answer(answer) if answer.unclear().is_some() => None,
        Found::Answer(answer) => Some(answer.says_yes()),
        Found::Silent { .. } => Some(false),
        Found::Obstructed { obstructed, .. } if obstructed.obstacle == Obstacle::Refused => {
            Some(false)
        }
        _ => None,
    }
}

/// The share of addresses that say yes; absent where there is nothing to ask.
fn ready_ratio(seen: &Evidence) -> Vec<Reading> {
    let answers: Vec<Option<bool>> = seen.of(Role::Ready).map(says_yes).collect();
    if answers.iter().all(Option::is_none) {
        return Vec::new();
    }
    // At most a few dozen.
    let count = |count: usize| f64::from(u16::try_from(count).unwrap_or(u16::MAX));
    let yes = answers.iter().filter(|answer| **answer == Some(true)).count();
    vec![Reading::new(Vec::new(), count(yes) / count(answers.len()))]
}

fn response_seconds(seen: &Evidence) -> Vec<Reading> {
    let mut readings = Vec::new();
    for (role, found) in [(Role::Ready, &seen.ready), (Role::Live, &seen.live)] {
        let Found::Answer(answer) = found else { continue };
        for (name, percent) in [("50", 50.0), ("95", 95.0), ("99", 99.0)] {
            let Some(latency) = answer.window.percentile(percent) else { continue };
            let labels = vec![role.setting().to_owned(), name.to_owned()];
            readings.push(Reading::new(labels, latency.as_secs_f64()));
        }
    }
    readings
}

fn dependency_up(seen: &Evidence) -> Vec<Reading> {
    let reading = |dependency: &super::evidence::Dependency| {
        let value = match dependency.state() {
            Look::Up => 1.0,
            Look::Down(_) => 0.0,
            Look::Unclear(_) => return None,
        };
        Some(Reading::new(vec![dependency.name.clone()], value))
    };
    seen.dependencies.iter().filter_map(reading).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::tests::sample::*;

    fn ready(found: Found) -> Vec<f64> {
        let seen = evidence(found, nowhere());
        yes_or_no(&seen, Role::Ready).into_iter().map(|reading| reading.value).collect()
    }

    #[test]
    fn one_address_of_two_is_half() {
        let mut seen = evidence(answers(200, "ok"), nowhere());
        seen.elsewhere = vec![(Role::Ready, answers(503, ""))];
        assert!((ready_ratio(&seen)[0].value - 0.5).abs() < f64::EPSILON);
        assert!(yes_or_no(&seen, Role::Ready)[0].value.abs() < f64::EPSILON);
        seen.elsewhere = vec![(Role::Ready, obstructed(Obstacle::Timeout))];
        assert!(yes_or_no(&seen, Role::Ready).is_empty(), "not known of all");
    }

    #[test]
    fn ready_is_one_zero_or_absent() {
        assert_eq!(ready(answers(200, "ok")), [1.0]);
        assert_eq!(ready(answers(200, "down")), [0.0]);
        assert_eq!(ready(obstructed(Obstacle::Refused)), [0.0]);
        assert!(ready(obstructed(Obstacle::Timeout)).is_empty());
        assert!(ready(nowhere()).is_empty());
    }
}
