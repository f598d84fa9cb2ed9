//! One armed probe sent to one target: its span, its time, what we count of ourselves. The deadline
//! and the panic boundary are the armed probe's own.

use std::{sync::Arc, time::Duration};

use gonogo_probes::contract::{
    Armed, Footprint, Kind, Memory, Report, Shared, Target, Visit, net::Net,
};
use tokio::time::Instant;
use tracing::{Instrument, debug, debug_span};

use crate::{
    clock::Clock,
    findings::{Reporter, Visited},
    revision::Watch,
    telemetry::Telemetry,
};

/// An armed probe, its target, and all that a visit needs.
#[derive(Clone)]
pub struct Errand {
    /// Whom to visit.
    pub target: Arc<Target>,
    /// The way there.
    pub net: Arc<Net>,
    /// The probe's name on this target.
    pub probe: Arc<str>,
    /// Which probe it is.
    pub kind: &'static Kind,
    /// The probe, configured.
    pub armed: Arc<dyn Armed>,
    /// What it remembers.
    pub memory: Arc<Memory>,
    /// What the target's probes have seen for one another.
    pub shared: Arc<Shared>,
    /// The time between visits; `None` where visits are made on demand.
    pub interval: Option<Duration>,
    /// The time allowed for a visit.
    pub deadline: Duration,
    /// What a visit does to the target.
    pub footprint: Footprint,
    /// Connections and requests it may use, where the target's budgets do not say.
    pub requests: u32,
    /// Settings and target, as a digest.
    pub identity: [u8; 32],
    /// Where the target says which revision of it is running.
    pub revision: Option<Arc<Watch>>,
}

impl Errand {
    /// Makes the visit.
    pub async fn run(&self, clock: &Clock, telemetry: &Telemetry) -> (Visited, Report) {
        self.shared.sweep();
        let net = self.net.session(self.footprint).for_requests(self.requests);
        let visit = Visit::new(Arc::clone(&self.target), net, clock.now(), self.deadline)
            .with_memory(Arc::clone(&self.memory))
            .with_shared(Arc::clone(&self.shared));
        let span = debug_span!("visit", target = %self.target.name, probe = %self.probe);
        let started = Instant::now();
        let report = self.armed.run(&visit).instrument(span).await;
        let took = started.elapsed();
        let result = report.obstructed.as_ref().map_or("answered", |o| o.obstacle.as_str());
        telemetry.visited(self.kind.name, took, result);
        debug!(target_name = %self.target.name, probe = %self.probe, ?took, result, "visited");
        let obstructed = report.obstructed.clone();
        (Visited::new(visit.at, took, self.deadline, obstructed), report)
    }

    /// Who reports of its visits.
    pub fn reporter(&self) -> Reporter<'_> {
        Reporter { target: &self.target.name, probe: &self.probe, identity: &self.identity }
    }
}

impl std::fmt::Debug for Errand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Errand")
            .field("target", &self.target.name)
            .field("probe", &self.probe)
            .finish_non_exhaustive()
    }
}
