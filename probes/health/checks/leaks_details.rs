//! A health endpoint is read by anybody; it should not describe the inside of the house.

use crate::{
    contract::{Check, Dimension, Impact, Item, Obstacle, Rule, Settles, boundary},
    health::{
        Evidence, Health, Role,
        evidence::{Answer, Found},
        leaks,
    },
};

pub(super) const RULE: Rule<Health> = Rule::<Health>::new(
    Check {
        id: "health-leaks-details",
        fault: "a health endpoint shows internal details to anybody",
        impact: Impact::Medium,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Connection strings, exceptions, paths and internal addresses tell an attacker what to \
              aim at, and the endpoint shows most of them just when something is broken.",
        how: "Reads what each health endpoint answers without credentials. Expected: no exception, \
              stack trace, driver's error, connection string, credential, file path, host name or \
              internal address. Names of components with their states are fine, and so are public \
              URLs, images, the caller's own address, and a version, which the IETF draft recommends \
              and deployments are checked by.",
        fix: "Show details only to authorised callers (in Spring Boot, \
              `management.endpoint.health.show-details: when-authorized`), or serve them on a port \
              that is not public. Log the exception instead of answering it.",
        sources: &[
            "OWASP ASVS 5.0 section V16.5 (error handling)",
            "draft-inadarei-api-health-check-06, Security Considerations",
            "RFC 1918, RFC 4193, RFC 6598",
        ],
    },
    |health, seen| seen.endpoints().map(|(role, f)| item(health, seen, role, f)).collect(),
);

fn item(health: &Health, seen: &Evidence, role: Role, found: &Found) -> Item {
    let answer = match found.answer(role) {
        Ok(answer) => answer,
        Err(item) => return item,
    };
    if health.headers.is_empty() {
        return judge(answer);
    }
    match (role, &seen.anonymous) {
        (Role::Ready, Some(Ok(anonymous))) => judge(anonymous),
        (Role::Ready, Some(Err(refused))) if refused.obstacle == Obstacle::Denied => {
            Item::pass(&answer.subject, "it answers nobody without a credential")
        }
        (Role::Ready, Some(Err(obstructed))) => Item::unknown(&answer.subject, obstructed),
        _ => Item::skip(&answer.subject, "it was asked with the credentials of the settings"),
    }
}

fn judge(answer: &Answer) -> Item {
    let leaks = leaks::find(&answer.body, &answer.url);
    let item = match leaks.iter().map(|leak| leak.sure).max() {
        None => Item::pass(&answer.subject, "it shows no internal details"),
        Some(sure) => {
            // A leak may begin or end within a secret of ours.
            let shown = leaks.iter().map(|leak| {
                let text = boundary::excerpt_at(&leak.text, leak.part.clone(), LONGEST_EXCERPT);
                format!("{} ({text})", leak.what)
            });
            let shown: Vec<String> = shown.collect();
            Item::fail(sure, &answer.subject, format!("it shows {}", shown.join(", ")))
        }
    };
    item.replay(&answer.replay)
}

const LONGEST_EXCERPT: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        health::tests::sample::*,
    };

    fn judged(body: &str) -> Item {
        item(&Health::default(), &evidence(nowhere(), nowhere()), Role::Ready, &answers(200, body))
    }

    #[test]
    fn details_of_the_inside_fail() {
        for (body, what) in [
            (
                r#"{"status":"DOWN","details":{"error":"org.postgresql.util.PSQLException: refused"}}"#,
                "an exception",
            ),
            ("System.Net.Sockets.SocketException: refused", "an exception"),
            (r#"{"db":"psycopg2.OperationalError: no route"}"#, "an exception"),
            (
                r#"{"stack":"Error: x\n    at Object.<anonymous> (/srv/app/db.js:3:1)"}"#,
                "a stack trace",
            ),
            (r#"{"error":"Traceback (most recent call last):"}"#, "a stack trace"),
            (r#"{"db":"SQLSTATE[08006] [7]"}"#, "an error of a driver"),
            (
                r#"{"m":"MongoServerSelectionError: getaddrinfo ENOTFOUND x"}"#,
                "an error of a driver",
            ),
            (r#"{"m":"connect ECONNREFUSED"}"#, "an error of the network"),
            (r#"{"key":"AKIAIOSFODNN7EXAMPLE"}"#, "a credential"),
            (r#"{"addr":"fd00::7"}"#, "an internal address"),
            (r#"{"addr":"100.64.3.1"}"#, "an internal address"),
            (r#"{"checks":{"10.0.0.5:5432":{"status":"up"}}}"#, "an internal address"),
            (r#"{"db":"postgres://app@db/x"}"#, "a connection string"),
            (r#"{"url":"jdbc:mysql://db/x"}"#, "a connection string"),
            (r#"{"dsn":"host=db user=app dbname=x"}"#, "a connection string"),
            (r#"{"diskSpace":{"path":"/app/."}}"#, "a file path"),
            (r#"{"path":"C:\\inetpub\\x"}"#, "a file path"),
            (r#"{"error":"connect ECONNREFUSED 10.1.2.3:5432"}"#, "an internal address"),
            (r#"{"error":"dial tcp: lookup db.prod.svc.cluster.local"}"#, "an internal address"),
            (r#"{"broker":"kafka-0.kafka.example:9092"}"#, "an internal address"),
            (r#"{"status":"ok","hostname":"shop-7f9c"}"#, "a host's name"),
        ] {
            let item = judged(body);
            assert!(matches!(item.outcome, Outcome::Fail(_)), "{body}: {}", item.seen);
            assert!(item.seen.contains(what), "{body}: {}", item.seen);
        }
    }

    #[test]
    fn names_states_and_versions_pass() {
        for body in [
            "ok",
            r#"{"status":"UP","components":{"db":{"status":"UP"},"diskSpace":{"status":"UP"}}}"#,
            r#"{"status":"pass","version":"1","releaseId":"1.2.2","description":"health of authz"}"#,
            r#"{"commit":"3f2a9c","database":"ok","version":"10.4.1"}"#,
            r#"{"status":"ok","time":"2026-11-21T03:44:03.123Z","uptime":12.5,"latency":"1.02ms"}"#,
            r#"{"status":"error","error":{"redis":{"status":"down","message":"timeout"}}}"#,
            r#"{"status":"UP","links":{"self":"https://shop.example/health"}}"#,
            r#"{"status":"healthy","error":"Error"}"#,
            r#"{"status":"Healthy","version":"10.0.0.1"}"#,
            r#"{"status":"pass","links":{"self":"https://api.example.com:8443/health"}}"#,
            r#"{"status":"pass","checks":{"a":[{"affectedEndpoints":["/Users/{userId}","/data/x"]}]}}"#,
            r#"{"status":"ok","image":"registry.example.com:5000/app:1.2"}"#,
            r#"{"status":"ok","client_ip":"10.2.3.4","os":"Linux 5.15.0-1051-aws"}"#,
            r#"{"status":"ok","listen":"127.0.0.1:8080","host":"0.0.0.0"}"#,
            "Prometheus Server is Ready.",
        ] {
            assert_eq!(judged(body).outcome, Outcome::Pass, "{body}: {}", judged(body).seen);
        }
    }

    #[test]
    fn with_credentials_only_what_anybody_sees_counts() {
        let headers = serde_json::from_str(r#"{"x-token": "Bearer x"}"#).expect("headers");
        let health = Health { headers, ..Health::default() };
        let leaky = || answers(200, r#"{"path":"/app/."}"#);
        let outcome = |anonymous| {
            let mut seen = evidence(leaky(), leaky());
            seen.anonymous = anonymous;
            let items = RULE.judge(&health, &seen);
            (items[0].outcome, items[1].outcome)
        };
        let denied = Obstacle::Denied.because("401");
        assert_eq!(outcome(Some(Err(denied))), (Outcome::Pass, Outcome::Skip));
        let Found::Answer(answer) = leaky() else { unreachable!("an answer") };
        let firm = Outcome::Fail(Confidence::Firm);
        assert_eq!(outcome(Some(Ok(*answer))), (firm, Outcome::Skip));
        let timeout = Some(Err(Obstacle::Timeout.because("")));
        assert_eq!(outcome(timeout), (Outcome::Unknown(Obstacle::Timeout), Outcome::Skip));
    }
}
