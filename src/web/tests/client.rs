//! A listener on loopback, and clients for it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    board::Board,
    web::{Access, Hosts, Limits, Links, Options, Stop, bind, serve},
};

/// A listener that serves until it is dropped or stopped.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) shutdown: CancellationToken,
    pub(super) ended: JoinHandle<()>,
}

/// Options for tests: open, at the root, patient.
pub(super) fn options() -> Options {
    Options {
        access: Access::open(),
        hosts: Hosts::default(),
        links: Links::default(),
        reload: None,
        control: None,
        limits: Limits { drain: Duration::from_mins(1), ..Limits::default() },
    }
}

impl Served {
    pub(super) async fn start(board: Arc<Board>, options: Options) -> Self {
        let shutdown = CancellationToken::new();
        let stop = Stop { draining: shutdown.clone(), done: shutdown };
        Self::start_with(board, options, stop).await
    }

    /// The same, ended in two steps.
    pub(super) async fn start_with(board: Arc<Board>, options: Options, stop: Stop) -> Self {
        let listeners = bind(&["127.0.0.1:0".parse().expect("an address")]).await.expect("a port");
        let address = listeners[0].local_addr().expect("bound");
        let shutdown = stop.draining.clone();
        let serving = serve(listeners, board, options, stop);
        #[expect(clippy::disallowed_methods, reason = "the test owns the task")]
        let ended = tokio::spawn(serving);
        Self { address, shutdown, ended }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        #[expect(clippy::disallowed_methods, reason = "the listener under test is no target")]
        TcpStream::connect(self.address).await.expect("the listener accepts")
    }

    /// A connection on which these bytes were sent.
    pub(super) async fn send(&self, bytes: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_bytes()).await.expect("the listener reads");
        stream
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[]).await
    }

    pub(super) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(self.connect().await, method, path, headers).await
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.ended.abort();
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub(super) fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// One request on a connection of its own.
pub(super) async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "gonogo.test");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::<Bytes>::new()).expect("a request");
    let exchange = async {
        let (head, body) = sender.send_request(request).await.expect("an answer").into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Answer { status: head.status, headers: head.headers, body }
    };
    tokio::select! {
        answer = exchange => answer,
        // The connection may end first and leave the answer behind.
        () = async { let _ = connection.await; std::future::pending::<()>().await } => unreachable!(),
    }
}
