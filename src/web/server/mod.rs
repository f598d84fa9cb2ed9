//! Listening, accepting, and ending in time.
//!
//! `axum::serve` waits for ever for a client that sent half a header, half a body, or never
//! acknowledges a GOAWAY; so connections are accepted and watched over here.

mod accept;
mod bind;
mod connection;
mod pulse;
mod seats;
mod tasks;

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpListener, time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, warn};

pub use bind::{BindError, bind};
use seats::Seats;
use tasks::Tasks;

use super::{Limits, Stop, site::Front};

/// What every connection shares.
#[derive(Clone, Debug)]
struct Server {
    site: Arc<Front>,
    limits: Limits,
    seats: Arc<Seats>,
    stop: Stop,
    /// Connections that came before shutdown began.
    tasks: Tasks,
    /// Those that came after.
    late: Tasks,
    /// When nobody is let in any more.
    closed: CancellationToken,
}

/// Serves until [`Stop::done`], and returns when every connection is closed.
pub(super) async fn run(listeners: Vec<TcpListener>, site: Arc<Front>, limits: Limits, stop: Stop) {
    let server = Server {
        site,
        limits,
        seats: Arc::new(Seats::new(limits)),
        stop,
        tasks: Tasks::default(),
        late: Tasks::default(),
        closed: CancellationToken::new(),
    };
    let own = TaskTracker::new();
    for listener in listeners {
        own.spawn(accept::accept(listener, server.clone()));
    }
    let (site, closed) = (Arc::clone(&server.site), server.closed.clone());
    own.spawn(async move {
        closed.run_until_cancelled(site.access.keep_current()).await;
    });
    own.close();

    server.stop.draining.cancelled().await;
    debug!(open = server.seats.taken(), "requests under way may finish; new ones are refused");
    if time::timeout(limits.drain, server.tasks.ended()).await.is_err() {
        let open = server.seats.taken();
        warn!(open, after = ?limits.drain, "connections were still open and are dropped");
        server.tasks.cut_off().await;
    }
    server.stop.done.cancelled().await;
    server.closed.cancel();
    own.wait().await;
    if time::timeout(LAST_WORDS, server.late.ended()).await.is_err() {
        server.late.cut_off().await;
    }
}

/// How long the last that came may take to hear that gonogo is not ready.
const LAST_WORDS: Duration = Duration::from_millis(200);
