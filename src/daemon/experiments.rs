//! Experiments in the daemon: their windows, new revisions, and what is asked for by the API.

use std::{sync::Arc, time::Duration, time::SystemTime};

use tokio::time;
use tracing::{info, warn};

use super::{Daemon, Job};
use crate::{
    experiments::{Occasion, Opened, Refusal, opened},
    findings::{Hold, Settled},
    schedule::{Change, Once},
    visit::Errand,
};

/// Why a visit that was asked for is not made.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is no such target, or it has no such probe.
    #[error("the target `{target}` has no probe called `{probe}`")]
    Unknown {
        /// The target's name.
        target: String,
        /// The probe's name.
        probe: String,
    },
    /// The experiment does not start.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Marks cannot be changed.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// Too much was asked for already, or the daemon is stopping.
    #[error("gonogo takes no more requests at the moment; ask again later")]
    Busy,
}

impl Daemon {
    /// Makes a visit because somebody asks: the experiment, if the settings describe one and `experiment`
    /// wants it, else an ordinary visit. Returns once it is on its way.
    pub fn ask(&self, target: &str, probe: &str, experiment: bool) -> Result<(), AskError> {
        let errand = self.errand(target, probe)?;
        info!(target_name = target, probe, experiment, "a visit was asked for");
        if experiment || errand.interval.is_none() {
            self.begin(&errand, Occasion::Asked)?;
            return Ok(());
        }
        let key = (target.to_owned(), probe.to_owned());
        self.changes.try_send(Change::HurryOne(key)).map_err(|_| AskError::Busy)
    }

    /// Lets a probe's experiments start again, and tells whether they could not before.
    pub fn rearm(&self, target: &str, probe: &str) -> Result<bool, AskError> {
        let errand = self.errand(target, probe)?;
        let was_latched = self.experiments.rearm(&errand.target.name, &errand.probe)?;
        info!(target_name = target, probe, was_latched, "experiments were re-armed");
        Ok(was_latched)
    }

    fn errand(&self, target: &str, probe: &str) -> Result<Arc<Errand>, AskError> {
        let errands = self.errands.load();
        let found = errands
            .iter()
            .find(|errand| errand.target.name == target && &*errand.probe == probe)
            .cloned();
        found
            .ok_or_else(|| AskError::Unknown { target: target.to_owned(), probe: probe.to_owned() })
    }

    /// Starts an experiment, as soon as the target is quiet.
    pub(super) fn begin(&self, errand: &Arc<Errand>, occasion: Occasion) -> Result<(), Refusal> {
        let now = self.board.clock.now();
        self.experiments.claim(errand, errand.allowed, occasion, now)?;
        let target = errand.target.name.clone();
        let alone = errand.experiment.as_ref().is_none_or(|experiment| experiment.alone);
        if let (Some(experiment), true) = (&errand.experiment, alone) {
            let most = QUIET_WITHIN + experiment.deadline + experiment.restore_within;
            let until = now.checked_add(most).unwrap_or(now);
            self.board.findings.hold(&target, Hold { from: now, until });
        }
        info!(target_name = target, probe = %errand.probe, "an experiment waits for the target to be quiet: {occasion}");
        let what = Job::Experiment(Arc::clone(errand));
        if self.changes.try_send(Change::Once(Once { target, alone, what })).is_err() {
            self.experiments.give_up(errand);
            self.board.findings.release(&errand.target.name, now);
            return Err(Refusal::UnderWay);
        }
        Ok(())
    }

    /// Makes an experiment that has begun.
    pub(super) async fn experiment(&self, errand: &Errand) -> Settled {
        let (board, target) = (&self.board, errand.target.name.as_str());
        self.look_for_revision(errand).await;
        let stop = self.stopping.clone();
        let progress = self.board.progress(target, &errand.probe);
        let made =
            self.experiments.make(errand, &board.clock, &board.telemetry, progress, stop).await;
        board.findings.release(target, board.clock.now());
        match made {
            Ok(made) => {
                let result = if made.restored.is_ok() { "restored" } else { "not_restored" };
                board.telemetry.experimented(errand.kind.name, result);
                board.findings.record(errand.reporter(), made.visited, made.report);
            }
            Err(refusal) => {
                board.telemetry.experimented(errand.kind.name, "refused");
                warn!(target_name = target, probe = %errand.probe, %refusal, "an experiment did not start");
            }
        }
        self.judge(target);
        Settled::Yes
    }

    /// Starts the experiments of a target that a new revision asks for.
    pub(super) fn begin_on_revision(&self, target: &str) {
        for errand in self.errands.load().iter().filter(|errand| errand.target.name == target) {
            if errand.experiment.as_ref().is_some_and(|experiment| experiment.on_revision) {
                self.begin_or_tell(errand, Occasion::Revision);
            }
        }
    }

    /// Starts experiments as their windows open. Never ends.
    pub(super) async fn watch_windows(&self) {
        let mut before = self.board.clock.now();
        let mut ticks = time::interval(BETWEEN_LOOKS);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = self.board.clock.now();
            self.open_windows(before, now);
            before = now;
        }
    }

    pub(super) fn open_windows(&self, before: SystemTime, now: SystemTime) {
        for errand in self.errands.load().iter() {
            let window = errand.experiment.as_ref().map(|one| opened(one, before, now));
            match window.flatten() {
                Some(Opened::Now) => self.begin_or_tell(errand, Occasion::Window),
                Some(Opened::Missed) => {
                    self.board.telemetry.experimented(errand.kind.name, "missed");
                    warn!(
                        target_name = %errand.target.name, probe = %errand.probe,
                        "the window of an experiment was missed; it waits for the next"
                    );
                }
                None => {}
            }
        }
    }

    fn begin_or_tell(&self, errand: &Arc<Errand>, occasion: Occasion) {
        if let Err(refusal) = self.begin(errand, occasion) {
            self.board.telemetry.experimented(errand.kind.name, "refused");
            let (target, probe) = (&errand.target.name, &errand.probe);
            warn!(target_name = %target, %probe, %refusal, "{occasion}, but the experiment does not start");
        }
    }

    /// What experiments need of those who run gonogo: a word about each that does not have it.
    pub(super) fn concerns(&self, errands: &[Arc<Errand>], grace: Duration) -> Vec<String> {
        let mut concerns = Vec::new();
        for errand in errands {
            let Some(experiment) = &errand.experiment else { continue };
            let (target, probe) = (&errand.target.name, &errand.probe);
            let by_itself = experiment.window.is_some() || experiment.on_revision;
            if by_itself && !errand.allowed {
                let footprint = experiment.footprint.as_str();
                concerns.push(format!(
                    "`{probe}` of `{target}` never starts by itself: the target does not allow `{footprint}`"
                ));
            }
            if by_itself && self.store.is_none() {
                concerns.push(format!(
                    "`{probe}` of `{target}` is started again by a restart in its window: without --storage.path nothing remembers that it was started"
                ));
            }
            if errand.allowed && experiment.restore_within > grace {
                let needed = humantime::format_duration(experiment.restore_within);
                concerns.push(format!(
                    "putting back what `{probe}` of `{target}` changes may take {needed}: give gonogo at least as long to stop (systemd: TimeoutStopSec; Kubernetes: terminationGracePeriodSeconds)"
                ));
            }
        }
        concerns
    }
}

/// Visits under way have ended by then.
const QUIET_WITHIN: Duration = Duration::from_mins(3);
/// Windows are noticed within this time.
const BETWEEN_LOOKS: Duration = Duration::from_secs(10);
