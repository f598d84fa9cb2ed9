//! A target's findings at one moment, under policy: statuses, scorecard, and how long both hold.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gonogo_probes::contract::{Check, Finding, Item, Obstacle, Outcome, Rest};

use crate::{
    findings::{Answer, Beginnings, ProbeFindings, Stale, TargetFindings},
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
    /// The waivers that are in force for the target and cover nothing.
    pub idle: Vec<&'a Waiver>,
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
    /// Since when each of them has been so.
    pub beginnings: &'a Beginnings,
    /// The waiver that covers the fail; the one that ends first, if several cover its items.
    pub waiver: Option<&'a Waiver>,
    /// Every waiver that covers something of the finding, whether or not that decides.
    pub waivers: Vec<&'a Waiver>,
    /// The items that were counted and not kept.
    pub rest: Rest,
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
    let of_target = rulings.waivers.iter().filter(|waiver| waiver.concerns(name));
    let mut waivers: Vec<&Waiver> = Vec::new();
    for waiver in of_target {
        let from = rulings.policy.waives_from(waiver.expires);
        horizon.watch(Some(from));
        if from <= now && waiver.is_in_force(now) {
            horizon.watch(Some(waiver.expires));
            waivers.push(waiver);
        }
    }
    for probe in &target.probes {
        let (stale_now, stale_at) = (probe.stale(target.aged_to(now)), probe.stale_at());
        horizon.watch(stale_at);
        // A date ahead is reached in the end, unless it is doubted before.
        horizon.watch(probe.visited.as_ref().map(|visited| visited.ended));
        for answer in &probe.answers {
            let check = answer.finding.check;
            let covering = waivers.iter().copied().filter(|waiver| waiver.check == check.id);
            let covering: Vec<&Waiver> = covering.collect();
            horizon.watch(answer.held.map(|held| held.until));
            let (stale, missing) = believed(answer, stale_now, rulings.policy.names(check), now);
            let (status, used) = match missing {
                Some(status) => (status, Vec::new()),
                None => accepted(&answer.finding, &covering),
            };
            lines.push(Line {
                probe,
                check,
                status,
                since: match stale {
                    None => answer.since,
                    Some(Stale::Old(_)) => stale_at,
                    Some(Stale::Misdated) => None,
                    Some(Stale::Expired) => answer.held.map(|held| held.until),
                },
                items: if stale.is_some() { &[] } else { &answer.finding.items },
                beginnings: &answer.beginnings,
                rest: if stale.is_some() { Rest::default() } else { answer.finding.rest },
                waiver: match status {
                    Status::Waived => used.iter().copied().min_by_key(|waiver| waiver.expires),
                    _ => None,
                },
                waivers: used,
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
    let idle = waivers.into_iter().filter(|waiver| is_idle(waiver, &lines)).collect();
    let (part, holds_until) = (None, horizon.next);
    Assessment { target, lines, card, attestations, part, idle, holds_until }
}

/// Why an answer is not believed, and its status then; `(None, None)` where it is.
fn believed(
    answer: &Answer,
    stale: Option<Stale>,
    is_required: bool,
    now: SystemTime,
) -> (Option<Stale>, Option<Status>) {
    // An answer that only an experiment gives is not missing unless somebody wants it.
    let missing = |obstacle| if is_required { Status::Unknown(obstacle) } else { Status::Skip };
    match answer.held {
        Some(held) if held.counts(now) => (None, None),
        Some(_) => (Some(Stale::Expired), Some(missing(Obstacle::Stale))),
        None if answer.finding.not_asked => (None, Some(missing(Obstacle::NotAsked))),
        None => (stale, stale.map(|_| Status::Unknown(Obstacle::Stale))),
    }
}

/// A finding's status under the waivers that cover its check, and those that cover something of it: the
/// worst item that no waiver covers decides, and if that is none, what was waived shows.
fn accepted<'a>(finding: &Finding, waivers: &[&'a Waiver]) -> (Status, Vec<&'a Waiver>) {
    if waivers.is_empty() || !matches!(finding.outcome, Outcome::Fail(_)) {
        return (Status::of(finding.outcome, false), Vec::new());
    }
    let (mut used, mut open): (Vec<&Waiver>, _) = (Vec::new(), Vec::new());
    for item in &finding.items {
        let mut covering = waivers.iter().filter(|waiver| waiver.covers_item(&item.subject));
        let waiver = covering.next().filter(|_| matches!(item.outcome, Outcome::Fail(_)));
        match waiver {
            None => open.push(item.outcome),
            Some(waiver) if used.iter().any(|known| std::ptr::eq(*known, *waiver)) => {}
            Some(waiver) => used.push(*waiver),
        }
    }
    if waivers.iter().any(|waiver| waiver.subject.is_none()) {
        return (Status::Waived, used);
    }
    // What was not kept cannot be told apart by its subject: none of it is worse than what was kept.
    let mildest = finding.items.iter().map(|item| item.outcome).min_by_key(|o| o.badness());
    if finding.rest.fail > 0 {
        open.extend(mildest);
    } else if finding.rest.unknown > 0 {
        open.push(match mildest {
            Some(unknown @ Outcome::Unknown(_)) => unknown,
            _ => Outcome::Unknown(Obstacle::OverBudget),
        });
    }
    let worst = open.into_iter().max_by_key(|outcome| outcome.badness());
    let status = match worst {
        Some(worst @ (Outcome::Fail(_) | Outcome::Unknown(_))) => Status::of(worst, false),
        _ => Status::Waived,
    };
    (status, used)
}

/// Whether a waiver covers nothing, as far as can be told: an answer that is still open may need it.
fn is_idle(waiver: &Waiver, lines: &[Line<'_>]) -> bool {
    let mut of_check = lines.iter().filter(|line| line.check.id == waiver.check);
    of_check.all(|line| {
        !matches!(line.status, Status::Unknown(_))
            && !line.waivers.iter().any(|used| std::ptr::eq(*used, waiver))
    })
}

/// The waivers in force that cover nothing on any of the targets they are about.
pub fn unused<'a>(assessments: &[Assessment<'a>]) -> Vec<&'a Waiver> {
    let mut unused: Vec<&Waiver> = Vec::new();
    let is_in = |list: &[&Waiver], waiver: &Waiver| list.iter().any(|w| std::ptr::eq(*w, waiver));
    for waiver in assessments.iter().flat_map(|assessment| &assessment.idle) {
        let mut concerned =
            assessments.iter().filter(|assessment| waiver.concerns(&assessment.target.target.name));
        let everywhere = concerned.all(|assessment| is_in(&assessment.idle, waiver));
        if everywhere && !is_in(&unused, waiver) {
            unused.push(waiver);
        }
    }
    unused
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
        // Whether a waiver covers what was not asked cannot be told.
        self.idle.clear();
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

impl<'a> Line<'a> {
    /// The waiver that covers this item.
    pub fn waiver_of(&self, item: &Item) -> Option<&'a Waiver> {
        let fails = matches!(item.outcome, Outcome::Fail(_));
        let mut waivers = self.waivers.iter().filter(|_| fails);
        waivers.find(|waiver| waiver.covers_item(&item.subject)).copied()
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
            Some(Stale::Expired) => {
                return "made on demand; the last answer no longer counts".to_owned();
            }
            None => {}
        }
        if self.status == Status::Unknown(Obstacle::NotAsked) {
            return "policy.required names it, and no experiment was made yet".to_owned();
        }
        let word = match self.status {
            Status::Waived => "fail",
            status => status.as_str(),
        };
        // Beside a fail that nobody has accepted, those that somebody has do not count.
        let shown = |item: &&Item| {
            item.outcome.as_str() == word
                && (self.status == Status::Waived || self.waiver_of(item).is_none())
        };
        let mut alike = self.items.iter().filter(shown);
        let Some(first) = alike.next() else { return String::new() };
        let seen = match first.subject.as_str() {
            "" => first.seen.clone(),
            subject => format!("{subject}: {}", first.seen),
        };
        let rest = match word {
            "fail" => self.rest.fail,
            "unknown" => self.rest.unknown,
            "pass" => self.rest.pass,
            _ => self.rest.skip,
        };
        match alike.count() + rest {
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
            subject: None,
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

    /// What is known of the target `shop` if its door was found like this.
    fn known(items: Vec<Item>) -> TargetFindings {
        let snapshot = visited(Item::pass("", "")).snapshot();
        let mut target = (*snapshot.targets[0]).clone();
        let probe = Arc::make_mut(&mut target.probes[0]);
        let finding = &mut probe.answers[0].finding;
        *finding = Finding::of(finding.check, items);
        target
    }

    fn open(subject: &str) -> Item {
        Item::fail(Confidence::Firm, subject, "open")
    }

    fn of_subjects(subjects: &[&str]) -> Rulings {
        let whole = waiver(500).waivers.remove(0);
        let waivers = subjects
            .iter()
            .map(|subject| Waiver { subject: Some((*subject).to_owned()), ..whole.clone() });
        Rulings { waivers: waivers.collect(), ..Rulings::default() }
    }

    #[test]
    fn the_worst_item_that_is_not_waived_decides() {
        let target = known(vec![open("front"), open("side"), Item::pass("back", "shut")]);
        let status =
            |subjects: &[&str]| assess(&target, &of_subjects(subjects), at(120)).lines[0].status;
        assert_eq!(status(&["front"]), Status::Fail(Confidence::Firm));
        assert_eq!(status(&["front", "side"]), Status::Waived);
        assert_eq!(status(&["Front", "side"]), Status::Fail(Confidence::Firm));
    }

    #[test]
    fn an_item_that_could_not_be_judged_is_not_waived_by_its_subject() {
        let unknown = Item::unknown("side", &Obstacle::Timeout.because("no answer"));
        let target = known(vec![open("front"), unknown]);
        let status = |rulings: &Rulings| assess(&target, rulings, at(120)).lines[0].status;
        assert_eq!(status(&of_subjects(&["front", "side"])), Status::Unknown(Obstacle::Timeout));
        assert_eq!(status(&waiver(500)), Status::Waived);
    }

    #[test]
    fn items_that_were_not_kept_are_not_waived_by_the_subjects_of_others() {
        let mut target = known(vec![open("front"), open("side")]);
        let probe = Arc::make_mut(&mut target.probes[0]);
        probe.answers[0].finding.rest.fail = 1;
        let status = |rulings: &Rulings| assess(&target, rulings, at(120)).lines[0].status;
        assert_eq!(status(&of_subjects(&["front", "side"])), Status::Fail(Confidence::Firm));
        assert_eq!(status(&waiver(500)), Status::Waived);
    }

    #[test]
    fn what_is_seen_is_an_item_that_is_not_waived() {
        let target = known(vec![open("front"), open("side")]);
        let rulings = of_subjects(&["front"]);
        let assessment = assess(&target, &rulings, at(120));
        assert_eq!(assessment.lines[0].seen(), "side: open");
        assert!(assessment.lines[0].waiver.is_none());
        assert_eq!(assessment.lines[0].waivers.len(), 1);
    }

    #[test]
    fn a_waiver_that_covers_nothing_is_unused() {
        let (target, rulings) = (known(vec![open("front")]), of_subjects(&["front", "side"]));
        let assessments = [assess(&target, &rulings, at(120))];
        let unused: Vec<_> = unused(&assessments).iter().map(|w| w.subject.as_deref()).collect();
        assert_eq!(unused, [Some("side")]);
    }

    #[test]
    fn a_waiver_of_all_targets_is_used_by_any_of_them() {
        let mut rulings = waiver(500);
        rulings.waivers[0].target = None;
        let targets = [known(vec![open("front")]), known(vec![Item::pass("", "shut")])];
        let assessments: Vec<_> =
            targets.iter().map(|target| assess(target, &rulings, at(120))).collect();
        assert!(unused(&assessments).is_empty());
        assert_eq!(unused(&assessments[1..]).len(), 1);
    }

    #[test]
    fn while_the_answer_is_open_no_waiver_is_called_unused() {
        let target = known(vec![Item::unknown("", &Obstacle::Timeout.because(""))]);
        let rulings = of_subjects(&["front"]);
        assert!(unused(&[assess(&target, &rulings, at(120))]).is_empty());
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
