//! What unknown answers wait for: one certificate or one port may be behind all of them. Pure.

use gonogo_probes::contract::{Explains, Obstacle, Outcome};

use crate::{
    assessment::{Assessment, Line},
    policy::Status,
};

/// Something that keeps checks from being answered.
#[derive(Debug)]
pub struct Cause<'a> {
    /// The check whose fail is behind it, where one is.
    pub check: Option<&'static str>,
    /// What was met.
    pub obstacle: Obstacle,
    /// What was in the way, in words.
    pub seen: String,
    /// The checks that wait for it, in the order of the configuration.
    pub lines: Vec<&'a Line<'a>>,
}

impl Cause<'_> {
    /// A word for it: the check's id, or the obstacle. A closed set.
    pub fn word(&self) -> &'static str {
        self.check.unwrap_or(self.obstacle.as_str())
    }

    /// What is waited for, in words.
    pub fn shown(&self) -> String {
        self.check.map_or_else(|| self.seen.clone(), |check| format!("`{check}`"))
    }

    /// Whether it is told in one line for all: what one check alone waits for is told with the check.
    pub fn is_shared(&self) -> bool {
        self.lines.len() > 1
    }

    /// "49 checks wait for: `tls-certificate-expired`"
    pub fn headline(&self) -> String {
        match self.lines.len() {
            1 => format!("1 check waits for: {}", self.shown()),
            number => format!("{number} checks wait for: {}", self.shown()),
        }
    }

    /// The names of the probes that wait, each once.
    pub fn probes(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for line in &self.lines {
            if !names.contains(&&*line.probe.name) {
                names.push(&line.probe.name);
            }
        }
        names
    }
}

/// What the unknown checks of a target wait for, what most of them wait for first. Every unknown check
/// waits for one thing.
pub fn causes<'a>(assessment: &'a Assessment<'a>) -> Vec<Cause<'a>> {
    let mut causes: Vec<Cause<'a>> = Vec::new();
    for line in &assessment.lines {
        let Status::Unknown(obstacle) = line.status else { continue };
        let seen = in_the_way(line);
        let same = |known: &&mut Cause<'_>| {
            // How old each answer is says nothing about why it is.
            known.obstacle == obstacle && (known.seen == seen || obstacle == Obstacle::Stale)
        };
        match causes.iter_mut().find(same) {
            Some(cause) => cause.lines.push(line),
            None => causes.push(Cause { check: None, obstacle, seen, lines: vec![line] }),
        }
    }
    for cause in &mut causes {
        cause.check = explained(assessment, cause);
    }
    let mut joined: Vec<Cause<'a>> = Vec::new();
    for cause in causes {
        let same = |known: &&mut Cause<'_>| cause.check.is_some() && known.check == cause.check;
        match joined.iter_mut().find(same) {
            Some(known) => known.lines.extend(cause.lines),
            None => joined.push(cause),
        }
    }
    joined.sort_by_key(|cause| std::cmp::Reverse(cause.lines.len()));
    joined
}

/// What was in the way of a line, whichever of its subjects that was.
fn in_the_way(line: &Line<'_>) -> String {
    let mut unknown = line.items.iter().filter(|item| matches!(item.outcome, Outcome::Unknown(_)));
    unknown.next().map_or_else(|| line.seen(), |item| item.seen.clone())
}

/// The failing check that says why, if there is one.
fn explained(assessment: &Assessment<'_>, cause: &Cause<'_>) -> Option<&'static str> {
    let fails = |line: &&Line<'_>| matches!(line.status, Status::Fail(_) | Status::Waived);
    let of_line = |line: &Line<'_>| {
        let of_check = |explains: &&Explains| {
            explains.check == line.check.id && explains.obstacles.contains(&cause.obstacle)
        };
        let explains = line.probe.kind.explains.iter().find(of_check)?;
        is_of(line, cause, assessment).then_some(explains)
    };
    // What explains little says more: an expired certificate rather than "it cannot be reached".
    let failing = assessment.lines.iter().filter(fails).filter_map(of_line);
    failing.min_by_key(|explains| explains.obstacles.len()).map(|explains| explains.check)
}

/// Whether a fail is about what was in the way: a probe may call on others besides the target, and
/// have trouble of its own with them.
fn is_of(line: &Line<'_>, cause: &Cause<'_>, assessment: &Assessment<'_>) -> bool {
    // It hears the target itself and nobody else.
    if cause.obstacle == Obstacle::BreakerOpen {
        return true;
    }
    let mut fails = line.items.iter().filter(|item| matches!(item.outcome, Outcome::Fail(_)));
    let is_named = fails.any(|item| {
        item.seen == cause.seen || (!item.subject.is_empty() && cause.seen.contains(&item.subject))
    });
    // What several probes meet is the target's own.
    is_named || cause.seen.contains(assessment.target.target.host()) || cause.probes().len() > 1
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gonogo_probes::contract::{Confidence, Finding, Item};

    use super::*;
    use crate::{
        assessment::{Rulings, assess},
        findings::TargetFindings,
        testing::{at, visited},
    };

    /// The target `shop` with so many probes `door`, each of whose answers is this item.
    fn target(items: Vec<Item>) -> TargetFindings {
        let mut target = (*visited(Item::pass("", "")).snapshot().targets[0]).clone();
        let one = Arc::clone(&target.probes[0]);
        let probe = |(place, item): (usize, Item)| {
            let mut probe = (*one).clone();
            probe.name = format!("door{place}").into();
            let finding = &mut probe.answers[0].finding;
            *finding = Finding::of(finding.check, vec![item]);
            Arc::new(probe)
        };
        target.probes = items.into_iter().enumerate().map(probe).collect();
        target
    }

    fn refused(subject: &str) -> Item {
        Item::unknown(subject, &Obstacle::Refused.because("shop:443 refused the connection"))
    }

    fn told(items: Vec<Item>, now: u64) -> Vec<(usize, String)> {
        let (target, rulings) = (target(items), Rulings::default());
        let assessment = assess(&target, &rulings, at(now));
        causes(&assessment).iter().map(|cause| (cause.lines.len(), cause.shown())).collect()
    }

    #[test]
    fn what_many_wait_for_is_told_once_and_first() {
        let timeout = Item::unknown("", &Obstacle::Timeout.because("no answer"));
        let items = vec![timeout, refused("/a"), Item::pass("", ""), refused("/b")];
        assert_eq!(
            told(items, 120),
            [(2, "shop:443 refused the connection".to_owned()), (1, "no answer".to_owned())]
        );
    }

    #[test]
    fn a_check_that_fails_is_the_cause_of_what_it_explains() {
        let jammed = |seen: &str| Item::unknown("", &Obstacle::Closed.because(seen));
        let open = Item::fail(Confidence::Firm, "front", "wide open");
        let items = vec![jammed("the front is jammed"), open, jammed("front: jammed")];
        assert_eq!(told(items, 120), [(2, "`door-open`".to_owned())]);
    }

    #[test]
    fn trouble_with_somebody_else_is_not_explained_by_the_target() {
        let jammed = Item::unknown("", &Obstacle::Closed.because("the neighbour's door is jammed"));
        let open = Item::fail(Confidence::Firm, "front", "wide open");
        assert_eq!(
            told(vec![jammed, open], 120),
            [(1, "the neighbour's door is jammed".to_owned())]
        );
    }

    #[test]
    fn what_passes_explains_nothing() {
        let jammed = || Item::unknown("", &Obstacle::Closed.because("the front is jammed"));
        let items = vec![jammed(), Item::pass("front", "shut"), jammed()];
        assert_eq!(told(items, 120), [(2, "the front is jammed".to_owned())]);
    }

    #[test]
    fn stale_answers_wait_for_the_same_thing() {
        let told = told(vec![Item::pass("", ""), Item::pass("", "")], 1000);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, 2);
    }
}
