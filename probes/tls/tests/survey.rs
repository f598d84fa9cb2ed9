//! What is made of servers that are slow to answer, close, reset, or stop in the middle.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustls_pki_types::CertificateDer;
use serde_json::json;

use super::{Scene, failed, items, skipped, unknown};
use crate::{
    contract::{
        Obstacle, Outcome, Report,
        specimen::{Pki, Server},
    },
    wire::hello::masquerade::{Asked, Fake, Reply, masquerade},
    wire::hello::{suite::Suite, version::Version},
};

/// A sound server that answers some hellos as the test says.
async fn scene(
    policy: impl Fn(&Asked, &[CertificateDer<'static>]) -> Reply + Send + Sync + 'static,
) -> (Scene, Server) {
    let pki = Pki::new();
    let certified = pki.leaf(&["shop.example"]);
    let chain = certified.chain.clone();
    let server = masquerade(certified.server_config(), move |asked| policy(asked, &chain)).await;
    let mut scene = Scene::at(&[server.address()], pki.root());
    scene.budgets.requests_per_second = 1000;
    scene.budgets.connect_timeout = Duration::from_millis(400);
    (scene, server)
}

fn is_old(asked: &Asked) -> bool {
    asked.version.is_some_and(|version| version < Version::Tls12)
}

/// Whether a hello of TLS 1.2 offers a suite with a fault.
fn is_weak(asked: &Asked) -> bool {
    asked.version == Some(Version::Tls12)
        && asked.first_of(&[0xc011, 0xc030]) == Some(Suite(0xc011))
}

fn outcome(report: &Report, check: &str) -> Outcome {
    items(report, check)[0].outcome
}

#[tokio::test]
async fn silence_and_resets_are_no_refusals() {
    for (reply, obstacle) in [(Reply::Silence, Obstacle::Timeout), (Reply::Reset, Obstacle::Reset)]
    {
        let (scene, _server) =
            scene(move |asked, _| if is_old(asked) { reply.clone() } else { Reply::Genuine }).await;
        let report = scene.visit().await;
        assert_eq!(failed(&report), [""; 0]);
        assert_eq!(
            unknown(&report),
            ["tls-broken-version", "tls-legacy-version", "tls-fallback-unprotected"]
        );
        assert_eq!(outcome(&report, "tls-legacy-version"), Outcome::Unknown(obstacle));
    }
}

#[tokio::test]
async fn closing_is_a_refusal_where_a_sound_hello_is_answered_right_afterwards() {
    let refuses = |asked: &Asked| asked.is_ssl2 || is_old(asked) || is_weak(asked);
    let (scene, _server) =
        scene(move |asked, _| if refuses(asked) { Reply::Close } else { Reply::Genuine }).await;
    let report = scene.visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
}

/// As the servers of Java and of Python's asyncio do.
#[tokio::test]
async fn closing_instead_of_refusing_costs_hardly_a_connection_more() {
    for (depth, most) in [("fast", 4), ("standard", 8), ("full", 29)] {
        let refuses = |asked: &Asked| {
            let is_tls13 = asked.version == Some(Version::Tls13);
            let has_group = [0x11ec, 29, 23, 24].iter().any(|group| asked.groups.contains(group));
            asked.is_ssl2
                || asked.version == Some(Version::Ssl3)
                || is_old(asked)
                || asked.first_of(SOUND).is_none()
                || (is_tls13 && !has_group)
        };
        let (mut scene, _server) =
            scene(move |asked, _| if refuses(asked) { Reply::Close } else { Reply::Genuine }).await;
        scene.settings = json!({ "depth": depth });
        let report = scene.visit().await;
        assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]), "{depth}");
        let connections = scene.connections.load(Ordering::Relaxed);
        assert!(connections <= most, "{depth}: {connections} connections");
    }
}

/// Suites of TLS 1.3, and of TLS 1.2 with the key of the lab's server.
const SOUND: &[u16] = &[0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xcca9];

/// As Java's does in TLS 1.3, where our own answer to its ServerHello makes a reset of it.
#[tokio::test]
async fn a_server_that_resets_for_want_of_another_key_is_asked_again_in_tls12() {
    let (scene, _server) = scene(|asked, _| match asked.version {
        _ if asked.schemes.is_empty() || asked.schemes.contains(&0x0403) => Reply::Genuine,
        Some(Version::Tls13) => Reply::Reset,
        _ => Reply::Close,
    })
    .await;
    let report = scene.visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
    let seen = &items(&report, "tls-second-certificate-unsound")[0].seen;
    assert_eq!(seen, "there is no second certificate");
}

#[tokio::test]
async fn an_alert_that_may_mean_anything_is_a_refusal_only_if_a_sound_hello_is_answered() {
    const INTERNAL_ERROR: u8 = 80;
    let refuses = |asked: &Asked| is_old(asked) || is_weak(asked);
    let (scene, _server) =
        scene(
            move |asked, _| {
                if refuses(asked) { Reply::Alert(INTERNAL_ERROR) } else { Reply::Genuine }
            },
        )
        .await;
    let report = scene.visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));

    let met = AtomicUsize::new(0);
    let (scene, _server) = self::scene(move |_, _| {
        let is_enough = met.fetch_add(1, Ordering::Relaxed) >= 3;
        if is_enough { Reply::Alert(INTERNAL_ERROR) } else { Reply::Genuine }
    })
    .await;
    let report = scene.visit().await;
    assert_eq!(failed(&report), [""; 0]);
    let checks = [
        "tls-broken-version",
        "tls-broken-cipher",
        "tls-weak-curve",
        "tls-second-certificate-unsound",
        "tls-wrong-certificate-without-sni",
    ];
    for check in checks {
        assert_eq!(outcome(&report, check), Outcome::Unknown(Obstacle::Tls), "{check}");
    }
}

#[tokio::test]
async fn a_server_that_has_had_enough_is_no_sound_one() {
    let met = AtomicUsize::new(0);
    // A limit on connections: the handshake and two hellos are served, and nothing after them.
    let (scene, _server) =
        scene(
            move |_, _| {
                if met.fetch_add(1, Ordering::Relaxed) < 3 { Reply::Genuine } else { Reply::Close }
            },
        )
        .await;
    let report = scene.visit().await;
    assert_eq!(failed(&report), [""; 0]);
    assert_eq!(outcome(&report, "tls-legacy-version"), Outcome::Pass, "asked before the limit");
    for check in ["tls-broken-version", "tls-broken-cipher", "tls-heartbeat", "tls-weak-curve"] {
        assert_eq!(outcome(&report, check), Outcome::Unknown(Obstacle::Closed), "{check}");
    }
}

#[tokio::test]
async fn a_server_that_drops_every_third_connection_never_flips() {
    let met = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&met);
    let (scene, _server) = scene(move |_, _| {
        if count.fetch_add(1, Ordering::Relaxed) % 3 == 2 { Reply::Reset } else { Reply::Genuine }
    })
    .await;
    for _ in 0..4 {
        met.store(0, Ordering::Relaxed);
        let report = scene.visit().await;
        assert_eq!(failed(&report), [""; 0]);
    }
}

#[tokio::test]
async fn what_stops_in_the_middle_of_an_enumeration_leaves_the_rest_unknown() {
    let taken = AtomicUsize::new(0);
    let weak = [0xc011, 0xc012, 0xc013, 0xc014, 0xc027, 0xc028, 0x002f, 0x0035];
    let (scene, _server) = scene(move |asked, chain| {
        let wanted = asked.first_of(&weak).filter(|_| asked.version == Some(Version::Tls12));
        match wanted {
            // The group hello, and then so many of those that take it apart.
            Some(suite) if taken.fetch_add(1, Ordering::Relaxed) < 4 => {
                Fake::sound(suite, chain).reply()
            }
            Some(_) => Reply::Silence,
            None => Reply::Genuine,
        }
    })
    .await;
    let report = scene.visit().await;
    // What was seen before is certain, and what was not is not told.
    assert!(failed(&report).contains(&"tls-broken-cipher"), "{:?}", failed(&report));
    assert!(!unknown(&report).is_empty());
    let silent = ["tls-static-key-exchange", "tls-cbc-without-etm"];
    assert!(silent.iter().any(|check| unknown(&report).contains(check)), "{:?}", unknown(&report));
}

#[tokio::test]
async fn a_server_that_refuses_everything_has_told_nothing() {
    let (scene, _server) = scene(|_, _| Reply::Alert(40)).await;
    let report = scene.visit().await;
    assert_eq!(failed(&report), ["tls-unreachable"]);
    let told = unknown(&report).len() + skipped(&report).len() + 1;
    assert_eq!(told, report.findings.len());
}

#[tokio::test]
async fn a_server_that_chooses_what_was_not_offered_is_not_understood() {
    let (scene, _server) = scene(|asked, chain| {
        if is_weak(asked) { Fake::sound(Suite(0xc030), chain).reply() } else { Reply::Genuine }
    })
    .await;
    let report = scene.visit().await;
    assert_eq!(failed(&report), [""; 0]);
    assert_eq!(outcome(&report, "tls-broken-cipher"), Outcome::Unknown(Obstacle::Protocol));
}

#[tokio::test]
async fn the_depth_bounds_what_is_asked() {
    for (depth, connections) in [("handshake", 1), ("fast", 3), ("standard", 6), ("full", 20)] {
        let (mut scene, _server) = scene(|_, _| Reply::Genuine).await;
        scene.settings = json!({ "depth": depth });
        let report = scene.visit().await;
        assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]), "{depth}");
        assert_eq!(scene.connections.load(Ordering::Relaxed), connections, "{depth}");
        let is_skipped = skipped(&report).contains(&"tls-weak-curve");
        assert_eq!(is_skipped, depth != "full", "{depth}");
    }
}

#[tokio::test]
async fn a_server_that_changes_is_looked_at_again_at_once() {
    let weakened = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&weakened);
    let (scene, _server) = scene(move |asked, chain| match asked.first_of(&[0xc012]) {
        Some(suite) if is_weak(asked) || asked.first_of(&[0xc011]).is_none() => {
            if now.load(Ordering::Relaxed) == 1 && asked.version == Some(Version::Tls12) {
                let mut fake = Fake::sound(suite, chain);
                fake.extensions.push(22);
                return fake.reply();
            }
            Reply::Genuine
        }
        _ => Reply::Genuine,
    })
    .await;
    assert_eq!(failed(&scene.visit().await), [""; 0]);
    weakened.store(1, Ordering::Relaxed);
    assert_eq!(failed(&scene.visit().await), ["tls-weak-cipher"]);
    weakened.store(0, Ordering::Relaxed);
    assert_eq!(failed(&scene.visit().await), [""; 0], "and when it is mended");
}

#[tokio::test]
async fn a_visit_that_runs_out_of_its_budget_says_so() {
    let (mut scene, _server) = scene(|_, _| Reply::Genuine).await;
    scene.budgets.requests_per_visit = Some(4);
    let report = scene.visit().await;
    assert_eq!(failed(&report), [""; 0]);
    assert_eq!(outcome(&report, "tls-legacy-version"), Outcome::Pass);
    assert_eq!(outcome(&report, "tls-broken-cipher"), Outcome::Unknown(Obstacle::OverBudget));
}
