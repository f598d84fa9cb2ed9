//! Being told to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::warn;

/// SIGTERM (Kubernetes, systemd) and SIGINT (Ctrl-C).
pub(super) struct Signals(Option<(Signal, Signal)>);

impl Signals {
    /// From now on they end nothing by themselves.
    pub(super) fn new() -> Self {
        let term = signal(SignalKind::terminate());
        let signals = term.and_then(|term| Ok((term, signal(SignalKind::interrupt())?))).ok();
        if signals.is_none() {
            warn!("SIGTERM cannot be heard; only SIGKILL will stop gonogo");
        }
        Self(signals)
    }

    /// Waits for the next.
    pub(super) async fn told_to_stop(&mut self) {
        let Some((term, int)) = &mut self.0 else { return std::future::pending().await };
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    }
}
