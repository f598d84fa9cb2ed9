//! Opening a connection: within the budgets, to an allowed address, secured.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::Instant;

use super::{
    Address, Connection, Endpoint, Session,
    breaker::{Sample, Trial},
    dial::{self, Permit},
    feed::Happening,
    limits::Limits,
    queue::Wants,
};
use crate::contract::{Footprint, Obstacle, Obstructed};

impl Session {
    /// Connects to an endpoint that is allowed.
    pub(super) async fn open(
        &self,
        endpoint: &Endpoint,
        address: Option<&Address>,
    ) -> Result<Connection, Obstructed> {
        let permit = self.permit(endpoint, address).await?;
        self.open_with(permit, &Limits::new(&self.budgets), endpoint, address).await
    }

    /// Connects with a permit, within these limits.
    pub(super) async fn open_with(
        &self,
        mut permit: Permit,
        limits: &Limits,
        endpoint: &Endpoint,
        address: Option<&Address>,
    ) -> Result<Connection, Obstructed> {
        permit.bytes = limits.connection_bytes();
        let (addresses, resolve) = match address {
            Some(address) => (vec![address.clone()], Duration::ZERO),
            None => self.resolve(endpoint, limits.connect_within()).await?,
        };
        let by = Instant::now() + limits.connect_within();
        let dialled = dial::dial(&addresses, by, permit).await;
        self.tell_of(&dialled, endpoint, addresses.last());
        let mut connection = self.heed(dialled, endpoint, None)?;
        connection.phases.resolve = resolve;
        Ok(connection)
    }

    /// Waits until the budgets allow one more connection, to an endpoint that is allowed.
    pub(super) async fn permit(
        &self,
        endpoint: &Endpoint,
        address: Option<&Address>,
    ) -> Result<Permit, Obstructed> {
        if let Some(address) = address {
            self.allowed(endpoint, address)?;
        }
        let trial = self.may_call()?;
        let seat = self.queue.connection(&self.account).await;
        self.net.requests.fetch_add(1, Ordering::Relaxed);
        Ok(Permit { _seat: seat, _trial: trial, bytes: self.budgets.connection_bytes() })
    }

    /// Waits until the budgets allow one more request on an open connection.
    pub(super) async fn one_more(&self) -> Result<(), Obstructed> {
        let _trial = self.may_call()?;
        self.queue.turn(&self.account, Wants::Request).await;
        self.net.requests.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the breaker and the visit's budget allow one more.
    fn may_call(&self) -> Result<Option<Trial>, Obstructed> {
        let trial = match self.footprint {
            // A disruption means trouble: it watches the target through it.
            Footprint::Passive | Footprint::Disruptive => None,
            Footprint::Active | Footprint::Load => self.net.breaker.admit()?,
        };
        self.spend()?;
        Ok(trial)
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
        within: Duration,
    ) -> Result<(Vec<Address>, Duration), Obstructed> {
        let net = &*self.net;
        if *endpoint == net.origin && !net.connect_to.is_empty() {
            return Ok((net.connect_to.clone(), Duration::ZERO));
        }
        dial::resolve(endpoint, &net.allow, within).await
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

    /// Tells the feed how connecting went.
    fn tell_of(
        &self,
        dialled: &Result<Connection, Obstructed>,
        endpoint: &Endpoint,
        last: Option<&Address>,
    ) {
        if *endpoint != self.net.origin {
            return;
        }
        let feed = &self.net.feed;
        match dialled {
            Ok(connection) => {
                feed.note(Happening::Connected, Some(connection.address()), &self.probe);
            }
            Err(Obstructed { obstacle: Obstacle::Timeout, .. }) => {
                feed.note(Happening::Silent, last, &self.probe);
            }
            Err(obstructed) => feed.note_obstacle(obstructed, last, &self.probe),
        }
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

/// What is left of the time to connect.
pub(super) fn left(limits: &Limits, connection: &Connection) -> Duration {
    limits.connect_within().saturating_sub(connection.phases.connect)
}
