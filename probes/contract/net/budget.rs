//! How much may be asked of a target.

use std::time::Duration;

/// What gonogo may ask of a target, and take from it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Budgets {
    /// Connections and requests a second, sustained, over all probes of the target.
    pub requests_per_second: u32,
    /// Connections and requests at once before that rate applies.
    pub burst: u32,
    /// Connections open at the same time, over all probes of the target.
    pub in_flight: usize,
    /// Connections and requests of one visit; `None` leaves it to the probe.
    pub requests_per_visit: Option<u32>,
    /// Bytes of one body, after decompression.
    pub body_bytes: usize,
    /// Bytes of one answer's header.
    pub header_bytes: usize,
    /// Redirects a probe may follow in a row.
    pub redirects: u32,
    /// Time to connect, TLS included; and to resolve the name before that.
    pub connect_timeout: Duration,
    /// Time from the request to the end of the answer's header, and from there to the end of its
    /// body.
    pub read_timeout: Duration,
}

impl Budgets {
    /// Bytes that may be read from one connection.
    pub(super) fn connection_bytes(&self) -> usize {
        connection_bytes(self.body_bytes, self.header_bytes)
    }
}

/// The largest answer, and room for the TLS handshake around it.
pub(super) fn connection_bytes(body: usize, header: usize) -> usize {
    body.saturating_add(header).saturating_add(128 << 10)
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            requests_per_second: 10,
            burst: 30,
            in_flight: 4,
            requests_per_visit: None,
            body_bytes: 1 << 20,
            header_bytes: 64 << 10,
            redirects: 5,
            connect_timeout: Duration::from_secs(3),
            read_timeout: Duration::from_secs(5),
        }
    }
}
