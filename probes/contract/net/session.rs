//! A target's net, and a visit's share of it.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use ::http::HeaderValue;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::sync::Semaphore;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Address, Allow, Budgets, Connection, Endpoint, Exchange, RawAnswer, Request, Trust, TrustError,
    breaker::{Breaker, Sample},
    budget::Pace,
    follow, http, raw, replay,
    tls::{self, Tls},
    wire,
};
use crate::contract::{Footprint, Obstacle, Obstructed, redact::Redactor};

/// All that reaches one target. Shared by the target's probes.
pub struct Net {
    pub(super) allow: Allow,
    pub(super) connect_to: Vec<Address>,
    pub(super) origin: Endpoint,
    pub(super) budgets: Budgets,
    user_agent: HeaderValue,
    redactor: Redactor,
    pub(super) requests: Arc<AtomicU64>,
    pub(super) tls: Tls,
    pub(super) pace: Pace,
    pub(super) in_flight: Arc<Semaphore>,
    pub(super) breaker: Arc<Breaker>,
}

/// What a net is made of.
#[derive(Debug)]
pub struct NetSettings {
    /// Which addresses may be called.
    pub allow: Allow,
    /// Addresses to dial for the target's own host, instead of what its name resolves to.
    pub connect_to: Vec<Address>,
    /// The target's own endpoint, to which `connect_to` applies.
    pub origin: Endpoint,
    /// Whom we trust, and who we are.
    pub trust: Trust,
    /// What may be asked and taken.
    pub budgets: Budgets,
    /// What we say we are: `gonogo/0.1.0 (+https://…)`.
    pub user_agent: String,
    /// Knows the secrets of the target's settings.
    pub redactor: Redactor,
    /// Counts requests and connections.
    pub requests: Arc<AtomicU64>,
}

impl Net {
    /// Prepares the way to a target: reads trust, calls nobody.
    pub fn new(settings: NetSettings) -> Result<Arc<Self>, TrustError> {
        let budgets = settings.budgets;
        Ok(Arc::new(Self {
            tls: Tls::new(settings.trust)?,
            pace: Pace::new(&budgets),
            in_flight: Arc::new(Semaphore::new(budgets.in_flight.clamp(1, Semaphore::MAX_PERMITS))),
            breaker: Arc::default(),
            allow: settings.allow,
            connect_to: settings.connect_to,
            origin: settings.origin,
            budgets,
            user_agent: HeaderValue::try_from(settings.user_agent)
                .unwrap_or(HeaderValue::from_static("gonogo")),
            redactor: settings.redactor,
            requests: settings.requests,
        }))
    }

    /// A visit's share of the net.
    #[must_use]
    pub fn session(self: &Arc<Self>, footprint: Footprint) -> Session {
        Session { net: Arc::clone(self), footprint, requests: REQUESTS, spent: Arc::default() }
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// One visit's way to its target: keeps the budgets of the visit. Its clones share them.
///
/// What may be in flight at once is shared by all visits of the target. A visit that holds on to
/// connections must not wait for more of its own than `budgets.in_flight`.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) net: Arc<Net>,
    pub(super) footprint: Footprint,
    /// What the visit may use up where the target's budgets do not say.
    pub(super) requests: u32,
    pub(super) spent: Arc<AtomicU32>,
}

impl Session {
    /// The same, for a probe that needs this many connections and requests. A limit of the target's
    /// budgets still holds.
    #[must_use]
    pub fn for_requests(mut self, requests: u32) -> Self {
        self.requests = requests;
        self
    }

    /// How many connections and requests were made of it so far.
    #[must_use]
    pub fn spent(&self) -> u32 {
        self.spent.load(Ordering::Relaxed)
    }

    /// Takes secrets out of what is to be kept.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.net.redactor
    }

    /// What we say we are, for a request written by hand.
    #[must_use]
    pub fn user_agent(&self) -> &HeaderValue {
        &self.net.user_agent
    }

    /// The addresses of an allowed endpoint, in the order they would be dialled; only allowed ones.
    /// An error if there are none.
    pub async fn addresses(&self, endpoint: &Endpoint) -> Result<Vec<Address>, Obstructed> {
        self.net.allow.endpoint(endpoint)?;
        Ok(self.resolve(endpoint).await?.0)
    }

    /// Opens a connection to an allowed endpoint. Its addresses are tried in order until one answers.
    pub async fn connect(&self, endpoint: &Endpoint) -> Result<Connection, Obstructed> {
        self.net.allow.endpoint(endpoint)?;
        self.open(endpoint, None).await
    }

    /// Opens a connection to one address of an allowed endpoint.
    pub async fn connect_address(
        &self,
        endpoint: &Endpoint,
        address: &Address,
    ) -> Result<Connection, Obstructed> {
        self.net.allow.endpoint(endpoint)?;
        self.open(endpoint, Some(address)).await
    }

    /// Sends a request on a connection of its own, with TLS verified, and reads the answer within the
    /// budgets. Never follows a redirect.
    ///
    /// A body that is cut off is no error: see [`super::Body::cut`]. Everything before the body is.
    pub async fn exchange(&self, request: Request) -> Result<Exchange, Obstructed> {
        let route = route(&request);
        // Boxed, so that probes with many exchanges are not made of their state machines.
        let outcome = Box::pin(self.send(request)).await;
        match &outcome {
            Ok(answer) if answer.status.is_server_error() => {
                self.net.breaker.record(Sample::Failed);
            }
            Ok(Exchange { phases, .. }) => {
                let latency = phases.connect + phases.tls + phases.first_byte;
                self.net.breaker.record(Sample::Answered { route, latency });
            }
            // Connecting has told the breaker itself.
            Err(_) => {}
        }
        outcome
    }

    /// Follows redirects of `GET` and `HEAD` requests, each hop allowed anew, and returns every
    /// exchange, the last one last.
    ///
    /// Credentials are not sent on to another origin.
    pub async fn follow(&self, request: Request) -> Result<Vec<Exchange>, Obstructed> {
        follow::follow(self, request, self.net.budgets.redirects).await
    }

    /// Writes `bytes` as they are on a connection of their own (with verified TLS if `tls`), and reads
    /// until the target closes, `quiet` passes without a byte, or the budget is used up.
    pub async fn raw(
        &self,
        endpoint: &Endpoint,
        tls: bool,
        bytes: &[u8],
        quiet: Duration,
    ) -> Result<RawAnswer, Obstructed> {
        let mut connection = self.connect(endpoint).await?;
        let peer = connection.address().clone();
        let within = self.net.budgets.read_timeout;
        if tls {
            let mut stream = self.secure(connection, endpoint, tls::Manner::Silent).await?;
            raw::speak(&mut stream, bytes, quiet, within, &peer).await
        } else {
            raw::speak(&mut connection, bytes, quiet, within, &peer).await
        }
    }

    /// Writes `bytes` as they are on an open connection, and hands what comes back to `hear`, in pieces,
    /// until it breaks or the target closes (`true`). Takes no longer than connecting may; says the
    /// farewell that `hear` breaks with.
    ///
    /// What was heard before an obstacle counts.
    pub async fn converse(
        &self,
        mut connection: Connection,
        bytes: &[u8],
        hear: impl FnMut(&[u8]) -> ControlFlow<&'static [u8]>,
    ) -> Result<bool, Obstructed> {
        let peer = connection.address().clone();
        let within = self.net.budgets.connect_timeout;
        raw::converse(&mut connection, bytes, within, &peer, hear).await
    }

    /// A handshake on `connection` with `config`, which may be one that records instead of verifying.
    ///
    /// Only for the `tls` probe: nothing that matters may be sent on such a connection.
    pub async fn handshake(
        &self,
        connection: Connection,
        config: Arc<ClientConfig>,
        server_name: ServerName<'static>,
    ) -> Result<TlsStream<Connection>, HandshakeError> {
        let alpn = config.alpn_protocols.clone();
        let connector = TlsConnector::from(config);
        tls::handshake(connection, &connector, alpn, server_name, self.connect_by()).await
    }

    /// The name TLS asks for at this endpoint: the configured one at the target's own, else the host.
    pub fn server_name(&self, endpoint: &Endpoint) -> Result<ServerName<'static>, Obstructed> {
        self.net.tls.server_name(endpoint, *endpoint == self.net.origin)
    }

    /// The authorities that may vouch for the target, as a verifier takes them and as DER (empty where
    /// only trust anchors are compiled in).
    #[must_use]
    pub fn roots(&self) -> (&Arc<RootCertStore>, &[CertificateDer<'static>]) {
        self.net.tls.roots()
    }

    async fn send(&self, request: Request) -> Result<Exchange, Obstructed> {
        let net = &*self.net;
        let secure = match request.url.scheme() {
            "https" => true,
            "http" => false,
            other => {
                let detail = format!("gonogo calls http and https, not {other}");
                return Err(Obstacle::NotAllowed.because(detail));
            }
        };
        let endpoint = Endpoint::of_url(&request.url).ok_or_else(|| {
            Obstacle::NotAllowed.because(format!("{} names no host", request.url))
        })?;
        net.allow.endpoint(&endpoint)?;
        let connection = self.open(&endpoint, request.address.as_ref()).await?;
        let peer = connection.address().clone();
        let (answer, mut phases, tls) = if secure {
            // Boxed, so that each future it is handed on to need not have room for it.
            let manner =
                if request.anonymous { tls::Manner::Anonymous } else { tls::Manner::Usual };
            let stream = Box::new(self.secure(connection, &endpoint, manner).await?);
            let phases = stream.get_ref().0.phases;
            let tls = tls::negotiated(&stream);
            let http2 = stream.get_ref().1.alpn_protocol() == Some(tls::H2);
            let wire = wire::request(&request, &net.user_agent, http2)?;
            let answer = if http2 {
                // Boxed, so that every other exchange need not be as large as this one.
                Box::pin(http::send_http2(stream, &peer, wire, &net.budgets)).await
            } else {
                http::send_http1(stream, &peer, wire, &net.budgets).await
            };
            (answer, phases, Some(tls))
        } else {
            let phases = connection.phases;
            let wire = wire::request(&request, &net.user_agent, false)?;
            (http::send_http1(connection, &peer, wire, &net.budgets).await, phases, None)
        };
        let answer = self.heed(answer)?;
        phases.first_byte = answer.first_byte;
        phases.transfer = answer.transfer;
        let overridden =
            request.address.is_some() || (endpoint == net.origin && !net.connect_to.is_empty());
        Ok(Exchange {
            replay: replay::curl(&request, overridden.then_some(&peer)),
            url: request.url,
            address: peer,
            version: answer.version,
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            phases,
            tls,
        })
    }
}

/// How a handshake failed.
#[derive(Debug)]
pub struct HandshakeError {
    /// The obstacle, for a report.
    pub obstructed: Obstructed,
    /// What rustls made of it, where it was a matter of TLS.
    pub tls: Option<rustls::Error>,
}

/// What requests of the same kind have in common, for the breaker to compare them.
fn route(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.method.hash(&mut hasher);
    request.url[..url::Position::AfterPath].hash(&mut hasher);
    hasher.finish()
}

/// Connections and requests of a visit, where neither the probe nor the target's budgets say.
pub(in crate::contract) const REQUESTS: u32 = 60;
