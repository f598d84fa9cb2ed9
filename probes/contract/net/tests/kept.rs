//! Connections that are kept open.

use std::{convert::Infallible, sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderName, Method, StatusCode, Version, header};
use axum::{
    Router,
    body::Body,
    response::IntoResponse,
    routing::{any, get},
};
use bytes::Bytes;
use hyper::body::Frame;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

use super::{
    super::{Ending, Failed, Happening, HttpConnection, HttpOptions, Sent, Speaks, Upgrade},
    *,
};
use crate::contract::{Obstacle, specimen::Pki};

/// A server of axum's, with everything a connection can show.
fn router(release: &Arc<Notify>) -> Router {
    let release = Arc::clone(release);
    Router::new()
        .route("/", get(|| async { "ok" }))
        .route("/echo", any(|body: Bytes| async move { body }))
        .route(
            "/slow",
            get(move || {
                let release = Arc::clone(&release);
                async move {
                    release.notified().await;
                    "late"
                }
            }),
        )
        .route(
            "/trailers",
            get(|| async {
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", "0".parse().expect("a value"));
                let frames = [Frame::data(Bytes::from_static(b"body")), Frame::trailers(trailers)];
                let frames = frames.into_iter().map(Ok::<_, Infallible>);
                let body = http_body_util::StreamBody::new(futures_util::stream::iter(frames));
                ([(header::TRAILER, "grpc-status")], Body::new(body)).into_response()
            }),
        )
        .route("/last", get(|| async { ([(header::CONNECTION, "close")], "bye") }))
        .route("/many", get(|| async { vec![b'x'; 50 << 20] }))
        .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
}

async fn plain() -> (SocketAddr, Arc<Notify>) {
    let release = Arc::new(Notify::new());
    let router = router(&release);
    let address = server(move |stream| {
        let service = TowerToHyperService::new(router.clone());
        async move {
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        }
    });
    (address.await, release)
}

async fn opened(session: &Session, url: &Url, speaks: Speaks) -> HttpConnection {
    let options = HttpOptions { speaks, ..HttpOptions::default() };
    soon(session.http(url, options)).await.expect("a connection")
}

fn at(url: &Url, path: &str) -> Request {
    Request::get(url.join(path).expect("a path"))
}

#[tokio::test]
async fn many_requests_go_over_one_connection() {
    let (address, _) = plain().await;
    let url = url("http", address);
    for (speaks, version) in
        [(Speaks::Negotiated, Version::HTTP_11), (Speaks::Http2, Version::HTTP_2)]
    {
        let session = session(settings(&url));
        let connection = opened(&session, &url, speaks).await;
        for i in 0..5 {
            let mut request = at(&url, "/echo");
            request.method = Method::POST;
            request.body = format!("number {i}").into();
            let exchange = soon(connection.exchange(request)).await.expect("an answer");
            assert_eq!((exchange.version, exchange.status.as_u16()), (version, 200));
            assert_eq!(exchange.body.text(), format!("number {i}"));
            assert!(exchange.replay.starts_with("curl "), "{}", exchange.replay);
        }
        assert_eq!(connection.version(), version);
        assert_eq!(session.spent(), 5, "the connection is one with its first request");
        let events = session.feed();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!((events[0].what, events[0].times), (Happening::Connected, 1));
    }
}

#[tokio::test]
async fn http2_asks_at_the_same_time() {
    let (address, release) = plain().await;
    let url = url("http", address);
    let session = session(settings(&url));
    let connection = opened(&session, &url, Speaks::Http2).await;
    let slow = connection.exchange(at(&url, "/slow"));
    let quick = async {
        let exchange = connection.exchange(at(&url, "/")).await.expect("an answer");
        release.notify_one();
        exchange
    };
    let (slow, quick) = soon(async { tokio::join!(slow, quick) }).await;
    assert_eq!(
        (slow.expect("released").body.text(), quick.body.text()),
        ("late".into(), "ok".into())
    );
}

#[tokio::test]
async fn trailers_are_read() {
    let (address, _) = plain().await;
    let url = url("http", address);
    for speaks in [Speaks::Http1, Speaks::Http2] {
        let session = session(settings(&url));
        let connection = opened(&session, &url, speaks).await;
        let asking = at(&url, "/trailers").header(header::TE, "trailers");
        let exchange = soon(connection.exchange(asking)).await.expect("an answer");
        assert_eq!(exchange.body.text(), "body");
        let status = exchange.trailers.get("grpc-status").map(|value| value.as_bytes().to_vec());
        assert_eq!(status.as_deref(), Some(&b"0"[..]), "{speaks:?}");
    }
}

#[tokio::test]
async fn an_announced_end_is_seen_and_what_is_asked_after_it_was_not_sent() {
    let (address, _) = plain().await;
    let url = url("http", address);
    let session = session(settings(&url));
    let connection = opened(&session, &url, Speaks::Http1).await;
    soon(connection.exchange(at(&url, "/"))).await.expect("an answer");
    assert!(!connection.close_announced());
    soon(connection.exchange(at(&url, "/last"))).await.expect("an answer");
    assert!(connection.close_announced());
    soon(connection.over()).await;
    let failed = soon(connection.exchange(at(&url, "/"))).await.expect_err("over");
    assert_eq!((failed.sent, failed.reused, failed.not_processed), (Sent::Nothing, true, true));
    assert_eq!(failed.obstructed.obstacle, Obstacle::Closed);
    let what: Vec<_> = session.feed().iter().map(|event| event.what).collect();
    assert!(what.contains(&Happening::CloseAnnounced), "{what:?}");
}

/// A server that answers `first` requests in full, and does with the next one what `then` does.
async fn breaking<F, Fut>(first: usize, then: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    server(move |mut stream| {
        let then = then.clone();
        async move {
            for _ in 0..first {
                read_header(&mut stream).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            }
            then(stream).await;
        }
    })
    .await
}

async fn failure(address: SocketAddr, before: usize, body: usize) -> (Failed, HttpConnection) {
    let url = url("http", address);
    let session = session(settings(&url));
    let connection = opened(&session, &url, Speaks::Http1).await;
    for _ in 0..before {
        soon(connection.exchange(at(&url, "/"))).await.expect("an answer");
    }
    let mut request = at(&url, "/");
    request.body = vec![b'x'; body].into();
    let failed = soon(connection.exchange(request)).await.expect_err("cut");
    (failed, connection)
}

#[tokio::test]
async fn a_cut_says_what_was_sent_and_whether_the_connection_was_fresh() {
    for before in [0, 2] {
        let address = breaking(before, |mut stream| async move {
            read_header(&mut stream).await;
        });
        let (failed, connection) = failure(address.await, before, 0).await;
        assert_eq!((failed.sent, failed.answered), (Sent::Whole, false));
        assert_eq!((failed.reused, failed.not_processed), (before > 0, false));
        assert_eq!(failed.obstructed.obstacle, Obstacle::Closed);
        assert_eq!(connection.traffic().end.map(|(end, _)| end), Some(Ending::Closed));
    }
    let address = breaking(0, |mut stream| async move {
        read_header(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: y").await;
    });
    let (failed, _) = failure(address.await, 0, 0).await;
    assert_eq!((failed.sent, failed.answered), (Sent::Whole, true));

    let address = breaking(0, |mut stream| async move {
        read_header(&mut stream).await;
        stream.set_zero_linger().expect("set");
    });
    let (failed, connection) = failure(address.await, 0, 0).await;
    assert_eq!(failed.obstructed.obstacle, Obstacle::Reset);
    assert_eq!(connection.traffic().end.map(|(end, _)| end), Some(Ending::Reset));

    // It reads the header and a little, and no more than the kernel takes on its own.
    let address = breaking(0, |mut stream| async move {
        read_header(&mut stream).await;
        time::sleep(Duration::from_millis(200)).await;
        stream.set_zero_linger().expect("set");
    });
    let (failed, _) = failure(address.await, 0, 64 << 20).await;
    assert_eq!((failed.sent, failed.not_processed), (Sent::Part, false));
}

#[tokio::test]
async fn the_end_of_an_idle_connection_is_seen_when_it_comes() {
    let release = Arc::new(Notify::new());
    let waiting = Arc::clone(&release);
    let address = breaking(1, move |stream| {
        let waiting = Arc::clone(&waiting);
        async move {
            waiting.notified().await;
            drop(stream);
        }
    });
    let url = url("http", address.await);
    let session = session(settings(&url));
    let connection = opened(&session, &url, Speaks::Http1).await;
    soon(connection.exchange(at(&url, "/"))).await.expect("an answer");
    assert!(!connection.is_over() && connection.traffic().end.is_none());
    let before = std::time::Instant::now();
    release.notify_one();
    soon(connection.over()).await;
    let (end, at) = connection.traffic().end.expect("an end");
    assert!(end == Ending::Closed && at >= before);
    assert_eq!(session.feed().last().map(|event| event.what), Some(Happening::ClosedIdle));
}

#[tokio::test]
async fn a_goaway_is_seen_and_what_is_under_way_is_finished() {
    let release = Arc::new(Notify::new());
    let router = router(&release);
    let drain = Arc::new(Notify::new());
    let draining = Arc::clone(&drain);
    let address = server(move |stream| {
        let service = TowerToHyperService::new(router.clone());
        let draining = Arc::clone(&draining);
        async move {
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let serving = builder.serve_connection(TokioIo::new(stream), service);
            let mut serving = std::pin::pin!(serving);
            tokio::select! {
                _ = &mut serving => return,
                () = draining.notified() => serving.as_mut().graceful_shutdown(),
            }
            let _ = serving.await;
        }
    });
    let url = url("http", address.await);
    let session = session(settings(&url));
    let connection = opened(&session, &url, Speaks::Http2).await;
    soon(connection.exchange(at(&url, "/"))).await.expect("an answer");
    let slow = connection.exchange(at(&url, "/slow"));
    let ending = async {
        let patience = Instant::now() + PATIENT;
        drain.notify_one();
        while connection.goaway().is_none() && Instant::now() < patience {
            time::sleep(Duration::from_millis(5)).await;
        }
        release.notify_one();
    };
    let (slow, ()) = soon(async { tokio::join!(slow, ending) }).await;
    assert_eq!(slow.expect("finished").body.text(), "late");
    assert_eq!(connection.goaway().expect("announced").code, 0);
    soon(connection.over()).await;
    let failed = soon(connection.exchange(at(&url, "/"))).await.expect_err("over");
    assert!(failed.not_processed && failed.reused, "{failed:?}");
    assert!(session.feed().iter().any(|event| event.what == Happening::GoAway));
}

#[tokio::test]
async fn a_server_that_switches_hands_over_the_stream() {
    let address = server(|mut stream| async move {
        read_header(&mut stream).await;
        let switch = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
                       upgrade: websocket\r\n\r\nhello";
        stream.write_all(switch).await.expect("sent");
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.expect("a word");
        stream.write_all(&word).await.expect("echoed");
    });
    let switching = url("http", address.await);
    let connection = opened(&session(settings(&switching)), &switching, Speaks::Http1).await;
    let upgrade = HeaderName::from_static("upgrade");
    let asking = at(&switching, "/").header(header::CONNECTION, "upgrade");
    let asking = asking.header(upgrade, "websocket");
    let switched = soon(connection.upgrade(asking)).await.expect("an answer");
    let Upgrade::Switched(exchange, mut stream) = switched else { panic!("{switched:?}") };
    assert_eq!(exchange.status, 101);
    let mut hello = [0; 5];
    soon(stream.read_exact(&mut hello)).await.expect("what came with the answer");
    stream.write_all(b"word").await.expect("sent");
    let mut word = Vec::new();
    soon(stream.read_to_end(&mut word)).await.expect("echoed");
    assert_eq!((&hello, word.as_slice()), (b"hello", &b"word"[..]));
    assert!(stream.traffic().read > 9 && stream.traffic().end.is_some());

    let declining = url("http", plain().await.0);
    let connection = opened(&session(settings(&declining)), &declining, Speaks::Http1).await;
    let declined = soon(connection.upgrade(at(&declining, "/"))).await.expect("an answer");
    assert!(matches!(declined, Upgrade::Declined(exchange) if exchange.status == 200));
}

#[tokio::test]
async fn fifty_megabytes_are_handed_on_in_pieces() {
    let (address, _) = plain().await;
    let url = url("http", address);
    let session = session(settings(&url));
    let connection = opened(&session, &url, Speaks::Http1).await;
    let most = 50 << 20;
    let request = Request { body_limit: Some(most), ..at(&url, "/many") };
    let (mut count, mut largest) = (0, 0);
    let mut sink = |piece: &[u8]| {
        count += piece.len();
        largest = largest.max(piece.len());
        std::ops::ControlFlow::Continue(())
    };
    let exchange = soon(connection.exchange_into(request.clone(), &mut sink)).await.expect("whole");
    assert_eq!((exchange.body.cut, exchange.body.bytes.len()), (None, 0));
    let exchange = soon(session.exchange_into(request, &mut sink)).await.expect("whole");
    assert_eq!(exchange.body.cut, None);
    assert!(count == 2 * most && largest <= 1 << 20, "{count} {largest}");

    let small = soon(connection.exchange(at(&url, "/many"))).await.expect("a header");
    assert_eq!(small.body.cut.expect("the usual budget").obstacle, Obstacle::OverBudget);
    let failed = soon(connection.exchange(at(&url, "/"))).await.expect_err("spoiled");
    assert_eq!(failed.sent, Sent::Nothing);
}

#[tokio::test]
async fn a_request_may_have_less_time_than_others() {
    let (address, release) = plain().await;
    let url = url("http", address);
    let session = session(settings(&url));
    let hasty = Request { within: Some(Duration::from_millis(100)), ..at(&url, "/slow") };
    let late = soon(session.exchange(hasty.clone())).await.expect_err("in time");
    assert_eq!(late.obstacle, Obstacle::Timeout);
    let connection = opened(&session, &url, Speaks::Http2).await;
    let late = soon(connection.exchange(hasty)).await.expect_err("in time");
    assert_eq!(late.obstructed.obstacle, Obstacle::Timeout);
    release.notify_waiters();
    soon(connection.exchange(at(&url, "/"))).await.expect("others go on");
}

#[tokio::test]
async fn alpn_settles_the_version_and_a_request_elsewhere_is_refused() {
    let pki = Pki::new();
    let acceptor = TlsAcceptor::from(pki.leaf(&["127.0.0.1"]).server_config());
    let router = router(&Arc::default());
    let address = server(move |stream| {
        let (acceptor, service) = (acceptor.clone(), TowerToHyperService::new(router.clone()));
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        }
    });
    let url = url("https", address.await);
    let mut settings = settings(&url);
    settings.trust.roots = Roots::Listed(Arc::new(vec![pki.root()]));
    let session = session(settings);
    for (speaks, version) in [
        (Speaks::Negotiated, Version::HTTP_2),
        (Speaks::Http1, Version::HTTP_11),
        (Speaks::Http2, Version::HTTP_2),
    ] {
        let connection = opened(&session, &url, speaks).await;
        let exchange = soon(connection.exchange(at(&url, "/"))).await.expect("an answer");
        assert_eq!(exchange.version, version);
        assert!(connection.negotiated().is_some() && !connection.phases().tls.is_zero());
        let elsewhere = Request::get(Url::parse("https://other.example/").expect("a URL"));
        let failed = soon(connection.exchange(elsewhere)).await.expect_err("elsewhere");
        assert_eq!(failed.obstructed.obstacle, Obstacle::NotAllowed);
    }
}

#[tokio::test]
async fn a_kept_connection_holds_its_place_and_each_request_its_budget() {
    let (address, _) = plain().await;
    let url = url("http", address);
    let mut settings = settings(&url);
    settings.budgets.in_flight = 1;
    settings.budgets.requests_per_visit = Some(3);
    let net = Net::new(settings).expect("a net");
    let session = net.session(Footprint::Passive);
    let connection = opened(&session, &url, Speaks::Http1).await;
    let other = net.session(Footprint::Passive);
    let mut waits = std::pin::pin!(other.exchange(at(&url, "/")));
    assert!(time::timeout(Duration::from_millis(50), waits.as_mut()).await.is_err());
    for _ in 0..3 {
        soon(connection.exchange(at(&url, "/"))).await.expect("an answer");
    }
    let fourth = soon(connection.exchange(at(&url, "/"))).await.expect_err("used up");
    assert_eq!(fourth.obstructed.obstacle, Obstacle::OverBudget);
    drop(connection);
    soon(waits).await.expect("its turn");
}
