//! Running a probe without knowing which it is, within its deadline and whatever it does.

use std::{any::Any, panic::AssertUnwindSafe, pin::Pin};

use futures_util::FutureExt;
use tokio::time;

use super::{
    Experiment, Fact, Finding, Footprint, GaugeReadings, Item, Needs, Obstacle, Obstructed, Probe,
    Report, Visit, boundary, net, probe::Mistake, target::Target,
};

/// A probe configured for some target: the object-safe face of every [`Probe`].
pub trait Armed: Send + Sync {
    /// Visits the target and answers every check of the probe, in declared order.
    ///
    /// Always answers, within the visit's deadline: a probe that hangs or panics leaves every check
    /// `unknown` and passes none. Nothing in the report contains a secret of the target's settings.
    fn run<'a>(&'a self, visit: &'a Visit) -> Pin<Box<dyn Future<Output = Report> + Send + 'a>>;

    /// What an ordinary visit needs; `None` if only experiments answer.
    fn needs(&self, target: &Target) -> Option<Needs>;

    /// The experiment that the settings describe, if they describe one.
    fn experiment(&self, target: &Target) -> Option<Experiment>;

    /// What of the settings decides what is observed; `None` if every one does.
    fn observes(&self, target: &Target) -> Option<String>;

    /// Puts back what an experiment has changed, within its own time.
    fn restore<'a>(
        &'a self,
        visit: &'a Visit,
    ) -> Pin<Box<dyn Future<Output = Result<(), Obstructed>> + Send + 'a>>;

    /// Addresses the settings name besides the target's own.
    fn endpoints(&self, target: &Target) -> Vec<net::Endpoint>;

    /// What is wrong with the settings of this target that their types cannot say.
    fn mistakes(&self, target: &Target) -> Vec<Mistake>;
}

impl<P: Probe> Armed for P {
    fn run<'a>(&'a self, visit: &'a Visit) -> Pin<Box<dyn Future<Output = Report> + Send + 'a>> {
        Box::pin(async move {
            let observed = AssertUnwindSafe(self.observe(visit)).catch_unwind();
            let evidence = tokio::select! {
                biased;
                ended = time::timeout(visit.deadline, observed) => match ended {
                    Ok(Ok(evidence)) => evidence,
                    Ok(Err(panic)) => Err(panicked(panic.as_ref())),
                    Err(_) => Err(visit.net.out_of_time(visit.deadline)),
                },
                () = visit.stopped() => {
                    Err(Obstacle::Local.because("gonogo was stopped during the visit"))
                }
            };
            boundary::report(visit.net.redactor(), || {
                let mut report = report(self, visit, evidence);
                if let (Some(fault), false) = (visit.net.unverified(), P::JUDGES_CERTIFICATES) {
                    say_unverified(&mut report, fault);
                }
                report
            })
        })
    }

    fn needs(&self, target: &Target) -> Option<Needs> {
        Probe::needs(self, target)
    }

    fn experiment(&self, target: &Target) -> Option<Experiment> {
        Probe::experiment(self, target)
    }

    fn observes(&self, target: &Target) -> Option<String> {
        Probe::observes(self, target)
    }

    fn restore<'a>(
        &'a self,
        visit: &'a Visit,
    ) -> Pin<Box<dyn Future<Output = Result<(), Obstructed>> + Send + 'a>> {
        Box::pin(async move {
            let restored = AssertUnwindSafe(Probe::restore(self, visit)).catch_unwind();
            match time::timeout(visit.deadline, restored).await {
                Ok(Ok(restored)) => restored,
                Ok(Err(panic)) => Err(panicked(panic.as_ref())),
                Err(_) => Err(Obstacle::Timeout
                    .because(format!("nothing was put back within {:?}", visit.deadline))),
            }
        })
    }

    fn endpoints(&self, target: &Target) -> Vec<net::Endpoint> {
        Probe::endpoints(self, target)
    }

    fn mistakes(&self, target: &Target) -> Vec<Mistake> {
        Probe::mistakes(self, target)
    }
}

fn report<P: Probe>(probe: &P, visit: &Visit, evidence: Result<P::Evidence, Obstructed>) -> Report {
    let allowed = visit.footprint;
    match evidence {
        Ok(evidence) => Report {
            findings: P::RULES
                .iter()
                .map(|rule| judge(probe, rule, allowed, || (rule.judge)(probe, &evidence)))
                .collect(),
            readings: readings(probe, visit, &evidence),
            facts: guarded(|| probe.facts(&evidence)).unwrap_or_default(),
            timeline: guarded(|| probe.timeline(&evidence)).unwrap_or_default(),
            obstructed: None,
        },
        Err(obstructed) => Report {
            findings: P::RULES
                .iter()
                .map(|rule| judge(probe, rule, allowed, || vec![Item::unknown("", &obstructed)]))
                .collect(),
            readings: Vec::new(),
            facts: Vec::new(),
            timeline: None,
            obstructed: Some(obstructed),
        },
    }
}

/// One check's answer. A judge that panics spoils its own answer and no other.
fn judge<P: Probe>(
    probe: &P,
    rule: &'static super::Rule<P>,
    allowed: Footprint,
    items: impl FnOnce() -> Vec<Item>,
) -> Finding {
    let items = guarded(|| match (rule.applies)(probe, &rule.check) {
        Err(reason) => Ok(vec![Item::skip("", reason)]),
        Ok(()) if rule.footprint > allowed => Err(rule.footprint),
        Ok(()) => Ok(items()),
    });
    match items {
        Ok(Ok(items)) => Finding::of(&rule.check, items),
        Ok(Err(needed)) => Finding::not_asked(&rule.check, needed),
        Err(obstructed) => Finding::of(&rule.check, vec![Item::unknown("", &obstructed)]),
    }
}

fn readings<P: Probe>(probe: &P, visit: &Visit, evidence: &P::Evidence) -> Vec<GaugeReadings> {
    let read = |gauge: &super::Gauge<P>| {
        let read = || boundary::readings(probe, visit, gauge, (gauge.read)(probe, evidence));
        guarded(read).unwrap_or_default()
    };
    P::GAUGES.iter().filter_map(read).collect()
}

fn guarded<T>(judge: impl FnOnce() -> T) -> Result<T, Obstructed> {
    std::panic::catch_unwind(AssertUnwindSafe(judge)).map_err(|panic| panicked(panic.as_ref()))
}

/// Says that we panicked, and where that is safe, how: a formatted message may hold what a target
/// sent or a secret, a literal cannot.
fn panicked(panic: &(dyn Any + Send)) -> Obstructed {
    let literal = panic.downcast_ref::<&'static str>().copied();
    Obstacle::Panicked.because(match literal {
        Some(message) => format!("the probe panicked ({message}); this is a bug in gonogo"),
        None => "the probe panicked; this is a bug in gonogo".to_owned(),
    })
}

/// Says that what was seen came over a connection nobody vouches for: once in each finding.
fn say_unverified(report: &mut Report, fault: &str) {
    let note = format!("over an unverified connection: the certificate {fault}");
    for finding in &mut report.findings {
        let is_judged = |item: &&mut Item| !matches!(item.outcome, super::Outcome::Skip);
        if let Some(item) = finding.items.iter_mut().find(is_judged) {
            item.seen = match item.seen.as_str() {
                "" => note.clone(),
                seen => format!("{seen} ({note})"),
            };
        }
    }
    report.facts.push(Fact::new("connection", "unverified", format!("the certificate {fault}")));
}
