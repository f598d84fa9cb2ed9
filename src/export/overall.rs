//! What a report of several targets ends with: the words that need an explanation, and what comes of
//! all targets together.

use std::fmt::Write as _;

use anstyle::Style;
use gonogo_probes::contract::Confidence;

use crate::{assessment::Assessment, policy::Status, render::words::count, scorecard::Verdict};

/// The end of a report; empty where nothing is left to say.
pub fn render(assessments: &[Assessment<'_>]) -> String {
    let mut text = String::new();
    let mut lines = assessments.iter().flat_map(|assessment| &assessment.lines);
    if lines.any(|line| line.status == Status::Fail(Confidence::Tentative)) {
        let _ = writeln!(
            text,
            "{DIM}FAIL? is tentative: what was seen suggests the fault and does not prove it. It \
             lowers the score and blocks nothing.{DIM:#}"
        );
    }
    if assessments.len() > 1 {
        let _ = writeln!(text, "{}", together(assessments));
    }
    text
}

/// The worst verdict, and how many targets have which.
fn together(assessments: &[Assessment<'_>]) -> String {
    let verdicts = || assessments.iter().map(|assessment| assessment.card.verdict);
    let worst = Verdict::worst(verdicts());
    let each = [Verdict::NoGo, Verdict::Unknown, Verdict::Staged, Verdict::Go].into_iter();
    let counted = each.filter_map(|verdict| {
        let number = verdicts().filter(|known| *known == verdict).count();
        (number > 0).then(|| format!("{number} {}", verdict.shown()))
    });
    let counted: Vec<String> = counted.collect();
    let targets = count(assessments.len(), "target");
    format!("{BOLD}{}{BOLD:#} for {targets}: {}", worst.shown(), counted.join(", "))
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

#[cfg(test)]
mod tests {
    use gonogo_probes::contract::Item;

    use super::*;
    use crate::{
        assessment::{Rulings, assess},
        testing::{at, visited},
    };

    fn ends(items: Vec<Item>) -> String {
        let findings: Vec<_> = items.into_iter().map(visited).collect();
        let snapshots: Vec<_> = findings.iter().map(crate::findings::Findings::snapshot).collect();
        let rulings = Rulings::default();
        let assess = |snapshot| assess(snapshot, &rulings, at(120));
        let assessments: Vec<_> =
            snapshots.iter().map(|snapshot| assess(&snapshot.targets[0])).collect();
        anstream::adapter::strip_str(&render(&assessments)).to_string()
    }

    #[test]
    fn several_targets_have_one_verdict_and_one_target_has_its_own() {
        let fail = || Item::fail(Confidence::Firm, "", "wide open");
        assert_eq!(ends(vec![fail()]), "");
        assert_eq!(
            ends(vec![Item::pass("", "shut"), fail(), Item::pass("", "shut")]),
            "NO-GO for 3 targets: 1 NO-GO, 2 GO\n"
        );
    }

    #[test]
    fn a_tentative_fail_is_explained_once() {
        let doubtful = || Item::fail(Confidence::Tentative, "", "ajar");
        let end = ends(vec![doubtful(), doubtful()]);
        assert_eq!(end.matches("FAIL? is tentative").count(), 1, "{end}");
    }
}
