//! Answers that never come, never end, or are none.

use std::{io::Write, sync::Arc, time::Duration};

use flate2::{Compression, write};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time,
};

use super::*;
use crate::contract::Obstacle;

async fn obstacle(address: SocketAddr) -> Obstacle {
    get(address).await.expect_err("no answer").obstacle
}

/// A server that sends `head` and then `chunk` for ever, and reports how much it could send.
async fn flooding(head: &'static str, chunk: Vec<u8>) -> (SocketAddr, mpsc::Receiver<usize>) {
    let (sent, received) = mpsc::channel(1);
    let chunk = Arc::new(chunk);
    let address = server(move |mut stream| {
        let (sent, chunk) = (sent.clone(), Arc::clone(&chunk));
        async move {
            read_header(&mut stream).await;
            let mut total = 0;
            let mut outcome = stream.write_all(head.as_bytes()).await;
            while outcome.is_ok() {
                outcome = stream.write_all(&chunk).await;
                total += chunk.len();
            }
            let _ = sent.send(total).await;
        }
    })
    .await;
    (address, received)
}

/// What the kernel's buffers on both sides may hold besides what we read.
const BUFFERED: usize = 16 << 20;

#[tokio::test]
async fn a_closed_port_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let refused = get(address).await.expect_err("closed");
    assert_eq!(refused.obstacle, Obstacle::Refused);
    assert_eq!(refused.detail, format!("{address} refused the connection"));
}

#[tokio::test]
async fn silence_is_a_time_out() {
    let address = server(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let url = url("http", address);
    let silent = soon(session(hasty(&url)).exchange(Request::get(url))).await.expect_err("silent");
    assert_eq!(silent.obstacle, Obstacle::Timeout);
    assert!(silent.detail.contains("sent nothing"), "{silent}");
}

#[tokio::test]
async fn a_header_that_stops_or_drips_is_a_time_out() {
    for pause in [Duration::from_hours(1), Duration::from_millis(10)] {
        let address = server(move |mut stream| async move {
            let mut outcome = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await;
            while outcome.is_ok() {
                time::sleep(pause).await;
                outcome = stream.write_all(b"y").await;
            }
        })
        .await;
        let url = url("http", address);
        let slow = soon(session(hasty(&url)).exchange(Request::get(url))).await.expect_err("slow");
        assert_eq!(slow.obstacle, Obstacle::Timeout);
        assert!(slow.detail.contains("no complete header"), "{slow}");
    }
}

#[tokio::test]
async fn a_body_that_stops_or_drips_is_cut_and_what_came_is_kept() {
    for pause in [Duration::from_hours(1), Duration::from_millis(10)] {
        let address = server(move |mut stream| async move {
            read_header(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nab";
            let mut outcome = stream.write_all(head).await;
            while outcome.is_ok() {
                time::sleep(pause).await;
                outcome = stream.write_all(b"c").await;
            }
        })
        .await;
        let url = url("http", address);
        let slow = soon(session(hasty(&url)).exchange(Request::get(url))).await.expect("a header");
        assert_eq!(slow.body.cut.expect("cut").obstacle, Obstacle::Timeout);
        assert!(slow.body.bytes.starts_with(b"ab"));
    }
}

#[tokio::test]
async fn a_body_without_end_is_read_up_to_the_budget() {
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
    ] {
        let (address, mut sent) = flooding(head, vec![b'x'; 64 << 10]).await;
        let answer = get(address).await.expect("a header");
        assert_eq!(answer.body.cut.expect("cut").obstacle, Obstacle::OverBudget);
        assert_eq!(answer.body.bytes.len(), Budgets::default().body_bytes);
        let sent = soon(sent.recv()).await.expect("the server noticed");
        assert!(sent <= Budgets::default().body_bytes + BUFFERED, "{sent}");
    }
}

#[tokio::test]
async fn chunks_without_content_are_read_up_to_the_connections_budget() {
    // Each chunk carries one byte in six.
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let (address, mut sent) = flooding(head, b"1\r\nx\r\n".repeat(8 << 10)).await;
    let answer = get(address).await.expect("a header");
    assert_eq!(answer.body.cut.expect("cut").obstacle, Obstacle::OverBudget);
    soon(sent.recv()).await.expect("the server noticed");
}

#[tokio::test]
async fn a_body_of_exactly_the_budget_is_whole() {
    let bytes = Budgets::default().body_bytes;
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + bytes, b'x');
    let answer = get(answering(answer).await).await.expect("an answer");
    assert_eq!((answer.body.bytes.len(), answer.body.cut), (bytes, None));
}

#[tokio::test]
async fn a_header_without_end_is_over_budget() {
    let (address, mut sent) =
        flooding("HTTP/1.1 200 OK\r\n", b"x: yyyyyyyyyyyy\r\n".repeat(4096)).await;
    assert_eq!(obstacle(address).await, Obstacle::OverBudget);
    assert!(soon(sent.recv()).await.expect("noticed") <= BUFFERED);

    let (address, mut sent) = flooding("HTTP/1.1 200 OK\r\nx: ", vec![b'y'; 64 << 10]).await;
    assert_eq!(obstacle(address).await, Obstacle::OverBudget);
    assert!(soon(sent.recv()).await.expect("noticed") <= BUFFERED);

    let lines = "x: y\r\n".repeat(101);
    let address = answering(format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).await;
    assert_eq!(obstacle(address).await, Obstacle::OverBudget);
}

#[tokio::test]
async fn what_is_not_http_breaks_the_protocol() {
    for garbage in [
        &b"\x00\x01\x02\xff\xfe garbage \r\n\r\n"[..],
        b"220 mail.example ESMTP\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n",
    ] {
        let address = answering(garbage).await;
        let failed = get(address).await.expect_err("no HTTP");
        assert_eq!(failed.obstacle, Obstacle::Protocol, "{}: {failed}", garbage.escape_ascii());
    }
    let broken_chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n";
    let answer = get(answering(broken_chunk).await).await.expect("a header");
    assert_eq!(answer.body.cut.expect("cut").obstacle, Obstacle::Protocol);
    assert_eq!(answer.body.bytes, "abc");
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_closed() {
    assert_eq!(obstacle(answering("").await).await, Obstacle::Closed);
    assert_eq!(obstacle(answering("HTTP/1.1 200 OK\r\nx: y").await).await, Obstacle::Closed);
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc";
    let answer = get(answering(half).await).await.expect("a header");
    assert_eq!(answer.body.cut.expect("cut").obstacle, Obstacle::Closed);
    assert_eq!(answer.body.bytes, "abc");
}

#[tokio::test]
async fn a_reset_is_told_from_a_close() {
    let address = server(|mut stream| async move {
        read_header(&mut stream).await;
        stream.set_zero_linger().expect("set");
    })
    .await;
    assert_eq!(obstacle(address).await, Obstacle::Reset);

    // A reset throws away what the client has not read: it must have begun to.
    let address = server(|mut stream| async move {
        read_header(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n";
        stream.write_all(head).await.expect("sent");
        stream.write_all(&vec![b'x'; 2 * BUFFERED]).await.expect("read in part");
        stream.set_zero_linger().expect("set");
    })
    .await;
    let url = url("http", address);
    let mut settings = settings(&url);
    settings.budgets.body_bytes = 4 * BUFFERED;
    let answer = soon(session(settings).exchange(Request::get(url))).await.expect("a header");
    assert_eq!(answer.body.cut.expect("cut").obstacle, Obstacle::Reset);
}

#[tokio::test]
async fn a_folded_header_line_is_one() {
    let address = answering("HTTP/1.1 204 No Content\r\nx: a\r\n b\r\n\r\n").await;
    assert_eq!(get(address).await.expect("an answer").header("x"), Some("a b"));
}

#[tokio::test]
async fn an_interim_answer_is_not_the_answer() {
    let address =
        answering("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
            .await;
    assert_eq!(get(address).await.expect("an answer").status, 204);
}

#[tokio::test]
async fn an_abandoned_exchange_leaves_nothing_behind() {
    let (ended, mut end) = mpsc::channel(1);
    let address = server(move |mut stream| {
        let ended = ended.clone();
        async move {
            read_header(&mut stream).await;
            let _ = ended.send(stream.read(&mut [0; 1]).await.map_err(|_| ())).await;
        }
    })
    .await;
    let url = url("http", address);
    let session = session(settings(&url));
    let abandoned = time::timeout(Duration::from_millis(100), session.exchange(Request::get(url)));
    abandoned.await.expect_err("it hangs");
    let end = soon(end.recv()).await.expect("the server saw the end");
    assert_eq!(end.unwrap_or(0), 0, "the connection is gone");
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = write::GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).expect("in memory");
    encoder.finish().expect("in memory")
}

async fn encoded(coding: &str, body: &[u8]) -> super::super::Body {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    get(answering(answer).await).await.expect("an answer").body
}

#[tokio::test]
async fn a_body_is_decoded_although_nobody_asked_for_it() {
    let mut zlib = write::ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(b"hello").expect("in memory");
    let mut raw = write::DeflateEncoder::new(Vec::new(), Compression::fast());
    raw.write_all(b"hello").expect("in memory");
    for (coding, body) in [
        ("gzip", gzip(b"hello")),
        ("identity, X-GZIP", gzip(b"hello")),
        ("deflate", zlib.finish().expect("in memory")),
        ("deflate", raw.finish().expect("in memory")),
    ] {
        let body = encoded(coding, &body).await;
        assert_eq!((&body.bytes[..], body.cut), (&b"hello"[..], None), "{coding}");
    }
    let empty = encoded("gzip", b"").await;
    assert_eq!((empty.bytes.len(), empty.cut), (0, None));
}

#[tokio::test]
async fn a_bomb_goes_off_within_the_budget() {
    let bomb = gzip(&vec![0; 64 << 20]);
    assert!(bomb.len() < Budgets::default().body_bytes / 8);
    let body = encoded("gzip", &bomb).await;
    assert_eq!(body.cut.expect("cut").obstacle, Obstacle::OverBudget);
    assert_eq!(body.bytes.len(), Budgets::default().body_bytes);
}

#[tokio::test]
async fn what_cannot_be_decoded_is_said_so() {
    let whole = gzip(&(0..=255).cycle().take(10_000).collect::<Vec<u8>>());
    for (coding, body) in [
        ("gzip", &whole[..whole.len() - 10]),
        ("gzip", b"this is not gzip"),
        ("br", b"whatever it is"),
        ("gzip, gzip", &whole),
    ] {
        let body = encoded(coding, body).await;
        assert_eq!(body.cut.expect(coding).obstacle, Obstacle::Protocol, "{coding}");
    }
}

#[tokio::test]
async fn a_raw_conversation_is_bounded_too() {
    let (address, mut sent) = flooding("", vec![b'x'; 64 << 10]).await;
    let target = url("http", address);
    let endpoint = Endpoint::of_url(&target).expect("a host");
    let answer =
        soon(session(settings(&target)).raw(&endpoint, false, b"x\r\n\r\n", PATIENT)).await;
    let answer = answer.expect("an answer");
    let budget = Budgets::default().connection_bytes();
    assert!(!answer.closed);
    assert!((budget..budget + BUFFERED).contains(&answer.bytes.len()), "{}", answer.bytes.len());
    soon(sent.recv()).await.expect("the server noticed");
}

#[tokio::test]
async fn raw_bytes_go_out_as_they_are_and_come_back_as_they_are() {
    let address = server(|mut stream: TcpStream| async move {
        let sent = read_header(&mut stream).await;
        stream.write_all(sent.as_bytes()).await.expect("echoed");
    })
    .await;
    let target = url("http", address);
    let endpoint = Endpoint::of_url(&target).expect("a host");
    let request = b"GET /a/../b HTTP/1.1\r\nHost: a\r\nHost: b\r\n \tx\r\n\r\n";
    let session = session(settings(&target));
    let answer = soon(session.raw(&endpoint, false, request, PATIENT)).await.expect("an answer");
    assert_eq!(answer.bytes, &request[..]);
    assert!(answer.closed && answer.first_byte.is_some());

    // Half a request: the server waits for the rest.
    let quiet = Duration::from_millis(50);
    let answer = soon(session.raw(&endpoint, false, b"GET /", quiet)).await.expect("silence");
    assert!(answer.bytes.is_empty() && !answer.closed && answer.first_byte.is_none());
}
