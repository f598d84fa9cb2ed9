//! One armed probe sent to one target: its span, its time, what we count of ourselves. The deadline
//! and the panic boundary are the armed probe's own.

use std::{sync::Arc, time::Duration};

use gonogo_probes::contract::{
    Armed, Experiment, Footprint, Kind, Memory, Obstructed, Progress, Report, Shared, Target,
    Visit,
    net::{Net, Session},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, debug, debug_span, warn};

use crate::{
    clock::Clock,
    findings::{Reporter, Visited},
    revision::Watch,
    secrets::Secrets,
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
    /// What an ordinary visit does to the target; `None` if only experiments answer.
    pub ordinary: Option<Footprint>,
    /// Connections and requests it may use, where the target's budgets do not say.
    pub requests: u32,
    /// The experiment that the settings describe.
    pub experiment: Option<Experiment>,
    /// Whether the target's configuration allows the experiment.
    pub allowed: bool,
    /// Settings and target, as a digest.
    pub identity: [u8; 32],
    /// What is observed, as a digest.
    pub observes: [u8; 32],
    /// The secrets of the target's settings.
    pub secrets: Arc<Secrets>,
    /// Where the target says which revision of it is running.
    pub revision: Option<Arc<Watch>>,
}

impl Errand {
    /// Makes an ordinary visit.
    pub async fn run(
        &self,
        clock: &Clock,
        telemetry: &Telemetry,
        progress: Progress,
    ) -> (Visited, Report) {
        self.secrets.refresh().await;
        let footprint = self.ordinary.unwrap_or(Footprint::Passive);
        let net = self.net.session(footprint).for_requests(self.requests);
        let visit = self.visit(net, self.deadline, clock).with_progress(progress);
        self.shared.sweep();
        self.make(&visit, telemetry).await
    }

    /// Makes the experiment. Putting back what it changes is somebody else's: see
    /// [`crate::experiments`].
    pub(crate) async fn experiment(
        &self,
        experiment: &Experiment,
        clock: &Clock,
        telemetry: &Telemetry,
        progress: Progress,
        stop: CancellationToken,
    ) -> (Visited, Report) {
        self.secrets.refresh().await;
        let net = self.net.session(experiment.footprint).for_requests(experiment.requests);
        let visit = self.visit(net, experiment.deadline, clock);
        let visit = visit.with_progress(progress).with_stop(stop);
        let (visited, report) = self.make(&visit, telemetry).await;
        (visited.holding(experiment.valid_for), report)
    }

    /// Puts back what the experiment changes.
    pub(crate) async fn restore(
        &self,
        experiment: &Experiment,
        clock: &Clock,
    ) -> Result<(), Obstructed> {
        self.secrets.refresh().await;
        let net = self.net.session(experiment.footprint).for_requests(experiment.requests);
        let visit = self.visit(net, experiment.restore_within, clock);
        self.armed.restore(&visit).instrument(self.span()).await
    }

    fn visit(&self, net: Session, deadline: Duration, clock: &Clock) -> Visit {
        let net = net.of_probe(&self.probe);
        Visit::new(Arc::clone(&self.target), net, clock.now(), deadline)
            .with_memory(Arc::clone(&self.memory))
            .with_shared(Arc::clone(&self.shared))
    }

    async fn make(&self, visit: &Visit, telemetry: &Telemetry) -> (Visited, Report) {
        let started = Instant::now();
        let report = self.armed.run(visit).instrument(self.span()).await;
        let took = started.elapsed();
        let result = report.obstructed.as_ref().map_or("answered", |o| o.obstacle.as_str());
        telemetry.visited(self.kind.name, took, result);
        telemetry.refused_to_remember(self.kind.name, self.memory.refused());
        for notice in self.memory.notices() {
            let notice = visit.net.redactor().clean(&notice).into_owned();
            warn!(target_name = %self.target.name, probe = %self.probe, "{notice}");
        }
        debug!(target_name = %self.target.name, probe = %self.probe, ?took, result, "visited");
        let obstructed = report.obstructed.clone();
        (Visited::new(visit.at, took, visit.deadline, obstructed), report)
    }

    fn span(&self) -> Span {
        debug_span!("visit", target = %self.target.name, probe = %self.probe)
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
