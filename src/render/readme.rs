//! Catalogue → the pages inside `probes/`: one table of every check, and a page a probe.

use std::fmt::Write;

use gonogo_probes::contract::{Check, Kind, NumberKind};

use super::{
    markdown::{code, codes, prose, table},
    settings::settings,
    words,
};

/// `probes/README.md`: every probe and every check.
pub fn index(catalogue: &[Kind]) -> String {
    let mut page = format!(
        "# What gonogo asks\n\n{GENERATED}\n\nA probe looks at a target; its checks judge what it saw. \
         `gonogo explain CHECK` says the same in a terminal.\n\n## Probes\n\n"
    );
    page.push_str(&table(
        ["probe", "what it looks at", "footprint", "visits", "checks"],
        catalogue.iter().map(|kind| {
            [
                format!("[{0}]({0}/README.md)", kind.name),
                prose(kind.about),
                kind.footprint().as_str().to_owned(),
                words::interval(kind),
                kind.checks().len().to_string(),
            ]
        }),
    ));
    page.push_str(
        "\nBeside its own settings every probe takes `name` (its kind if left out; two of a kind on one \
         target need it), `interval`, `deadline` and `enabled`.\n\n## Checks\n\n",
    );
    page.push_str(&table(
        ["probe", "check", "fails when", "impact", "dimension"],
        catalogue.iter().flat_map(|kind| {
            kind.checks().into_iter().map(move |check| {
                [
                    kind.name.to_owned(),
                    format!("[`{0}`]({1}/README.md#{0})", check.id, kind.name),
                    prose(check.fault),
                    check.impact.as_str().to_owned(),
                    check.dimension.as_str().to_owned(),
                ]
            })
        }),
    ));
    page
}

/// `probes/<probe>/README.md`: what it looks at, its settings, its gauges, and each of its checks.
pub fn page(kind: &Kind) -> String {
    let mut page = format!("# {}\n\n{GENERATED}\n\n{}\n\n", kind.name, prose(kind.about));
    visits_section(&mut page, kind);
    settings_section(&mut page, kind);
    gauges_section(&mut page, kind);
    page.push_str("\n## Checks\n");
    for check in kind.checks() {
        check_section(&mut page, check);
    }
    page
}

fn visits_section(page: &mut String, kind: &Kind) {
    let footprint = kind.footprint();
    let profiles = match kind.profiles {
        [] => "no profile: name it under `probes`".to_owned(),
        profiles => codes(profiles.iter().map(|profile| profile.as_str())),
    };
    let _ = write!(
        page,
        "- **Footprint:** {}; it {}.\n- **Visits:** {}{}.\n",
        footprint.as_str(),
        words::footprint(footprint),
        words::interval(kind),
        kind.needs.map_or_else(String::new, |needs| {
            format!(", each within {}", humantime::format_duration(needs.deadline))
        }),
    );
    if let (Some(experiment), Some(_)) = (kind.experiment, kind.needs) {
        let (word, does) = (experiment.as_str(), words::footprint(experiment));
        let _ = writeln!(
            page,
            "- **Experiments:** {word}, where the settings describe one; it {does}. They start in their \
             window, when asked, or on a new revision."
        );
    }
    let _ = writeln!(page, "- **Armed by:** {profiles}.");
}

fn settings_section(page: &mut String, kind: &Kind) {
    let settings = settings(kind);
    page.push_str("\n## Settings\n\n");
    if settings.rows.is_empty() {
        page.push_str("None.\n");
        return;
    }
    page.push_str(&table(
        ["key", "holds", "default", "meaning"],
        settings
            .rows
            .iter()
            .map(|row| [code(&row.key), row.holds.clone(), row.default.clone(), prose(&row.about)]),
    ));
    if !settings.terms.is_empty() {
        page.push('\n');
    }
    for term in settings.terms {
        let _ = writeln!(page, "- *{}*: {}", term.name, prose(&term.about));
    }
}

fn gauges_section(page: &mut String, kind: &Kind) {
    let gauges = table(
        ["metric", "labels besides `target` and `probe`", "meaning"],
        kind.gauges().into_iter().map(|gauge| {
            let labels = if gauge.labels.is_empty() { "none".into() } else { codes(&gauge.labels) };
            let name = match gauge.kind {
                NumberKind::Gauge => format!("`gonogo_{}`", gauge.name),
                NumberKind::Counter => format!("`gonogo_{}` (counter)", gauge.name),
                NumberKind::Histogram(_) => format!("`gonogo_{}` (histogram)", gauge.name),
            };
            [name, labels, prose(gauge.help)]
        }),
    );
    if !gauges.is_empty() {
        let _ = write!(page, "\n## Gauges\n\n{gauges}");
    }
}

fn check_section(page: &mut String, check: &Check) {
    let _ = write!(
        page,
        "\n### {id}\n\n{fault} *{impact}, {dimension}.*\n\n{why}\n\n**Asked:** {how} {settles}\n\n\
         **To mend it:** {fix}\n\n**Rests on:** {sources}.\n",
        id = check.id,
        fault = prose(&words::sentence(check.fault)),
        impact = words::capital(check.impact.as_str()),
        dimension = check.dimension.as_str(),
        why = prose(check.why),
        how = prose(check.how),
        settles = words::settles(check.settles),
        fix = prose(check.fix),
        sources = prose(&check.sources.join("; ")),
    );
}

const GENERATED: &str =
    "<!-- Rendered from the catalogue by `BLESS=1 cargo test --test gonogo catalogue`. -->";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture::CATALOGUE;

    #[test]
    fn the_index_reads_like_this() {
        insta::assert_snapshot!(index(&CATALOGUE));
    }

    #[test]
    fn a_probes_page_reads_like_this() {
        insta::assert_snapshot!(page(&CATALOGUE[0]));
    }

    #[test]
    fn a_probe_without_settings_or_gauges_says_so() {
        let page = page(&CATALOGUE[1]);
        assert!(page.contains("## Settings\n\nNone.\n"), "{page}");
    }
}
