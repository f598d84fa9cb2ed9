//! Several addresses behind one name, and one visit after another.

use std::sync::atomic::Ordering;

use super::{Scene, failed, items};
use crate::{
    contract::{
        Outcome,
        net::Address,
        specimen::{Answer, Asked, Certified, Pki, Server, refusing},
    },
    tls::observe::known::Known,
};

fn page(_: Asked) -> Answer {
    Answer::text(200, "ok")
}

async fn serving(certified: &Certified) -> Server {
    Server::https(certified.server_config(), page).await
}

#[tokio::test]
async fn each_address_is_judged_and_the_faulty_one_is_named() {
    let pki = Pki::new();
    let good = serving(&pki.leaf(&["shop.example"])).await;
    let wrong = serving(&pki.leaf(&["other.example"])).await;
    let (closed, _guard) = refusing();
    let scene = Scene::at(&[good.address(), wrong.address(), closed], pki.root());
    let report = scene.visit().await;
    assert_eq!(failed(&report), ["tls-unreachable", "tls-hostname-mismatch"]);
    let by_address: Vec<(String, bool)> = items(&report, "tls-hostname-mismatch")
        .iter()
        .map(|item| (item.subject.clone(), item.outcome == Outcome::Pass))
        .collect();
    let mut addresses = [(good.address(), true), (wrong.address(), false), (closed, false)];
    addresses.sort_unstable();
    assert_eq!(by_address, addresses.map(|(address, sound)| (address.to_string(), sound)));
    let ratio = report.readings.iter().find(|one| one.name == "tls_handshake_success_ratio");
    assert!((ratio.expect("a gauge").readings[0].value - 2.0 / 3.0).abs() < 1e-9);
}

#[tokio::test]
async fn what_one_address_sends_is_known_to_be_missing_at_another() {
    let pki = Pki::new();
    let full = pki.leaf(&["shop.example"]);
    let mut short = pki.leaf(&["shop.example"]);
    short.chain.truncate(1);
    let (full, short) = (serving(&full).await, serving(&short).await);
    let report = Scene::at(&[full.address(), short.address()], pki.root()).visit().await;
    assert_eq!(failed(&report), ["tls-intermediate-missing"]);
}

#[tokio::test]
async fn what_was_sent_before_is_known_to_be_missing_now() {
    let pki = Pki::new();
    let before = serving(&pki.leaf(&["shop.example"])).await;
    let mut scene = Scene::at(&[before.address()], pki.root());
    assert_eq!(failed(&scene.visit().await), [""; 0]);
    let mut short = pki.leaf(&["shop.example"]);
    short.chain.truncate(1);
    let now = serving(&short).await;
    scene.addresses = vec![Address::Ip(now.address())];
    assert_eq!(failed(&scene.visit().await), ["tls-intermediate-missing"]);
}

#[tokio::test]
async fn a_file_of_intermediates_tells_a_missing_one_from_an_unknown_issuer() {
    let pki = Pki::new();
    let mut certified = pki.leaf(&["shop.example"]);
    certified.chain.truncate(1);
    let server = serving(&certified).await;
    let mut scene = Scene::at(&[server.address()], pki.root());
    let mut failing = failed(&scene.visit().await);
    failing.sort_unstable();
    assert_eq!(failing, ["tls-intermediate-missing", "tls-untrusted-issuer"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("intermediates.pem");
    let pem = pem::encode(&pem::Pem::new("CERTIFICATE", pki.intermediate().as_ref()));
    std::fs::write(&path, pem).expect("a file");
    scene.settings = serde_json::json!({ "intermediates_file": path });
    assert_eq!(failed(&scene.visit().await), ["tls-intermediate-missing"]);
}

#[tokio::test]
async fn a_visit_costs_three_connections_after_the_first_and_a_known_chain_is_not_judged_again() {
    let pki = Pki::new();
    let server = serving(&pki.leaf(&["shop.example"])).await;
    let address = server.address();
    // The same address twice is one address.
    let scene = Scene::at(&[address, address], pki.root());
    for connections in [20, 23, 26] {
        let report = scene.visit().await;
        assert_eq!(failed(&report), [""; 0]);
        assert_eq!(scene.connections.load(Ordering::Relaxed), connections);
    }
    let known = scene.memory.recall::<Known>().expect("something to remember");
    assert_eq!(known.intermediates().count(), 1);
}
