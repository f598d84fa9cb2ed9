//! What one request may take.

use std::time::Duration;

use tokio::time::Instant;

use super::{Budgets, Request, budget};

/// The budgets of one request, from when it is its turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) header_bytes: usize,
    pub(super) body_bytes: usize,
    connect: Duration,
    read: Duration,
    /// When the whole of it must be over.
    until: Option<Instant>,
}

impl Limits {
    pub(super) fn new(budgets: &Budgets) -> Self {
        Self {
            header_bytes: budgets.header_bytes,
            body_bytes: budgets.body_bytes,
            connect: budgets.connect_timeout,
            read: budgets.read_timeout,
            until: None,
        }
    }

    /// With what the request sets itself. Its time runs from now.
    pub(super) fn of(budgets: &Budgets, request: &Request) -> Self {
        Self {
            body_bytes: request.body_limit.unwrap_or(budgets.body_bytes),
            until: request.within.map(|within| Instant::now() + within),
            ..Self::new(budgets)
        }
    }

    /// Bytes that may be read from a connection that is made for it.
    pub(super) fn connection_bytes(&self) -> usize {
        budget::connection_bytes(self.body_bytes, self.header_bytes)
    }

    /// Time in which a connection must be open, TLS included.
    pub(super) fn connect_within(&self) -> Duration {
        self.left(self.connect)
    }

    /// Time in which the part of an answer that is awaited now must be there.
    pub(super) fn read_within(&self) -> Duration {
        self.left(self.read)
    }

    fn left(&self, most: Duration) -> Duration {
        let left = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        left.map_or(most, |left| left.min(most))
    }
}
