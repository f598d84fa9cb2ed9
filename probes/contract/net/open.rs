//! Opening a connection: within the budgets, to an allowed address, secured.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use super::{
    Address, Connection, Endpoint, Session,
    breaker::Sample,
    dial::{self, Permit},
    tls::Manner,
};
use crate::contract::{Footprint, Obstacle, Obstructed};

impl Session {
    /// Connects to an endpoint that is allowed.
    pub(super) async fn open(
        &self,
        endpoint: &Endpoint,
        address: Option<&Address>,
    ) -> Result<Connection, Obstructed> {
        if let Some(address) = address {
            self.allowed(endpoint, address)?;
        }
        let permit = self.permit().await?;
        let (addresses, resolve) = match address {
            Some(address) => (vec![address.clone()], Duration::ZERO),
            None => self.resolve(endpoint).await?,
        };
        let dialled = dial::dial(&addresses, self.connect_by(), permit).await;
        let mut connection = self.heed(dialled, endpoint, None)?;
        connection.phases.resolve = resolve;
        Ok(connection)
    }

    /// A verified handshake within what is left of the time to connect.
    pub(super) async fn secure(
        &self,
        connection: Connection,
        endpoint: &Endpoint,
        manner: Manner,
    ) -> Result<TlsStream<Connection>, Obstructed> {
        let name = self.server_name(endpoint)?;
        let until = self.connect_by() - connection.phases.connect.min(self.budgets.connect_timeout);
        let stream = self.net.tls.connect(connection, name, manner, until).await;
        self.heed(stream.map_err(|error| error.obstructed), endpoint, None)
    }

    /// Waits until the budgets allow one more connection.
    async fn permit(&self) -> Result<Permit, Obstructed> {
        let net = &*self.net;
        let trial = match self.footprint {
            // A disruption means trouble: it watches the target through it.
            Footprint::Passive | Footprint::Disruptive => None,
            Footprint::Active | Footprint::Load => net.breaker.admit()?,
        };
        self.spend()?;
        let seat = self.queue.connection(&self.account).await;
        net.requests.fetch_add(1, Ordering::Relaxed);
        Ok(Permit { _seat: seat, _trial: trial, bytes: self.budgets.connection_bytes() })
    }

    /// Counts one more connection or request of the visit, if it may make one.
    pub(super) fn spend(&self) -> Result<(), Obstructed> {
        let limit = self.budgets.requests_per_visit.unwrap_or(self.requests);
        if self.account.spend(limit) {
            return Ok(());
        }
        let detail = format!("the visit has used up its {limit} connections and requests");
        Err(Obstacle::OverBudget.because(detail))
    }

    pub(super) async fn resolve(
        &self,
        endpoint: &Endpoint,
    ) -> Result<(Vec<Address>, Duration), Obstructed> {
        let net = &*self.net;
        if *endpoint == net.origin && !net.connect_to.is_empty() {
            return Ok((net.connect_to.clone(), Duration::ZERO));
        }
        dial::resolve(endpoint, &net.allow, self.budgets.connect_timeout).await
    }

    /// Whether an address may be called in place of what an allowed endpoint resolves to: it is one of
    /// `connect_to`, an allowed endpoint itself, or might have come from the resolver.
    fn allowed(&self, endpoint: &Endpoint, address: &Address) -> Result<(), Obstructed> {
        let net = &*self.net;
        if *endpoint == net.origin && net.connect_to.contains(address) {
            return Ok(());
        }
        match (address, endpoint) {
            (Address::Unix(path), _) => net.allow.endpoint(&Endpoint::Unix(path.clone())),
            (Address::Ip(ip), Endpoint::Tcp { host, port }) if ip.port() == *port => {
                net.allow.address(host, ip.ip())
            }
            (Address::Ip(ip), _) => {
                net.allow.endpoint(&Endpoint::tcp(&ip.ip().to_string(), ip.port()))
            }
        }
    }

    /// Tells the breaker of a time-out. `route` is what was asked for, if it came to that.
    pub(super) fn heed<T>(
        &self,
        outcome: Result<T, Obstructed>,
        endpoint: &Endpoint,
        route: Option<u64>,
    ) -> Result<T, Obstructed> {
        if let Err(Obstructed { obstacle: Obstacle::Timeout, .. }) = &outcome
            && self.feeds_breaker(endpoint)
        {
            self.net.breaker.record(Sample::Failed { route });
        }
        outcome
    }

    /// Whether what happens at this endpoint tells of trouble at the target: another host's is not the
    /// target's, a port that a firewall drops is silent for ever, and what a load or a disruption meets
    /// it has caused itself.
    pub(super) fn feeds_breaker(&self, endpoint: &Endpoint) -> bool {
        matches!(self.footprint, Footprint::Passive | Footprint::Active)
            && *endpoint == self.net.origin
    }

    pub(super) fn connect_by(&self) -> Instant {
        Instant::now() + self.budgets.connect_timeout
    }
}
