//! `gonogo list`: the catalogue as tables for a terminal, and as a document for programs.

use gonogo_probes::contract::{Check, Dimension, Footprint, Impact, Kind, Settles};
use schemars::JsonSchema;
use serde::Serialize;

use super::{table::table, words};

/// Which checks are wanted; every part that is `None` admits all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// Those of the probe of this name.
    pub probe: Option<&'a str>,
    /// Those of this impact.
    pub impact: Option<Impact>,
    /// Those that count against this dimension.
    pub dimension: Option<Dimension>,
    /// Those asked with this footprint.
    pub footprint: Option<Footprint>,
}

impl Filter<'_> {
    /// Whether the check is wanted.
    pub fn admits(&self, kind: &Kind, check: &Check) -> bool {
        self.probe.is_none_or(|probe| probe == kind.name)
            && self.impact.is_none_or(|impact| impact == check.impact)
            && self.dimension.is_none_or(|dimension| dimension == check.dimension)
            && self.footprint.is_none_or(|footprint| footprint == kind.footprint())
    }
}

/// The wanted checks, in at most `width` columns; a line each if that is `None`. Empty if there are
/// none.
pub fn checks(catalogue: &[Kind], filter: Filter<'_>, width: Option<usize>) -> String {
    let rows = wanted(catalogue, filter).map(|(kind, check)| {
        let (impact, dimension) = (check.impact.as_str(), check.dimension.as_str());
        [check.id, impact, dimension, kind.footprint().as_str(), check.fault].map(str::to_owned)
    });
    table(["CHECK", "IMPACT", "DIMENSION", "FOOTPRINT", "FAILS WHEN"], rows.collect(), width)
}

/// The probes, in the same way.
pub fn probes(catalogue: &[Kind], width: Option<usize>) -> String {
    let rows = catalogue.iter().map(|kind| {
        let checks = kind.checks().len().to_string();
        let (name, about) = (kind.name.to_owned(), kind.about.to_owned());
        [name, checks, kind.footprint().as_str().to_owned(), words::interval(kind), about]
    });
    table(["PROBE", "CHECKS", "FOOTPRINT", "VISITS", "LOOKS AT"], rows.collect(), width)
}

/// The wanted checks, as `gonogo list -o json` prints them.
pub fn document(catalogue: &[Kind], filter: Filter<'_>) -> Document {
    let checks = wanted(catalogue, filter).map(|(kind, check)| Row {
        id: check.id,
        probe: kind.name,
        fault: check.fault,
        impact: check.impact,
        dimension: check.dimension,
        footprint: kind.footprint(),
        two_of_three: check.settles == Settles::TwoOfThree,
        why: check.why,
        how: check.how,
        fix: check.fix,
        sources: check.sources,
    });
    Document { schema: "gonogo/checks/v1", checks: checks.collect() }
}

/// Checks of the catalogue. Fields are added, never changed.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Document {
    /// Names this form of the document.
    schema: &'static str,
    /// The checks, by probe, in declared order.
    checks: Vec<Row>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Row {
    /// Names the check for ever.
    id: &'static str,
    /// The probe that asks it.
    probe: &'static str,
    /// When it fails, as a clause.
    fault: &'static str,
    impact: Impact,
    dimension: Dimension,
    footprint: Footprint,
    /// Whether a changed answer is believed only when two of the last three visits agree.
    two_of_three: bool,
    /// Why it matters.
    why: &'static str,
    /// What is sent and expected.
    how: &'static str,
    /// What to do about a fail.
    fix: &'static str,
    /// Standards and measured facts it rests on.
    sources: &'static [&'static str],
}

fn wanted<'a>(
    catalogue: &'a [Kind],
    filter: Filter<'a>,
) -> impl Iterator<Item = (&'a Kind, &'static Check)> {
    let all =
        catalogue.iter().flat_map(|kind| kind.checks().into_iter().map(move |check| (kind, check)));
    all.filter(move |(kind, check)| filter.admits(kind, check))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::CATALOGUE;

    #[test]
    fn checks_are_listed_like_this() {
        insta::assert_snapshot!(checks(&CATALOGUE, Filter::default(), Some(100)));
    }

    #[test]
    fn probes_are_listed_like_this() {
        insta::assert_snapshot!(probes(&CATALOGUE, Some(100)));
    }

    #[test]
    fn every_part_of_a_filter_must_admit_a_check() {
        let ids = |filter| {
            let text = checks(&CATALOGUE, filter, None);
            text.lines().skip(1).filter_map(|l| l.split(' ').next()).map(str::to_owned).collect()
        };
        let none: Vec<String> = Vec::new();
        let blocker = Filter { impact: Some(Impact::Blocker), ..Filter::default() };
        let all: Vec<String> = ids(blocker);
        assert_eq!(all, ["gate-open", "door-open"]);
        assert_eq!(ids(Filter { probe: Some("door"), ..blocker }), ["door-open"]);
        assert_eq!(ids(Filter { dimension: Some(Dimension::Data), ..blocker }), none);
        assert_eq!(ids(Filter { footprint: Some(Footprint::Active), ..blocker }), ["gate-open"]);
    }
}
