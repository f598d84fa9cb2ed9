//! The answer to one check over time: when a new one is believed, and since when it has been so.

use std::time::{Duration, SystemTime};

use gonogo_probes::contract::{Check, Finding, Footprint, Item, Obstacle, Outcome, Settles};

use super::{
    items::Beginnings,
    visited::{Visited, stale},
};

/// The answer to one check that is believed at the moment.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The finding.
    pub finding: Finding,
    /// Since when it has been the same word and, where it is `unknown`, the same obstacle; `None`
    /// before the first visit.
    ///
    /// A fail keeps its beginning while something is in the way of seeing it.
    pub since: Option<SystemTime>,
    /// Since when each of its items has been so.
    pub beginnings: Beginnings,
    /// What came before.
    pub past: Past,
    /// How long it holds, where an experiment gave it: no ordinary visit can give another.
    pub held: Option<Held>,
}

/// How long the answer of an experiment holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Held {
    /// When the experiment ended.
    pub from: SystemTime,
    /// When its answer no longer counts.
    pub until: SystemTime,
}

impl Held {
    /// Whether it counts at `now`. One from later than now was dated by a clock that has been set since.
    pub fn counts(&self, now: SystemTime) -> bool {
        self.from <= now && now < self.until
    }
}

/// What later answers are compared with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Past {
    /// Since when the check has failed, where nothing but `unknown` was answered since.
    pub failing_since: Option<SystemTime>,
    /// What the last two visits said, newest first, whether believed or not.
    pub votes: [Option<Vote>; 2],
}

/// What one visit said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Vote {
    /// The word of its outcome.
    pub word: &'static str,
    /// When the visit ended.
    pub at: SystemTime,
}

/// How much a visit's answer settles.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Weight {
    /// It is believed, and needs no other.
    Whole,
    /// It is not believed, or it is a noisy check's fail that no other visit confirms.
    Half,
}

impl Answer {
    /// Before the first visit.
    pub(super) fn pending(check: &'static Check) -> Self {
        let pending = Obstacle::Pending.because("the first visit has not ended yet");
        let finding = Finding::of(check, vec![Item::unknown("", &pending)]);
        Self {
            finding,
            since: None,
            beginnings: Beginnings::default(),
            past: Past::default(),
            held: None,
        }
    }

    /// Before the first experiment.
    pub(super) fn not_asked(check: &'static Check, needed: Footprint) -> Self {
        let finding = Finding::not_asked(check, needed);
        Self {
            finding,
            since: None,
            beginnings: Beginnings::default(),
            past: Past::default(),
            held: None,
        }
    }

    /// The same, of an experiment whose answers hold for so long.
    pub(super) fn holding(self, from: SystemTime, valid_for: Duration) -> Self {
        // At the end of the calendar it holds for no time.
        let until = from.checked_add(valid_for).unwrap_or(from);
        Self { held: Some(Held { from, until }), ..self }
    }

    /// An answer as it was stored.
    pub fn restored(finding: Finding, since: Option<SystemTime>, beginnings: Beginnings) -> Self {
        let failing_since = since.filter(|_| matches!(finding.outcome, Outcome::Fail(_)));
        let past = Past { failing_since, votes: [None; 2] };
        Self { finding, since, beginnings, past, held: None }
    }

    /// The same with what came before, where that was stored too.
    #[must_use]
    pub fn with(self, past: Past) -> Self {
        let failing_since = past.failing_since.or(self.past.failing_since);
        Self { past: Past { failing_since, ..past }, ..self }
    }

    /// The answer that is believed after one more visit, which says `finding`.
    ///
    /// Noisy checks need two of three visits to change. Visits that are too old at the end of this
    /// one, or dated later, have no say; without one that still speaks for it, an answer is not held.
    pub(super) fn after(
        &self,
        finding: Finding,
        visited: &Visited,
        believed_for: Duration,
    ) -> (Self, Weight) {
        let (word, held) = (finding.outcome.as_str(), self.finding.outcome.as_str());
        let speak_for = |word| {
            let mut votes = self.past.votes.iter().flatten();
            votes.any(|vote| {
                vote.word == word && stale(vote.at, visited.ended, believed_for).is_none()
            })
        };
        let votes = [Some(Vote { word, at: visited.ended }), self.past.votes[0]];
        let is_noisy = finding.check.settles == Settles::TwoOfThree;
        let confirmed = !is_noisy || speak_for(word);
        if !confirmed && word != held && speak_for(held) {
            return (Self { past: Past { votes, ..self.past }, ..self.clone() }, Weight::Half);
        }
        let known = match finding.outcome {
            Outcome::Fail(_) => self.past.failing_since,
            Outcome::Unknown(_) if finding.outcome != self.finding.outcome => None,
            _ => self.since.filter(|_| word == held),
        };
        // What is dated later than the visit was dated by a clock that has been set since.
        let since = known.map_or(visited.began, |since| since.min(visited.began));
        let failing_since = match finding.outcome {
            Outcome::Fail(_) => Some(since),
            Outcome::Unknown(_) => self.past.failing_since,
            Outcome::Pass | Outcome::Skip => None,
        };
        let weight = match finding.outcome {
            Outcome::Fail(_) if !confirmed => Weight::Half,
            _ => Weight::Whole,
        };
        let beginnings = self.beginnings.after(&self.finding.items, &finding.items, visited.began);
        let past = Past { failing_since, votes };
        (Self { finding, since: Some(since), beginnings, past, held: None }, weight)
    }
}

impl Vote {
    /// A vote that was written down.
    pub fn restored(word: &str, at: SystemTime) -> Option<Self> {
        let word = ["pass", "fail", "unknown", "skip"].into_iter().find(|known| *known == word)?;
        Some(Self { word, at })
    }
}

#[cfg(test)]
mod tests {
    use gonogo_probes::contract::{Check, Confidence, Dimension, Impact};

    use super::*;
    use crate::testing::at;

    const fn check(settles: Settles) -> Check {
        Check {
            id: "x-y",
            fault: "",
            impact: Impact::High,
            dimension: Dimension::Resilience,
            settles,
            why: "",
            how: "",
            fix: "",
            sources: &[],
        }
    }

    static NOISY: Check = check(Settles::TwoOfThree);
    static STEADY: Check = check(Settles::AtOnce);
    const FOR: Duration = Duration::from_secs(10);

    fn item(word: char) -> Item {
        match word {
            'p' => Item::pass("", ""),
            'f' => Item::fail(Confidence::Firm, "", ""),
            'u' => Item::unknown("", &Obstacle::Timeout.because("")),
            'r' => Item::unknown("", &Obstacle::Refused.because("")),
            _ => Item::skip("", ""),
        }
    }

    /// The answers believed after each of a series of findings, by first letters; a blank is a time
    /// without visits that no answer outlives.
    fn answers(check: &'static Check, series: &str) -> Vec<(Answer, Weight)> {
        let mut answer = Answer::pending(check);
        let mut answers = Vec::new();
        let mut now = 1000;
        for word in series.chars() {
            now += if word == ' ' { FOR.as_secs() } else { 1 };
            if word != ' ' {
                let visited = Visited::new(at(now), Duration::ZERO, FOR, None);
                let (after, weight) =
                    answer.after(Finding::of(check, vec![item(word)]), &visited, FOR);
                answers.push((after.clone(), weight));
                answer = after;
            }
        }
        answers
    }

    fn believed(check: &'static Check, series: &str) -> String {
        let answers = answers(check, series);
        answers.iter().map(|(answer, _)| &answer.finding.outcome.as_str()[..1]).collect()
    }

    /// Seconds since when the last answer of a series has been so, from its first visit.
    fn since(series: &str) -> u64 {
        let last = answers(&STEADY, series).pop().expect("a visit").0;
        last.since.expect("visited").duration_since(at(1001)).expect("later").as_secs()
    }

    #[test]
    fn steady_answers_flip_at_once() {
        assert_eq!(believed(&STEADY, "pfpuf"), "pfpuf");
    }

    #[test]
    fn noisy_answers_flip_when_two_of_three_agree() {
        assert_eq!(believed(&NOISY, "pfppfpf"), "ppppppf");
        assert_eq!(believed(&NOISY, "pff"), "ppf");
        assert_eq!(believed(&NOISY, "ffpfp"), "ffffp");
        assert_eq!(believed(&NOISY, "f"), "f");
    }

    #[test]
    fn two_different_troubles_do_not_add_up() {
        assert_eq!(believed(&NOISY, "pfup"), "pppp");
    }

    #[test]
    fn an_answer_that_none_of_three_visits_gave_is_not_held() {
        assert_eq!(believed(&NOISY, "pfus"), "ppps");
        assert_eq!(believed(&NOISY, "ppfus"), "pppps");
    }

    #[test]
    fn visits_that_are_too_old_have_no_say() {
        assert_eq!(believed(&NOISY, "ppp f"), "pppf");
        assert_eq!(believed(&NOISY, "fff p"), "fffp");
        assert_eq!(believed(&NOISY, "ppf f"), "pppf");
        assert_eq!(believed(&NOISY, "ppp fp"), "pppff");
    }

    #[test]
    fn visits_dated_later_have_no_say() {
        let ahead = Visited::new(at(5000), Duration::ZERO, FOR, None);
        let (answer, _) =
            Answer::pending(&NOISY).after(Finding::of(&NOISY, vec![item('p')]), &ahead, FOR);
        let now = Visited::new(at(1000), Duration::ZERO, FOR, None);
        let (answer, _) = answer.after(Finding::of(&NOISY, vec![item('f')]), &now, FOR);
        assert_eq!(answer.finding.outcome, Outcome::Fail(Confidence::Firm));
        assert_eq!(answer.since, Some(at(1000)));
    }

    #[test]
    fn a_noisy_fail_is_whole_when_a_second_visit_confirms_it() {
        use Weight::{Half, Whole};
        let weights = |series| -> Vec<Weight> {
            answers(&NOISY, series).into_iter().map(|(_, weight)| weight).collect()
        };
        assert_eq!(weights("ff"), [Half, Whole]);
        assert_eq!(weights("pff"), [Whole, Half, Whole]);
        assert_eq!(weights("ppp ff"), [Whole, Whole, Whole, Half, Whole]);
    }

    #[test]
    fn since_is_when_the_word_changed() {
        assert_eq!(since("pp"), 0);
        assert_eq!(since("ppf"), 2);
        assert_eq!(since("ppff"), 2);
        assert_eq!(since("ffp"), 2);
    }

    #[test]
    fn a_fail_keeps_its_beginning_while_it_cannot_be_seen() {
        assert_eq!(since("pfuf"), 1);
        assert_eq!(since("pfurruf"), 1);
        assert_eq!(since("pfupf"), 4);
        assert_eq!(since("pfusf"), 4);
        assert_eq!(since("puf"), 2);
    }

    #[test]
    fn another_obstacle_begins_anew() {
        assert_eq!(since("fuu"), 1);
        assert_eq!(since("fuur"), 3);
    }

    #[test]
    fn a_beginning_dated_later_becomes_the_visits() {
        let answer = Answer {
            since: Some(at(9000)),
            past: Past { failing_since: Some(at(9000)), ..Past::default() },
            finding: Finding::of(&STEADY, vec![item('f')]),
            beginnings: Beginnings::default(),
            held: None,
        };
        let visited = Visited::new(at(1000), Duration::ZERO, FOR, None);
        let after = answer.after(Finding::of(&STEADY, vec![item('f')]), &visited, FOR).0;
        assert_eq!(after.since, Some(at(1000)));
    }
}
