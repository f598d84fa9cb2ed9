//! What we count of ourselves, so that our silence is not mistaken for the targets' health.

use std::time::{Duration, SystemTime};

use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts,
    Registry, process_collector::ProcessCollector, proto::MetricFamily,
};

use crate::{clock::unix, schedule::Witness};

/// The daemon's own metrics.
#[derive(Debug)]
pub struct Telemetry {
    registry: Registry,
    visit_duration: HistogramVec,
    visits: IntCounterVec,
    schedule_lag: Histogram,
    visits_skipped: IntCounter,
    visits_deferred: IntCounter,
    experiments: IntCounterVec,
    memory_refused: IntCounterVec,
    last_beat: Gauge,
    targets_configured: Gauge,
    reload_successful: Gauge,
    reload_success: Gauge,
    reloads_in_progress: Gauge,
    state_write_successful: Gauge,
    state_written: IntCounter,
}

impl Telemetry {
    /// Everything at zero.
    ///
    /// # Errors
    ///
    /// Returns an error if a metric is declared wrongly, which is a bug.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let telemetry = Self {
            visit_duration: HistogramVec::new(
                HistogramOpts::new(
                    "gonogo_visit_duration_seconds",
                    "Duration of visits by kind of probe.",
                )
                .buckets(vec![0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]),
                &["probe"],
            )?,
            visits: IntCounterVec::new(
                Opts::new(
                    "gonogo_visits_total",
                    "Visits by kind of probe and result: answered, or the obstacle that left no evidence.",
                ),
                &["probe", "result"],
            )?,
            schedule_lag: Histogram::with_opts(
                HistogramOpts::new(
                    "gonogo_schedule_lag_seconds",
                    "Time from a visit's slot to its start.",
                )
                .buckets(vec![0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0]),
            )?,
            visits_skipped: IntCounter::new(
                "gonogo_visits_skipped_total",
                "Slots that passed without a visit, because the one before still ran or waited.",
            )?,
            visits_deferred: IntCounter::new(
                "gonogo_visits_deferred_total",
                "Slots that passed without a visit, because an experiment had the target to itself.",
            )?,
            experiments: IntCounterVec::new(
                Opts::new(
                    "gonogo_experiments_total",
                    "Experiments, by what became of them: made, and what they changed was put back (restored) or not; refused; or their window was missed.",
                ),
                &["probe", "result"],
            )?,
            memory_refused: IntCounterVec::new(
                Opts::new(
                    "gonogo_memory_refused_total",
                    "Values that a probe could not remember, by kind of probe: too many, too large, or not a number. The log says which.",
                ),
                &["probe"],
            )?,
            last_beat: Gauge::new(
                "gonogo_schedule_last_beat_timestamp_seconds",
                "Unix time at which the schedule last showed that it is alive.",
            )?,
            targets_configured: Gauge::new(
                "gonogo_targets_configured",
                "Targets in the configuration.",
            )?,
            reload_successful: Gauge::new(
                "gonogo_config_last_reload_successful",
                "Whether the configuration was last loaded without an error.",
            )?,
            reload_success: Gauge::new(
                "gonogo_config_last_reload_success_timestamp_seconds",
                "Unix time at which the configuration was last loaded without an error.",
            )?,
            reloads_in_progress: Gauge::new(
                "gonogo_config_reloads_in_progress",
                "Loads of the configuration that have begun and not ended.",
            )?,
            state_write_successful: Gauge::new(
                "gonogo_state_last_write_successful",
                "Whether the state that survives a restart could last be written; 1 where none is kept.",
            )?,
            state_written: IntCounter::new(
                "gonogo_state_written_bytes_total",
                "Bytes written to files of the state that survives a restart.",
            )?,
            registry,
        };
        let build = GaugeVec::new(
            Opts::new("gonogo_build_info", "Build of gonogo; always 1."),
            &["version", "revision", "rustc"],
        )?;
        build.with_label_values(&[VERSION, env!("GONOGO_REVISION"), env!("GONOGO_RUSTC")]).set(1.0);
        telemetry.state_write_successful.set(1.0);
        let Self { registry, .. } = &telemetry;
        registry.register(Box::new(build))?;
        registry.register(Box::new(telemetry.visit_duration.clone()))?;
        registry.register(Box::new(telemetry.visits.clone()))?;
        registry.register(Box::new(telemetry.schedule_lag.clone()))?;
        registry.register(Box::new(telemetry.visits_skipped.clone()))?;
        registry.register(Box::new(telemetry.visits_deferred.clone()))?;
        registry.register(Box::new(telemetry.experiments.clone()))?;
        registry.register(Box::new(telemetry.memory_refused.clone()))?;
        registry.register(Box::new(telemetry.last_beat.clone()))?;
        registry.register(Box::new(telemetry.targets_configured.clone()))?;
        registry.register(Box::new(telemetry.reload_successful.clone()))?;
        registry.register(Box::new(telemetry.reload_success.clone()))?;
        registry.register(Box::new(telemetry.reloads_in_progress.clone()))?;
        registry.register(Box::new(telemetry.state_write_successful.clone()))?;
        registry.register(Box::new(telemetry.state_written.clone()))?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        Ok(telemetry)
    }

    /// A visit has ended. `result` is `answered` or an obstacle's label.
    pub fn visited(&self, kind: &str, took: Duration, result: &str) {
        self.visit_duration.with_label_values(&[kind]).observe(took.as_secs_f64());
        self.visits.with_label_values(&[kind, result]).inc();
    }

    /// Counts an experiment by what became of it.
    pub fn experimented(&self, kind: &str, result: &str) {
        self.experiments.with_label_values(&[kind, result]).inc();
    }

    /// A probe could not remember so many values.
    pub fn refused_to_remember(&self, kind: &str, values: u64) {
        self.memory_refused.with_label_values(&[kind]).inc_by(values);
    }

    /// A load of the configuration begins; it ends when what is returned is dropped.
    pub fn reloading(&self) -> impl Drop + use<> {
        struct Reloading(Gauge);
        impl Drop for Reloading {
            fn drop(&mut self) {
                self.0.dec();
            }
        }
        self.reloads_in_progress.inc();
        Reloading(self.reloads_in_progress.clone())
    }

    /// A configuration was taken over, or refused.
    pub fn reloaded(&self, targets: Option<usize>, at: SystemTime) {
        match targets {
            Some(targets) => {
                #[expect(clippy::cast_precision_loss, reason = "nobody configures 2^53 targets")]
                self.targets_configured.set(targets as f64);
                self.reload_successful.set(1.0);
                self.reload_success.set(unix(at));
            }
            None => self.reload_successful.set(0.0),
        }
    }

    /// The state was written, or could not be.
    pub fn state_written(&self, successfully: bool) {
        self.state_write_successful.set(f64::from(successfully));
    }

    /// So many bytes of state were written since the start.
    pub fn state_bytes(&self, bytes: u64) {
        self.state_written.inc_by(bytes.saturating_sub(self.state_written.get()));
    }

    /// The schedule showed that it is alive.
    pub fn beat(&self, at: SystemTime) {
        self.last_beat.set(unix(at));
    }

    /// Everything, for the exporter.
    pub fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

impl Witness for Telemetry {
    fn started(&self, lag: Duration) {
        self.schedule_lag.observe(lag.as_secs_f64());
    }

    fn skipped(&self, slots: u64) {
        self.visits_skipped.inc_by(slots);
    }

    fn deferred(&self, slots: u64) {
        self.visits_deferred.inc_by(slots);
    }
}

/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
