//! `gonogo check`: every read-only probe once, a report, and an exit code by the verdict.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use gonogo_probes::contract::{Footprint, Kind, Progress, net};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    CommandError, Exit,
    arguments::{Check, Output},
    experiments, output,
    report_file::{OpenReport, ReportFormat},
    signals::Signals,
};
use crate::{
    assessment::{Assessment, Part, Rulings, assess},
    clock::Clock,
    config::{self, Config, Problem},
    export::{
        json, overall,
        terminal::{self, Detail},
    },
    findings::{Expected, Findings},
    plan::{Plan, Planner},
    render::words::count,
    telemetry::Telemetry,
    visit::Errand,
};

pub(super) fn run(catalogue: &'static [Kind], options: &Check) -> Result<Exit, CommandError> {
    let clock = Clock::system();
    let config = config::load(&options.config.locate()?, catalogue, clock.now())?;
    let plan = Planner::new(None).plan(&config)?;
    let wanted = Wanted::of(options, catalogue, &plan)?;
    wanted.must_be_armed(&config)?;
    for warning in config.warnings(clock.now()) {
        output::say(&format!("warning: {warning}"));
    }
    let experiments = experiments::Wanted::of(wanted.errands(&plan), &options.allow);
    if options.plan {
        output::print(&experiments.plan())?;
        return Ok(Exit::Success);
    }
    let marks = experiments::marks(options.storage.as_deref(), &clock)?;
    if options.rearm {
        return experiments::rearm(wanted.errands(&plan), &marks);
    }
    let errands: Vec<Arc<Errand>> =
        wanted.errands(&plan).filter(|errand| errand.ordinary.is_some()).cloned().collect();
    if errands.is_empty() && experiments.made.is_empty() {
        experiments.tell_left_out();
        return Err(CommandError::Usage(nothing_to_ask(options)));
    }
    // Before anything is asked: a report that cannot be written is told now, not after ten minutes.
    let reports = options.report.iter().map(OpenReport::open).collect::<Result<Vec<_>, _>>()?;
    let findings = Findings::default();
    let chosen: Vec<Arc<Errand>> = wanted.errands(&plan).cloned().collect();
    findings.expect(&expected(&plan, &chosen));
    let asked = errands.len() + experiments.made.len();
    let progress = progress(asked, options.quiet);
    let runtime = tokio::runtime::Runtime::new().map_err(CommandError::Runtime)?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::new();
        tokio::select! {
            ended = visit_all(errands, &findings, &clock, &progress) => ended?,
            () = signals.told_to_stop() => return Ok(false),
        }
        // Last, so that nothing else is seen of a target in trouble of our making.
        let made = &experiments.made;
        experiments::make_all(made, &marks, &findings, &clock, &progress, &mut signals).await
    });
    experiments.tell_left_out();
    progress.finish_and_clear();
    // Name look-ups run on threads that nothing can stop; nobody waits for them.
    runtime.shutdown_background();
    let has_ended = ended?;
    let exit = report(options, &wanted, &findings, &config.rulings(), &clock, reports)?;
    if has_ended {
        return Ok(exit);
    }
    let visits = count(asked, "visit");
    let known = progress.position();
    output::say(&format!("interrupted after {known} of {visits}: what was not seen is unknown"));
    Ok(Exit::Interrupted)
}

/// Makes all visits, so many at a time.
async fn visit_all(
    errands: Vec<Arc<Errand>>,
    findings: &Findings,
    clock: &Clock,
    progress: &ProgressBar,
) -> Result<(), CommandError> {
    let telemetry = Arc::new(Telemetry::new()?);
    // Its first use takes long enough to be measured as the first target's latency.
    let _ = tokio::task::spawn_blocking(net::warm_up).await;
    let room = Arc::new(Semaphore::new(AT_A_TIME));
    let mut visits = JoinSet::new();
    for errand in errands {
        let (room, clock, telemetry) = (Arc::clone(&room), clock.clone(), Arc::clone(&telemetry));
        visits.spawn(async move {
            let _room = room.acquire_owned().await;
            let revision = match &errand.revision {
                Some(watch) => {
                    let session = errand.net.session(Footprint::Passive);
                    watch.look(&errand.target, &session).await.and_then(Result::ok)
                }
                None => None,
            };
            let (visited, report) = errand.run(&clock, &telemetry, Progress::default()).await;
            (errand, revision, visited, report)
        });
    }
    while let Some(ended) = visits.join_next().await {
        // A visit that was torn down leaves its checks pending, which is unknown.
        let Ok((errand, revision, visited, report)) = ended else { continue };
        let target = errand.target.name.as_str();
        if let Some(revision) = revision {
            findings.record_revision(errand.reporter(), revision, clock.now());
        }
        findings.record(errand.reporter(), visited, report);
        progress.inc(1);
        progress.set_message(format!("{target} {}", errand.probe));
    }
    Ok(())
}

fn report(
    options: &Check,
    wanted: &Wanted,
    findings: &Findings,
    rulings: &Rulings,
    clock: &Clock,
    reports: Vec<OpenReport>,
) -> Result<Exit, CommandError> {
    let now = clock.now();
    let snapshot = findings.snapshot();
    let assessments: Vec<Assessment<'_>> = snapshot
        .targets
        .iter()
        .map(|target| {
            // An experiment may take longer than answers are believed that were fresh before it.
            let at = target.last_seen().map_or(now, |seen| seen.min(now));
            let mut assessment = assess(target, rulings, at);
            if !wanted.checks.is_empty() {
                assessment.retain(rulings, |line| wanted.checks.contains(line.check.id));
            }
            let of = wanted.all.get(&target.target.name).copied().unwrap_or(0);
            let asked = assessment.lines.len();
            assessment.part = (asked < of).then_some(Part { asked, of });
            assessment
        })
        .collect();
    let report = json::report(&assessments, now);
    let text = |verbose, columns| {
        // One probe alone is asked for by someone who wants to see what it saw.
        let facts = verbose || !wanted.probes.is_empty();
        let detail = Detail { verbose, facts, columns };
        terminal::render(&assessments, detail, now) + &overall::render(&assessments)
    };
    let document = || {
        let mut document = serde_json::to_string_pretty(&report).unwrap_or_default();
        document.push('\n');
        document
    };
    for file in reports {
        let text = match file.format() {
            ReportFormat::Json => document(),
            ReportFormat::Text => anstream::adapter::strip_str(&text(true, None)).to_string(),
        };
        file.write(&text)?;
    }
    output::print(&match options.output {
        Output::Text => text(options.verbose, output::width()),
        Output::Json => document(),
    })?;
    Ok(Exit::of(report.verdict, options.require))
}

/// What of the configuration is asked for.
struct Wanted {
    targets: BTreeSet<String>,
    probes: BTreeSet<String>,
    checks: BTreeSet<String>,
    /// How many checks each target has that may be asked.
    all: BTreeMap<String, usize>,
}

impl Wanted {
    /// What the options name, if it exists.
    fn of(options: &Check, catalogue: &[Kind], plan: &Plan) -> Result<Self, CommandError> {
        let targets: Vec<&str> = plan.targets.iter().map(|t| t.target.name.as_str()).collect();
        let probes: Vec<&str> = plan.errands().map(|errand| &*errand.probe).collect();
        let checks: Vec<&str> =
            catalogue.iter().flat_map(Kind::checks).map(|check| check.id).collect();
        let mut all = BTreeMap::new();
        for errand in plan.errands() {
            *all.entry(errand.target.name.clone()).or_default() += errand.kind.checks().len();
        }
        Ok(Self {
            targets: named("target", &options.target, &targets)?,
            probes: named("probe", &options.probe, &probes)?,
            checks: named("check", &options.only, &checks)?,
            all,
        })
    }

    /// Refuses targets of which nothing would be asked: no verdict could come of it.
    fn must_be_armed(&self, config: &Config) -> Result<(), CommandError> {
        let chosen = config.targets.iter().filter(|target| self.includes(&target.target.name));
        let unarmed = chosen.filter_map(|target| target.unarmed.as_ref());
        let unarmed: Vec<&Problem> = config.no_targets.iter().chain(unarmed).collect();
        if unarmed.is_empty() {
            return Ok(());
        }
        let unarmed: Vec<String> = unarmed.iter().map(ToString::to_string).collect();
        Err(CommandError::Usage(unarmed.join("\n")))
    }

    fn includes(&self, target: &str) -> bool {
        self.targets.is_empty() || self.targets.contains(target)
    }

    /// The visits to be made.
    fn errands<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a Arc<Errand>> {
        plan.errands().filter(|errand| {
            let asks = || errand.kind.checks().iter().any(|check| self.checks.contains(check.id));
            self.includes(&errand.target.name)
                && (self.probes.is_empty() || self.probes.contains(&*errand.probe))
                && (self.checks.is_empty() || asks())
        })
    }
}

/// Why no probe is left to be asked, although some are armed.
fn nothing_to_ask(options: &Check) -> String {
    if options.target.is_empty() && options.probe.is_empty() && options.only.is_empty() {
        return "every probe of the configuration needs --allow load or --allow disruptive"
            .to_owned();
    }
    "no probe is left to ask: no target that was named has a probe and a check that were named, \
     or they need --allow"
        .to_owned()
}

fn named(what: &str, wanted: &[String], known: &[&str]) -> Result<BTreeSet<String>, CommandError> {
    for name in wanted {
        output::known(what, name, known.iter().copied())?;
    }
    Ok(wanted.iter().cloned().collect())
}

/// What will report: the targets and probes that are visited.
fn expected(plan: &Plan, errands: &[Arc<Errand>]) -> Vec<Expected> {
    let mut expected = plan.expected();
    for target in &mut expected {
        let name = &target.target.name;
        target.probes.retain(|probe| {
            errands.iter().any(|e| e.target.name == *name && e.probe == probe.name)
        });
    }
    let asked = |target: &Expected| errands.iter().any(|e| e.target.name == target.target.name);
    expected.retain(asked);
    expected
}

fn progress(visits: usize, quiet: bool) -> ProgressBar {
    let progress = ProgressBar::new(visits as u64);
    if quiet || !output::is_watched() {
        progress.set_draw_target(ProgressDrawTarget::hidden());
        return progress;
    }
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} visits  {msg:.dim}") {
        progress.set_style(style);
    }
    progress.enable_steady_tick(Duration::from_millis(100));
    progress
}

/// Visits at the same time; the net keeps each target's own limits besides.
const AT_A_TIME: usize = 64;
