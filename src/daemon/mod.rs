//! `gonogo serve`, drawn once: configuration → schedule → visits → findings → board → web, until told
//! to stop.

mod experiments;

pub use experiments::AskError;

use std::{
    path::PathBuf,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
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
    experiments::Experiments,
    findings::{Restored, Settled},
    plan::{Plan, PlanError, Planner},
    schedule::{self, Change, Limits, Slot, Witness},
    store::{Effort, Now, Store, Written},
    visit::Errand,
};

/// Watches targets and keeps the board.
#[derive(Debug)]
pub struct Daemon {
    /// What is shown.
    pub board: Arc<Board>,
    path: PathBuf,
    planner: Mutex<Planner>,
    changes: mpsc::Sender<Change<Job>>,
    receiver: Mutex<Option<mpsc::Receiver<Change<Job>>>>,
    store: Option<Store>,
    experiments: Experiments,
    /// As last loaded.
    errands: ArcSwap<Vec<Arc<Errand>>>,
    /// Ends experiments that are under way.
    stopping: CancellationToken,
    /// The time that visits under way have when gonogo is told to stop.
    grace: Duration,
    /// The version of the findings that is on disk.
    saved: AtomicU64,
    /// Why the state could not be written the last time.
    trouble: std::sync::Mutex<Option<String>>,
    loaded: std::sync::Mutex<(Limits, Inputs)>,
    /// Loads that have begun, and the last of them to end: one that ends later is out of date.
    loads: AtomicU64,
    last_loaded: AtomicU64,
    /// Bounds how many loads go on at once.
    loading: Semaphore,
}

/// Something that the schedule starts.
#[derive(Clone, Debug)]
pub enum Job {
    /// An ordinary visit.
    Visit(Arc<Errand>),
    /// An experiment.
    Experiment(Arc<Errand>),
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
        grace: Duration,
    ) -> Result<Self, prometheus::Error> {
        let (changes, receiver) = mpsc::channel(CHANGES_WAITING);
        Ok(Self {
            board: Arc::new(Board::new(catalogue, clock)?),
            path,
            planner: Mutex::new(Planner::new(external_url)),
            changes,
            receiver: Mutex::new(Some(receiver)),
            experiments: Experiments::new(store.clone()),
            errands: ArcSwap::default(),
            stopping: CancellationToken::new(),
            grace,
            store,
            saved: AtomicU64::new(UNSAVED),
            trouble: std::sync::Mutex::default(),
            loaded: std::sync::Mutex::default(),
            loads: AtomicU64::new(0),
            last_loaded: AtomicU64::new(0),
            loading: Semaphore::new(LOADS_AT_ONCE),
        })
    }

    /// Loads the configuration for the first time, and what was known before a restart.
    pub async fn start(&self) -> Result<(), ReloadError> {
        self.load().await
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
                identity: errand.identity,
                what: Job::Visit(Arc::clone(errand)),
            })
        });
        let known = self.adopt_state(&plan).await;
        let replace = Change::Replace(slots.collect(), config.limits);
        self.loaded().0 = config.limits;
        self.board.findings.expect(&plan.expected());
        self.board.findings.restore(known);
        for warning in config.warnings(now) {
            warn!("{warning}");
        }
        let errands: Vec<Arc<Errand>> = plan.errands().cloned().collect();
        for concern in self.concerns(&errands, self.grace) {
            warn!("{concern}");
        }
        self.errands.store(Arc::new(errands));
        self.board.rule(config.rulings(), config.redacted());
        self.board.telemetry.reloaded(Some(plan.targets.len()), now);
        self.changes.send(replace).await.map_err(|_| ReloadError::Stopping)
    }

    /// Takes what was known of targets that were not configured before, and keeps what is known of
    /// those that are gone.
    async fn adopt_state(&self, plan: &Plan) -> Vec<Restored> {
        let Some(store) = self.store.clone() else { return Vec::new() };
        let (before, wanted) = (self.board.findings.snapshot(), plan.remembered());
        let (catalogue, now) = (self.board.catalogue, self.now());
        let adopted =
            tokio::task::spawn_blocking(move || store.adopt(&before, wanted, catalogue, now));
        // State is a convenience: without it the first visits fill the board again.
        let Ok(adopted) = adopted.await else { return Vec::new() };
        for error in adopted.errors {
            warn!(%error, "not everything that was known before is known now");
        }
        adopted.known
    }

    fn now(&self) -> Now {
        Now { at: self.board.clock.now(), tick: time::Instant::now().into_std() }
    }

    /// Makes visits until `stop`, then waits for those under way, for the grace period or as long as
    /// experiments need to put back what they changed, and writes the state.
    pub async fn run(self: &Arc<Self>, limits: Limits, stop: CancellationToken) {
        let Some(mut receiver) = self.receiver.lock().await.take() else { return };
        self.experiments.put_back_all(&self.errands.load_full(), &self.board.clock).await;
        let tasks = TaskTracker::new();
        let sweeper = Arc::clone(self);
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move { sweeper.sweep().await }));
        let keeper = Arc::clone(self);
        tasks.spawn(stop.clone().run_until_cancelled_owned(async move { keeper.keep().await }));
        let watcher = Arc::clone(self);
        let watching = async move { watcher.watch_windows().await };
        tasks.spawn(stop.clone().run_until_cancelled_owned(watching));
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
        let visit = move |job: Job| {
            let daemon = Arc::clone(&daemon);
            async move {
                match job {
                    Job::Visit(errand) => daemon.visit(&errand).await,
                    Job::Experiment(errand) => daemon.experiment(&errand).await,
                }
            }
        };
        let pulse = Pulse { board: Arc::clone(&self.board) };
        let schedule = schedule::run(limits, changes, visit, &pulse);
        tokio::pin!(schedule);
        tokio::select! {
            () = &mut schedule => {}
            () = self.end_of_grace(&stop) => {
                warn!("visits still under way at the end of the grace period were cut off");
            }
        }
        tasks.wait().await;
        self.save(Effort::Last).await;
    }

    /// Ends experiments when `stop` comes, and waits for as long as visits under way may take then.
    async fn end_of_grace(&self, stop: &CancellationToken) {
        stop.cancelled().await;
        self.stopping.cancel();
        time::sleep(self.longest_stop()).await;
    }

    /// The longest that stopping may take.
    pub fn longest_stop(&self) -> Duration {
        let restoring = self.experiments.longest_end().map(|end| end + JUDGING);
        self.grace.max(restoring.unwrap_or_default())
    }

    /// One visit, from the errand to the findings.
    async fn visit(&self, errand: &Errand) -> Settled {
        let (board, target) = (&self.board, errand.target.name.as_str());
        self.look_for_revision(errand).await;
        let progress = board.progress(target, &errand.probe);
        let (visited, report) = errand.run(&board.clock, &board.telemetry, progress).await;
        let settled = board.findings.record(errand.reporter(), visited, report);
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
                let (now, reporter) = (board.clock.now(), errand.reporter());
                let is_new = board.findings.record_revision(reporter, revision, now);
                if is_new {
                    // What was seen of the old one is no evidence of the new.
                    errand.shared.forget();
                    info!(target_name = target, "a new revision is deployed");
                    // Without room in the queue each probe comes in its turn, as without this.
                    let _ = self.changes.try_send(Change::Hurry(target.to_owned()));
                    self.begin_on_revision(target);
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
        let Some(known) = board.findings.target(name) else { return };
        let (now, rulings) = (board.clock.now(), board.rulings());
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

    /// Looks after what happens without any visit: the clock is set, answers become stale, waivers
    /// end.
    async fn sweep(&self) {
        let mut ticks = time::interval(BETWEEN_SWEEPS);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        let mut steps = Steps::new(&self.board.clock);
        loop {
            ticks.tick().await;
            let stepped = steps.stepped(&self.board.clock);
            self.sweep_once(stepped).await;
        }
    }

    /// Writes what is known, as it changes.
    async fn keep(&self) {
        let mut ticks = time::interval(BETWEEN_SAVES);
        ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.save(Effort::Due).await;
        }
    }

    /// One sweep. Where the clock was set, answers that are not believed for it alone are asked for
    /// anew.
    async fn sweep_once(&self, stepped: bool) {
        let findings = &self.board.findings;
        let mut again = findings.doubt_dates_after(self.board.clock.now());
        for target in &findings.snapshot().targets {
            let name = &target.target.name;
            let now = target.aged_to(self.board.clock.now());
            let is_stale = || target.probes.iter().any(|probe| probe.stale(now).is_some());
            if stepped && !again.contains(name) && is_stale() {
                again.push(name.clone());
            }
            self.judge(name);
        }
        for target in again {
            if self.changes.send(Change::Hurry(target)).await.is_err() {
                return;
            }
        }
    }

    /// Writes the state, if anything is new.
    async fn save(&self, effort: Effort) {
        let Some(store) = self.store.clone() else { return };
        let (snapshot, now) = (self.board.findings.snapshot(), self.now());
        let version = snapshot.version;
        let is_known = self.saved.load(Ordering::Relaxed) == version;
        if is_known && effort == Effort::Due {
            return;
        }
        let writer = store.clone();
        let written =
            tokio::task::spawn_blocking(move || writer.save(&snapshot, now, effort)).await;
        let written =
            written.unwrap_or_else(|_| Ok(Written { pending: true, ..Written::default() }));
        // What waits for its time is looked at again though nothing else changes.
        let done = matches!(written, Ok(Written { pending: false, .. }));
        self.saved.store(if done { version } else { UNSAVED }, Ordering::Relaxed);
        self.tell_save(written.err().map(|error| error.to_string()));
        self.board.telemetry.state_bytes(store.written());
    }

    /// Says when the state can no longer be written, and when it can again: not each time.
    fn tell_save(&self, trouble: Option<String>) {
        self.board.telemetry.state_written(trouble.is_none());
        let mut before = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*before, &trouble) {
            (Some(_), None) => info!("the state can be written again"),
            (None, Some(error)) => {
                // Visits go on: only a restart would notice.
                error!(error, "the state could not be written; it is tried again");
            }
            _ => {}
        }
        *before = trouble;
    }
}

/// Notices that the clock is set, or was not running, by one that cannot be set.
struct Steps {
    clock: SystemTime,
    steady: time::Instant,
}

impl Steps {
    fn new(clock: &Clock) -> Self {
        Self { clock: clock.now(), steady: time::Instant::now() }
    }

    /// Whether the clock was set since the last time.
    fn stepped(&mut self, clock: &Clock) -> bool {
        const STEP: Duration = Duration::from_secs(5);
        let before = std::mem::replace(self, Self::new(clock));
        let passed = self.steady.duration_since(before.steady);
        let expected = before.clock.checked_add(passed);
        expected.is_none_or(|expected| {
            let apart = self.clock.duration_since(expected).unwrap_or_else(|e| e.duration());
            apart > STEP
        })
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

    fn deferred(&self, slots: u64) {
        self.board.telemetry.deferred(slots);
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
/// The time that a visit has to be judged and recorded after it was ended.
const JUDGING: Duration = Duration::from_secs(5);
const BETWEEN_SWEEPS: Duration = Duration::from_secs(15);
/// How soon a change is on disk.
const BETWEEN_SAVES: Duration = Duration::from_secs(2);
/// No version of the findings.
const UNSAVED: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use gonogo_probes::contract::Item;

    use super::*;
    use crate::testing::{CATALOGUE, DOOR, at, report, visit};

    const CONFIG: &str = "targets:\n  - name: shop\n    url: https://shop.example\n    interval: 1m\n    probes:\n      - door: {}\n";

    struct Place {
        directory: tempfile::TempDir,
        clock: Arc<AtomicU64>,
        daemon: Daemon,
        changes: mpsc::Receiver<Change<Job>>,
    }

    impl Place {
        /// A daemon that has loaded [`CONFIG`] in second 100 and makes no visits.
        async fn new() -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            let path = directory.path().join("gonogo.yaml");
            std::fs::write(&path, CONFIG).expect("written");
            let clock = Arc::new(AtomicU64::new(100));
            let told = Arc::clone(&clock);
            let telling = Clock::telling(move || at(told.load(Ordering::Relaxed)));
            let daemon = Daemon::new(&CATALOGUE, path, None, None, telling, Duration::ZERO)
                .expect("metrics");
            daemon.start().await.expect("a sound configuration");
            let receiver = daemon.receiver.lock().await.take();
            let mut place =
                Self { directory, clock, daemon, changes: receiver.expect("not taken yet") };
            place.taken_over().await;
            place
        }

        /// The errands and limits of the configuration that was last taken over.
        async fn taken_over(&mut self) -> (Vec<Slot<Job>>, Limits) {
            match self.changes.recv().await {
                Some(Change::Replace(slots, limits)) => (slots, limits),
                other => panic!("not a configuration: {other:?}"),
            }
        }

        /// A visit to the door that begins in this second and finds it shut.
        fn visit(&self, began: u64) {
            let findings = &self.daemon.board.findings;
            let probe = Arc::clone(&findings.snapshot().targets[0].probes[0]);
            let reporter = crate::findings::Reporter {
                target: "shop",
                probe: "door",
                identity: &probe.identity,
            };
            let report = report(&DOOR, vec![Item::pass("", "shut")]);
            findings.record(reporter, visit(began), report).expect("expected");
        }
    }

    #[tokio::test]
    async fn a_sweep_without_news_changes_nothing() {
        let place = Place::new().await;
        let findings = &place.daemon.board.findings;
        place.visit(101);
        place.clock.store(103, Ordering::Relaxed);
        place.daemon.sweep_once(false).await;
        let before = findings.snapshot();
        for now in [103, 118, 133, 281] {
            place.clock.store(now, Ordering::Relaxed);
            place.daemon.sweep_once(false).await;
        }
        assert_eq!(findings.version(), before.version);
        // Three intervals after the visit it is stale, which is news.
        place.clock.store(282, Ordering::Relaxed);
        place.daemon.sweep_once(false).await;
        assert!(findings.version() > before.version);
    }

    #[tokio::test]
    async fn what_was_dated_by_a_clock_that_is_set_back_is_asked_for_anew() {
        let mut place = Place::new().await;
        place.visit(4000);
        place.daemon.sweep_once(true).await;
        let change = place.changes.try_recv();
        assert!(matches!(change, Ok(Change::Hurry(target)) if target == "shop"));
        place.daemon.sweep_once(false).await;
        assert!(place.changes.try_recv().is_err(), "once is enough");
    }

    #[tokio::test]
    async fn what_is_stale_because_the_clock_was_set_is_asked_for_anew() {
        let mut place = Place::new().await;
        place.visit(101);
        place.clock.store(5000, Ordering::Relaxed);
        place.daemon.sweep_once(false).await;
        assert!(place.changes.try_recv().is_err(), "a schedule that is late is not hurried");
        place.daemon.sweep_once(true).await;
        assert!(matches!(place.changes.try_recv(), Ok(Change::Hurry(_))));
    }

    #[tokio::test]
    async fn a_reload_takes_over_new_limits() {
        let mut place = Place::new().await;
        let limits = "limits: { visits: 7, visits_per_target: 1 }\n";
        let path = place.directory.path().join("gonogo.yaml");
        std::fs::write(path, format!("{CONFIG}{limits}")).expect("written");
        place.daemon.reload("a test").await.expect("a sound configuration");
        let wanted = Limits { overall: 7, per_target: 1 };
        assert_eq!(place.taken_over().await.1, wanted);
    }

    #[tokio::test]
    async fn a_reload_that_dials_elsewhere_begins_anew() {
        let mut place = Place::new().await;
        place.visit(101);
        let moved = CONFIG.replace("interval:", "connect_to: ['192.0.2.7:443']\n    interval:");
        std::fs::write(place.directory.path().join("gonogo.yaml"), moved).expect("written");
        place.daemon.reload("a test").await.expect("a sound configuration");
        let (slots, _) = place.taken_over().await;
        let known = Arc::clone(&place.daemon.board.findings.snapshot().targets[0].probes[0]);
        assert!(known.visited.is_none(), "another machine was visited");
        assert_eq!(slots[0].identity, known.identity);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_is_noticed_and_one_that_runs_is_not() {
        let told = Arc::new(AtomicU64::new(10_000));
        let clock = {
            let told = Arc::clone(&told);
            Clock::telling(move || at(told.load(Ordering::Relaxed)))
        };
        let mut steps = Steps::new(&clock);
        for (passed, shown, stepped) in [
            (15, 10_015, false),
            (15, 10_032, false),
            (15, 13_647, true),
            (15, 13_662, false),
            (15, 10_062, true),
            (3_600, 10_062, true),
            (15, 10_077, false),
        ] {
            time::advance(Duration::from_secs(passed)).await;
            told.store(shown, Ordering::Relaxed);
            assert_eq!(steps.stepped(&clock), stepped, "{shown}");
        }
    }
}
