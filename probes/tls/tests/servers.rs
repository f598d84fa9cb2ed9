//! Servers that speak TLS in their own way.

use std::{sync::Arc, time::Duration};

use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    join, time,
};
use tokio_rustls::TlsAcceptor;

use super::{Scene, fact, failed, items, unknown};
use crate::{
    contract::{
        Obstacle, Outcome,
        specimen::{Answer, Asked, Certified, Pki, Server, provider},
    },
    tls::specimens::server_config,
};

fn config(
    certified: &Certified,
    versions: &[&'static SupportedProtocolVersion],
    clients: Option<Arc<dyn ClientCertVerifier>>,
) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .expect("the provider has both versions");
    let builder = match clients {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    builder
        .with_single_cert(certified.chain.clone(), certified.key.clone_key())
        .expect("the key fits the certificate")
}

fn page(_: Asked) -> Answer {
    Answer::text(200, "ok")
}

#[tokio::test]
async fn a_server_of_one_version_is_as_good() {
    for (version, name) in [(&TLS12, "TLSv1.2"), (&TLS13, "TLSv1.3")] {
        let pki = Pki::new();
        let server =
            Server::https(config(&pki.leaf(&["shop.example"]), &[version], None).into(), page)
                .await;
        let report = Scene::at(&[server.address()], pki.root()).visit().await;
        let missing = if name == "TLSv1.2" {
            &["tls-modern-version-missing", "tls-post-quantum-missing", "tls-http2-missing"][..]
        } else {
            &["tls-http2-missing"]
        };
        assert_eq!((failed(&report), unknown(&report).len()), (missing.to_vec(), 0), "{report:#?}");
        let handshake = fact(&report, "handshake", &server.address().to_string());
        assert!(handshake.is_some_and(|text| text.starts_with(name)), "{handshake:?}");
    }
}

#[tokio::test]
async fn a_server_that_insists_on_client_certificates_is_judged_all_the_same() {
    let pki = Pki::new();
    let mut store = RootCertStore::empty();
    store.add(pki.root()).expect("a root");
    let verifier = WebPkiClientVerifier::builder_with_provider(store.into(), provider());
    let verifier = verifier.build().expect("a verifier");
    let missing = ["tls-modern-version-missing", "tls-post-quantum-missing", "tls-http2-missing"];
    for (version, fails, untold) in [(&TLS12, &missing[..2], 1), (&TLS13, &missing[2..], 0)] {
        let config = config(&pki.leaf(&["shop.example"]), &[version], Some(Arc::clone(&verifier)));
        let server = Server::https(config.into(), page).await;
        let report = Scene::at(&[server.address()], pki.root()).visit().await;
        assert_eq!((failed(&report), unknown(&report).len()), (fails.to_vec(), untold));
        let seen = &items(&report, "tls-unreachable")[0].seen;
        assert!(seen.contains("asks for a client certificate"), "{seen}");
        let ratio = report.readings.iter().find(|one| one.name == "tls_handshake_success_ratio");
        assert!((ratio.expect("a gauge").readings[0].value - 1.0).abs() < 1e-9);
    }
}

#[tokio::test]
async fn a_broker_that_knows_neither_http_is_met_without_an_offer() {
    let pki = Pki::new();
    let mut config = config(&pki.leaf(&["shop.example"]), &[&TLS13], None);
    config.alpn_protocols = vec![b"mqtt".to_vec()];
    let server = Server::https(config.into(), page).await;
    let report = Scene::at(&[server.address()], pki.root()).visit().await;
    assert_eq!((failed(&report), unknown(&report).len()), (vec!["tls-http2-missing"], 0));
}

#[tokio::test]
async fn a_certificate_of_ten_thousand_names_is_judged_and_fails_by_its_size() {
    let pki = Pki::new();
    let mut names: Vec<String> = (0..10_000).map(|n| format!("{n}.shop.example")).collect();
    names.push("shop.example".to_owned());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let server = Server::https(server_config(&pki.leaf(&names)), page).await;
    let report = Scene::at(&[server.address()], pki.root()).visit().await;
    assert_eq!(failed(&report), ["tls-chain-not-portable"]);
    let split = &items(&report, "tls-chain-not-portable")[0];
    assert!(
        split.seen.contains("bytes long (refused by OpenSSL, older Go, Java, GnuTLS"),
        "{split:?}"
    );
    let item = &items(&report, "tls-unreachable")[0];
    assert_eq!(item.outcome, Outcome::Unknown(Obstacle::OverBudget));
    assert!(item.seen.contains("larger than 64 KiB"), "{}", item.seen);
    // Without hellos the chain is not seen, and its size is all that is known.
    let mut scene = Scene::at(&[server.address()], pki.root());
    scene.settings = json!({ "depth": "handshake" });
    let report = scene.visit().await;
    assert_eq!(failed(&report), ["tls-chain-refused-by-one"]);
}

#[tokio::test]
async fn the_posture_reads_like_a_page() {
    let pki = Pki::new();
    let server = Server::https(pki.leaf(&["shop.example"]).server_config(), page).await;
    let report = Scene::at(&[server.address()], pki.root()).visit().await;
    assert_eq!(fact(&report, "certificate", "names"), Some("shop.example"));
    assert_eq!(fact(&report, "certificate", "key"), Some("ECDSA P-256"));
    assert_eq!(fact(&report, "certificate", "issuer"), Some("CN=gonogo specimen intermediate"));
    let until = fact(&report, "certificate", "valid until").expect("a date");
    assert!(until.ends_with("in 88 days") || until.ends_with("in 89 days"), "{until}");
    let root = fact(&report, "chain", "trusted root").expect("a root");
    assert!(root.starts_with("CN=gonogo specimen root, ECDSA P-256, until "), "{root}");
    let handshake = fact(&report, "handshake", &server.address().to_string()).expect("a handshake");
    assert!(handshake.contains("X25519MLKEM768, h2 in "), "{handshake}");
}

#[tokio::test]
async fn the_replay_is_a_command_for_this_address() {
    let pki = Pki::new();
    let server = Server::https(pki.leaf(&["other.example"]).server_config(), page).await;
    let address = server.address();
    let report = Scene::at(&[address], pki.root()).visit().await;
    let replay = items(&report, "tls-hostname-mismatch")[0].replay.as_deref();
    let wanted = format!(
        "openssl s_client -connect {address} -servername shop.example -showcerts </dev/null"
    );
    assert_eq!(replay, Some(wanted.as_str()));
}

#[tokio::test]
async fn tickets_that_are_long_on_their_way_are_waited_for() {
    let pki = Pki::new();
    let mut config = config(&pki.leaf(&["shop.example"]), &[&TLS13], None);
    config.max_early_data_size = 1024;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::raw(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let (near, far) = tokio::io::duplex(1 << 16);
            let (from_client, to_client) = stream.into_split();
            let (from_server, to_server) = tokio::io::split(near);
            let serve = async {
                if let Ok(mut stream) = acceptor.accept(far).await {
                    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                }
            };
            join!(serve, delay(from_client, to_server), delay(from_server, to_client));
        }
    })
    .await;
    let mut scene = Scene::at(&[server.address()], pki.root());
    scene.settings = json!({ "depth": "handshake" });
    let report = scene.visit().await;
    assert!(failed(&report).contains(&"tls-early-data"), "{:?}", items(&report, "tls-early-data"));
}

/// Hands on what it reads, as from the other side of the world.
async fn delay(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        time::sleep(Duration::from_millis(300)).await;
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
