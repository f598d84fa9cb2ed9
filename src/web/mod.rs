//! The daemon's own listener: metrics, answers for gates and scripts, pages for people.
//!
//! It reads the [`Board`] and never calls a target: whoever may reach it learns what is known, and
//! cannot make gonogo do anything but reload and make visits of its configuration, and that only where the
//! operator allowed it.

pub mod access;
mod api;
mod control;
mod hosts;
mod lifecycle;
mod links;
mod metrics;
mod negotiate;
mod pages;
mod server;
mod site;
#[cfg(test)]
mod tests;

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use access::{Access, AccessError};
pub use control::{Control, Refused, What, Wish};
pub use hosts::{Host, HostError, Hosts};
pub use links::{Links, PrefixError};
pub use server::{BindError, bind};

use crate::board::Board;

/// How to serve.
#[derive(Debug)]
pub struct Options {
    /// Who may come in, and whether by TLS.
    pub access: Access,
    /// By which names we may be asked.
    pub hosts: Hosts,
    /// Where pages and endpoints are found.
    pub links: Links,
    /// Reloads the configuration; `None` where that is not allowed by HTTP.
    pub reload: Option<Reload>,
    /// Makes visits that are asked for; `None` where that is not allowed by HTTP.
    pub control: Option<Control>,
    /// How long clients may take.
    pub limits: Limits,
}

/// How much clients may take, of time and of connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; one more takes the place of the one that has been idle longest.
    pub connections: usize,
    /// Further connections while all of those have requests under way: they get to know whether we are
    /// healthy and ready, and the metrics.
    pub reserved: usize,
    /// The time for a TLS handshake.
    pub handshake: Duration,
    /// The time for the header of a request, from its first byte; for the first request, from the
    /// start of the connection.
    pub header: Duration,
    /// How long a connection may stay open while nothing moves on it.
    pub idle: Duration,
    /// How long requests under way may go on after shutdown has begun.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            reserved: 32,
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(10),
            // Longer than Prometheus's usual scrape intervals, so that its connections are kept.
            idle: Duration::from_secs(150),
            drain: Duration::from_secs(10),
        }
    }
}

/// Reloads the configuration, as the daemon does it.
#[derive(Clone)]
pub struct Reload(Arc<Reloading>);

type Reloading = dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync;

impl Reload {
    /// Reloads by `reload`, whose error is shown to whoever asked.
    pub fn by<F>(reload: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(reload())))
    }

    async fn run(&self) -> Result<(), String> {
        (self.0)().await
    }
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reload")
    }
}

/// The end of serving, in two steps.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Shutdown begins: requests under way may finish, and who comes now hears that we are not ready.
    pub draining: CancellationToken,
    /// Shutdown is done: nobody is let in any more.
    pub done: CancellationToken,
}

/// Serves the board until it is told to stop, lets requests under way finish, and returns.
///
/// Idle connections are closed as soon as shutdown begins; requests still under way at the end of
/// [`Limits::drain`] are dropped, so no client can hold the daemon up for longer.
pub async fn serve(listeners: Vec<TcpListener>, board: Arc<Board>, options: Options, stop: Stop) {
    let limits = options.limits;
    let site = Arc::new(site::Front::new(board, options));
    server::run(listeners, site, limits, stop).await;
}
