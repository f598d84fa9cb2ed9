//! Servers as operators configure them: nginx and OpenSSL, sound and permissive, held against what
//! another scanner sees of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
    sync::atomic::Ordering,
};

use serde_json::json;

use super::{
    Scene, fact, failed, items,
    programs::{Program, nginx, s_server},
    unknown,
};
use crate::{
    contract::{
        Outcome, Report,
        net::Budgets,
        specimen::{Answer, Certified, Pki, Server},
    },
    tls::specimens::protocol::by_rsa,
    wire::hello::suite::Suite,
};

/// TLSRef's intermediate profile.
const INTERMEDIATE: &str = "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers off;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;";

/// Everything that Debian's OpenSSL has.
const PERMISSIVE: &str =
    "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:COMPLEMENTOFALL:eNULL:aNULL:@SECLEVEL=0;";

/// A group of 1024 bits.
const GROUP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tls/fixtures/dh1024.pem");

fn scene(server: &Program, pki: &Pki) -> Scene {
    let mut scene = Scene::at(&[([127, 0, 0, 1], server.port).into()], pki.root());
    // The pace is for other people's servers.
    scene.budgets = Budgets { requests_per_second: 1000, burst: 1000, ..scene.budgets };
    scene
}

/// What Debian's OpenSSL 3.0 does not have is no fault of the configuration.
fn but_for_the_library(mut failed: Vec<&'static str>) -> Vec<&'static str> {
    failed.retain(|check| *check != "tls-post-quantum-missing");
    failed
}

/// The suites of the table that a person reads, by version.
fn suites(report: &Report) -> BTreeMap<String, BTreeSet<String>> {
    let mut suites: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut version = String::new();
    for fact in report.facts.iter().filter(|fact| fact.topic == "suites") {
        if !fact.name.is_empty() {
            version = fact.name.to_string();
        }
        let name = fact.value.split(' ').next().expect("a suite").to_owned();
        assert!(suites.entry(version.clone()).or_default().insert(name), "{fact:?} twice");
    }
    suites
}

/// The suites that sslscan sees, by our names for version and suite.
fn scanned(server: &Program) -> BTreeMap<String, BTreeSet<String>> {
    let mut command = Command::new("sslscan");
    command.args(["--xml=-", "--no-colour", "--no-heartbleed", "--no-renegotiation"]);
    let output = command.arg(format!("127.0.0.1:{}", server.port)).output();
    let output = output.expect("sslscan is missing: apt-get install sslscan");
    let xml = String::from_utf8_lossy(&output.stdout).into_owned();
    let attribute = |line: &str, name: &str| -> String {
        let (_, rest) = line.split_once(&format!(" {name}=\"")).expect("an attribute");
        rest.split('"').next().expect("its value").to_owned()
    };
    let mut suites: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in xml.lines().filter(|line| line.contains("<cipher status=")) {
        let version = attribute(line, "sslversion").replacen('v', " ", 1);
        let id = attribute(line, "id");
        let id = u16::from_str_radix(id.trim_start_matches("0x"), 16).expect("a number");
        suites.entry(version).or_default().insert(Suite(id).to_string());
    }
    assert!(!suites.is_empty(), "{xml}{}", String::from_utf8_lossy(&output.stderr));
    suites
}

#[tokio::test]
async fn a_sound_nginx_passes_in_few_connections_and_logs_nothing() {
    let pki = Pki::new();
    for certified in [pki.leaf(&["shop.example"]), by_rsa(&pki, 60)] {
        let server = nginx(&certified, "", INTERMEDIATE).await;
        for (depth, most) in [("fast", 4), ("standard", 7), ("full", 29)] {
            let mut scene = scene(&server, &pki);
            scene.settings = json!({ "depth": depth });
            let report = scene.visit().await;
            let failed = but_for_the_library(failed(&report));
            assert_eq!((failed, unknown(&report)), (vec![], vec![]), "{depth}");
            let connections = scene.connections.load(Ordering::Relaxed);
            assert!(connections <= most, "{depth}: {connections} connections");
        }
        assert_eq!(server.errors(), "");
    }
}

#[tokio::test]
async fn the_accepted_suites_of_a_sound_nginx_are_those_that_sslscan_sees() {
    let pki = Pki::new();
    let server = nginx(&by_rsa(&pki, 60), "", INTERMEDIATE).await;
    let report = scene(&server, &pki).visit().await;
    let seen = suites(&report);
    assert_eq!(seen, scanned(&server));
    assert_eq!((seen["TLS 1.2"].len(), seen["TLS 1.3"].len()), (3, 3));
    let groups = fact(&report, "key exchange", "groups").expect("groups");
    for group in ["X25519", "secp256r1", "X448", "secp521r1", "secp384r1"] {
        assert!(groups.contains(group), "{groups}");
    }
    assert_eq!(fact(&report, "sessions", "resumed"), Some("yes"));
}

#[tokio::test]
async fn a_permissive_nginx_is_taken_apart_as_sslscan_does() {
    let pki = Pki::new();
    let server = nginx(&by_rsa(&pki, 60), "", &format!("{PERMISSIVE} ssl_dhparam {GROUP};")).await;
    let report = scene(&server, &pki).visit().await;
    assert_eq!(unknown(&report), [""; 0]);
    assert_eq!(
        but_for_the_library(failed(&report)),
        [
            "tls-legacy-version",
            "tls-modern-version-missing",
            "tls-broken-cipher",
            "tls-static-key-exchange",
            "tls-finite-field-dh",
            "tls-weak-dh",
            "tls-weak-handshake-signature",
        ]
    );
    let versions: Vec<&str> =
        items(&report, "tls-legacy-version").iter().map(|item| item.subject.as_str()).collect();
    assert!(versions[0].ends_with("TLS 1.1") && versions[1].ends_with("TLS 1.0"), "{versions:?}");
    let (seen, scanned) = (suites(&report), scanned(&server));
    assert!(seen["TLS 1.2"].len() > 50, "{seen:?}");
    assert_eq!(seen, scanned);
}

#[tokio::test]
async fn an_openssl_server_with_old_groups_is_told() {
    let pki = Pki::new();
    let options = ["-cipher", "ALL:@SECLEVEL=0", "-dhparam", GROUP, "-no_tls1_3"];
    let server = s_server(&by_rsa(&pki, 60), &options).await;
    let mut scene = scene(&server, &pki);
    // It speaks no HTTP.
    scene.settings = json!({ "overrides": { "tls-http2-missing": "ignore" } });
    let report = scene.visit().await;
    assert_eq!(unknown(&report), [""; 0]);
    assert_eq!(
        but_for_the_library(failed(&report)),
        [
            "tls-legacy-version",
            "tls-modern-version-missing",
            "tls-broken-cipher",
            "tls-static-key-exchange",
            "tls-finite-field-dh",
            "tls-weak-dh",
            "tls-weak-handshake-signature",
        ]
    );
    let seen = &items(&report, "tls-weak-dh")[0].seen;
    assert!(seen.ends_with("a group of 1024 bits"), "{seen}");
    assert_eq!(suites(&report), scanned(&server));
}

#[tokio::test]
async fn whether_a_client_that_falls_back_is_warned_is_seen() {
    let pki = Pki::new();
    let certified = by_rsa(&pki, 60);
    let protocols = "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT@SECLEVEL=0;";
    let server = nginx(&certified, "", protocols).await;
    let report = scene(&server, &pki).visit().await;
    assert!(failed(&report).contains(&"tls-legacy-version"), "{:?}", failed(&report));
    let item = &items(&report, "tls-fallback-unprotected")[0];
    assert_eq!(
        (item.outcome, item.seen.as_str()),
        (Outcome::Pass, "warns a client that falls back")
    );
    assert_eq!(server.errors(), "");
}

/// nginx lets the handshake pass, and refuses the request.
#[tokio::test]
async fn client_certificates_are_required_only_where_nobody_is_served_without() {
    let pki = Pki::new();
    let verify = "ssl_client_certificate chain.pem; ssl_verify_depth 2; location / { return 200; }";
    for protocol in ["TLSv1.2", "TLSv1.3"] {
        for (mode, fails) in [("on", false), ("optional", true)] {
            let lines = format!("{verify} ssl_verify_client {mode}; ssl_protocols {protocol};");
            let server = nginx(&pki.leaf(&["shop.example"]), "", &lines).await;
            let mut scene = scene(&server, &pki);
            scene.settings = json!({ "client_certificate": "required", "depth": "handshake" });
            let report = scene.visit().await;
            let check = "tls-client-certificate-not-required";
            assert_eq!(failed(&report).contains(&check), fails, "{protocol} {mode}");
            assert!(!unknown(&report).contains(&check), "{protocol} {mode}");
            scene.settings = json!({ "client_certificate": "none" });
            let report = scene.visit().await;
            assert!(failed(&report).contains(&"tls-client-certificate-unexpected"), "{protocol}");
        }
    }
}

#[tokio::test]
async fn the_first_virtual_host_answers_clients_that_ask_for_no_name() {
    let pki = Pki::new();
    let check = "tls-wrong-certificate-without-sni";
    let refusing = "server { listen 127.0.0.1:{port} ssl http2 default_server; ssl_reject_handshake on; ssl_protocols TLSv1.2 TLSv1.3; }";
    let server = nginx(&pki.leaf(&["shop.example"]), refusing, INTERMEDIATE).await;
    let report = scene(&server, &pki).visit().await;
    assert_eq!((but_for_the_library(failed(&report)), unknown(&report)), (vec![], vec![]));
    assert!(items(&report, check)[0].seen.starts_with("refuses: "), "{:?}", items(&report, check));

    let other = pki.leaf(&["other.example"]);
    let server = nginx(&other, "", "").await;
    let report = scene(&server, &pki).visit().await;
    assert!(!failed(&report).contains(&check), "it is wrong for everybody");
}

#[tokio::test]
async fn early_data_is_told_by_nginxs_tickets() {
    let pki = Pki::new();
    for (lines, fails) in [("ssl_early_data on;", true), ("", false)] {
        let lines = format!("{INTERMEDIATE} {lines}");
        let server = nginx(&pki.leaf(&["shop.example"]), "", &lines).await;
        let report = scene(&server, &pki).visit().await;
        assert_eq!(failed(&report).contains(&"tls-early-data"), fails);
        assert!(!unknown(&report).contains(&"tls-early-data"));
    }
}

#[tokio::test]
async fn without_sessions_there_is_nothing_to_resume_and_nothing_wrong() {
    let pki = Pki::new();
    let lines = format!("{INTERMEDIATE} ssl_session_tickets off; ssl_session_cache off;");
    let server = nginx(&pki.leaf(&["shop.example"]), "", &lines).await;
    let report = scene(&server, &pki).visit().await;
    assert_eq!((but_for_the_library(failed(&report)), unknown(&report)), (vec![], vec![]));
    assert_eq!(fact(&report, "sessions", "resumed"), Some("no"));
}

#[tokio::test]
async fn an_expired_rsa_certificate_beside_a_sound_one_is_told() {
    let pki = Pki::new();
    let folder = tempfile::tempdir().expect("a folder");
    let beside = |certified: &Certified| {
        let (chain, key) = certified.pem();
        let [chain_path, key_path] = ["chain", "key"].map(|name| folder.path().join(name));
        std::fs::write(&chain_path, chain).expect("written");
        std::fs::write(&key_path, key).expect("written");
        let (chain, key) = (chain_path.display(), key_path.display());
        format!("{INTERMEDIATE} ssl_certificate {chain}; ssl_certificate_key {key};")
    };
    let check = "tls-second-certificate-unsound";
    for (days, fails) in [(-10, true), (60, false)] {
        let server = nginx(&pki.leaf(&["shop.example"]), "", &beside(&by_rsa(&pki, days))).await;
        let report = scene(&server, &pki).visit().await;
        assert_eq!(failed(&report).contains(&check), fails, "{:?}", items(&report, check));
        let seen = &items(&report, check)[0].seen;
        assert!(seen.contains("RSA 2048"), "{seen}");
    }
}

#[tokio::test]
async fn an_ipv6_address_is_judged_as_any_other() {
    let pki = Pki::new();
    let listener = tokio::net::TcpListener::bind("[::1]:0").await.expect("IPv6 on loopback");
    let config = pki.leaf(&["shop.example"]).server_config();
    let server = Server::start(listener, Some(config), |_| Answer::text(200, "ok"));
    let report = Scene::at(&[server.address()], pki.root()).visit().await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
    let replay = items(&report, "tls-unreachable")[0].replay.as_deref().expect("a command");
    assert!(replay.contains("-connect [::1]:"), "{replay}");
}
