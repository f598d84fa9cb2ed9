//! `gonogo list`: the catalogue as tables for a terminal.

use comfy_table::{ContentArrangement, Table, presets::NOTHING};
use gonogo_probes::contract::{Check, Dimension, Footprint, Impact, Kind};

use super::words;

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

/// The wanted checks, a line each, in at most `width` columns. Empty if there are none.
pub fn checks(catalogue: &[Kind], filter: Filter<'_>, width: u16) -> String {
    let mut table = table(["CHECK", "IMPACT", "DIMENSION", "FOOTPRINT", "FAILS WHEN"], width);
    for kind in catalogue {
        for check in kind.checks().into_iter().filter(|check| filter.admits(kind, check)) {
            table.add_row([
                check.id,
                check.impact.as_str(),
                check.dimension.as_str(),
                kind.footprint().as_str(),
                check.fault,
            ]);
        }
    }
    shown(&table)
}

/// The probes, a line each, in at most `width` columns.
pub fn probes(catalogue: &[Kind], width: u16) -> String {
    let mut table = table(["PROBE", "CHECKS", "FOOTPRINT", "VISITS", "LOOKS AT"], width);
    for kind in catalogue {
        table.add_row([
            kind.name,
            &kind.checks().len().to_string(),
            kind.footprint().as_str(),
            &words::interval(kind),
            kind.about,
        ]);
    }
    shown(&table)
}

fn table(head: [&str; 5], width: u16) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width)
        .set_header(head);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

fn shown(table: &Table) -> String {
    if table.is_empty() {
        return String::new();
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::CATALOGUE;

    #[test]
    fn checks_are_listed_like_this() {
        insta::assert_snapshot!(checks(&CATALOGUE, Filter::default(), 100));
    }

    #[test]
    fn probes_are_listed_like_this() {
        insta::assert_snapshot!(probes(&CATALOGUE, 100));
    }

    #[test]
    fn every_part_of_a_filter_must_admit_a_check() {
        let ids = |filter| {
            let text = checks(&CATALOGUE, filter, 100);
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
