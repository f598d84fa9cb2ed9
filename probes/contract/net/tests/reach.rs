//! Where a request may go, and how it gets there.

use std::sync::{Arc, Mutex};

use ::http::header::{self, HeaderName};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, UnixListener},
};

use super::*;
use crate::contract::{
    Obstacle,
    setting::{Secret, Text},
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server that answers by the request target, and remembers every header it was sent.
async fn routing(
    answer: impl Fn(&str) -> String + Send + Sync + 'static,
) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
    let address = server(move |mut stream| {
        let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
        async move {
            let header = read_header(&mut stream).await;
            let target = header.split(' ').nth(1).unwrap_or_default().to_owned();
            log.lock().expect("log").push(header);
            let _ = stream.write_all(answer(&target).as_bytes()).await;
        }
    })
    .await;
    (address, seen)
}

fn to(location: impl std::fmt::Display) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
}

#[tokio::test]
async fn a_request_says_who_is_there() {
    let (address, seen) = routing(|_| OK.to_owned()).await;
    let exchange = get(address).await.expect("an answer");
    assert_eq!((exchange.status.as_u16(), &exchange.body.bytes[..]), (200, &b"ok"[..]));
    assert_eq!(exchange.address, Address::Ip(address));
    assert_eq!(exchange.replay, format!("curl -sS -i http://{address}/"));
    assert!(exchange.phases.resolve.is_zero() && exchange.phases.tls.is_zero());
    assert!(!exchange.phases.connect.is_zero() && !exchange.phases.first_byte.is_zero());
    assert_eq!(
        seen.lock().expect("log").remove(0),
        format!(
            "GET / HTTP/1.1\r\nhost: {address}\r\nuser-agent: gonogo/0.0.0 (+https://gonogo.example)\r\n\
             accept: */*\r\naccept-encoding: identity\r\n\r\n"
        )
    );
}

#[tokio::test]
async fn headers_and_targets_go_out_as_they_were_given() {
    let (address, seen) = routing(|_| OK.to_owned()).await;
    let url = url("http", address);
    let session = session(settings(&url));
    let mut request = Request::get(url.clone())
        .header(header::ORIGIN, "https://a.example")
        .header(header::HOST, "other.example")
        .header(header::ACCEPT, "text/html")
        .header(header::COOKIE, "a=1")
        .header(header::COOKIE, "b=2");
    for target in ["/a/../b//c/%2e%2e/;x?q=\\", "*", "http://proxied.example/"] {
        request.target = Some(target.to_owned());
        soon(session.exchange(request.clone())).await.expect(target);
        let header = seen.lock().expect("log").remove(0);
        assert!(header.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{header}");
        for line in [
            "origin: https://a.example",
            "host: other.example",
            "accept: text/html",
            "cookie: a=1",
            "cookie: b=2",
        ] {
            assert_eq!(header.matches(&format!("\r\n{line}\r\n")).count(), 1, "{header}");
        }
        assert_eq!(header.matches("host:").count(), 1);
    }
    request.target = Some("/with space".to_owned());
    let unsendable = session.exchange(request.clone()).await.expect_err("not a target");
    assert_eq!(unsendable.obstacle, Obstacle::Local);

    request.target = None;
    let split = Text::Secret(Secret::new("hunter2\r\nx: y"));
    request.headers.push((header::AUTHORIZATION, split));
    let unsendable = session.exchange(request).await.expect_err("not a value");
    assert_eq!(unsendable.obstacle, Obstacle::Local);
    assert!(!unsendable.detail.contains("hunter2"), "{unsendable}");
}

#[tokio::test]
async fn a_post_carries_its_body() {
    let address = server(|mut stream| async move {
        let header = read_header(&mut stream).await.to_lowercase();
        assert!(header.starts_with("post / ") && header.contains("\r\ncontent-length: 5\r\n"));
        let mut body = [0; 5];
        stream.read_exact(&mut body).await.expect("a body");
        assert_eq!(&body, b"hello");
        stream.write_all(OK.as_bytes()).await.expect("sent");
    })
    .await;
    let url = url("http", address);
    let mut request = Request::get(url.clone());
    request.method = ::http::Method::POST;
    request.body = "hello".into();
    soon(session(settings(&url)).exchange(request)).await.expect("an answer");
}

#[tokio::test]
async fn only_what_the_configuration_names_is_called() {
    let (address, seen) = routing(|_| OK.to_owned()).await;
    let target = url("http", address);
    let session = session(settings(&target));
    for other in [
        "http://127.0.0.1:1/".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        format!("http://localhost:{}/", address.port()),
        "ftp://127.0.0.1/".to_owned(),
        "data:,x".to_owned(),
    ] {
        let request = Request::get(Url::parse(&other).expect("a URL"));
        let refused = session.exchange(request).await.expect_err(&other);
        assert_eq!(refused.obstacle, Obstacle::NotAllowed, "{refused}");
    }
    let mut request = Request::get(target);
    request.address = Some(Address::Ip("127.0.0.1:1".parse().expect("an address")));
    let refused = session.exchange(request.clone()).await.expect_err("another port");
    assert_eq!(refused.obstacle, Obstacle::NotAllowed);
    request.address =
        Some(Address::Ip(SocketAddr::new([169, 254, 169, 254].into(), address.port())));
    let refused = session.exchange(request).await.expect_err("metadata");
    assert_eq!(refused.obstacle, Obstacle::NotAllowed);
    assert!(seen.lock().expect("log").is_empty());
}

#[tokio::test]
async fn a_name_is_resolved_and_localhost_is_loopback() {
    let (address, _) = routing(|_| OK.to_owned()).await;
    let url = Url::parse(&format!("http://localhost:{}/", address.port())).expect("a URL");
    let session = session(settings(&url));
    // Where localhost is ::1 first, the refusal there falls through to 127.0.0.1.
    let exchange = soon(session.exchange(Request::get(url.clone()))).await.expect("an answer");
    assert_eq!(exchange.address, Address::Ip(address));
    assert!(!exchange.phases.resolve.is_zero());
    let addresses = session.addresses(&Endpoint::of_url(&url).expect("a host")).await;
    assert!(addresses.expect("resolved").contains(&Address::Ip(address)));
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_a_matter_of_dns() {
    let url = Url::parse("http://nowhere.invalid/").expect("a URL");
    let failed = soon(session(settings(&url)).exchange(Request::get(url))).await.expect_err("none");
    assert_eq!(failed.obstacle, Obstacle::Dns, "{failed}");
}

#[tokio::test]
async fn connect_to_is_dialled_instead_of_the_name() {
    let (address, seen) = routing(|_| OK.to_owned()).await;
    let url = Url::parse("http://shop.example/x").expect("a URL");
    let mut settings = settings(&url);
    let refusing = TcpListener::bind("127.0.0.1:0").await.expect("bound").local_addr();
    settings.connect_to = vec![Address::Ip(refusing.expect("bound")), Address::Ip(address)];
    let exchange = soon(session(settings).exchange(Request::get(url))).await.expect("an answer");
    assert_eq!(exchange.address, Address::Ip(address));
    assert_eq!(
        exchange.replay,
        format!("curl -sS -i --connect-to shop.example:80:{address} http://shop.example/x")
    );
    assert!(seen.lock().expect("log")[0].contains("\r\nhost: shop.example\r\n"));
}

#[tokio::test]
async fn a_unix_socket_is_an_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("app.sock");
    let listener = UnixListener::bind(&path).expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read_header(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.expect("sent");
        }
    });
    let url = Url::parse("http://shop.example/").expect("a URL");
    let mut settings = settings(&url);
    settings.connect_to = vec![Address::Unix(path.clone())];
    let answering = session(settings);
    let exchange = soon(answering.exchange(Request::get(url.clone()))).await.expect("an answer");
    assert_eq!(exchange.address, Address::Unix(path.clone()));
    assert!(exchange.replay.contains("--unix-socket"), "{}", exchange.replay);

    let other = Endpoint::Unix(folder.path().join("other.sock"));
    let refused = answering.connect(&other).await.expect_err("not listed");
    assert_eq!(refused.obstacle, Obstacle::NotAllowed);

    let mut settings = super::settings(&url);
    settings.allow.endpoints.push(other.clone());
    let missing = session(settings).connect(&other).await.expect_err("nobody listens");
    assert_eq!(missing.obstacle, Obstacle::Unreachable);
}

#[tokio::test]
async fn ipv6_works_like_ipv4() {
    let listener = TcpListener::bind("[::1]:0").await.expect("loopback has IPv6");
    let address = serve_on(listener, |mut stream| async move {
        read_header(&mut stream).await;
        stream.write_all(OK.as_bytes()).await.expect("sent");
    });
    let exchange = get(address).await.expect("an answer");
    assert_eq!(exchange.address, Address::Ip(address));
}

#[tokio::test]
async fn redirects_are_recorded_and_not_followed_unless_asked() {
    let (address, _) = routing(|target| match target {
        "/" => to("/a?b#c"),
        "/a?b" => to("../d"),
        _ => OK.to_owned(),
    })
    .await;
    assert_eq!(get(address).await.expect("an answer").status, 302);
    let url = url("http", address);
    let session = session(settings(&url));
    let followed = soon(session.follow(Request::get(url), anywhere())).await.expect("followed");
    let exchanges = followed.complete().expect("the end");
    let paths: Vec<_> = exchanges.iter().map(|exchange| exchange.url.path()).collect();
    assert_eq!(paths, ["/", "/a", "/d"]);
    assert_eq!(exchanges[2].status, 200);
}

fn anywhere() -> Policy {
    Policy::anywhere(Budgets::default().redirects)
}

/// What keeps redirects from being followed to their end.
async fn stopped(url: Url) -> Obstructed {
    let followed = soon(session(settings(&url)).follow(Request::get(url), anywhere())).await;
    followed.and_then(Followed::complete).expect_err("an obstacle")
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_the_policy_goes() {
    let (other, reached) = routing(|_| OK.to_owned()).await;
    let (address, seen) = routing(move |target| match target {
        "/" => to("/again"),
        _ => to(format!("http://{other}/")),
    })
    .await;
    let target = url("http", address);
    let mut settings = settings(&target);
    settings.allow.endpoints.push(Endpoint::of_url(&url("http", other)).expect("a host"));
    let session = session(settings);
    let follow = async |policy| {
        let request = Request::get(target.clone());
        soon(session.follow(request, policy)).await.expect("an answer")
    };
    let within = follow(Policy::same_origin(4)).await;
    assert!(matches!(&within.end, End::Elsewhere(to) if *to == url("http", other)), "{within:?}");
    assert_eq!(within.exchanges.len(), 2);
    assert!(reached.lock().expect("log").is_empty());
    assert_eq!(follow(Policy::plain_http(3)).await.exchanges.len(), 3);
    let secure = Policy { most: 4, hops: |_, to| to.scheme() == "https" };
    assert_eq!(follow(secure).await.exchanges.len(), 1);
    let few = follow(Policy::anywhere(1)).await;
    assert_eq!(few.exchanges.len(), 2, "what was seen on the way counts");
    assert!(matches!(&few.end, End::Stopped(why) if why.obstacle == Obstacle::OverBudget));
    assert_eq!(seen.lock().expect("log").len(), 7);
}

#[tokio::test]
async fn endless_redirects_end() {
    let (address, seen) = routing(|_| to("/")).await;
    let target = url("http", address);
    let round = stopped(target).await;
    assert_eq!(round.obstacle, Obstacle::OverBudget);
    assert_eq!(seen.lock().expect("log").len(), 1);

    let (address, seen) = routing(|target| to(format!("{target}x"))).await;
    let target = url("http", address);
    let many = stopped(target).await;
    assert_eq!(many.obstacle, Obstacle::OverBudget);
    assert_eq!(seen.lock().expect("log").len(), 1 + Budgets::default().redirects as usize);
}

#[tokio::test]
async fn a_redirect_to_what_is_not_listed_is_refused() {
    let (victim, reached) = routing(|_| OK.to_owned()).await;
    for location in [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        format!("http://{victim}/"),
        "http://[::ffff:169.254.169.254]/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let (address, _) = routing(move |_| to(&location)).await;
        let url = url("http", address);
        assert_eq!(stopped(url).await.obstacle, Obstacle::NotAllowed);
    }
    assert!(reached.lock().expect("log").is_empty());
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let (other, seen) = routing(|_| OK.to_owned()).await;
    let (address, first) = routing(move |target| match target {
        "/" => to("/again"),
        _ => to(format!("http://{other}/")),
    })
    .await;
    let target = url("http", address);
    let mut settings = settings(&target);
    settings.allow.endpoints.push(Endpoint::of_url(&url("http", other)).expect("a host"));
    let mut request = Request::get(target)
        .header(header::AUTHORIZATION, "Bearer hunter2")
        .header(header::COOKIE, "hunter2")
        .header(HeaderName::from_static("x-api-key"), "hunter2")
        .header(header::ACCEPT_LANGUAGE, "de");
    let secret = Text::Secret(Secret::new("hunter2"));
    request.headers.push((HeaderName::from_static("x-token"), secret));
    soon(session(settings).follow(request, anywhere())).await.expect("followed");
    assert_eq!(first.lock().expect("log")[1].matches("hunter2").count(), 4, "the same origin");
    let header = seen.lock().expect("log").remove(0);
    assert!(!header.contains("hunter2") && header.contains("accept-language: de"), "{header}");
}
