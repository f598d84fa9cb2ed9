//! Policies that real middleware serves: each fault is found, and sound ones show none.
//!
//! What other scanners do about the same faults, by their sources (CORScanner 593043f, Corsy 2985ae2, the
//! CORS rules of ZAP aea3dee):
//!
//! | | CORScanner | Corsy | ZAP |
//! | --- | --- | --- | --- |
//! | found of a model of 28 faulty policies (probe `cors`: 28) | 19 | 18 | 16 |
//! | mutates the origins that are allowed, not the target's name alone | no | no | no |
//! | an unescaped dot | replaces the last one, which leaves no domain | the first, of at least two | not asked |
//! | a suffix | asked | asked | not asked |
//! | looks at preflights | no | no | no |
//! | goes on after the first hit | no | no | no |
//! | compares the answer with the origin | without port and case | yes | in part |
//! | follows redirects, and judges another resource | yes | yes | |
//! | `*` for public data | | | medium |
//! | credentials allowed by `True` or `1`, which no browser accepts | | | high |
//! | a target whose own origin is granted nothing | | ends there | |
//! | one constant origin, an exact list, no policy | silent | silent | silent |
//!
//! An empty cell is one that nobody looked up. None asks whether the front end is let in, whether caches
//! are told, or whether preflights need credentials.

use serde_json::{Value, json};

use super::{FRONT, Scene, failed, servers, settings, tower_http, unknown};
use crate::contract::{
    Obstacle, Outcome, Report,
    net::Address,
    specimen::{Pki, Server},
};

/// A policy at a path, and the checks that fail on it; none if it is sound.
struct Policy {
    path: &'static str,
    /// What is said of the endpoint, and of the target.
    settings: (&'static str, &'static str),
    fails: &'static [&'static str],
}

const fn policy(
    path: &'static str,
    settings: (&'static str, &'static str),
    fails: &'static [&'static str],
) -> Policy {
    Policy { path, settings, fails }
}

/// A front end that sends what it may, with a cookie.
const USED: (&str, &str) = (
    r#"{"methods": ["GET", "PUT"], "request_headers": ["x-id"]}"#,
    r#"{"credentials": {"cookie": "session=1"}}"#,
);
const PLAIN: (&str, &str) = ("{}", "{}");
/// Nobody is meant to call it.
const ALONE: (&str, &str) = ("{}", r#"{"allowed_origins": []}"#);
const PUBLIC: (&str, &str) = (r#"{"public": true}"#, r#"{"allowed_origins": []}"#);
const SUBDOMAINS: (&str, &str) = ("{}", r#"{"allow_subdomains": true}"#);
const SIGNED_IN: (&str, &str) =
    (r#"{"methods": ["PUT"]}"#, r#"{"credentials": {"authorization": "Basic dTpw"}}"#);

const NGINX: &[Policy] = &[
    policy("/none", ALONE, &[]),
    policy("/constant", PLAIN, &[]),
    policy("/public", PUBLIC, &[]),
    policy("/listed", USED, &[]),
    policy("/kept", PLAIN, &[]),
    policy("/subdomains", SUBDOMAINS, &[]),
    policy("/denied", PLAIN, &[]),
    policy("/reflect", ALONE, &["cors-any-origin", "cors-any-origin-with-credentials"]),
    policy("/open-end", PLAIN, &["cors-any-port", "cors-lookalike-origin"]),
    policy("/no-start", PLAIN, &["cors-any-subdomain", "cors-lookalike-origin"]),
    policy("/dotted", PLAIN, &["cors-lookalike-origin"]),
    policy("/localhost", PLAIN, &["cors-development-origin", "cors-lookalike-origin"]),
    policy("/special", PLAIN, &["cors-any-port", "cors-lookalike-origin"]),
    policy("/hosting", PLAIN, &["cors-shared-hosting-origin"]),
    policy("/null", PLAIN, &["cors-null-origin"]),
    policy("/unvaried", PLAIN, &["cors-vary-missing"]),
    policy("/twice", PLAIN, &["cors-allowed-origin-refused", "cors-repeated-header"]),
    policy(
        "/signed-in",
        SIGNED_IN,
        &["cors-allowed-origin-refused", "cors-preflight-needs-credentials"],
    ),
    policy("/week", PLAIN, &["cors-preflight-cached-too-long"]),
    policy("/star", PUBLIC, &["cors-wildcard-with-credentials"]),
    policy("/slash", PLAIN, &["cors-allowed-origin-refused"]),
    policy("/own-preflight", PLAIN, &["cors-any-origin-with-credentials"]),
];

const EXPRESS: &[Policy] = &[
    policy("/list", USED, &[]),
    policy("/constant", USED, &[]),
    policy("/pattern", USED, &[]),
    policy("/subdomains", SUBDOMAINS, &[]),
    policy("/off", ALONE, &[]),
    policy("/throwing", USED, &[]),
    policy("/public", PUBLIC, &[]),
    policy("/default", ALONE, &["cors-any-header", "cors-any-origin"]),
    policy("/reflect", USED, &["cors-any-origin", "cors-any-origin-with-credentials"]),
    policy("/star", ALONE, &["cors-any-origin", "cors-wildcard-with-credentials"]),
    policy("/headers", USED, &["cors-any-header"]),
    policy("/suffix", PLAIN, &["cors-any-subdomain", "cors-lookalike-origin"]),
    policy("/prefix", PLAIN, &["cors-any-port", "cors-lookalike-origin"]),
    policy("/dot", PLAIN, &["cors-lookalike-origin"]),
    policy("/inside", PLAIN, &["cors-any-port", "cors-any-subdomain", "cors-lookalike-origin"]),
    policy("/fragment", PLAIN, &["cors-lookalike-origin"]),
    policy("/null", PLAIN, &["cors-null-origin"]),
    policy("/anySubdomain", PLAIN, &["cors-any-subdomain"]),
    policy("/development", PLAIN, &["cors-development-origin"]),
    policy("/port", PLAIN, &["cors-any-port"]),
    policy("/hosting", PLAIN, &["cors-shared-hosting-origin"]),
    policy("/other", PLAIN, &["cors-allowed-origin-refused"]),
    policy("/year", PLAIN, &["cors-preflight-cached-too-long"]),
    policy("/methods", PLAIN, &["cors-any-method"]),
];

const STARLETTE: &[Policy] = &[
    policy("/list/cart", USED, &[]),
    policy("/pattern/cart", USED, &[]),
    policy("/public/cart", PUBLIC, &[]),
    policy("/default/cart", ALONE, &[]),
    policy("/everybody/cart", ALONE, &["cors-any-origin", "cors-any-origin-with-credentials"]),
    policy("/star/cart", ALONE, &["cors-any-origin"]),
    policy("/suffix/cart", PLAIN, &["cors-any-subdomain", "cors-lookalike-origin"]),
    policy("/dot/cart", PLAIN, &["cors-lookalike-origin"]),
    policy("/plain/cart", PLAIN, &["cors-development-origin"]),
    policy("/other/cart", PLAIN, &["cors-allowed-origin-refused"]),
    policy("/read-only/cart", USED, &["cors-allowed-origin-refused"]),
    policy("/headers/cart", PLAIN, &["cors-any-header"]),
    policy("/kept/cart", PLAIN, &[]),
];

/// One application of tower-http, over TLS or not, and the policy it has.
type Layered = (fn() -> tower_http::App, bool, Policy);

macro_rules! tower_http_policies {
    ($version:ident) => {
        [
            (tower_http::$version::list, false, policy("/", USED, &[])),
            (tower_http::$version::list, true, policy("/", USED, &[])),
            (tower_http::$version::exact, false, policy("/", USED, &[])),
            (tower_http::$version::predicate, true, policy("/", USED, &[])),
            (tower_http::$version::public, false, policy("/", PUBLIC, &[])),
            (
                tower_http::$version::permissive,
                false,
                policy("/", ALONE, &["cors-any-header", "cors-any-method", "cors-any-origin"]),
            ),
            (
                tower_http::$version::very_permissive,
                false,
                policy(
                    "/",
                    ALONE,
                    &[
                        "cors-any-header",
                        "cors-any-method",
                        "cors-any-origin",
                        "cors-any-origin-with-credentials",
                    ],
                ),
            ),
            (
                tower_http::$version::ends_with,
                true,
                policy(
                    "/",
                    PLAIN,
                    &["cors-any-subdomain", "cors-insecure-origin", "cors-lookalike-origin"],
                ),
            ),
            (tower_http::$version::any_scheme, true, policy("/", PLAIN, &["cors-insecure-origin"])),
            (
                tower_http::$version::mirroring,
                false,
                policy("/", PLAIN, &["cors-any-header", "cors-any-method"]),
            ),
        ]
    };
}

const TOWER_HTTP: [[Layered; 10]; 2] = [tower_http_policies!(v06), tower_http_policies!(v07)];

#[test]
fn the_tables_are_long_enough_to_mean_something() {
    let layered = TOWER_HTTP.iter().flatten().map(|(_, _, policy)| policy);
    let all: Vec<&Policy> = NGINX.iter().chain(EXPRESS).chain(STARLETTE).chain(layered).collect();
    let sound = all.iter().filter(|policy| policy.fails.is_empty()).count();
    assert!(sound >= 15 && all.len() - sound >= 28, "{sound} sound of {}", all.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_with_map_is_judged_as_browsers_judge_it() {
    hold(&servers::nginx(), NGINX).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn express_with_cors_is_judged_as_browsers_judge_it() {
    hold(&servers::express(), EXPRESS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn starlette_is_judged_as_browsers_judge_it() {
    hold(&servers::starlette("app"), STARLETTE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_with_nothing_at_its_root_is_judged_by_what_it_documents() {
    let front = json!({"allowed_origins": [FRONT]});
    for (application, settings, fails) in [
        ("without", json!({}), &[][..]),
        ("listed", json!({}), &[]),
        ("listed", front, &[]),
        ("everybody", json!({}), &["cors-any-origin", "cors-any-origin-with-credentials"]),
    ] {
        let server = servers::starlette(application);
        let mut scene = Scene::at(server.address(), settings);
        let report = judged(&mut scene).await;
        assert_eq!((failed(&report), unknown(&report)), (fails.to_vec(), vec![]), "{application}");
    }
    let healthy = servers::starlette("healthy");
    let report = judged(&mut Scene::at(healthy.address(), json!({}))).await;
    assert_eq!(failed(&report), [""; 0]);
    let passed = report.findings.iter().filter(|finding| finding.outcome == Outcome::Pass);
    assert_eq!(passed.count(), 0, "its health stands in for nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn tower_http_is_judged_as_browsers_judge_it() {
    let pki = Pki::new();
    let mut complaints = Vec::new();
    for (version, policies) in TOWER_HTTP.iter().enumerate() {
        for (at, (app, tls, policy)) in policies.iter().enumerate() {
            let certificate = tls.then(|| pki.leaf(&["api.shop.example"]).server_config());
            let server: Server = tower_http::serve(app(), certificate).await;
            let mut scene = scene(Address::Ip(server.address()), policy);
            if *tls {
                scene = scene.tls(pki.root());
            }
            let name = format!("tower-http 0.{}, policy {at}", version + 6);
            complaints.extend(complaint(&name, policy, &judged(&mut scene).await));
        }
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

async fn hold(server: &servers::Running, policies: &[Policy]) {
    let mut complaints = Vec::new();
    for policy in policies {
        let report = judged(&mut scene(server.address(), policy)).await;
        complaints.extend(complaint(policy.path, policy, &report));
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn scene(address: Address, policy: &Policy) -> Scene {
    let json = |text: &str| -> Value { serde_json::from_str(text).expect("JSON") };
    let (endpoint, more) = policy.settings;
    Scene::at(address, settings(policy.path, &json(endpoint), &json(more)))
}

/// The report of the first visit, or of the second if the first could not ask everything.
async fn judged(scene: &mut Scene) -> Report {
    let report = scene.visit().await;
    let unfinished = |report: &Report| {
        let over = Outcome::Unknown(Obstacle::OverBudget);
        report.findings.iter().any(|finding| finding.outcome == over)
    };
    if unfinished(&report) { scene.visit().await } else { report }
}

fn complaint(name: &str, policy: &Policy, report: &Report) -> Option<String> {
    let (failed, unknown) = (failed(report), unknown(report));
    // Where the front end itself is refused, no refusal proves anything.
    let unknown_is_right = unknown.is_empty()
        || policy.fails.contains(&"cors-allowed-origin-refused")
            && !unknown.iter().any(|check| policy.fails.contains(check));
    if failed == policy.fails && unknown_is_right {
        return None;
    }
    let items = report.findings.iter().flat_map(|finding| {
        finding.items.iter().map(|item| {
            let id = finding.check.id;
            format!("    {id:36} {:?} {}: {}", item.outcome, item.subject, item.seen)
        })
    });
    let items: Vec<String> = items.collect();
    Some(format!(
        "{name}: should fail {:?}, failed {failed:?}, unknown {unknown:?}\n{}",
        policy.fails,
        items.join("\n")
    ))
}
