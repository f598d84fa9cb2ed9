//! Probes that judge what answers carry, against targets that show none of the application's.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::join_all;
use http::{Method, header};
use serde_json::json;
use url::Url;

use super::key;
use crate::{
    CATALOGUE,
    contract::{
        Finding, Kind, Obstacle, Outcome, Profile, Report, Shared,
        net::{Budgets, Request},
        specimen::{Answer, Asked, Pki, Server, Started, arm, refusing},
    },
};

const JUDGES: [&str; 3] = ["cookies", "cors", "headers"];

fn kind(name: &str) -> &'static Kind {
    CATALOGUE.iter().find(|kind| kind.name == name).expect("a probe")
}

/// What the probes that judge what answers carry say of a server, and how many requests it took.
async fn judged(
    profile: Profile,
    respond: impl Fn(Asked) -> Answer + Send + Sync + 'static,
) -> (Vec<Report>, usize) {
    let pki = Pki::new();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = Server::https(pki.leaf(&["127.0.0.1"]).server_config(), move |asked| {
        counted.fetch_add(1, Ordering::Relaxed);
        respond(asked)
    });
    let server = server.await;
    let (closed, guard) = refusing();
    let mut started = Started::new(server.url("/"), (server, guard)).root(pki.root());
    started.profile = Some(profile);
    let shared = Arc::<Shared>::default();
    let visits = JUDGES.map(async |name| {
        let kind = kind(name);
        let settings = match name {
            "cors" => json!({"private_network": false}),
            _ => json!({"port": closed.port()}),
        };
        let armed = arm(kind, &settings);
        let mut visit = started.visit(armed.as_ref(), kind.footprint());
        visit.shared = Arc::clone(&shared);
        armed.run(&visit).await
    });
    let reports = join_all(visits).await;
    (reports, count.load(Ordering::Relaxed))
}

fn passed(reports: &[Report]) -> Vec<&'static str> {
    let findings = reports.iter().flat_map(|report| &report.findings);
    let passed = findings.filter(|finding| finding.outcome == Outcome::Pass);
    passed.map(|finding| finding.check.id).collect()
}

fn finding<'a>(reports: &'a [Report], check: &str) -> &'a Finding {
    let mut findings = reports.iter().flat_map(|report| &report.findings);
    findings.find(|finding| finding.check.id == check).expect(check)
}

/// One check of each probe that has a question for every target.
const TELLING: [&str; 3] =
    ["cookies-insecure", "cors-any-origin-with-credentials", "headers-sniffing-allowed"];

#[tokio::test]
async fn who_shows_nobody_the_application_passes_nothing() {
    let challenge = "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>";
    for (status, body, obstacle) in [
        (403, "<h1>Request blocked</h1>", Obstacle::Denied),
        (401, "", Obstacle::Denied),
        (407, "", Obstacle::Denied),
        (429, "", Obstacle::Throttled),
        (500, "oops", Obstacle::ControlFailed),
        (503, "", Obstacle::ControlFailed),
        (404, "nothing here", Obstacle::ControlFailed),
        (200, challenge, Obstacle::Denied),
        (403, challenge, Obstacle::Denied),
    ] {
        for profile in [Profile::Api, Profile::Web] {
            let (reports, _) = judged(profile, move |_| Answer::html(status, body)).await;
            // No cookie is known to be set without TLS: that port is closed.
            assert_eq!(passed(&reports), ["cookies-sent-in-plaintext"], "{status} {body}");
            for check in TELLING {
                let finding = finding(&reports, check);
                assert_eq!(finding.outcome, Outcome::Unknown(obstacle), "{status} {body}: {check}");
            }
        }
    }
}

#[tokio::test]
async fn a_cookie_of_a_refusal_is_no_cookie_of_the_application() {
    let respond = |_| Answer::html(403, "").header("set-cookie", "edge=1; Secure; SameSite=None");
    let (reports, _) = judged(Profile::Web, respond).await;
    let finding = finding(&reports, "cookies-insecure");
    assert_eq!(finding.outcome, Outcome::Unknown(Obstacle::Denied), "{finding:?}");
}

#[tokio::test]
async fn what_may_be_a_challenge_is_one_if_it_is_another_each_time() {
    let count = AtomicUsize::new(0);
    let (reports, _) = judged(Profile::Web, move |_| {
        let n = count.fetch_add(1, Ordering::Relaxed);
        Answer::html(200, format!("<title>Security check</title><p>reference {n}"))
    })
    .await;
    let insecure = finding(&reports, "cookies-insecure");
    assert_eq!(insecure.outcome, Outcome::Unknown(Obstacle::Denied), "{insecure:?}");
    let page = |_| Answer::html(200, "<title>Security check of your home</title><p>Buy now");
    let (reports, _) = judged(Profile::Web, page).await;
    assert_eq!(finding(&reports, "cookies-insecure").outcome, Outcome::Skip);
}

#[tokio::test]
async fn an_application_elsewhere_is_judged_there_and_looked_for_once() {
    let document = json!({"swagger": "2.0", "basePath": "/v2", "paths": {"/pets": {"get": {}}}});
    let (reports, requests) = judged(Profile::Api, move |asked| match asked.path.as_str() {
        "/swagger.json" => Answer::json(200, document.to_string()),
        "/v2/pets" => Answer::json(200, "[]").header("set-cookie", "sid=1"),
        "/readyz" => Answer::json(200, "{}").header("x-content-type-options", "nosniff"),
        _ => Answer::json(404, "{}"),
    })
    .await;
    for check in ["cookies-insecure", "headers-sniffing-allowed"] {
        let finding = finding(&reports, check);
        assert!(matches!(finding.outcome, Outcome::Fail(_)), "{finding:?}");
        assert!(finding.items[0].subject.contains("/v2/pets"), "{finding:?}");
    }
    // What three probes need is asked once; the rest are the questions of `cors`.
    assert!(requests <= 32, "{requests}");
}

/// A sound API, by TLS, whose root is `root`.
fn sound(asked: &Asked, root: u16) -> Answer {
    let answer = match asked.path.as_str() {
        "/" => Answer::json(root, "{}"),
        "/v1/carts" => Answer::json(200, r#"{"carts": []}"#),
        "/openapi.json" => {
            let paths = json!({"/v1/carts": {"get": {}}, "/readyz": {"get": {}}});
            Answer::json(200, json!({"openapi": "3.1.0", "paths": paths}).to_string())
        }
        "/readyz" => Answer::json(200, r#"{"status": "ok", "checks": {"db": {"status": "ok"}}}"#),
        "/livez" => Answer::json(200, r#"{"status": "ok"}"#),
        _ => Answer::json(404, "{}"),
    };
    answer
        .header("strict-transport-security", "max-age=31536000")
        .header("x-content-type-options", "nosniff")
        .header("cache-control", "no-store")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_round_of_an_api_is_answered_within_the_usual_budgets() {
    for root in [200, 404] {
        let pki = Pki::new();
        let tls = pki.leaf(&["127.0.0.1"]).server_config();
        let server = Server::https(tls, move |asked| sound(&asked, root)).await;
        let (closed, guard) = refusing();
        let mut started = Started::new(server.url("/"), (server, guard)).root(pki.root());
        started.profile = Some(Profile::Api);
        let target = started.target();
        let kinds = CATALOGUE.iter().filter(|kind| kind.profiles.contains(&Profile::Api));
        let armed: Vec<_> = kinds
            .filter(|kind| kind.suits(&target))
            .map(|kind| {
                let settings = match kind.name {
                    "cookies" | "headers" | "plaintext" => json!({"port": closed.port()}),
                    "cors" => json!({"private_network": false}),
                    _ => json!({}),
                };
                (kind, arm(kind, &settings))
            })
            .collect();
        let endpoints = armed.iter().flat_map(|(_, armed)| armed.endpoints(&target)).collect();
        let net = started.net(endpoints, Budgets::default());
        let shared = Arc::<Shared>::default();
        let visits = armed.iter().map(async |(kind, armed)| {
            let needs = armed.needs(&target).expect("no experiment");
            let mut visit =
                started.visit_by(&net, needs.footprint).with_shared(Arc::clone(&shared));
            visit.net = visit.net.for_requests(needs.requests);
            visit.deadline = needs.deadline;
            let report = armed.run(&visit).await;
            (kind.name, visit.net.spent(), report)
        });
        let rounds = join_all(visits).await;
        let counts: Vec<_> = rounds.iter().map(|(name, spent, _)| (*name, *spent)).collect();
        for (name, _, report) in &rounds {
            let unknown: Vec<_> = report
                .findings
                .iter()
                .filter(|finding| matches!(finding.outcome, Outcome::Unknown(_)))
                .collect();
            assert!(unknown.is_empty(), "{name}, root {root}: {unknown:#?}");
        }
        let all: u32 = counts.iter().map(|(_, spent)| spent).sum();
        assert!(all <= MOST_IN_A_ROUND, "{all}: {counts:?}");
    }
}

/// Connections and requests of a first round: a rate limiter that allows a burst of 30 and 10 a second
/// lets it through within 5 seconds.
const MOST_IN_A_ROUND: u32 = 80;

#[test]
fn requests_that_differ_in_anything_are_told_apart() {
    let url = |text: &str| Url::parse(text).expect("a URL");
    let request = || Request::get(url("https://shop.example/"));
    let one = key("page", &request());
    assert_eq!(one, key("page", &request()));
    for other in [
        Request::get(url("https://shop.example/?a")),
        request().header(header::ACCEPT, "text/html"),
        request().header(header::AUTHORIZATION, "Bearer x"),
        Request { anonymous: true, ..request() },
        Request { method: Method::HEAD, ..request() },
    ] {
        assert_ne!(key("page", &other), one, "{other:?}");
    }
    let user = |name: &str| key("page", &request().header(header::COOKIE, name));
    assert_ne!(user("a"), user("b"), "another user is another look");
    assert!(!format!("{:?}", user("hush")).contains("hush"));
}
