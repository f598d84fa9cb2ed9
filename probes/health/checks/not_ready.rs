//! A service that says it cannot take requests is believed.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Obstacle, Rule, Settles},
    health::{
        Evidence, Found, Health, Role,
        evidence::{Answer, subject_or},
        statement::State,
    },
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-not-ready",
        fault: "the service says it is not ready",
        impact: Impact::Blocker,
        dimension: Dimension::Resilience,
        settles: Settles::TwoOfThree,
        why: "Balancers and orchestrators send no requests to an instance that is not ready. When \
              every instance says so, users get errors although every process is running.",
        how: "Asks the readiness endpoint, and the start-up endpoint if one is named. Expected: a \
              status that means yes (2xx unless `accept` says otherwise) and a body that does not \
              say it is down, starting, ending or being maintained. A body whose word for its state \
              is not known is unknown. No answer in time, twice, counts as no, as it does for a \
              kubelet; so does a connection that is refused twice while one to a listener of gonogo's \
              own works.",
        fix: "Read the body of the answer: it often names the component that is down. Fix that one \
              first. If none is named, read the service's log from the moment it turned. Where nobody \
              listens, the process is down or listens elsewhere.",
        sources: &[
            "HashiCorp Vault API, /sys/health; Apache CouchDB, GET /_up; HashiCorp Consul API, agent",
            "Kubernetes documentation, Configure Liveness, Readiness and Startup Probes",
            "RFC 9110 section 15.6.4 (503 Service Unavailable)",
        ],
    },
    |_, seen| {
        let roles = [Role::Ready, Role::Startup];
        roles.into_iter().flat_map(|role| items(role, seen)).collect()
    },
);

/// Whether the endpoint of this role says yes, at each address.
pub(in crate::health) fn items(role: Role, seen: &Evidence) -> Vec<Item> {
    seen.of(role).map(|found| item(role, found)).chain(seen.unasked(role)).collect()
}

/// Whether the endpoint of this role says yes.
pub(in crate::health) fn item(role: Role, found: &Found) -> Item {
    match found {
        Found::Answer(answer) if role != Role::Live && answer.unclear().is_some() => {
            let item = answer.unclear().map(|why| Item::unknown(&answer.subject, &why));
            item.unwrap_or_else(|| Item::skip(&answer.subject, "")).replay(&answer.replay)
        }
        Found::Answer(answer) if says_yes(role, answer) => {
            Item::pass(&answer.subject, answer.in_words()).replay(&answer.replay)
        }
        Found::Answer(answer) => {
            let standby =
                answer.documented.is_some() && answer.statement.state() == Some(State::Standby);
            let sure = match answer.distinct {
                // Whether a node that waits for its turn should count, only the operator knows.
                _ if standby => Confidence::Tentative,
                // Where other paths answer otherwise, it is this endpoint that says no.
                true => Confidence::Confirmed,
                false => Confidence::Firm,
            };
            Item::fail(sure, &answer.subject, answer.in_words()).replay(&answer.replay)
        }
        // Whoever waits for an answer, as a kubelet does, takes silence for a no.
        Found::Silent { subject, seen, replay } => {
            Item::fail(Confidence::Firm, subject, seen).replay(replay)
        }
        // A refusal is the certain answer of the host's kernel: nobody listens there. An instance
        // that refuses its readiness probe gets no traffic.
        Found::Obstructed { subject, obstructed, replay }
            if obstructed.obstacle == Obstacle::Refused =>
        {
            let item = Item::fail(Confidence::Firm, subject_or(subject, role), &obstructed.detail);
            match replay {
                Some(command) => item.replay(command),
                None => item,
            }
        }
        // The settings say that the question applies, and nothing there answers it.
        Found::Other { subject, seen, .. } => {
            let why = format!("nothing here says whether it is so: {seen}");
            Item::unknown(subject, &Obstacle::ControlFailed.because(why))
        }
        Found::Nowhere { .. } | Found::Obstructed { .. } => {
            found.answer(role).err().unwrap_or_else(|| Item::skip(role.noun(), "no endpoint"))
        }
    }
}

fn says_yes(role: Role, answer: &Answer) -> bool {
    if role == Role::Live { answer.is_alive() } else { answer.says_yes() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::Outcome, health::tests::sample::*};

    fn outcome(found: &Found) -> Outcome {
        item(Role::Ready, found).outcome
    }

    #[test]
    fn a_yes_passes_whether_or_not_the_body_speaks() {
        for body in [r#"{"status":"UP"}"#, r#"{"status":"warn"}"#, "", "all fine here"] {
            assert_eq!(outcome(&answers(200, body)), Outcome::Pass, "{body}");
        }
    }

    #[test]
    fn a_no_by_status_fails() {
        for body in ["", r#"{"status":"UP"}"#, r#"{"status":"DOWN"}"#] {
            assert_eq!(
                outcome(&answers(503, body)),
                Outcome::Fail(Confidence::Confirmed),
                "{body}"
            );
        }
    }

    #[test]
    fn a_no_by_body_fails_whatever_the_status() {
        let down = answers(200, r#"{"status":"DOWN"}"#);
        assert_eq!(outcome(&down), Outcome::Fail(Confidence::Confirmed));
    }

    #[test]
    fn where_every_path_says_no_the_fail_is_firm() {
        let found = answers_with(503, "", |answer| answer.distinct = false);
        assert_eq!(outcome(&found), Outcome::Fail(Confidence::Firm));
    }

    #[test]
    fn a_word_that_nobody_knows_is_neither_yes_nor_no() {
        let wobbly = answers(200, r#"{"status":"wobbly"}"#);
        assert_eq!(outcome(&wobbly), Outcome::Unknown(Obstacle::Protocol));
        assert!(item(Role::Ready, &wobbly).seen.contains("`wobbly`"));
        let failing = answers(503, r#"{"status":"wobbly"}"#);
        assert_eq!(outcome(&failing), Outcome::Fail(Confidence::Confirmed));
    }

    #[test]
    fn starting_ending_and_maintenance_are_not_ready_and_yet_alive() {
        for word in ["starting", "DRAINING", "maintenance"] {
            let found = answers(200, word);
            assert_eq!(outcome(&found), Outcome::Fail(Confidence::Confirmed), "{word}");
            assert_eq!(item(Role::Live, &found).outcome, Outcome::Pass, "{word}");
        }
    }

    #[test]
    fn a_standby_is_told_as_one_and_blocks_nothing() {
        let vault = answers(429, r#"{"initialized":true,"sealed":false,"standby":true}"#);
        assert_eq!(outcome(&vault), Outcome::Fail(Confidence::Tentative));
        assert!(item(Role::Ready, &vault).seen.contains("standby node of Vault"));
        let consul = answers(429, r#"[{"AggregatedStatus":"warning"}]"#);
        assert_eq!(outcome(&consul), Outcome::Pass);
        let couch = answers(404, r#"{"status":"maintenance_mode"}"#);
        assert_eq!(outcome(&couch), Outcome::Fail(Confidence::Confirmed));
    }

    #[test]
    fn silence_is_a_no_for_whoever_waits() {
        let silent = Found::Silent {
            subject: "/readyz".to_owned(),
            seen: "no answer within 5 s, twice".to_owned(),
            replay: "curl https://t.example/readyz".to_owned(),
        };
        assert_eq!(outcome(&silent), Outcome::Fail(Confidence::Firm));
        assert!(item(Role::Ready, &silent).replay.is_some());
    }

    #[test]
    fn a_refused_connection_fails_and_a_time_out_is_unknown() {
        assert_eq!(outcome(&obstructed(Obstacle::Refused)), Outcome::Fail(Confidence::Firm));
        for obstacle in [Obstacle::Timeout, Obstacle::Reset, Obstacle::Denied, Obstacle::Protocol] {
            assert_eq!(outcome(&obstructed(obstacle)), Outcome::Unknown(obstacle));
        }
    }

    #[test]
    fn without_an_endpoint_nothing_is_claimed() {
        assert_eq!(outcome(&nowhere()), Outcome::Skip);
        assert_eq!(outcome(&other()), Outcome::Unknown(Obstacle::ControlFailed));
    }

    #[test]
    fn a_start_up_endpoint_is_asked_too() {
        let mut seen = evidence(answers(200, "ok"), answers(200, "ok"));
        seen.startup = Some(answers(503, "starting"));
        let items = RULE.judge(&Health::default(), &seen);
        assert_eq!(items.len(), 2);
        assert_eq!(items[1].outcome, Outcome::Fail(Confidence::Confirmed));
    }
}
