//! The net against targets that lie, hang, flood and break off.

mod api;
mod budgets;
mod hostile;
mod kept;
mod pinned;
mod reach;
mod starttls;
mod stream;
mod tls;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time,
};
use url::Url;

use super::{
    Address, Allow, Budgets, End, Endpoint, Exchange, Followed, Net, NetSettings, Policy, Request,
    Roots, Session, Trust,
};
use crate::contract::{Footprint, Obstructed, redact::Redactor};

/// A server on loopback that answers every connection with `serve`, until the test ends.
async fn server<F, Fut>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    serve_on(listener, serve)
}

fn serve_on<F, Fut>(listener: TcpListener, serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A server that reads a request's header and answers with these bytes, then closes.
async fn answering(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer = Arc::new(answer.into());
    server(move |mut stream| {
        let answer = Arc::clone(&answer);
        async move {
            read_header(&mut stream).await;
            // The client may have had enough before the end.
            let _ = stream.write_all(&answer).await;
        }
    })
    .await
}

/// Reads up to the empty line, and returns what was read.
async fn read_header(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut header = Vec::new();
    while !header.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => header.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&header).into_owned()
}

/// Settings under which `url` may be called, with time-outs that no sound answer meets.
fn settings(url: &Url) -> NetSettings {
    let origin = Endpoint::of_url(url).expect("a host");
    NetSettings {
        allow: Allow { endpoints: vec![origin.clone()], networks: Vec::new() },
        connect_to: Vec::new(),
        origin,
        trust: Trust { roots: Roots::Mozilla, ..Trust::default() },
        budgets: Budgets {
            requests_per_second: 1_000,
            burst: 1_000,
            connect_timeout: PATIENT,
            read_timeout: PATIENT,
            ..Budgets::default()
        },
        user_agent: "gonogo/0.0.0 (+https://gonogo.example)".to_owned(),
        redactor: Redactor::default(),
        requests: Arc::default(),
    }
}

/// The same for a target that is expected to hang.
fn hasty(url: &Url) -> NetSettings {
    let mut settings = settings(url);
    settings.budgets.read_timeout = Duration::from_millis(500);
    settings
}

fn session(settings: NetSettings) -> Session {
    Net::new(settings).expect("a net").session(Footprint::Passive)
}

fn url(scheme: &str, address: SocketAddr) -> Url {
    Url::parse(&format!("{scheme}://{address}/")).expect("a URL")
}

/// `GET /` of a server that speaks plain HTTP.
async fn get(address: SocketAddr) -> Result<Exchange, Obstructed> {
    let url = url("http", address);
    soon(session(settings(&url)).exchange(Request::get(url))).await
}

/// Nothing hangs, whatever the target does.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    time::timeout(Duration::from_secs(30), future).await.expect("it does not hang")
}

const PATIENT: Duration = Duration::from_secs(20);
