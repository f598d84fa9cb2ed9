//! Targets that hang, lie, flood, reset and redirect: a clear answer, no pass, nobody else disturbed.

use std::future::pending;

use gonogo_probes::contract::specimen::{Answer, Certified, Pki, Server, refusing};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;

use crate::support::{Site, finding};

/// Reads the request's header, so that what follows is an answer.
async fn hear(stream: &mut TcpStream) {
    let mut heard = Vec::new();
    let mut byte = [0];
    while !heard.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
        heard.push(byte[0]);
    }
}

/// Says the same for as long as the client listens.
async fn repeat(stream: &mut TcpStream, text: &[u8]) {
    while stream.write_all(text).await.is_ok() {}
}

/// A server that, having heard a request, says `opening`, and then `then` again and again.
async fn saying(opening: &'static str, then: &'static str) -> Server {
    Server::raw(move |mut stream| async move {
        hear(&mut stream).await;
        let _ = stream.write_all(opening.as_bytes()).await;
        if then.is_empty() {
            pending::<()>().await;
        }
        repeat(&mut stream, then.repeat(64).as_bytes()).await;
    })
    .await
}

/// Visits a target with an expectation that only a sound answer could meet, and returns the status and
/// the obstacle of its `http-unexpected`. The target gets no pass, and its sound neighbour a GO.
async fn visit(url: &Url) -> (String, String) {
    let neighbour = Server::http(|_| Answer::json(200, r#"{"status":"ok"}"#)).await;
    let target = |name, url: &Url| {
        format!(
            "  - name: {name}\n    url: {url}\n    budgets: {{ connect_timeout: 2s, read_timeout: 2s }}\n    probes:\n      - http: {{ url: {url}, expect: {{ status: [200], body: sound }} }}\n"
        )
    };
    let sound = target("sound", &neighbour.url("/")).replace("body: sound", "body: ok");
    let site = Site::new(&format!("targets:\n{}{sound}", target("hostile", url)));
    let (code, report) = tokio::task::spawn_blocking(move || site.report(&[])).await.expect("ran");
    assert_ne!(code, Some(0), "{report:#}");
    assert_eq!(report["targets"][1]["verdict"], "go", "{report:#}");
    let found = report["targets"][0]["findings"].as_array().expect("findings");
    // That something answered is all that may be good about it.
    let passed = found.iter().filter(|f| f["status"] == "pass").map(|f| &f["check"]);
    let passed: Vec<_> = passed.filter(|check| *check != "http-unreachable").collect();
    assert!(passed.is_empty(), "{passed:?}");
    let found = finding(&report, "hostile", "http-unexpected");
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("obstacle"))
}

fn unknown(obstacle: &str) -> (String, String) {
    ("unknown".to_owned(), obstacle.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_is_refused() {
    let (address, _guard) = refusing();
    let url = format!("http://{address}/").parse().expect("a URL");
    assert_eq!(visit(&url).await, unknown("refused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_after_connecting_is_a_timeout() {
    let server = Server::raw(|stream| async move {
        let _stream = stream;
        pending::<()>().await;
    })
    .await;
    assert_eq!(visit(&server.url("/")).await, unknown("timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_header_is_a_timeout() {
    let server = saying("HTTP/1.1 200 OK\r\nContent-", "").await;
    assert_eq!(visit(&server.url("/")).await, unknown("timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_comes_is_a_timeout() {
    let server = saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "").await;
    assert_eq!(visit(&server.url("/")).await, unknown("timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_ends_is_over_budget() {
    let opening = "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n";
    let server = saying(opening, "flood flood flood flood flood flood flood flood").await;
    assert_eq!(visit(&server.url("/")).await, unknown("over_budget"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_never_ends_is_over_budget() {
    let server = saying("HTTP/1.1 200 OK\r\n", "X-Flood: flood flood flood flood flood\r\n").await;
    assert_eq!(visit(&server.url("/")).await, unknown("over_budget"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decompression_bomb_is_over_budget() {
    let bomb = {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![0; 1 << 20];
        for _ in 0..100 {
            gzip.write_all(&zeros).expect("in memory");
        }
        gzip.finish().expect("in memory")
    };
    let server =
        Server::http(move |_| Answer::text(200, bomb.clone()).header("content-encoding", "gzip"))
            .await;
    assert_eq!(visit(&server.url("/")).await, unknown("over_budget"));
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_breaks_the_protocol() {
    let server = saying("\u{0}\u{1}\u{2}garbage\r\n\r\n\r\n", "").await;
    assert_eq!(visit(&server.url("/")).await, unknown("protocol"));
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_http_breaks_the_protocol() {
    let server = saying("HTTP/1.1 two-hundred OK\r\n\r\n", "").await;
    assert_eq!(visit(&server.url("/")).await, unknown("protocol"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_is_a_closed_connection() {
    let server = Server::raw(|mut stream| async move { hear(&mut stream).await }).await;
    assert_eq!(visit(&server.url("/")).await, unknown("closed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_is_a_reset() {
    let server = Server::raw(|mut stream| async move {
        let _ = stream.read_u8().await;
        let _ = stream.set_zero_linger();
    })
    .await;
    assert_eq!(visit(&server.url("/")).await, unknown("reset"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_and_is_no_sound_answer() {
    for place in ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/", "/"] {
        let server = Server::http(move |_| Answer::text(302, "").header("location", place)).await;
        assert_eq!(visit(&server.url("/")).await, ("fail".to_owned(), String::new()), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_nobody_vouches_for_is_not_looked_past() {
    let tls = Certified::self_signed(&["localhost"]).server_config();
    let server = Server::https(tls, |_| Answer::text(200, "sound")).await;
    assert_eq!(visit(&server.url_as("localhost", "/")).await, unknown("tls"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_message_of_64_kibibytes_is_not_looked_past() {
    let pki = Pki::new();
    let mut certified = pki.leaf(&["localhost"]);
    while certified.chain.iter().map(|der| der.len()).sum::<usize>() < 1 << 16 {
        certified.chain.push(pki.intermediate());
    }
    let server = Server::https(certified.server_config(), |_| Answer::text(200, "sound")).await;
    assert_eq!(visit(&server.url_as("localhost", "/")).await, unknown("tls"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_changes_between_visits_is_told_each_time() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let visits = AtomicU64::new(0);
    let server = Server::http(move |_| match visits.fetch_add(1, Ordering::Relaxed) / 8 % 2 {
        0 => Answer::text(200, "sound"),
        _ => Answer::text(500, "lost"),
    })
    .await;
    let site = Site::new(&format!(
        "targets:\n  - name: fickle\n    url: {0}\n    interval: 1s\n    probes:\n      - http: {{ url: {0}, expect: {{ body: sound }} }}\n",
        server.url("/")
    ));
    let daemon = site.serve(&[]);
    let status = |word: &str| {
        let line = format!("check=\"http-unexpected\",status=\"{word}\"}} 1");
        daemon.wait_until("/metrics", |text| text.contains(&line));
    };
    status("pass");
    status("fail");
    status("pass");
}
