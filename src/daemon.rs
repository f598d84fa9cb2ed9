//! `gonogo serve`, drawn once: configuration → schedule → visits → findings → board → web, until told
//! to stop.

use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use gonogo_probes::contract::{Footprint, Kind};
use tokio::{
    sync::{Mutex, Semaphore, mpsc},
    time,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};
use url::Url;

use crate::{
    assessment::assess,
    board::Board,
    clock::Clock,
    config::{self, Config, Inputs, LoadError},
    findings::Settled,
    plan::{PlanError, Planner},
    schedule::{self, Change, Limits, Slot, Witness},
    store::Store,
    visit::Errand,
};

/// Watches targets and keeps the board.
#[derive(Debug)]
pub struct Daemon {
    /// What is shown.
    pub board: Arc<Board>,
    path: PathBuf,
    planner: Mutex<Planner>,
    changes: mpsc::Sender<Change<Arc<Errand>>>,
    receiver: Mutex<Option<mpsc::Receiver<Change<Arc<Errand>>>>>,
    store: Option<Store>,
    saved: AtomicU64,
    loaded: std::sync::Mutex<(Limits, Inputs)>,
    /// Loads that have begun, and the last of them to end: one that ends later is out of date.
    loads: AtomicU64,
    last_loaded: AtomicU64,
    /// Bounds how many loads go on at once.
    loading: Semaphore,
}

/// Why a configuration was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It cannot be loaded.
    #[error(transparent)]
    Config(#[from] LoadError),
    /// The way to a target cannot be prepared.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// It was read before another one that is loaded already.
    #[error("a reload that began later has ended first")]
    Overtaken,
    /// The daemon is stopping.
    #[error("gonogo is shutting down")]
    Stopping,
}

impl Daemon {
    /// A daemon that has not loaded its configuration yet.
    ///
    /// # Errors
    ///
    /// Returns an error if a metric of ours is declared wrongly, which is a bug.
    pub fn new(
        catalogue: &'static [Kind],
        path: PathBuf,
        external_url: Option<&Url>,
        store: Option<Store>,
        clock: Clock,
    ) -> Result<Self, prometheus::Error> {
        let (changes, receiver) = mpsc::channel(CHANGES_WAITING);
        Ok(Self {
            board: Arc::new(Board::new(catalogue, clock)?),
            path,
            planner: Mutex::new(Planner::new(external_url)),
            changes,
            receiver: Mutex::new(Some(receiver)),
            store,
            saved: AtomicU64::new(0),
            loaded: std::sync::Mutex::default(),
            loads: AtomicU64::new(0),
            last_loaded: AtomicU64::new(0),
            loading: Semaphore::new(LOADS_AT_ONCE),
        })
    }

    /// Loads the configuration for the first time, and what was known before a restart.
    pub async fn start(&self) -> Result<(), ReloadError> {
        self.load().await?;
        if let Some(store) = &self.store {
            match store.load(self.board.catalogue) {
                Ok(known) => self.board.findings.restore(known),
                // State is a convenience: without it the first visits fill the board again.
                Err(error) => warn!(%error, "starting without what was known before"),
            }
        }
        self.saved.store(self.board.findings.version(), Ordering::Relaxed);
        Ok(())
    }

    /// How many visits may be made at once, as last loaded.
    pub fn limits(&self) -> Limits {
        self.loaded().0
    }

    /// Watches the files of the configuration, by a look `every` so often, and takes over what they
    /// change into. Never ends.
    pub async fn follow_files(&self, every: Duration) {
        loop {
            config::changed(every, || self.loaded().1.clone()).await;
            // The outcome is logged and counted there; what was read is what later looks compare with.
            let _ = self.reload("its files changed").await;
        }
    }

    fn loaded(&self) -> std::sync::MutexGuard<'_, (Limits, Inputs)> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads the configuration again, and logs why. If anything is wrong with it, nothing changes.
    ///
    /// Not to be dropped before it ends: a configuration may be taken over by half then.
    pub async fn reload(&self, because: &str) -> Result<(), ReloadError> {
        info!(because, "reloading the configuration");
        let loaded = self.load().await;
        match &loaded {
            Ok(()) => info!("configuration reloaded"),
            Err(ReloadError::Overtaken) => {
                info!("a later reload of the configuration has ended first");
            }
            Err(error) => {
                error!(%error, "the configuration was not taken over; the one before stays in force");
                self.board.telemetry.reloaded(None, self.board.clock.now());
            }
        }
        loaded
    }

    async fn load(&self) -> Result<(), ReloadError> {
        let _in_progress = self.board.telemetry.reloading();
        // It is never closed, and every load ends: a disk that does not answer is given up.
        let _seat = self.loading.acquire().await.map_err(|_| ReloadError::Stopping)?;
        let turn = self.loads.fetch_add(1, Ordering::Relaxed) + 1;
        let (path, catalogue) = (self.path.clone(), self.board.catalogue);
        let now = self.board.clock.now();
        let loading = tokio::task::spawn_blocking(move || config::attempt(&path, catalogue, now));
        let (config, inputs) = loading.await.map_err(|_| ReloadError::Stopping)?;
        // Held from here on, so that two configurations are not taken over at once.
        let mut planner = self.planner.lock().await;
        if self.last_loaded.fetch_max(turn, Ordering::Relaxed) > turn {
            return Err(ReloadError::Overtaken);
        }
        self.loaded().1 = inputs;
        self.adopt(&mut planner, config?).await
    }

    /// Takes over a configuration, or leaves everything as it is.
    async fn adopt(&self, planner: &mut Planner, config: Config) -> Result<(), ReloadError> {
        let plan = planner.plan(&config)?;
        let now = self.board.clock.now();
        let slots = plan.errands().filter_map(|errand| {
            Some(Slot {
                key: (errand.target.name.clone(), errand.probe.to_string()),
                interval: errand.interval?,
                what: Arc::clone(errand),
            })
        });
        let replace = Change::Replace(slots.collect());
        self.loaded().0 = config.limits;
        self.board.findings.expect(&plan.expected());
        for warning in config.warnings(now) {
            warn!("{warning}");
        }
        self.board.rule(config.rulings(), config.redacted());
        self.board.telemetry.reloaded(Some(plan.targets.len()), now);
        self.changes.send(replace).await.map_err(|_| ReloadError::Stopping)
    }

    /// Makes visits until `stop`, then waits `grace` for those under way, and writes the state.
    pub async fn run(self: &Arc<Self>, limits: Limits, stop: CancellationToken, grace: Duration) {
        let Some(mut receiver) = self.receiver.lock().await.take() else { return };
        let tasks = TaskTracker::new();
        let sweeper = Arc::clone(self);
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move { sweeper.sweep().await }));
        let (relay, changes) = mpsc::channel(1);
        let stopping = stop.clone();
        tasks.spawn(async move {
            // The schedule ends when its changes do.
            while let Some(Some(change)) = stopping.run_until_cancelled(receiver.recv()).await {
                if relay.send(change).await.is_err() {
                    return;
                }
            }
        });
        tasks.close();
        let daemon = Arc::clone(self);
        let visit = move |errand: Arc<Errand>| {
            let daemon = Arc::clone(&daemon);
            async move { daemon.visit(&errand).await }
        };
        let pulse = Pulse { board: Arc::clone(&self.board) };
        let schedule = schedule::run(limits, changes, visit, &pulse);
        tokio::pin!(schedule);
        tokio::select! {
            () = &mut schedule => {}
            () = async { stop.cancelled().await; time::sleep(grace).await } => {
                warn!(?grace, "visits still under way at the end of the grace period were cut off");
            }
        }
        tasks.wait().await;
        self.save().await;
    }

    /// One visit, from the errand to the findings.
    async fn visit(&self, errand: &Errand) -> Settled {
        let (board, target) = (&self.board, errand.target.name.as_str());
        self.look_for_revision(errand).await;
        let (visited, report) = errand.run(&board.clock, &board.telemetry).await;
        let settled = board.findings.record(target, &errand.probe, visited, report);
        self.judge(target);
        // What nobody expects any more is not looked at again.
        settled.unwrap_or(Settled::Yes)
    }

    /// Asks the target which revision is running, if it is time. A new one is looked at at once.
    async fn look_for_revision(&self, errand: &Errand) {
        let Some(watch) = &errand.revision else { return };
        let session = errand.net.session(Footprint::Passive);
        let (board, target) = (&self.board, errand.target.name.as_str());
        match watch.look(&errand.target, &session).await {
            Some(Ok(revision)) => {
                let is_new = board.findings.record_revision(target, revision, board.clock.now());
                if is_new {
                    info!(target_name = target, "a new revision is deployed");
                    // Without room in the queue each probe comes in its turn, as without this.
                    let _ = self.changes.try_send(Change::Hurry(target.to_owned()));
                }
            }
            Some(Err(error)) => {
                warn!(target_name = target, %error, "the revision is not known");
            }
            None => {}
        }
    }

    /// Notes what the target's verdict is now, and says so when it changed.
    fn judge(&self, name: &str) {
        let board = &self.board;
        let (now, rulings) = (board.clock.now(), board.rulings());
        let Some(known) = board.findings.target(name) else { return };
        let card = assess(&known, &rulings, now).card;
        let Some(before) = board.findings.record_verdict(name, card.verdict, now) else { return };
        // The first reason's are the worst; the report has all.
        let checks: Vec<&str> =
            card.reasons.iter().flat_map(|r| r.checks.iter().copied()).take(5).collect();
        let rules: Vec<&str> = card.reasons.iter().map(|reason| reason.rule.as_str()).collect();
        info!(
            target_name = name,
            verdict = card.verdict.shown(),
            before = before.map_or("none", crate::scorecard::Verdict::shown),
            rules = rules.join(","),
            checks = checks.join(","),
            "verdict changed"
        );
    }

    /// Looks after what happens without any visit: answers become stale, waivers end, state is saved.
    async fn sweep(&self) {
        let mut ticks = time::interval(BETWEEN_SWEEPS);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for target in &self.board.findings.snapshot().targets {
                self.judge(&target.target.name);
            }
            self.save().await;
        }
    }

    /// Writes the state, if anything is new.
    async fn save(&self) {
        let Some(store) = self.store.clone() else { return };
        let snapshot = self.board.findings.snapshot();
        let version = snapshot.version;
        if self.saved.load(Ordering::Relaxed) == version {
            return;
        }
        let written = tokio::task::spawn_blocking(move || store.save(&snapshot)).await;
        let successfully = match written {
            Ok(Ok(())) => {
                self.saved.store(version, Ordering::Relaxed);
                true
            }
            Ok(Err(error)) => {
                // Visits go on: only a restart would notice.
                error!(%error, "the state could not be written");
                false
            }
            Err(_) => false,
        };
        self.board.telemetry.state_written(successfully);
    }
}

/// Shows that the schedule is alive, to Prometheus and to systemd's watchdog.
struct Pulse {
    board: Arc<Board>,
}

impl Witness for Pulse {
    fn started(&self, lag: Duration) {
        self.board.telemetry.started(lag);
    }

    fn skipped(&self, slots: u64) {
        self.board.telemetry.skipped(slots);
    }

    fn beat(&self) {
        self.board.telemetry.beat(self.board.clock.now());
        // Nobody listens where systemd did not start us.
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
    }
}

/// Reloads wait for their turn; deployments that are noticed meanwhile wait with them.
const CHANGES_WAITING: usize = 64;
/// One may wait for a disk while the next finds other files; a flood of requests finds no more room.
const LOADS_AT_ONCE: usize = 4;
const BETWEEN_SWEEPS: Duration = Duration::from_secs(15);
