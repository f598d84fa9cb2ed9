//! Servers on loopback.

use std::{
    convert::Infallible,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
use url::Url;

/// A request as a specimen sees it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// Path and query, as they were sent.
    pub path: String,
    /// The version.
    pub version: Version,
    /// The header.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Asked {
    /// A header's first value, if there is one and it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What a specimen answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// How long to wait before answering.
    pub delay: Duration,
}

impl Answer {
    /// An answer with a body of this type.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let status = StatusCode::from_u16(status).expect("a status from 100 to 999");
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into(), delay: Duration::ZERO }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// A plain-text answer.
    pub fn text(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// A page.
    pub fn html(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// The same, with one more header line.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        self.headers.append(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// The same, later.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

type Respond = Arc<dyn Fn(Asked) -> Answer + Send + Sync>;
type Converse = Arc<dyn Fn(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;
type SharedTls = Arc<RwLock<Option<Arc<ServerConfig>>>>;

/// A server on loopback that stops, connections and all, when it is dropped.
pub struct Server {
    address: SocketAddr,
    tls: SharedTls,
    task: AbortHandle,
}

impl Server {
    /// An HTTP server on a free port.
    pub async fn http(respond: impl Fn(Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(bind().await, None, respond)
    }

    /// An HTTPS server on a free port.
    pub async fn https(
        tls: Arc<ServerConfig>,
        respond: impl Fn(Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start(bind().await, Some(tls), respond)
    }

    /// An HTTP or HTTPS server on a listener of the caller's.
    pub fn start(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        respond: impl Fn(Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        let tls = Arc::new(RwLock::new(tls));
        let respond: Respond = Arc::new(respond);
        let shared = Arc::clone(&tls);
        let task = accept(listener, move |stream| {
            Box::pin(serve(stream, current(&shared), Arc::clone(&respond)))
        });
        Self { address, tls, task }
    }

    /// A server that does with every connection what `converse` does.
    pub async fn raw<F>(converse: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = bind().await;
        let address = listener.local_addr().expect("a bound listener has an address");
        let task = accept(listener, move |stream| Box::pin(converse(stream)));
        Self { address, tls: Arc::default(), task }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a path on it, by its IP address.
    #[must_use]
    pub fn url(&self, path: &str) -> Url {
        self.url_as("127.0.0.1", path)
    }

    /// The URL of a path on it, by a name that leads to loopback.
    #[must_use]
    pub fn url_as(&self, host: &str, path: &str) -> Url {
        let scheme = if current(&self.tls).is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{host}:{}{path}", self.address.port());
        Url::parse(&url).expect("host and path make a URL")
    }

    /// What changes the server's certificate, for whoever does not own the server.
    #[must_use]
    pub fn certificate(&self) -> Certificate {
        Certificate(Arc::clone(&self.tls))
    }
}

/// The certificate of a running server.
#[derive(Clone)]
pub struct Certificate(SharedTls);

impl Certificate {
    /// Shows another one from the next connection on.
    pub fn renew(&self, tls: Arc<ServerConfig>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(tls);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A listener on a free port.
pub async fn bind() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has free ports")
}

/// A port on loopback that refuses connections, for as long as the guard lives.
pub fn refusing() -> (SocketAddr, impl Sized + Send + Sync + 'static) {
    // Bound and never listening: nobody else gets the port, and the kernel refuses connections.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback has free ports");
    (socket.local_addr().expect("a bound socket has an address"), socket)
}

/// A port on loopback that says nothing to whoever connects, as one behind a firewall that drops, for
/// as long as the guard lives.
pub fn silent() -> (SocketAddr, impl Sized + Send + Sync + 'static) {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback has free ports");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("a bound listener has an address");
    let mut waiting = Vec::new();
    // Nobody accepts, so the queue fills up, and the kernel drops what comes after.
    while let Ok(stream) =
        std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300))
    {
        waiting.push(stream);
    }
    (address, (listener, waiting))
}

fn accept(
    listener: TcpListener,
    converse: impl Fn(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + 'static,
) -> AbortHandle {
    let converse: Converse = Arc::new(converse);
    #[expect(clippy::disallowed_methods, reason = "the task ends with the server that owns it")]
    let task = tokio::spawn(async move {
        // Dropped with the task, and every connection with it.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(converse(stream));
                    }
                }
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    });
    task.abort_handle()
}

fn current(tls: &SharedTls) -> Option<Arc<ServerConfig>> {
    tls.read().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>, respond: Respond) {
    // Without it a two-part answer waits for the client's delayed acknowledgement (45 ms).
    let _ = stream.set_nodelay(true);
    match tls {
        None => speak_http(stream, respond).await,
        Some(config) => {
            if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                speak_http(stream, respond).await;
            }
        }
    }
}

async fn speak_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    respond: Respond,
) {
    let service = service_fn(|request| answer(request, Arc::clone(&respond)));
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new());
    // A client that goes away in mid-answer is its own business.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    respond: Respond,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let path = head.uri.path_and_query().map_or_else(|| head.uri.to_string(), ToString::to_string);
    let answer = respond(Asked {
        method: head.method,
        path,
        version: head.version,
        headers: head.headers,
        body,
    });
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}
