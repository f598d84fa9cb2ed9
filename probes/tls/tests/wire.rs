//! Ports on which something else than TLS happens.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Scene, failed, items, kind, skipped, unknown};
use crate::contract::{
    Obstacle, Outcome, Report,
    specimen::{Pki, Server, refusing},
};

async fn report(server: &Server) -> Report {
    let mut scene = Scene::at(&[server.address()], Pki::new().root());
    scene.budgets.connect_timeout = Duration::from_millis(300);
    scene.visit().await
}

/// Says this as soon as somebody connects, and waits for the other side to go.
async fn saying(bytes: &'static [u8]) -> Server {
    Server::raw(move |mut stream| async move {
        let _ = stream.write_all(bytes).await;
        linger(stream).await;
    })
    .await
}

async fn linger(mut stream: TcpStream) {
    let mut buffer = [0; 512];
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
}

/// Nothing of the certificate can be told, whatever came of the handshake.
fn assert_nothing_else_told(report: &Report) {
    let others = kind().checks().into_iter().map(|check| check.id);
    let others: Vec<_> = others.filter(|id| *id != "tls-unreachable").collect();
    let (unknown, skipped) = (unknown(report), skipped(report));
    let told: Vec<_> =
        others.iter().filter(|id| !unknown.contains(id) && !skipped.contains(id)).collect();
    assert!(told.is_empty(), "{told:?}");
}

#[tokio::test]
async fn what_is_certainly_not_tls_fails() {
    let banners: [&[u8]; 4] = [
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        b"220 mail.shop.example ESMTP Postfix\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        &[0xff; 64],
    ];
    for banner in banners {
        let report = report(&saying(banner).await).await;
        assert_eq!(failed(&report), ["tls-unreachable"], "{banner:?}");
        let seen = &items(&report, "tls-unreachable")[0].seen;
        assert_eq!(seen, "what answers on this port is not TLS", "{banner:?}");
        assert_nothing_else_told(&report);
    }
}

#[tokio::test]
async fn a_closed_port_fails() {
    let (address, _guard) = refusing();
    let report = Scene::at(&[address], Pki::new().root()).visit().await;
    assert_eq!(failed(&report), ["tls-unreachable"]);
    assert_nothing_else_told(&report);
}

#[tokio::test]
async fn silence_is_unknown() {
    let report = report(&Server::raw(linger).await).await;
    assert_eq!(failed(&report), [""; 0]);
    assert_eq!(items(&report, "tls-unreachable")[0].outcome, Outcome::Unknown(Obstacle::Timeout));
    assert_nothing_else_told(&report);
}

#[tokio::test]
async fn a_reset_is_unknown() {
    let server = Server::raw(|mut stream| async move {
        let mut hello = [0; 64];
        let _ = stream.read(&mut hello).await;
        // With unread bytes in the buffer, closing resets.
    })
    .await;
    let report = report(&server).await;
    assert_eq!(failed(&report), [""; 0]);
    let outcome = items(&report, "tls-unreachable")[0].outcome;
    assert!(matches!(outcome, Outcome::Unknown(Obstacle::Reset | Obstacle::Closed)), "{outcome:?}");
    assert_nothing_else_told(&report);
}

#[tokio::test]
async fn an_alert_fails_and_is_named() {
    // Fatal, unrecognized_name: what nginx says with `ssl_reject_handshake on`.
    let report = report(&saying(&[0x15, 3, 3, 0, 2, 2, 112]).await).await;
    assert_eq!(failed(&report), ["tls-unreachable"]);
    let seen = &items(&report, "tls-unreachable")[0].seen;
    assert!(seen.contains("unrecognized_name"), "{seen}");
}

#[tokio::test]
async fn a_server_that_wants_an_old_version_has_nothing_in_common_with_current_clients() {
    // A ServerHello of TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA.
    let mut hello = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0, 0x2f, 0]);
    let hello: &'static [u8] = hello.leak();
    let report = report(&saying(hello).await).await;
    // It answers every hello with the same suite, whether that was offered or not.
    assert_eq!(
        failed(&report),
        ["tls-unreachable", "tls-legacy-version", "tls-static-key-exchange"]
    );
    let seen = &items(&report, "tls-unreachable")[0].seen;
    assert!(seen.contains("nothing in common"), "{seen}");
}
