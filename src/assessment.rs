//! A target's findings at one moment, under policy: statuses, scorecard, and how long both hold.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gonogo_probes::contract::{Check, Item, Obstacle, Outcome};

use crate::{
    findings::{ProbeFindings, Stale, TargetFindings},
    policy::{Attestation, Policy, Status, Waiver},
    scorecard::{Scorecard, weigh},
};

/// All that people decided: what an assessment needs besides findings.
#[derive(Clone, Debug, Default)]
pub struct Rulings {
    /// Thresholds and weights.
    pub policy: Policy,
    /// Accepted fails, in the order of the configuration, expired ones included.
    pub waivers: Vec<Waiver>,
    /// Statements about what no probe can see, expired ones included.
    pub attestations: Vec<Attestation>,
}

/// A target's findings at one moment, under policy.
#[derive(Debug)]
pub struct Assessment<'a> {
    /// The target.
    pub target: &'a TargetFindings,
    /// One line a check and probe, in the order of the configuration.
    pub lines: Vec<Line<'a>>,
    /// What they come to.
    pub card: Scorecard,
    /// The attestations that hold for the target.
    pub attestations: Vec<&'a Attestation>,
    /// How much of the target it is about, where that is not all.
    pub part: Option<Part>,
    /// When the assessment changes by itself: something becomes stale, or a waiver ends.
    pub holds_until: Option<SystemTime>,
}

/// So many checks of a target were asked, of so many there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Part {
    /// Asked.
    pub asked: usize,
    /// There are.
    pub of: usize,
}

impl Part {
    /// What a verdict on it says of itself: "for 3 of 106 checks asked".
    pub fn shown(self) -> String {
        let Self { asked, of } = self;
        format!("for {asked} of {of} {} asked", if of == 1 { "check" } else { "checks" })
    }
}

/// The status of one check through one probe.
#[derive(Debug)]
pub struct Line<'a> {
    /// The probe it was asked through.
    pub probe: &'a Arc<ProbeFindings>,
    /// What was asked.
    pub check: &'static Check,
    /// The answer, after policy.
    pub status: Status,
    /// Since when the answer has been the same word.
    pub since: Option<SystemTime>,
    /// Its parts; empty where the answer is stale.
    pub items: &'a [Item],
    /// The waiver that covers the fail.
    pub waiver: Option<&'a Waiver>,
    /// Why the answer is not believed, where it is too old or its date cannot be.
    pub stale: Option<Stale>,
}

/// Assesses a target as of `now`.
pub fn assess<'a>(
    target: &'a TargetFindings,
    rulings: &'a Rulings,
    now: SystemTime,
) -> Assessment<'a> {
    let name = target.target.name.as_str();
    let mut horizon = Horizon { now, next: None };
    let mut lines = Vec::new();
    for probe in &target.probes {
        let (stale, stale_at) = (probe.stale(now), probe.stale_at());
        horizon.watch(stale_at);
        // A date ahead is reached in the end, unless it is doubted before.
        horizon.watch(probe.visited.as_ref().map(|visited| visited.ended));
        for answer in &probe.answers {
            let check = answer.finding.check;
            let outcome = match stale {
                Some(_) => Outcome::Unknown(Obstacle::Stale),
                None => answer.finding.outcome,
            };
            let mut waiver = None;
            for given in rulings.waivers.iter().filter(|waiver| waiver.covers(name, check.id)) {
                let from = rulings.policy.waives_from(given.expires);
                horizon.watch(Some(from));
                if from <= now && given.is_in_force(now) {
                    waiver = waiver.or(Some(given));
                }
            }
            horizon.watch(waiver.map(|waiver| waiver.expires));
            let status = Status::of(outcome, waiver.is_some());
            lines.push(Line {
                probe,
                check,
                status,
                since: match stale {
                    None => answer.since,
                    Some(Stale::Old(_)) => stale_at,
                    Some(Stale::Misdated) => None,
                },
                items: if stale.is_some() { &[] } else { &answer.finding.items },
                waiver: waiver.filter(|_| status == Status::Waived),
                stale,
            });
        }
    }
    let attestations: Vec<&Attestation> =
        rulings.attestations.iter().filter(|said| said.holds(name, now)).collect();
    for said in &attestations {
        horizon.watch(Some(said.until));
    }
    let card = card(&lines, &attestations, &rulings.policy);
    let (part, holds_until) = (None, horizon.next);
    Assessment { target, lines, card, attestations, part, holds_until }
}

fn card(lines: &[Line<'_>], attestations: &[&Attestation], policy: &Policy) -> Scorecard {
    let statuses: Vec<_> = lines.iter().map(|line| (line.check, line.status)).collect();
    let attested: Vec<f64> = attestations.iter().map(|said| said.score / 10.0).collect();
    weigh(&statuses, &attested, policy)
}

impl Assessment<'_> {
    /// The same, over these checks alone.
    pub fn retain(&mut self, rulings: &Rulings, wanted: impl Fn(&Line<'_>) -> bool) {
        self.lines.retain(|line| wanted(line));
        self.attestations.clear();
        self.card = card(&self.lines, &[], &rulings.policy);
    }

    /// The lines, what needs doing first: fails by impact, then what is unknown, then the rest.
    pub fn by_urgency(&self) -> Vec<&Line<'_>> {
        let mut lines: Vec<&Line<'_>> = self.lines.iter().collect();
        lines.sort_by_key(|line| {
            let urgency = (line.status.urgency(), line.check.impact);
            (std::cmp::Reverse(urgency), line.check.id, Arc::clone(&line.probe.name))
        });
        lines
    }

    /// How many checks have a status of this word.
    pub fn count(&self, word: &str) -> usize {
        self.lines.iter().filter(|line| line.status.as_str() == word).count()
    }
}

impl Line<'_> {
    /// What was seen, in one line: the item that decided, and how many more there are like it.
    pub fn seen(&self) -> String {
        match self.stale {
            Some(Stale::Old(age)) => {
                let age = humantime::format_duration(Duration::from_secs(age.as_secs()));
                return format!(
                    "the last answer is {age} old; see whether gonogo still makes visits"
                );
            }
            Some(Stale::Misdated) => {
                return "the last answer is dated later than now; the clock was set back"
                    .to_owned();
            }
            None => {}
        }
        let word = match self.status {
            Status::Waived => "fail",
            status => status.as_str(),
        };
        let mut alike = self.items.iter().filter(|item| item.outcome.as_str() == word);
        let Some(first) = alike.next() else { return String::new() };
        let seen = match first.subject.as_str() {
            "" => first.seen.clone(),
            subject => format!("{subject}: {}", first.seen),
        };
        match alike.count() {
            0 => seen,
            more => format!("{seen} (and {more} more)"),
        }
    }
}

/// The nearest moment ahead at which something changes by itself.
struct Horizon {
    now: SystemTime,
    next: Option<SystemTime>,
}

impl Horizon {
    fn watch(&mut self, at: Option<SystemTime>) {
        let Some(at) = at.filter(|at| *at > self.now) else { return };
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

#[cfg(test)]
mod tests {
    use gonogo_probes::contract::Confidence;

    use super::*;
    use crate::{
        findings::Findings,
        scorecard::Verdict,
        testing::{at, visited},
    };

    fn status(findings: &Findings, rulings: &Rulings, now: u64) -> (Status, Verdict) {
        let snapshot = findings.snapshot();
        let assessment = assess(&snapshot.targets[0], rulings, at(now));
        (assessment.lines[0].status, assessment.card.verdict)
    }

    fn waiver(expires: u64) -> Rulings {
        let waiver = Waiver {
            check: "door-open".to_owned(),
            target: Some("shop".to_owned()),
            reason: "known".to_owned(),
            owner: "ops".to_owned(),
            ticket: None,
            expires: at(expires),
        };
        Rulings { waivers: vec![waiver], ..Rulings::default() }
    }

    #[test]
    fn an_answer_is_believed_for_three_intervals() {
        let findings = visited(Item::pass("", ""));
        let rulings = Rulings::default();
        assert_eq!(status(&findings, &rulings, 279), (Status::Pass, Verdict::Go));
        let stale = (Status::Unknown(Obstacle::Stale), Verdict::Unknown);
        assert_eq!(status(&findings, &rulings, 280), stale);
    }

    #[test]
    fn a_fail_becomes_stale_too() {
        let findings = visited(Item::fail(Confidence::Confirmed, "", ""));
        assert_eq!(status(&findings, &Rulings::default(), 200).1, Verdict::NoGo);
        assert_eq!(status(&findings, &Rulings::default(), 300).1, Verdict::Unknown);
    }

    #[test]
    fn a_waiver_covers_a_fail_until_it_expires() {
        let findings = visited(Item::fail(Confidence::Confirmed, "", ""));
        assert_eq!(status(&findings, &waiver(150), 149).0, Status::Waived);
        assert_eq!(status(&findings, &waiver(150), 150).1, Verdict::NoGo);
    }

    #[test]
    fn a_clock_that_is_set_back_brings_no_waiver_into_force() {
        const DAY: u64 = 24 * 3_600;
        let findings = visited(Item::fail(Confidence::Confirmed, "", ""));
        assert_eq!(status(&findings, &waiver(90 * DAY), 120).0, Status::Waived);
        assert_eq!(status(&findings, &waiver(92 * DAY), 120).1, Verdict::NoGo);
        let snapshot = findings.snapshot();
        let rulings = waiver(91 * DAY + 200);
        assert_eq!(assess(&snapshot.targets[0], &rulings, at(120)).holds_until, Some(at(200)));
        assert_eq!(status(&findings, &rulings, 200).0, Status::Waived);
    }

    #[test]
    fn a_waiver_changes_neither_a_pass_nor_an_unknown() {
        for item in [Item::pass("", ""), Item::unknown("", &Obstacle::Timeout.because(""))] {
            let findings = visited(item);
            let plain = status(&findings, &Rulings::default(), 120);
            assert_eq!(status(&findings, &waiver(500), 120), plain);
        }
    }

    #[test]
    fn an_assessment_says_how_long_it_holds() {
        let findings = visited(Item::fail(Confidence::Confirmed, "", ""));
        let snapshot = findings.snapshot();
        let holds =
            |rulings: &Rulings, now| assess(&snapshot.targets[0], rulings, at(now)).holds_until;
        assert_eq!(holds(&Rulings::default(), 120), Some(at(280)));
        assert_eq!(holds(&waiver(150), 120), Some(at(150)));
        assert_eq!(holds(&waiver(150), 160), Some(at(280)));
        assert_eq!(holds(&Rulings::default(), 290), None);
    }
}
