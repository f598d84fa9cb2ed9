//! The probe against servers that fail in all the ways servers fail.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Evidence, Http, evidence::Success, expect::Answer};
use crate::contract::{
    Confidence, Footprint, Kind, Obstacle, Obstructed, Outcome, Report, WindowSummary,
    net::Phases,
    specimen::{self, Server, Started, arm},
};

/// Settings for the path `/`.
pub(super) fn settings(more: Value) -> Http {
    let mut settings = more;
    settings["url"] = json!("/");
    serde_json::from_value(settings).expect("settings")
}

/// Evidence of one answer, or none, without a history.
pub(super) fn evidence(answer: Result<Answer, Obstructed>) -> Evidence {
    Evidence {
        subject: "https://t.example/".to_owned(),
        answer,
        first: None,
        phases: Phases::default(),
        window: WindowSummary::default(),
        success: Success::default(),
        replay: "curl https://t.example/".to_owned(),
        address: None,
        others: Vec::new(),
        unasked: None,
        note: None,
    }
}

async fn visits(server: Server, settings: Value, count: usize) -> Report {
    let started = Started::new(server.url("/"), server).settings(settings);
    let armed = arm(&Kind::of::<Http>(), &started.settings);
    let visit = started.visit(armed.as_ref(), Footprint::Passive);
    for _ in 1..count {
        armed.run(&visit).await;
    }
    armed.run(&visit).await
}

fn outcome(report: &Report, check: &str) -> Outcome {
    let finding = report.findings.iter().find(|finding| finding.check.id == check);
    finding.expect(check).outcome
}

const FIRM: Outcome = Outcome::Fail(Confidence::Firm);

#[tokio::test]
async fn broken_answers_are_no_answers() {
    let broken: [(&'static [u8], Obstacle); 3] = [
        (b"", Obstacle::Closed),
        (b"\x15\x03\x01\x00\x02\x02\x28", Obstacle::Protocol),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf", Obstacle::Closed),
    ];
    for (bytes, obstacle) in broken {
        let server = Server::raw(move |mut stream| async move {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        });
        let report = visits(server.await, json!({"url": "/", "success": 0.5}), 1).await;
        assert_eq!(outcome(&report, "http-unreachable"), FIRM, "{bytes:?}");
        assert_eq!(outcome(&report, "http-unexpected"), Outcome::Unknown(obstacle), "{bytes:?}");
    }
}

#[tokio::test]
async fn a_body_over_budget_is_unknown_only_where_the_rest_could_matter() {
    let large = || Server::http(|_| specimen::Answer::text(200, vec![b'x'; 3 << 20]));
    let plain = visits(large().await, json!({"url": "/"}), 1).await;
    assert_eq!(outcome(&plain, "http-unexpected"), Outcome::Pass);
    let found = json!({"url": "/", "expect": {"body": "^xxx"}});
    assert_eq!(outcome(&visits(large().await, found, 1).await, "http-unexpected"), Outcome::Pass);
    let unknown = Outcome::Unknown(Obstacle::OverBudget);
    for expect in
        [json!({"body": "y"}), json!({"not_body": "y"}), json!({"json": [{"path": "$.a"}]})]
    {
        let report = visits(large().await, json!({"url": "/", "expect": expect}), 1).await;
        assert_eq!(outcome(&report, "http-unexpected"), unknown, "{expect}");
        assert_eq!(outcome(&report, "http-unreachable"), Outcome::Pass);
    }
}

#[tokio::test]
async fn a_second_attempt_is_made_only_where_it_is_harmless() {
    for (method, requests) in [("GET", 2), ("POST", 1)] {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let server = Server::raw(move |mut stream| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
            }
        });
        let report = visits(server.await, json!({"url": "/", "method": method}), 1).await;
        assert_eq!(outcome(&report, "http-unreachable"), FIRM);
        assert_eq!(count.load(Ordering::Relaxed), requests, "{method}");
    }
}

#[tokio::test]
async fn a_request_that_changes_something_is_sent_once_a_visit() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = Server::http(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        specimen::Answer::text(200, "ok")
    });
    let settings = json!({"url": "/", "method": "POST", "slow": {"p95": "5s"}, "min_samples": 3});
    let report = visits(server.await, settings.clone(), 2).await;
    assert_eq!(count.load(Ordering::Relaxed), 2);
    assert_eq!(outcome(&report, "http-slow"), Outcome::Unknown(Obstacle::TooFewSamples));
    let server = Server::http(|_| specimen::Answer::text(200, "ok"));
    assert_eq!(outcome(&visits(server.await, settings, 3).await, "http-slow"), Outcome::Pass);
}

#[tokio::test]
async fn redirects_are_followed_only_when_asked_and_never_to_strangers() {
    let answer = |asked: specimen::Asked| match asked.path.as_str() {
        "/loop" => specimen::Answer::text(302, "").header("location", "/loop"),
        "/away" => specimen::Answer::text(302, "").header("location", "http://169.254.169.254/"),
        "/here" => specimen::Answer::text(302, "").header("location", "/there"),
        _ => specimen::Answer::text(200, "there"),
    };
    let seen = async |path: &str, follow: bool| {
        let settings = json!({"url": path, "follow": follow});
        let report = visits(Server::http(answer).await, settings, 1).await;
        (outcome(&report, "http-unreachable"), outcome(&report, "http-unexpected"))
    };
    assert_eq!(seen("/here", true).await, (Outcome::Pass, Outcome::Pass));
    assert_eq!(seen("/here", false).await, (Outcome::Pass, FIRM));
    let (_, unexpected) = seen("/loop", true).await;
    assert_ne!(unexpected, Outcome::Pass);
    let not_allowed = Outcome::Unknown(Obstacle::NotAllowed);
    assert_eq!(seen("/away", true).await, (not_allowed, not_allowed));
}

#[tokio::test]
async fn a_header_that_echoes_a_secret_stays_out_of_the_report() {
    let server = Server::http(|asked| {
        let echo = asked.header("x-token").unwrap_or_default().to_owned();
        specimen::Answer::text(200, "ok").header("x-echo", &echo)
    });
    let settings = json!({
        "url": "/",
        "headers": {"x-token": "Bearer hunter2-hunter2"},
        "expect": {"headers": [{"name": "x-echo", "absent": true}]},
    });
    let report = visits(server.await, settings, 1).await;
    assert_eq!(outcome(&report, "http-unexpected"), FIRM);
    assert!(!format!("{report:?}").contains("hunter2"), "{report:?}");
}

#[tokio::test]
async fn a_charset_that_is_declared_is_read() {
    let answer = |_| specimen::Answer::new(200, "text/html; charset=gbk", &b"\xca\xa7\xb0\xdc"[..]);
    let settings = json!({"url": "/", "expect": {"not_body": "失败"}});
    let report = visits(Server::http(answer).await, settings, 1).await;
    assert_eq!(outcome(&report, "http-unexpected"), FIRM);
}

#[tokio::test]
async fn a_refusal_is_told_as_one_and_everything_else_waits_for_it() {
    let (address, _guard) = specimen::refusing();
    let url = format!("http://{address}/").parse().expect("a URL");
    for method in ["GET", "POST"] {
        let settings = json!({"url": "/", "method": method, "slow": {"p95": "1s"}});
        let started = Started::new(Clone::clone(&url), ()).settings(settings);
        let armed = arm(&Kind::of::<Http>(), &started.settings);
        let visit = started.visit(armed.as_ref(), Footprint::Passive);
        let report = armed.run(&visit).await;
        assert_eq!(outcome(&report, "http-unreachable"), FIRM);
        let finding = report.findings.iter().find(|found| found.check.id == "http-unreachable");
        let seen = &finding.expect("a finding").items[0].seen;
        assert!(seen.contains("refused") && seen.contains("twice"), "{seen}");
        for check in ["http-unexpected", "http-unreliable", "http-slow"] {
            assert!(matches!(outcome(&report, check), Outcome::Unknown(_)), "{check}");
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_counts_neither_as_success_nor_as_failure() {
    let large = Server::http(|_| specimen::Answer::text(200, vec![b'x'; 3 << 20])).await;
    let report = visits(large, json!({"url": "/", "expect": {"body": "y"}}), 2).await;
    assert_eq!(outcome(&report, "http-unreliable"), Outcome::Unknown(Obstacle::OverBudget));
}

#[tokio::test]
async fn failures_of_earlier_visits_count() {
    let count = Arc::new(AtomicUsize::new(0));
    let server = Server::http(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 | 1 => specimen::Answer::text(503, ""),
        _ => specimen::Answer::text(200, "").after(Duration::from_millis(1)),
    });
    let settings = json!({"url": "/", "success": 0.99, "min_samples": 2});
    let report = visits(server.await, settings, 4).await;
    assert_eq!(outcome(&report, "http-unexpected"), Outcome::Pass);
    assert_eq!(outcome(&report, "http-unreliable"), FIRM);
}

#[test]
fn the_schema_of_the_settings_can_be_drawn() {
    let schema = Kind::of::<Http>().schema(&mut schemars::SchemaGenerator::default());
    let required = schema.as_object().and_then(|schema| schema.get("required"));
    assert_eq!(required, Some(&json!(["url"])));
}
