//! The report boundary: what every text of a target passes on its way into a report, once, whatever
//! shows the report.
//!
//! Secrets are taken out first, then what would do something to a terminal or a page is escaped, and
//! only then is anything cut: a secret that was cut is no longer recognized.

mod cap;
mod derived;
mod escape;
mod known;
mod numbers;
pub mod redact;
mod shapes;
mod spelling;
#[cfg(test)]
mod tests;
mod view;

use std::{borrow::Cow, cell::RefCell, ops::Range, sync::Arc};

pub use cap::{FACTS, ITEMS, LANES, MOMENTS, NAME, TEXT};
pub use escape::escaped;
pub(super) use numbers::readings;

use self::redact::Redactor;
use super::{Fact, Report};

thread_local! {
    /// Whose secrets the judges that run on this thread must not show.
    static JUDGING: RefCell<Option<Arc<Redactor>>> = const { RefCell::new(None) };
}

/// Makes a report of a visit, and lets it pass.
pub(super) fn report(redactor: &Arc<Redactor>, make: impl FnOnce() -> Report) -> Report {
    let before = JUDGING.replace(Some(Arc::clone(redactor)));
    // Judges do not unwind: their panics are caught where they are called.
    let mut report = make();
    JUDGING.set(before);
    pass(&mut report, redactor);
    report
}

/// The beginning of a text of the target, on one line and without its secrets, for a judge.
#[must_use]
pub fn excerpt(text: &str, chars: usize) -> String {
    with(|redactor| redactor.excerpt(text.as_bytes(), chars))
}

/// A part of a text of the target, on one line and without its secrets, for a judge.
#[must_use]
pub fn excerpt_at(text: &str, part: Range<usize>, chars: usize) -> String {
    with(|redactor| redactor.excerpt_at(text, part, chars))
}

fn with<T>(cut: impl FnOnce(&Redactor) -> T) -> T {
    JUDGING.with_borrow(|redactor| match redactor {
        Some(redactor) => cut(redactor),
        // A judge by itself, as in a test.
        None => cut(&Redactor::default()),
    })
}

/// A short text of the target's that stands alone, such as its revision: a name.
#[must_use]
pub fn name(text: &str, redactor: &Redactor) -> String {
    let mut text = safe(text, redactor);
    cap::name(&mut text);
    text
}

/// A text of the target's that stands alone, such as a line of a log.
#[must_use]
pub fn text(text: &str, redactor: &Redactor) -> String {
    let mut text = safe(text, redactor);
    cap::text(&mut text);
    text
}

fn safe(text: &str, redactor: &Redactor) -> String {
    escaped(&redactor.clean(text)).into_owned()
}

fn pass(report: &mut Report, redactor: &Redactor) {
    let pass = |text: &mut String, cap: fn(&mut String)| {
        redactor.clean_in_place(text);
        if let Cow::Owned(safe) = escaped(text) {
            *text = safe;
        }
        cap(text);
    };
    for finding in &mut report.findings {
        // Before the texts: hundreds of them need not be cleaned to be thrown away.
        cap::items(finding);
        for item in &mut finding.items {
            pass(&mut item.subject, cap::name);
            pass(&mut item.seen, cap::text);
            item.replay.iter_mut().for_each(|command| pass(command, cap::replay));
        }
    }
    cap::facts(&mut report.facts);
    for Fact { topic, name, value } in &mut report.facts {
        for name in [topic, name] {
            // What is borrowed is the probe's own word.
            if let Cow::Owned(name) = name {
                pass(name, cap::name);
            }
        }
        pass(value, cap::text);
    }
    report.timeline.iter_mut().for_each(cap::timeline);
    let lanes = report.timeline.iter_mut().flat_map(|timeline| &mut timeline.lanes);
    for lane in lanes {
        if let Cow::Owned(name) = &mut lane.name {
            pass(name, cap::name);
        }
        lane.moments.iter_mut().for_each(|moment| pass(&mut moment.label, cap::name));
    }
    for reading in report.readings.iter_mut().flat_map(|gauge| &mut gauge.readings) {
        reading.labels.iter_mut().for_each(|label| pass(label, cap::name));
    }
    if let Some(obstructed) = &mut report.obstructed {
        pass(&mut obstructed.detail, cap::text);
    }
}
