//! The door for ordinary API clients: token endpoints, Prometheus, Kubernetes, Docker.
//!
//! What answers there is not the target: nothing is measured and the breaker does not listen. Names,
//! addresses, authorities and budgets are those of the target's net all the same.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use ::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use bytes::{Bytes, BytesMut};
use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use rustls::ClientConfig;
use serde::de::DeserializeOwned;
use url::Url;

use super::{Address, Endpoint, Session, dial, wire};
use crate::contract::{
    Obstacle, Obstructed,
    setting::{Secret, Text},
};

/// How an API is reached.
#[derive(Clone, Default)]
pub struct Way {
    /// The Unix socket it listens on, whatever host a URL names.
    pub socket: Option<PathBuf>,
    /// TLS of its own; by default that of the target's `trust`, without its client certificate.
    pub tls: Option<Arc<ClientConfig>>,
    /// Whether the proxy of the environment (`HTTPS_PROXY` and the like) is used. By default none is.
    pub proxy: bool,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way")
            .field("socket", &self.socket)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

/// A request to an API.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Whom to ask and for what.
    pub url: Url,
    /// Headers; those with a secret go only over TLS, a Unix socket, or to this machine.
    pub headers: Vec<(HeaderName, Text)>,
    /// The body and its type; none if empty.
    pub body: Bytes,
    /// The time for the whole call.
    pub within: Duration,
    /// Bytes of the answer's body.
    pub body_limit: usize,
}

impl Call {
    /// A call with a method and nothing else, that may take 5 s and answer 8 MiB.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Bytes::new(),
            within: Duration::from_secs(5),
            body_limit: 8 << 20,
        }
    }

    /// The same, with a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, Text::Plain(value.into())));
        self
    }

    /// The same, with a header that holds a secret.
    #[must_use]
    pub fn secret(mut self, name: HeaderName, value: Secret) -> Self {
        self.headers.push((name, Text::Secret(value)));
        self
    }

    /// The same, with a body of JSON.
    #[must_use]
    pub fn json(self, body: &serde_json::Value) -> Self {
        let call = self.header(header::CONTENT_TYPE, "application/json");
        Self { body: body.to_string().into(), ..call }
    }

    /// The same, with the body of a form. It may hold secrets, and is never shown.
    #[must_use]
    pub fn form<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let call = self.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        Self { body: body.into(), ..call }
    }

    fn holds_secret(&self) -> bool {
        self.headers.iter().any(|(_, value)| value.secret().is_some())
    }
}

/// What an API answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON, of a type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Obstructed> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Obstacle::Protocol
                .because(format!("the answer is not the JSON that was expected: {error}"))
        })
    }

    /// The reply, or the obstacle that its status is.
    pub fn success(self, what: &str) -> Result<Self, Obstructed> {
        let status = self.status;
        let obstacle = match status {
            _ if status.is_success() => return Ok(self),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Obstacle::Denied,
            StatusCode::TOO_MANY_REQUESTS => Obstacle::Throttled,
            _ => Obstacle::Protocol,
        };
        Err(obstacle.because(format!("{what} answered {status}")))
    }
}

/// A client of one API. Connections are kept while it lives.
#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    session: Session,
    by_socket: bool,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("by_socket", &self.by_socket).finish_non_exhaustive()
    }
}

impl Session {
    /// A client of an ordinary API, with this visit's share of the budgets.
    pub fn api(&self, way: Way) -> Result<Api, Obstructed> {
        let tls = way.tls.unwrap_or_else(|| self.net.tls.anonymous());
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(ClientConfig::clone(&tls))
            .dns_resolver(Guarded { session: self.clone() })
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(self.budgets.connect_timeout)
            .user_agent(self.user_agent().clone());
        if !way.proxy {
            builder = builder.no_proxy();
        }
        let by_socket = way.socket.is_some();
        if let Some(path) = way.socket {
            self.net.allow.endpoint(&Endpoint::Unix(path.clone()))?;
            builder = builder.unix_socket(path);
        }
        let client = builder.build().map_err(|error| {
            Obstacle::Local.because(format!("no client can be made: {}", chain(&error)))
        })?;
        Ok(Api { client, session: self.clone(), by_socket })
    }
}

impl Api {
    /// Makes a call, and reads the answer whole. Redirects are not followed.
    ///
    /// What comes back may hold secrets of the API's own (a token): it must be told to the redactor or
    /// dropped.
    pub async fn call(&self, call: Call) -> Result<Reply, Obstructed> {
        let shown = shown(&call.url);
        if !self.by_socket {
            let endpoint = Endpoint::of_url(&call.url)
                .ok_or_else(|| Obstacle::NotAllowed.because(format!("{shown} names no host")))?;
            self.session.net.allow.endpoint(&endpoint)?;
            // An address in the URL is never resolved, so it is guarded here.
            if let Endpoint::Tcp { host, .. } = &endpoint
                && let Ok(ip) = host.parse()
            {
                self.session.net.allow.address(host, ip)?;
            }
            if call.holds_secret() && !is_private(&call.url) {
                let detail = format!("a credential is not sent to {shown} without TLS");
                return Err(Obstacle::NotAllowed.because(detail));
            }
        }
        self.session.spend()?;
        let (within, most) = (call.within, call.body_limit);
        let mut request =
            self.client.request(call.method, call.url).timeout(within).body(call.body);
        for (name, value) in call.headers {
            request = request.header(&name, wire::value(&name, &value)?);
        }
        let failed = |error: reqwest::Error| of_reqwest(&shown, within, &error);
        let mut response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            if body.len() + piece.len() > most {
                let detail = format!("{shown} answers more than {most} bytes");
                return Err(Obstacle::OverBudget.because(detail));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Reply { status, headers, body: body.freeze() })
    }
}

/// Resolves names as the net does: to allowed addresses only.
struct Guarded {
    session: Session,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let session = self.session.clone();
        Box::pin(async move {
            let net = &session.net;
            // The port is put in by the connector.
            let endpoint = Endpoint::tcp(name.as_str(), 0);
            let within = session.budgets.connect_timeout;
            let (addresses, _) = dial::resolve(&endpoint, &net.allow, within).await?;
            let addresses: Vec<SocketAddr> = addresses
                .into_iter()
                .filter_map(|address| match address {
                    Address::Ip(address) => Some(address),
                    Address::Unix(_) => None,
                })
                .collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Where a URL leads, without what may be secret in it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only for URLs that have no host, and then there is nothing to hide.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// Whether nobody on the way can read what is sent.
fn is_private(url: &Url) -> bool {
    url.scheme() == "https"
        || match url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

fn of_reqwest(shown: &str, within: Duration, error: &reqwest::Error) -> Obstructed {
    if let Some(obstructed) = cause::<Obstructed>(error) {
        return obstructed.clone();
    }
    if error.is_timeout() {
        return Obstacle::Timeout.because(format!("{shown} did not answer within {within:?}"));
    }
    let obstacle = match cause::<std::io::Error>(error).map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionRefused) => Obstacle::Refused,
        Some(std::io::ErrorKind::ConnectionReset) => Obstacle::Reset,
        Some(std::io::ErrorKind::UnexpectedEof) => Obstacle::Closed,
        _ if cause::<rustls::Error>(error).is_some() => Obstacle::Tls,
        Some(_) if error.is_connect() => Obstacle::Unreachable,
        _ => Obstacle::Protocol,
    };
    obstacle.because(format!("{shown}: {}", chain(error)))
}

/// The first error of a type among the causes.
fn cause<'a, E: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error keeps what it wraps apart from its causes.
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && let Some(found) = io.get_ref().and_then(|inner| cause::<E>(inner))
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The innermost error, which says what happened; the others say what it kept from being done.
fn chain(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}
