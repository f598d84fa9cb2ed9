//! Experiments: visits that load or disrupt a target. When one may start, and what makes sure that it
//! ends.
//!
//! An experiment never starts itself but in its window or for a new revision, never twice for the same
//! reason, and never while what an earlier one changed may not have been put back. Every start is on
//! disk before anything is done to the target, so that a restart or a crash repeats none and finds what
//! it has to put back.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use gonogo_probes::contract::{Experiment, Footprint, Obstructed, Progress, Report};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    clock::Clock,
    findings::Visited,
    store::{Store, StoreError},
    telemetry::Telemetry,
    visit::Errand,
};

/// Why an experiment is to start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Occasion {
    /// Somebody asked for it.
    Asked,
    /// Its window has opened.
    Window,
    /// A new revision of the target was seen.
    Revision,
}

impl fmt::Display for Occasion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "it was asked for",
            Self::Window => "its window has opened",
            Self::Revision => "a new revision was seen",
        })
    }
}

/// Why an experiment does not start.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The settings describe none.
    #[error("the settings of `{probe}` describe no experiment")]
    None {
        /// The probe's name on the target.
        probe: String,
    },
    /// The target does not allow its footprint.
    #[error(
        "the target does not allow what it does; add `allow: [{footprint}]` to the target, or allow it this once with `gonogo check --allow {footprint}`",
        footprint = footprint.as_str()
    )]
    NotAllowed {
        /// What it does to the target.
        footprint: Footprint,
    },
    /// One is under way, or waits for the target to be quiet.
    #[error("it is under way, or waits until no other visit of the target is")]
    UnderWay,
    /// What an earlier one changed was not put back.
    #[error(
        "what an earlier one changed may not have been put back ({why}); look after the target, then run `gonogo check --rearm`"
    )]
    Latched {
        /// Why.
        why: String,
    },
    /// The last one was not long enough ago.
    #[error("the last one began {ago} ago, and {LEAST} lie between two that nobody asked for", ago = humantime::format_duration(*ago), LEAST = humantime::format_duration(APART))]
    TooSoon {
        /// How long ago.
        ago: Duration,
    },
    /// Its start cannot be written down.
    #[error("its start cannot be written down, so that a crash could repeat it: {0}")]
    NotRecorded(#[source] StoreError),
}

/// What an experiment came to.
#[derive(Debug)]
pub struct Made {
    /// When, and how it went.
    pub visited: Visited,
    /// What it found.
    pub report: Report,
    /// Whether what it changed was put back.
    pub restored: Result<(), Obstructed>,
}

/// Knows which experiments were started, which are under way, and which must not start again.
#[derive(Debug, Default)]
pub struct Experiments {
    store: Option<Store>,
    marks: Mutex<HashMap<Key, Mark>>,
}

/// Target and probe.
type Key = (String, String);

/// What is known of one probe's experiments on one target, besides what is stored.
#[derive(Clone, Debug, Default)]
struct Mark {
    /// Whether one waits or is under way, and how long putting back may take.
    claimed: Option<Duration>,
    /// When the last one began, where nothing is stored.
    last: Option<SystemTime>,
    /// Why none may start, where nothing is stored.
    latched: Option<String>,
}

impl Experiments {
    /// Marks are kept in `store`; without one, as long as the process lives.
    pub fn new(store: Option<Store>) -> Self {
        Self { store, marks: Mutex::default() }
    }

    /// Claims the right to start an experiment, or says why it does not start. Whoever has it must
    /// call [`Experiments::make`] or [`Experiments::give_up`].
    pub fn claim(
        &self,
        errand: &Errand,
        allowed: bool,
        occasion: Occasion,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let Some(experiment) = &errand.experiment else {
            return Err(Refusal::None { probe: errand.probe.to_string() });
        };
        if !allowed {
            return Err(Refusal::NotAllowed { footprint: experiment.footprint });
        }
        let (target, probe) = (errand.target.name.as_str(), &*errand.probe);
        let mut marks = self.lock();
        let mark = marks.entry(key(errand)).or_default();
        if mark.claimed.is_some() {
            return Err(Refusal::UnderWay);
        }
        let latched = self.store.as_ref().and_then(|store| store.latched(target, probe));
        let latched = latched.map(|latch| latch.why).or_else(|| mark.latched.clone());
        if let Some(why) = latched {
            return Err(Refusal::Latched { why });
        }
        if occasion != Occasion::Asked {
            let last = match &self.store {
                Some(store) => store.last_started(target, probe),
                None => mark.last,
            };
            // One from later than now was dated by a clock that has been set since.
            let ago = last.map(|last| now.duration_since(last).unwrap_or_default());
            if let Some(ago) = ago.filter(|ago| *ago < APART) {
                return Err(Refusal::TooSoon { ago });
            }
        }
        mark.claimed = Some(experiment.restore_within);
        Ok(())
    }

    /// Gives the right back without having started.
    pub fn give_up(&self, errand: &Errand) {
        if let Some(mark) = self.lock().get_mut(&key(errand)) {
            mark.claimed = None;
        }
    }

    /// Makes an experiment that was claimed, and puts back what it changed whatever its end was.
    ///
    /// `stop` ends it early; what it changed is put back all the same.
    pub async fn make(
        &self,
        errand: &Errand,
        clock: &Clock,
        telemetry: &Telemetry,
        progress: Progress,
        stop: CancellationToken,
    ) -> Result<Made, Refusal> {
        let Some(experiment) = &errand.experiment else {
            return Err(Refusal::None { probe: errand.probe.to_string() });
        };
        let (target, probe) = (errand.target.name.as_str(), &*errand.probe);
        if let Err(error) = self.start(errand, clock.now()) {
            self.give_up(errand);
            return Err(Refusal::NotRecorded(error));
        }
        info!(target_name = target, probe, "an experiment begins: {}", experiment.plan);
        let (visited, report) =
            errand.experiment(experiment, clock, telemetry, progress, stop).await;
        let restored = self.put_back(errand, experiment, clock).await;
        self.give_up(errand);
        info!(target_name = target, probe, took = ?visited.took, "an experiment has ended");
        Ok(Made { visited, report, restored })
    }

    /// Puts back what experiments changed that were under way when gonogo last ended. None of their
    /// targets may be visited before.
    pub async fn put_back_all(&self, errands: &[std::sync::Arc<Errand>], clock: &Clock) {
        let left = self.store.as_ref().map(Store::under_way).unwrap_or_default();
        for mark in left {
            let (target, probe) = (mark.target.as_str(), mark.probe.as_str());
            let errand = errands
                .iter()
                .find(|errand| errand.target.name == target && &*errand.probe == probe);
            let known = errand.and_then(|errand| Some((errand, errand.experiment.as_ref()?)));
            let Some((errand, experiment)) = known else {
                let why = "gonogo ended during it, and it is no longer configured";
                self.latch(target, probe, clock.now(), why);
                continue;
            };
            warn!(target_name = target, probe, "an experiment was under way when gonogo ended");
            // The outcome is told where it is noticed.
            let _ = self.put_back(errand, experiment, clock).await;
        }
    }

    /// Lets experiments of a probe on a target start again, and tells whether they could not before.
    pub fn rearm(&self, target: &str, probe: &str) -> Result<bool, StoreError> {
        let stored = match &self.store {
            Some(store) => store.rearm_experiment(target, probe)?,
            None => false,
        };
        let key = (target.to_owned(), probe.to_owned());
        let mut marks = self.lock();
        let noted = marks.get_mut(&key).is_some_and(|mark| mark.latched.take().is_some());
        Ok(stored || noted)
    }

    /// The longest that putting back may take of those that are under way.
    pub fn longest_end(&self) -> Option<Duration> {
        self.lock().values().filter_map(|mark| mark.claimed).max()
    }

    fn start(&self, errand: &Errand, now: SystemTime) -> Result<(), StoreError> {
        if let Some(mark) = self.lock().get_mut(&key(errand)) {
            mark.last = Some(now);
        }
        let Some(store) = &self.store else { return Ok(()) };
        store.mark_experiment(&errand.target.name, &errand.probe, now)
    }

    async fn put_back(
        &self,
        errand: &Errand,
        experiment: &Experiment,
        clock: &Clock,
    ) -> Result<(), Obstructed> {
        let (target, probe) = (errand.target.name.as_str(), &*errand.probe);
        let restored = if experiment.restore_within.is_zero() {
            Ok(())
        } else {
            errand.restore(experiment, clock).await
        };
        if let Err(why) = &restored {
            self.latch(target, probe, clock.now(), &why.to_string());
        } else if let Some(Err(error)) =
            self.store.as_ref().map(|store| store.clear_experiment(target, probe))
        {
            // A restart then puts back once more, which does no harm.
            warn!(target_name = target, probe, %error, "the end of an experiment was not written down");
        }
        restored
    }

    fn latch(&self, target: &str, probe: &str, now: SystemTime, why: &str) {
        error!(
            target_name = target,
            probe,
            why,
            "what an experiment changed may not have been put back: look after the target; no further \
             experiment starts before `gonogo check --rearm`"
        );
        let key = (target.to_owned(), probe.to_owned());
        self.lock().entry(key).or_default().latched = Some(why.to_owned());
        if let Some(Err(error)) =
            self.store.as_ref().map(|store| store.latch_experiment(target, probe, now, why))
        {
            error!(target_name = target, probe, %error, "that was not written down");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Mark>> {
        // Every change is one assignment of something whole.
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a window that the experiment waits for has opened since `before`, or was missed.
///
/// One that opened while gonogo was not running, or did not look for a minute, is missed: an experiment
/// never starts with gonogo.
pub fn opened(experiment: &Experiment, before: SystemTime, now: SystemTime) -> Option<Opened> {
    let window = experiment.window.as_ref()?;
    let occurrence = window.next(before).filter(|next| next.from <= now)?;
    let late = now.duration_since(occurrence.from).unwrap_or_default();
    Some(if late < NOTICED && now < occurrence.to { Opened::Now } else { Opened::Missed })
}

/// How a window was noticed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Opened {
    /// In time.
    Now,
    /// Too late.
    Missed,
}

fn key(errand: &Errand) -> Key {
    (errand.target.name.clone(), errand.probe.to_string())
}

/// What lies between two experiments that nobody asked for.
pub const APART: Duration = Duration::from_hours(6);
/// A window that is noticed later than this was missed.
const NOTICED: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use serde_json::json;

    use super::*;
    use crate::{
        config,
        plan::Planner,
        testing::{CATALOGUE, at},
    };

    /// A target whose fuse is taken out, and the marks of that.
    struct House {
        directory: tempfile::TempDir,
        experiments: Experiments,
        clock: Clock,
        telemetry: Telemetry,
    }

    impl House {
        fn new() -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            let experiments = Experiments::new(Some(store(directory.path())));
            let clock = Clock::telling(|| at(100_000));
            Self { directory, experiments, clock, telemetry: Telemetry::new().expect("metrics") }
        }

        /// An errand whose experiment ends so.
        fn errand(&self, settings: &serde_json::Value) -> Arc<Errand> {
            let mut settings = settings.clone();
            settings["log"] = json!(self.directory.path().join("log"));
            let path = self.directory.path().join("gonogo.yaml");
            let config = json!({ "targets": [{
                "name": "house", "url": "https://house.example", "allow": ["disruptive"],
                "probes": [{ "fuse": settings }]
            }]});
            std::fs::write(&path, config.to_string()).expect("written");
            let config = config::load(&path, &CATALOGUE, at(0)).expect("a sound configuration");
            let plan = Planner::new(None).plan(&config).expect("a plan");
            Arc::clone(plan.errands().next().expect("a probe"))
        }

        fn claim(&self, errand: &Errand, occasion: Occasion, now: u64) -> Result<(), Refusal> {
            self.experiments.claim(errand, errand.allowed, occasion, at(now))
        }

        async fn make(&self, errand: &Errand) -> Result<Made, Refusal> {
            let (progress, stop) = (Progress::default(), CancellationToken::new());
            self.experiments.make(errand, &self.clock, &self.telemetry, progress, stop).await
        }

        fn log(&self) -> String {
            std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
        }

        /// What a restart finds.
        fn restarted(self) -> Self {
            let Self { directory, experiments, clock, telemetry } = self;
            drop(experiments);
            let experiments = Experiments::new(Some(store(directory.path())));
            Self { directory, experiments, clock, telemetry }
        }
    }

    fn store(directory: &Path) -> Store {
        Store::open(&directory.join("state"), at(0)).expect("a store")
    }

    #[tokio::test]
    async fn what_was_changed_is_put_back_whatever_the_end() {
        for ends in ["answer", "error", "hang", "panic"] {
            let house = House::new();
            let errand = house.errand(&json!({ "ends": ends }));
            house.claim(&errand, Occasion::Asked, 0).expect("nothing is in the way");
            let made = house.make(&errand).await.expect("made");
            assert_eq!(house.log(), "out in ", "{ends}");
            assert!(made.restored.is_ok());
            assert_eq!(made.visited.obstructed.is_none(), ends == "answer");
            house.claim(&errand, Occasion::Asked, 0).expect("it can be made again");
        }
    }

    #[tokio::test]
    async fn being_stopped_ends_it_early_and_puts_back() {
        let house = House::new();
        let errand = house.errand(&json!({ "ends": "hang" }));
        house.claim(&errand, Occasion::Asked, 0).expect("nothing is in the way");
        let stop = CancellationToken::new();
        stop.cancel();
        let made = house
            .experiments
            .make(&errand, &house.clock, &house.telemetry, Progress::default(), stop)
            .await
            .expect("made");
        assert_eq!(house.log(), "out in ");
        assert!(made.visited.obstructed.is_some_and(|it| it.to_string().contains("stopped")));
    }

    #[tokio::test]
    async fn a_restart_puts_back_what_was_left_and_repeats_nothing() {
        let house = House::new();
        let errand = house.errand(&json!({ "ends": "hang" }));
        house.claim(&errand, Occasion::Window, 100_000).expect("nothing is in the way");
        // The process ends here, in the middle of it.
        let cut = tokio::time::timeout(Duration::from_millis(50), house.make(&errand)).await;
        assert!(cut.is_err());
        assert_eq!(house.log(), "out ");
        let house = house.restarted();
        house.experiments.put_back_all(&[Arc::clone(&errand)], &house.clock).await;
        assert_eq!(house.log(), "out in ");
        let again = house.claim(&errand, Occasion::Window, 100_060);
        assert!(matches!(again, Err(Refusal::TooSoon { .. })), "{again:?}");
        let house = house.restarted();
        house.experiments.put_back_all(&[errand], &house.clock).await;
        assert_eq!(house.log(), "out in ", "once is enough");
    }

    #[tokio::test]
    async fn after_one_that_was_not_put_back_none_starts_until_a_person_says_so() {
        let house = House::new();
        let errand = house.errand(&json!({ "stuck": true }));
        house.claim(&errand, Occasion::Asked, 0).expect("nothing is in the way");
        let made = house.make(&errand).await.expect("made");
        assert!(made.restored.is_err());
        let house = house.restarted();
        let refused = house.claim(&errand, Occasion::Asked, 200_000).expect_err("latched");
        assert!(refused.to_string().contains("it does not fit"), "{refused}");
        assert!(house.experiments.rearm("house", "fuse").expect("written"));
        house.claim(&errand, Occasion::Asked, 200_000).expect("re-armed");
    }

    #[tokio::test]
    async fn one_that_is_no_longer_configured_is_told_and_latches() {
        let house = House::new();
        let errand = house.errand(&json!({ "ends": "hang" }));
        house.claim(&errand, Occasion::Asked, 0).expect("nothing is in the way");
        let cut = tokio::time::timeout(Duration::from_millis(50), house.make(&errand)).await;
        assert!(cut.is_err());
        let house = house.restarted();
        house.experiments.put_back_all(&[], &house.clock).await;
        let refused = house.claim(&errand, Occasion::Asked, 0).expect_err("latched");
        assert!(matches!(refused, Refusal::Latched { .. }), "{refused}");
    }

    #[tokio::test]
    async fn only_what_is_asked_for_may_follow_soon() {
        let house = House::new();
        let errand = house.errand(&json!({}));
        house.claim(&errand, Occasion::Revision, 100_000).expect("the first");
        let twice = house.claim(&errand, Occasion::Asked, 100_000);
        assert!(matches!(twice, Err(Refusal::UnderWay)), "{twice:?}");
        house.make(&errand).await.expect("made");
        for (occasion, secs, starts) in [
            (Occasion::Revision, 100_000 + 6 * 3600 - 1, false),
            (Occasion::Window, 100_000 + 6 * 3600 - 1, false),
            // A clock that was set back since.
            (Occasion::Window, 5, false),
            (Occasion::Asked, 100_001, true),
            (Occasion::Window, 100_000 + 6 * 3600, true),
        ] {
            let claimed = house.claim(&errand, occasion, secs);
            assert_eq!(claimed.is_ok(), starts, "{occasion} at {secs}: {claimed:?}");
            house.experiments.give_up(&errand);
        }
    }

    #[tokio::test]
    async fn what_is_not_allowed_does_not_start() {
        let house = House::new();
        let errand = house.errand(&json!({}));
        let refused = house.experiments.claim(&errand, false, Occasion::Asked, at(0));
        assert!(matches!(refused, Err(Refusal::NotAllowed { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn a_window_opens_it_only_while_gonogo_looks() {
        let house = House::new();
        // 1970-01-01 was a Thursday.
        let window = json!({ "from": "10:00", "to": "11:00" });
        let errand = house.errand(&json!({ "window": window }));
        let experiment = errand.experiment.as_ref().expect("one");
        let ten = 10 * 3600;
        let opened = |before, now| opened(experiment, at(before), at(now));
        assert_eq!(opened(ten - 10, ten - 1), None);
        assert_eq!(opened(ten - 5, ten + 5), Some(Opened::Now));
        assert_eq!(opened(ten + 5, ten + 15), None, "it is open already");
        assert_eq!(opened(ten - 5, ten + 120), Some(Opened::Missed), "nobody looked");
        assert_eq!(opened(ten - 5, ten + 90_000), Some(Opened::Missed));
    }
}
