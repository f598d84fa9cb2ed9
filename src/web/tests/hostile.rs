//! Clients that stall, lie or flood, and the end of the daemon all the same.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    time::timeout,
};

use super::{
    client::{Served, ask, options},
    sample,
};
use crate::web::{Limits, Options, Reload, Stop};

fn impatient() -> Options {
    let limits = Limits {
        handshake: Duration::from_millis(200),
        header: Duration::from_millis(200),
        ..options().limits
    };
    Options { limits, ..options() }
}

/// Everything that comes until the listener closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end");
    // A reset is an end too: there may be bytes that nobody read.
    let _ = read;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Longer than anything here takes, so that a hang is a failure and not the end of the test run.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn whoever_takes_too_long_to_ask_is_cut_off() {
    let served = Served::start(sample::mixed(), impatient()).await;
    for begun in ["", "G", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", "PRI * HTTP/2.0\r\n\r\n"] {
        let mut stream = served.send(begun).await;
        assert!(!rest(&mut stream).await.contains("200 OK"), "{begun:?}");
    }
    assert_eq!(served.get("/-/healthy").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_second_header_has_no_more_time_than_the_first() {
    let served = Served::start(sample::mixed(), impatient()).await;
    let mut stream = served.send("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"gonogo is healthy\n") {
        let read = stream.read_buf(&mut answer).await.expect("an answer");
        assert!(read > 0, "the connection is kept");
    }
    stream.write_all(b"GET / HTTP/1.1\r\nHo").await.expect("the listener reads");
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn garbage_disturbs_nobody() {
    let served = Served::start(sample::mixed(), options()).await;
    let flood = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(500));
    for garbage in
        ["\0\u{1}\u{2}\u{3}\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n", flood.as_str(), many.as_str()]
    {
        let mut stream = served.connect().await;
        let _ = stream.write_all(garbage.as_bytes()).await;
        assert!(!rest(&mut stream).await.contains("200 OK"));
    }
    assert_eq!(served.get("/-/healthy").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_never_comes_is_not_waited_for() {
    let served = Served::start(sample::mixed(), impatient()).await;
    let request = "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc";
    let mut stream = served.send(request).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 403 "));
}

#[tokio::test]
async fn http_2_is_spoken_without_tls_too() {
    let served = Served::start(sample::mixed(), options()).await;
    let (mut sender, connection) = http2(&served).await;
    let request = Request::get("http://gonogo.test/-/healthy").body(Empty::new()).expect("valid");
    let answer = async {
        let answer = sender.send_request(request).await.expect("an answer");
        answer.into_body().collect().await.expect("a body").to_bytes()
    };
    tokio::select! {
        body = answer => assert_eq!(body, "gonogo is healthy\n"),
        ended = connection => panic!("the connection ended: {ended:?}"),
    }
}

type Sender = hyper::client::conn::http2::SendRequest<Empty<Bytes>>;
type Connection =
    hyper::client::conn::http2::Connection<TokioIo<TcpStream>, Empty<Bytes>, TokioExecutor>;

async fn http2(served: &Served) -> (Sender, Connection) {
    let stream = TokioIo::new(served.connect().await);
    hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.expect("HTTP/2")
}

#[tokio::test]
async fn hundreds_of_idle_and_deaf_clients_lock_nobody_out() {
    let limits = Limits { connections: 64, reserved: 2, ..options().limits };
    let served = Served::start(sample::mixed(), Options { limits, ..options() }).await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(served.connect().await);
        // An answer that nobody reads.
        idle.push(served.send(&"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50)).await);
        idle.push(served.send("GET / HTTP/1.1\r\nHost: ").await);
    }
    for path in ["/-/healthy", "/metrics", "/"] {
        let answer = timeout(PATIENCE, served.get(path)).await.expect("a seat");
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn while_every_seat_has_a_request_under_way_health_and_metrics_are_answered() {
    let (options, begun, release) = held();
    let limits = Limits { connections: 1, reserved: 1, ..options.limits };
    let served = Served::start(sample::mixed(), Options { limits, ..options }).await;
    let mut reload = served.send("POST /-/reload HTTP/1.1\r\nHost: x\r\n\r\n").await;
    begun.notified().await;
    for path in ["/-/healthy", "/-/ready", "/metrics"] {
        assert_eq!(served.get(path).await.status, StatusCode::OK, "{path}");
    }
    let page = served.get("/").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(page.header("retry-after"), "5");
    release.notify_one();
    reload.read_exact(&mut [0; 15]).await.expect("an answer");
    assert_eq!(served.get("/").await.status, StatusCode::OK);
}

/// A reload that takes until it is released.
fn held() -> (Options, Arc<Notify>, Arc<Notify>) {
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, released) = (Arc::clone(&begun), Arc::clone(&release));
    let reload = Reload::by(move || {
        let (begins, released) = (Arc::clone(&begins), Arc::clone(&released));
        async move {
            begins.notify_one();
            released.notified().await;
            Ok(())
        }
    });
    (Options { reload: Some(reload), ..options() }, begun, release)
}

#[tokio::test]
async fn shutdown_waits_for_requests_under_way_and_for_nobody_else() {
    let (options, begun, release) = held();
    let mut served = Served::start(sample::mixed(), options).await;
    let mut header = served.send("GET / HTTP/1.1\r\nHost: ").await;
    let mut silent = served.connect().await;
    let mut kept = served.send("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let body = "PUT /-/reload HTTP/1.1\r\nHost: x\r\nOrigin: null\r\nContent-Length: 9\r\n\r\nx";
    let mut body = served.send(body).await;
    // Its client does nothing any more: no acknowledgement of settings, pings or GOAWAY.
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
    let mut deaf = served.send(preface).await;
    let mut first = [0; 9];
    deaf.read_exact(&mut first).await.expect("the listener's settings");

    let stream = served.connect().await;
    let under_way = ask(stream, "POST", "/-/reload", &[]);
    let end = async {
        begun.notified().await;
        served.shutdown.cancel();
        for stream in [&mut header, &mut silent, &mut kept, &mut body, &mut deaf] {
            rest(stream).await;
        }
        assert!(!served.ended.is_finished(), "a request is under way");
        release.notify_one();
    };
    let (answer, ()) = tokio::join!(under_way, end);
    assert_eq!(answer.status, StatusCode::OK);
    timeout(PATIENCE, &mut served.ended)
        .await
        .expect("an end before the deadline")
        .expect("no panic");
}

#[tokio::test]
async fn shutdown_ends_at_its_deadline_whatever_is_under_way() {
    let (options, begun, _release) = held();
    let limits = Limits { drain: Duration::from_millis(100), ..options.limits };
    let mut served = Served::start(sample::mixed(), Options { limits, ..options }).await;
    let mut endless = served.send("POST /-/reload HTTP/1.1\r\nHost: x\r\n\r\n").await;
    begun.notified().await;
    served.shutdown.cancel();
    timeout(PATIENCE, &mut served.ended).await.expect("an end").expect("no panic");
    assert_eq!(rest(&mut endless).await, "");
}

#[tokio::test]
async fn throughout_the_drain_it_is_healthy_and_not_ready_and_then_the_port_is_closed() {
    let (options, begun, release) = held();
    let (board, stop) = (sample::mixed(), Stop::default());
    let mut served = Served::start_with(Arc::clone(&board), options, stop.clone()).await;
    let mut stream = served.send("POST /-/reload HTTP/1.1\r\nHost: x\r\n\r\n").await;
    begun.notified().await;
    board.set_ready(false);
    stop.draining.cancel();
    let drains = async || {
        for (path, status) in
            [("/-/ready", 503), ("/-/healthy", 200), ("/metrics", 200), ("/", 503)]
        {
            assert_eq!(served.get(path).await.status.as_u16(), status, "{path}");
        }
    };
    drains().await;
    // One that says nothing has no seat for long.
    let mut silent = served.connect().await;
    assert_eq!(rest(&mut silent).await, "");
    release.notify_one();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
    // Visits go on: no request is under way, and the drain has not ended.
    drains().await;
    stop.done.cancel();
    timeout(PATIENCE, &mut served.ended).await.expect("an end").expect("no panic");
    #[expect(clippy::disallowed_methods, reason = "the listener under test is no target")]
    let late = TcpStream::connect(served.address).await;
    assert!(late.is_err(), "the port is closed");
}
