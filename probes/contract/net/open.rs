//! Opening a connection: with the budgets' leave, to an allowed address, secured.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use super::{
    Address, Connection, Endpoint, Session,
    breaker::Sample,
    dial::{self, Leave},
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
        let leave = self.leave().await?;
        let (addresses, resolve) = match address {
            Some(address) => (vec![address.clone()], Duration::ZERO),
            None => self.resolve(endpoint).await?,
        };
        let dialled = dial::dial(&addresses, self.connect_by(), leave).await;
        // A port that a firewall drops is silent for ever; only the target's own tells of trouble.
        let is_own = *endpoint == self.net.origin;
        let mut connection = if is_own { self.heed(dialled)? } else { dialled? };
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
        let until =
            self.connect_by() - connection.phases.connect.min(self.net.budgets.connect_timeout);
        let stream = self.net.tls.connect(connection, name, manner, until).await;
        self.heed(stream.map_err(|error| error.obstructed))
    }

    /// Waits for the budgets' leave to open one more connection.
    async fn leave(&self) -> Result<Leave, Obstructed> {
        let net = &*self.net;
        let trial = match self.footprint {
            Footprint::Passive => None,
            _ => net.breaker.admit()?,
        };
        let limit = net.budgets.requests_per_visit.unwrap_or(self.requests);
        if self.spent.fetch_add(1, Ordering::Relaxed) >= limit {
            let detail = format!("the visit has used up its {limit} connections and requests");
            return Err(Obstacle::OverBudget.because(detail));
        }
        let permit = Arc::clone(&net.in_flight).acquire_owned().await;
        let permit = permit.map_err(|_| Obstacle::Local.because("the net has been taken down"))?;
        net.pace.turn().await;
        net.requests.fetch_add(1, Ordering::Relaxed);
        Ok(Leave { _permit: permit, _trial: trial, bytes: net.budgets.connection_bytes() })
    }

    pub(super) async fn resolve(
        &self,
        endpoint: &Endpoint,
    ) -> Result<(Vec<Address>, Duration), Obstructed> {
        let net = &*self.net;
        if *endpoint == net.origin && !net.connect_to.is_empty() {
            return Ok((net.connect_to.clone(), Duration::ZERO));
        }
        dial::resolve(endpoint, &net.allow, net.budgets.connect_timeout).await
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

    /// Tells the breaker of a time-out.
    pub(super) fn heed<T>(&self, outcome: Result<T, Obstructed>) -> Result<T, Obstructed> {
        if let Err(Obstructed { obstacle: Obstacle::Timeout, .. }) = &outcome {
            self.net.breaker.record(Sample::Failed);
        }
        outcome
    }

    pub(super) fn connect_by(&self) -> Instant {
        Instant::now() + self.net.budgets.connect_timeout
    }
}
