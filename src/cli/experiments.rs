//! `gonogo check` and experiments: which are made, which are left out, and what would be done.

use std::{collections::BTreeMap, fmt::Write, path::Path, sync::Arc, time::Duration};

use gonogo_probes::contract::{Footprint, Progress};
use indicatif::ProgressBar;
use tokio::time;
use tokio_util::sync::CancellationToken;

use super::{CommandError, Exit, output, signals::Signals};
use crate::{
    clock::Clock,
    experiments::{Experiments, Occasion},
    findings::Findings,
    store::Store,
    telemetry::Telemetry,
    visit::Errand,
};

/// The experiments of the errands that somebody wants.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Those that are made.
    pub(super) made: Vec<Arc<Errand>>,
    /// Those that are not, since nobody allows what they do.
    left_out: Vec<Arc<Errand>>,
}

impl Wanted {
    /// Tells those that the command line allows from the others. What the configuration allows is what
    /// a daemon may do by itself: a command makes what it names.
    pub(super) fn of<'a>(
        errands: impl Iterator<Item = &'a Arc<Errand>>,
        allow: &[Footprint],
    ) -> Self {
        let mut wanted = Self::default();
        for errand in errands {
            let Some(experiment) = &errand.experiment else { continue };
            let asked = allow.contains(&experiment.footprint);
            let list = if asked { &mut wanted.made } else { &mut wanted.left_out };
            list.push(Arc::clone(errand));
        }
        wanted
    }

    /// Says what is left out, and how to have it.
    pub(super) fn tell_left_out(&self) {
        for errand in &self.left_out {
            let Some(experiment) = &errand.experiment else { continue };
            let footprint = experiment.footprint.as_str();
            output::say(&format!(
                "left out: the experiment `{}` of `{}`; `--allow {footprint}` makes it, `--plan` says what it would do",
                errand.probe, errand.target.name
            ));
        }
    }

    /// What would be done, for somebody who decides whether to allow it.
    pub(super) fn plan(&self) -> String {
        let mut text = String::new();
        for errand in self.made.iter().chain(&self.left_out) {
            let Some(experiment) = &errand.experiment else { continue };
            let span = |time: Duration| humantime::format_duration(time).to_string();
            let _ = writeln!(text, "{} of {}", errand.probe, errand.target.name);
            let _ = writeln!(text, "  footprint   {}", experiment.footprint.as_str());
            let _ = writeln!(text, "  does        {}", experiment.plan);
            let _ = writeln!(
                text,
                "  sends       at most {} requests, {} at the same time",
                experiment.requests, experiment.connections
            );
            let _ = writeln!(text, "  takes       at most {}", span(experiment.deadline));
            if !experiment.restore_within.is_zero() {
                let _ = writeln!(
                    text,
                    "  puts back   what it changed, within {}, whatever happens",
                    span(experiment.restore_within)
                );
            }
            let _ = writeln!(
                text,
                "  meanwhile   {}",
                if experiment.alone {
                    "no other visit of the target is made"
                } else {
                    "other visits of the target go on"
                }
            );
        }
        if text.is_empty() {
            text.push_str("the configuration describes no experiment\n");
        }
        text
    }
}

/// What is known of earlier experiments: what `directory` keeps, where there is one.
pub(super) fn marks(directory: Option<&Path>, clock: &Clock) -> Result<Experiments, CommandError> {
    let store = directory.map(|directory| Store::open(directory, clock.now())).transpose()?;
    Ok(Experiments::new(store))
}

/// Lets experiments start again that were latched.
pub(super) fn rearm<'a>(
    errands: impl Iterator<Item = &'a Arc<Errand>>,
    marks: &Experiments,
) -> Result<Exit, CommandError> {
    for errand in errands.filter(|errand| errand.experiment.is_some()) {
        let (target, probe) = (&errand.target.name, &errand.probe);
        let was_latched = marks.rearm(target, probe)?;
        let said = if was_latched { "can start again" } else { "could start before" };
        output::print(&format!("the experiment `{probe}` of `{target}` {said}\n"))?;
    }
    Ok(Exit::Success)
}

/// Makes experiments one after the other on each target, and tells whether all came to their end. A
/// signal ends them early; what they changed is put back all the same.
pub(super) async fn make_all(
    errands: &[Arc<Errand>],
    experiments: &Experiments,
    findings: &Findings,
    clock: &Clock,
    bar: &ProgressBar,
    signals: &mut Signals,
) -> Result<bool, CommandError> {
    if errands.is_empty() {
        return Ok(true);
    }
    let telemetry = Telemetry::new()?;
    let stop = &CancellationToken::new();
    let stopping = async {
        signals.told_to_stop().await;
        output::say("stopping: what the experiment changed is put back first");
        stop.cancel();
        std::future::pending::<()>().await;
    };
    let mut by_target: BTreeMap<&str, Vec<&Arc<Errand>>> = BTreeMap::new();
    for errand in errands {
        by_target.entry(&errand.target.name).or_default().push(errand);
    }
    let of_target = |errands: Vec<&Arc<Errand>>| {
        let (telemetry, errands): (&Telemetry, Vec<Arc<Errand>>) =
            (&telemetry, errands.into_iter().cloned().collect());
        async move {
            for errand in errands {
                if stop.is_cancelled() {
                    return;
                }
                make(&errand, experiments, findings, clock, telemetry, bar, stop).await;
            }
        }
    };
    let all = futures_util::future::join_all(by_target.into_values().map(of_target));
    tokio::select! {
        _ = all => {}
        () = stopping => {}
    }
    Ok(!stop.is_cancelled())
}

async fn make(
    errand: &Errand,
    experiments: &Experiments,
    findings: &Findings,
    clock: &Clock,
    telemetry: &Telemetry,
    bar: &ProgressBar,
    stop: &CancellationToken,
) {
    let (target, probe) = (errand.target.name.as_str(), &*errand.probe);
    let progress = Progress::default();
    let making = async {
        experiments.claim(errand, true, Occasion::Asked, clock.now())?;
        experiments.make(errand, clock, telemetry, progress.clone(), stop.clone()).await
    };
    let telling = async {
        let mut told = 0;
        let mut ticks = time::interval(BETWEEN_WORDS);
        loop {
            ticks.tick().await;
            if let Some((times, doing)) = progress.last().filter(|(times, _)| *times != told) {
                told = times;
                bar.set_message(format!("{target} {probe}: {doing}"));
                if bar.is_hidden() {
                    output::say(&format!("{target} {probe}: {doing}"));
                }
            }
        }
    };
    let made = tokio::select! {
        made = making => made,
        () = telling => return,
    };
    match made {
        Ok(made) => {
            findings.record(errand.reporter(), made.visited, made.report);
            if let Err(why) = made.restored {
                output::say(&format!(
                    "warning: what `{probe}` changed on `{target}` may not have been put back: {why}"
                ));
            }
        }
        Err(refusal) => {
            output::say(&format!(
                "the experiment `{probe}` of `{target}` does not start: {refusal}"
            ));
        }
    }
    bar.inc(1);
}

const BETWEEN_WORDS: Duration = Duration::from_millis(200);
