//! Databases and mail servers, which start in the open, and brokers, which speak TLS and no HTTP.

use std::process::Command;

use serde_json::{Value, json};

use super::{
    fact, failed, items, kind,
    programs::{Program, mail_server, mosquitto, pgbouncer, postgresql, redis},
    skipped, unknown,
};
use crate::contract::{
    Footprint, Report,
    net::warm_up,
    specimen::{Certified, Pki, Server, Started, arm, validity},
};

const NAME: &str = "shop.example";

/// A visit to a port with these settings, for a target whose URL is elsewhere.
async fn visit(port: u16, pki: &Pki, mut settings: Value) -> Report {
    warm_up();
    settings["address"] = json!(format!("127.0.0.1:{port}"));
    settings["server_name"] = json!(NAME);
    let elsewhere = "http://127.0.0.1:1/".parse().expect("a URL");
    let started = Started::new(elsewhere, ()).settings(settings).root(pki.root());
    let armed = arm(kind(), &started.settings);
    armed.run(&started.visit(armed.as_ref(), Footprint::Passive)).await
}

async fn visit_by(protocol: &str, program: &Program, pki: &Pki) -> Report {
    visit(program.port, pki, json!({ "starttls": protocol })).await
}

fn expired(pki: &Pki) -> Certified {
    pki.leaf_with(&[NAME], |params| {
        (params.not_before, params.not_after) = (validity(91, 0).0, validity(1, 0).0);
    })
}

/// Nothing is wrong but what Debian's OpenSSL 3.0 does not have.
fn assert_sound(report: &Report) {
    assert_eq!((failed(report), unknown(report)), (vec!["tls-post-quantum-missing"], vec![]));
}

fn assert_expired(report: &Report) {
    assert_eq!(failed(report), ["tls-certificate-expired", "tls-post-quantum-missing"]);
}

/// It is certain that nobody can shake hands, and nothing can be told of a certificate.
fn assert_refused(report: &Report, how: &str) {
    assert_eq!(failed(report), ["tls-unreachable"], "{report:#?}");
    let seen = &items(report, "tls-unreachable")[0].seen;
    assert!(seen.contains("the server refuses STARTTLS") && seen.contains(how), "{seen}");
    let untold = unknown(report).len() + skipped(report).len();
    assert_eq!(untold, kind().checks().len() - 1);
}

fn settled(report: &Report, port: u16) -> &str {
    fact(report, "handshake", &format!("127.0.0.1:{port}")).expect("a handshake")
}

/// What the command of the report's first item shows.
fn replayed(report: &Report) -> String {
    let command = items(report, "tls-unreachable")[0].replay.as_deref().expect("a command");
    let output = Command::new("sh").args(["-c", command]).output().expect("openssl runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn postgresql_is_judged_by_its_certificate_and_logs_nothing() {
    let pki = Pki::new();
    let server = postgresql(&pki.leaf(&[NAME]), "on").await;
    // Its log says when it is ready, and that it listens before that.
    server.says("ready to accept connections").await;
    let before = server.log();
    for _ in 0..3 {
        let settings = json!({ "starttls": "postgres", "depth": "handshake" });
        let report = visit(server.port, &pki, settings).await;
        assert_eq!((failed(&report), unknown(&report)), (vec!["tls-post-quantum-missing"], vec![]));
        let handshake = settled(&report, server.port);
        assert!(handshake.starts_with("TLSv1.3") && handshake.contains("no ALPN"), "{handshake}");
    }
    assert_eq!(server.log(), before, "shaking hands leaves no line in the server's log");
    // PostgreSQL makes a note of every hello that it refuses.
    let report = visit_by("postgres", &server, &pki).await;
    assert_sound(&report);
    assert!(!server.log().contains("ERROR") && !server.log().contains("FATAL"), "{}", server.log());
    let command = items(&report, "tls-unreachable")[0].replay.as_deref().expect("a command");
    assert!(command.contains(" -starttls postgres "), "{command}");
    assert!(replayed(&report).contains("BEGIN CERTIFICATE"));

    // Nobody is asked in vain: without the request the server takes no TLS.
    let report = visit(server.port, &pki, json!({})).await;
    assert!(!items(&report, "tls-unreachable")[0].seen.contains("STARTTLS"));
    assert!(unknown(&report).contains(&"tls-certificate-expired"), "{report:#?}");
}

#[tokio::test]
async fn postgresql_without_tls_refuses() {
    let pki = Pki::new();
    let server = postgresql(&pki.leaf(&[NAME]), "off").await;
    assert_refused(&visit_by("postgres", &server, &pki).await, "ssl = off");
}

#[tokio::test]
async fn pgbouncer_is_judged_as_postgresql_is() {
    let pki = Pki::new();
    let server = pgbouncer(&pki.leaf(&[NAME]), "require").await;
    assert_sound(&visit_by("postgres", &server, &pki).await);
    let server = pgbouncer(&expired(&pki), "allow").await;
    assert_expired(&visit_by("postgres", &server, &pki).await);
    let server = pgbouncer(&pki.leaf(&[NAME]), "disable").await;
    assert_refused(&visit_by("postgres", &server, &pki).await, "SSLRequest");
}

#[tokio::test]
async fn a_mail_server_is_judged_by_its_certificate() {
    let pki = Pki::new();
    let server = mail_server(&pki.leaf(&[NAME]), true).await;
    let report = visit_by("smtp", &server, &pki).await;
    assert_sound(&report);
    assert!(settled(&report, server.port).contains("no ALPN"));
    assert!(replayed(&report).contains("BEGIN CERTIFICATE"));
    let server = mail_server(&expired(&pki), true).await;
    assert_expired(&visit_by("smtp", &server, &pki).await);
    let server = mail_server(&pki.leaf(&[NAME]), false).await;
    assert_refused(&visit_by("smtp", &server, &pki).await, "does not offer it");
}

#[tokio::test]
async fn brokers_and_caches_are_judged_at_their_own_ports() {
    let pki = Pki::new();
    for server in [mosquitto(&pki.leaf(&[NAME])).await, redis(&pki.leaf(&[NAME])).await] {
        let report = visit(server.port, &pki, json!({})).await;
        assert_sound(&report);
        let handshake = settled(&report, server.port);
        assert!(handshake.contains("no ALPN"), "{handshake}");
    }
    for server in [mosquitto(&expired(&pki)).await, redis(&expired(&pki)).await] {
        let report = visit(server.port, &pki, json!({})).await;
        assert_expired(&report);
    }
}

#[tokio::test]
async fn a_service_of_grpc_is_judged_at_its_own_port() {
    let pki = Pki::new();
    let mut config = (*pki.leaf(&[NAME]).server_config()).clone();
    // As gRPC has it: HTTP/2 and nothing else.
    config.alpn_protocols = vec![b"h2".to_vec()];
    let server = Server::https(config.into(), |_| unreachable!("nothing is asked for")).await;
    let report = visit(server.address().port(), &pki, json!({})).await;
    assert_eq!((failed(&report), unknown(&report)), (vec![], vec![]));
    assert!(settled(&report, server.address().port()).contains(", h2 in "));
}
