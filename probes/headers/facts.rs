//! What the answers told, for a person to read.

use super::Evidence;
use crate::contract::Fact;

/// What the Observatory would say, test by test: its own words, so that they can be looked up.
pub(super) fn observatory_facts(seen: &Evidence) -> Vec<Fact> {
    let fact = |name: &'static str, value: String| Fact::new("MDN Observatory", name, value);
    match &seen.observatory {
        Err(why) => vec![fact("score", format!("none: {why}"))],
        Ok(report) => {
            let score = format!("{} ({})", report.score(), report.grade());
            let results = report.results.iter();
            let results = results.map(|one| {
                fact(one.test, format!("{} ({:+})", one.result.name, one.result.modifier))
            });
            std::iter::once(fact("score", score)).chain(results).collect()
        }
    }
}
