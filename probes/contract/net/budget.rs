//! How much may be asked of a target.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};

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
    /// Bytes that may be read from one connection: the largest answer, and room for the TLS
    /// handshake around it.
    pub(super) fn connection_bytes(&self) -> usize {
        self.body_bytes.saturating_add(self.header_bytes).saturating_add(128 << 10)
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            requests_per_second: 10,
            burst: 80,
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

/// A token bucket, kept as the time at which it would be full again (GCRA): no task refills it.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    burst: Duration,
    full_at: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(budgets: &Budgets) -> Self {
        let interval = Duration::from_secs(1) / budgets.requests_per_second.max(1);
        Self {
            interval,
            burst: interval.saturating_mul(budgets.burst.max(1) - 1),
            full_at: Mutex::new(Instant::now()),
        }
    }

    /// Waits until one more may be sent. A caller that gives up waiting loses its turn.
    pub(super) async fn turn(&self) {
        let wait = {
            let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let start = now.max(*full_at);
            *full_at = start + self.interval;
            (start - now).saturating_sub(self.burst)
        };
        if !wait.is_zero() {
            time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let pace = Pace::new(&Budgets { requests_per_second: 10, burst: 3, ..Budgets::default() });
        let start = Instant::now();
        let mut at = Vec::new();
        for _ in 0..6 {
            pace.turn().await;
            at.push((Instant::now() - start).as_millis());
        }
        assert_eq!(at, [0, 0, 0, 100, 200, 300]);
        time::sleep(Duration::from_mins(1)).await;
        let rested = Instant::now();
        for _ in 0..3 {
            pace.turn().await;
        }
        assert_eq!(Instant::now(), rested, "the bucket is full again");
    }
}
