//! A visit's share of a target's net.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use ::http::HeaderValue;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    Address, Budgets, Connection, Endpoint, Event, Followed, Net, Policy, RawAnswer, Request,
    account::Account, follow, limits::Limits, queue::Queue, raw, reach::Route, tls,
};
use crate::contract::{Footprint, Obstacle, Obstructed, redact::Redactor};

/// One visit's way to its target: keeps the budgets of the visit. Its clones share them.
///
/// What may be in flight at once is shared by all visits of the target. A visit that holds on to
/// connections must not wait for more of its own than `budgets.in_flight`.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) net: Arc<Net>,
    pub(super) footprint: Footprint,
    /// What the visit may use up where its budgets do not say.
    pub(super) requests: u32,
    pub(super) account: Arc<Account>,
    /// The target's, or the visit's own.
    pub(super) budgets: Arc<Budgets>,
    pub(super) queue: Arc<Queue>,
    /// Whose visit it is.
    pub(super) probe: Arc<str>,
}

impl Session {
    pub(super) fn new(net: Arc<Net>, footprint: Footprint) -> Self {
        Self {
            footprint,
            requests: REQUESTS,
            account: Arc::default(),
            budgets: Arc::clone(&net.budgets),
            queue: Arc::clone(&net.queue),
            probe: Arc::clone(&net.nobody),
            net,
        }
    }

    /// The same, for a probe that needs this many connections and requests. A limit of the target's
    /// budgets still holds.
    #[must_use]
    pub fn for_requests(mut self, requests: u32) -> Self {
        self.requests = requests;
        self
    }

    /// The same, with room for this many more connections and requests. A limit of the target's budgets
    /// still holds.
    #[must_use]
    pub fn with_room(mut self, more: u32) -> Self {
        self.requests = self.requests.saturating_add(more);
        self
    }

    /// The same for the visit of this probe.
    #[must_use]
    pub fn of_probe(mut self, probe: &Arc<str>) -> Self {
        self.probe = Arc::clone(probe);
        self
    }

    /// What happened lately to connections with the target's own origin, in visits of any probe: the
    /// oldest first, and the same in a row as one.
    #[must_use]
    pub fn feed(&self) -> Vec<Event> {
        self.net.feed.events()
    }

    /// Says which leaf an address of the target has shown to who asks for `name`, and that it is being
    /// judged. If it is not sound, what needs no credential may be asked over connections pinned to it.
    pub fn judging(&self, name: &ServerName<'_>, address: &Address, leaf: &CertificateDer<'_>) {
        self.net.judged.tell(name, address, leaf);
    }

    /// Says that every leaf of the target is known: nobody need wait for another.
    pub fn judged_all(&self) {
        self.net.judged.all_told();
    }

    /// What is wrong with the certificate of a connection this visit has used all the same, if it has.
    #[must_use]
    pub fn unverified(&self) -> Option<&str> {
        self.account.unverified().map(|fault| &**fault)
    }

    /// How many connections and requests were made of it so far.
    #[must_use]
    pub fn spent(&self) -> u32 {
        self.account.spent()
    }

    /// The same with budgets of its own, which it shares with its clones and with no other visit: what
    /// load and disruption need is no measure for anything else. A passive or active visit keeps the
    /// target's.
    #[must_use]
    pub fn with_budgets(mut self, budgets: Budgets) -> Self {
        if matches!(self.footprint, Footprint::Load | Footprint::Disruptive) {
            self.queue = Queue::new(&budgets);
            self.budgets = Arc::new(budgets);
        }
        self
    }

    /// The same for a question that is to be answered sooner than the budgets allow: name, connection
    /// with its TLS, and each part of an answer in no more than this. Waiting for the budgets does not
    /// count.
    #[must_use]
    pub fn hurried(&self, within: Duration) -> Self {
        let connect_timeout = self.budgets.connect_timeout.min(within);
        let read_timeout = self.budgets.read_timeout.min(within);
        let budgets = Budgets { connect_timeout, read_timeout, ..(*self.budgets).clone() };
        Self { budgets: Arc::new(budgets), ..self.clone() }
    }

    /// What to say of a visit that did not end within its deadline: whether the target or our own
    /// queue took the time.
    #[must_use]
    pub fn out_of_time(&self, deadline: Duration) -> Obstructed {
        let queued = self.account.time_queued();
        if self.account.is_queued() || queued > deadline / 2 {
            return Obstacle::OverBudget.because(format!(
                "the visit did not end within {deadline:?}: it waited {} s for the budgets of the \
                 target, which allow {} requests a second and {} connections at a time",
                queued.as_secs(),
                self.budgets.requests_per_second,
                self.budgets.in_flight,
            ));
        }
        Obstacle::Timeout.because(format!("the visit did not end within {deadline:?}"))
    }

    /// What the visit may do to the target.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        self.footprint
    }

    /// Takes secrets out of what is to be kept.
    #[must_use]
    pub fn redactor(&self) -> &Arc<Redactor> {
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
        Ok(self.resolve(endpoint, self.budgets.connect_timeout).await?.0)
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

    /// Follows redirects of `GET` and `HEAD` requests as far as the policy goes, each hop allowed anew.
    /// An error if there is no answer at all; what was seen before an obstacle counts.
    ///
    /// Credentials are not sent on to another origin.
    pub async fn follow(&self, request: Request, policy: Policy) -> Result<Followed, Obstructed> {
        follow::follow(self, request, policy).await
    }

    /// Redirects that are followed in a row, by the target's budgets.
    #[must_use]
    pub fn most_redirects(&self) -> u32 {
        self.budgets.redirects
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
        self.net.allow.endpoint(endpoint)?;
        let limits = Limits::new(&self.budgets);
        let hello = tls.then(|| tls::Hello { anonymous: false, alpn: Vec::new() });
        let route = Route { endpoint, address: None, hello, trust: None, harmless: false };
        let permit = self.permit(endpoint, None).await?;
        let mut io = self.reach(permit, &route, &limits).await?.io;
        let peer = io.connection().address().clone();
        let times = (quiet, self.budgets.read_timeout);
        raw::speak(&mut io, bytes, times, self.budgets.connection_bytes(), &peer).await
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
        let within = self.budgets.connect_timeout;
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
}

/// How a handshake failed.
#[derive(Debug)]
pub struct HandshakeError {
    /// The obstacle, for a report.
    pub obstructed: Obstructed,
    /// What rustls made of it, where it was a matter of TLS.
    pub tls: Option<rustls::Error>,
}

/// Connections and requests of a visit, where neither the probe nor the target's budgets say.
pub(in crate::contract) const REQUESTS: u32 = 60;
