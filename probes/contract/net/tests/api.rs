//! Calls to ordinary APIs.

use std::path::PathBuf;

use ::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::UnixListener;

use super::*;
use crate::contract::{
    Obstacle,
    net::{Api, Call, Reply, Way},
    setting::Secret,
};

fn api(address: SocketAddr) -> Api {
    let url = url("http", address);
    session(settings(&url)).api(Way::default()).expect("a client")
}

async fn call(api: &Api, call: Call) -> Result<Reply, Obstructed> {
    soon(api.call(call)).await
}

fn get_of(address: SocketAddr) -> Call {
    Call::new(Method::GET, url("http", address))
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn an_answer_is_read_whole_and_as_json() {
    let address = answering(http("200 OK", "", r#"{"up": true}"#)).await;
    let reply = call(&api(address), get_of(address)).await.expect("an answer");
    assert_eq!(reply.json::<Value>().expect("JSON"), json!({ "up": true }));
    let wrong = reply.json::<Vec<u8>>().expect_err("another type");
    assert_eq!(wrong.obstacle, Obstacle::Protocol);
}

#[tokio::test]
async fn redirects_are_answers() {
    let address = answering(http("302 Found", "location: http://127.0.0.1:1/\r\n", "")).await;
    let reply = call(&api(address), get_of(address)).await.expect("an answer");
    assert_eq!(reply.status, StatusCode::FOUND);
    assert_eq!(reply.success("the API").expect_err("no success").obstacle, Obstacle::Protocol);
}

#[tokio::test]
async fn a_body_over_the_limit_is_over_budget() {
    let address = answering(http("200 OK", "", &"x".repeat(5_000))).await;
    let limited = Call { body_limit: 4_999, ..get_of(address) };
    let error = call(&api(address), limited).await.expect_err("too much");
    assert_eq!(error.obstacle, Obstacle::OverBudget, "{error}");
}

#[tokio::test]
async fn only_allowed_endpoints_are_called() {
    let address = answering(http("200 OK", "", "")).await;
    let elsewhere = Call::new(Method::GET, "http://127.0.0.2:9/".parse().expect("a URL"));
    let error = call(&api(address), elsewhere).await.expect_err("not allowed");
    assert_eq!(error.obstacle, Obstacle::NotAllowed, "{error}");
}

#[tokio::test]
async fn what_keeps_it_from_answering_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = closed.local_addr().expect("bound");
    drop(closed);
    let error = call(&api(address), get_of(address)).await.expect_err("refused");
    assert_eq!(error.obstacle, Obstacle::Refused, "{error}");
    let silent = server(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let hasty = Call { within: Duration::from_millis(200), ..get_of(silent) };
    let error = call(&api(silent), hasty).await.expect_err("silent");
    assert_eq!(error.obstacle, Obstacle::Timeout, "{error}");
}

#[tokio::test]
async fn a_query_is_never_shown() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let mut url = url("http", closed.local_addr().expect("bound"));
    drop(closed);
    url.set_query(Some("token=hunter2"));
    let api = session(settings(&url)).api(Way::default()).expect("a client");
    let error = call(&api, Call::new(Method::GET, url)).await.expect_err("refused");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_credential_is_not_sent_where_others_can_read_it() {
    let url: Url = "http://prometheus.example:9090/".parse().expect("a URL");
    let api = session(settings(&url)).api(Way::default()).expect("a client");
    let secret = Call::new(Method::GET, url).secret(header::AUTHORIZATION, Secret::new("hunter2"));
    let error = call(&api, secret).await.expect_err("kept back");
    assert_eq!(error.obstacle, Obstacle::NotAllowed, "{error}");
}

#[tokio::test]
async fn a_unix_socket_stands_for_every_host() {
    let directory = tempfile::tempdir().expect("a directory");
    let path: PathBuf = directory.path().join("docker.sock");
    let listener = UnixListener::bind(&path).expect("bound");
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let asked = read_header(&mut stream).await;
        assert!(asked.starts_with("GET /containers/json HTTP/1.1"), "{asked}");
        stream.write_all(http("200 OK", "", "[]").as_bytes()).await.expect("written");
    });
    let url: Url = "http://localhost/containers/json".parse().expect("a URL");
    let mut settings = settings(&url);
    settings.allow.endpoints.push(Endpoint::Unix(path.clone()));
    let way = Way { socket: Some(path), ..Way::default() };
    let api = session(settings).api(way).expect("a client");
    let reply = call(&api, Call::new(Method::GET, url.clone())).await.expect("an answer");
    assert_eq!(&reply.body[..], b"[]");
    let unlisted = Way { socket: Some("/var/run/other.sock".into()), ..Way::default() };
    let error = session(super::settings(&url)).api(unlisted).expect_err("not listed");
    assert_eq!(error.obstacle, Obstacle::NotAllowed, "{error}");
}
