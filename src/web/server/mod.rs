//! Listening, accepting, and ending in time.
//!
//! `axum::serve` waits for ever for a client that sent half a header, half a body, or never
//! acknowledges a GOAWAY; so connections are accepted and watched over here.

mod accept;
mod bind;
mod connection;
mod pulse;
mod tasks;

use std::sync::Arc;

use tokio::{net::TcpListener, sync::Semaphore, time};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

pub use bind::{BindError, bind};
use tasks::Tasks;

use super::{Limits, site::Front};

/// What every connection shares.
#[derive(Clone, Debug)]
struct Server {
    site: Arc<Front>,
    limits: Limits,
    tasks: Tasks,
    seats: Arc<Semaphore>,
    shutdown: CancellationToken,
}

/// Serves until `shutdown`, and returns when every connection is closed.
pub(super) async fn run(
    listeners: Vec<TcpListener>,
    site: Arc<Front>,
    limits: Limits,
    shutdown: CancellationToken,
) {
    let tasks = Tasks::default();
    let seats = Arc::new(Semaphore::new(limits.connections));
    let server = Server { site, limits, tasks, seats, shutdown };
    for listener in listeners {
        server.tasks.spawn(accept::accept(listener, server.clone()));
    }
    let site = Arc::clone(&server.site);
    let renewal = server.shutdown.clone();
    server.tasks.spawn(async move {
        renewal.run_until_cancelled(site.access.keep_current()).await;
    });

    server.shutdown.cancelled().await;
    let open = limits.connections - server.seats.available_permits();
    debug!(open, "the listener is closed; requests under way may finish");
    if time::timeout(limits.drain, server.tasks.ended()).await.is_err() {
        let open = limits.connections - server.seats.available_permits();
        warn!(open, after = ?limits.drain, "connections were still open and are dropped");
        server.tasks.cut_off().await;
    }
}
