//! Sweeps that take many visits: what was answered when, and what to ask next.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::memory::{millis, moment};

/// The last answer to each of many questions, more than one visit may ask.
///
/// Each visit [sets](Ledger::ask) the questions, takes the [next](Ledger::next) few, and writes down
/// what became of each: [answered](Ledger::answered) or [not](Ledger::missed). A question that cannot
/// be answered waits its turn like every other, so that it keeps nobody from being asked.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Ledger<K, A> {
    /// In the order in which the questions were set.
    lines: Vec<Line<K, A>>,
    /// Questions for which there was no room.
    left_out: usize,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Line<K, A> {
    question: K,
    /// Both moments in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<i64>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    answer: Option<(A, i64)>,
}

/// How much of a sweep is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Coverage {
    /// Questions whose answer is recent enough.
    pub answered: usize,
    /// Every question, those for which there was no room included.
    pub all: usize,
}

impl Coverage {
    /// The share that is answered, from 0 to 1; `None` if there is no question.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ledger holds few thousand lines")]
    pub fn ratio(self) -> Option<f64> {
        (self.all > 0).then(|| self.answered as f64 / self.all as f64)
    }

    /// Whether every question is answered. No question at all is no answer either.
    #[must_use]
    pub fn is_complete(self) -> bool {
        self.all > 0 && self.answered == self.all
    }
}

impl<K, A> Default for Ledger<K, A> {
    fn default() -> Self {
        Self { lines: Vec::new(), left_out: 0 }
    }
}

impl<K: Clone + Ord, A> Ledger<K, A> {
    /// How many questions a ledger holds; what is beyond is counted as not answered.
    pub const MOST: usize = 4096;

    /// Sets the questions. Those that stay keep their answers, those that are gone lose them, and those
    /// that are new have none. A question that is set twice counts once.
    pub fn ask(&mut self, questions: impl IntoIterator<Item = K>) {
        let mut before: std::collections::BTreeMap<K, Line<K, A>> =
            self.lines.drain(..).map(|line| (line.question.clone(), line)).collect();
        let mut seen = std::collections::BTreeSet::new();
        self.left_out = 0;
        for question in questions {
            if self.lines.len() == Self::MOST {
                // Counted one by one: what is left out is not remembered, so it may be counted twice.
                self.left_out += usize::from(!seen.contains(&question));
            } else if seen.insert(question.clone()) {
                let line = before.remove(&question);
                self.lines.push(line.unwrap_or(Line { question, asked: None, answer: None }));
            }
        }
    }

    /// The questions to ask now, at most `most`: those that were never asked first, then those whose
    /// turn is longest ago. What is dated later than `now` says nothing, and counts as never asked.
    #[must_use]
    pub fn next(&self, most: usize, now: SystemTime) -> Vec<K> {
        let now = millis(now);
        let mut lines: Vec<&Line<K, A>> = self.lines.iter().collect();
        // Stable: of equal ones those set first come first.
        lines.sort_by_key(|line| line.asked.filter(|asked| *asked <= now));
        lines.into_iter().take(most).map(|line| line.question.clone()).collect()
    }

    /// Writes down an answer. One to a question that is not set is dropped.
    pub fn answered(&mut self, question: &K, answer: A, at: SystemTime) {
        if let Some(line) = self.line(question) {
            line.asked = Some(millis(at));
            line.answer = Some((answer, millis(at)));
        }
    }

    /// Writes down that a question was asked and not answered. An earlier answer stays, and ages.
    pub fn missed(&mut self, question: &K, at: SystemTime) {
        if let Some(line) = self.line(question) {
            line.asked = Some(millis(at));
        }
    }

    /// The answers that are not older than `max_age`, in the order of the questions.
    pub fn answers(
        &self,
        now: SystemTime,
        max_age: Duration,
    ) -> impl Iterator<Item = (&K, &A, SystemTime)> {
        self.lines.iter().filter_map(move |line| {
            let (answer, at) = line.answer.as_ref()?;
            // An error means a date later than now.
            let age = now.duration_since(moment(*at)).ok()?;
            (age <= max_age).then_some((&line.question, answer, moment(*at)))
        })
    }

    /// The questions that have no answer younger than `max_age`.
    pub fn unanswered(&self, now: SystemTime, max_age: Duration) -> impl Iterator<Item = &K> {
        let known: std::collections::BTreeSet<&K> =
            self.answers(now, max_age).map(|(question, ..)| question).collect();
        self.lines.iter().map(|line| &line.question).filter(move |it| !known.contains(it))
    }

    /// How much is answered.
    #[must_use]
    pub fn coverage(&self, now: SystemTime, max_age: Duration) -> Coverage {
        Coverage {
            answered: self.answers(now, max_age).count(),
            all: self.lines.len() + self.left_out,
        }
    }

    fn line(&mut self, question: &K) -> Option<&mut Line<K, A>> {
        self.lines.iter_mut().find(|line| line.question == *question)
    }
}

fn none<T>() -> Option<T> {
    None
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn at(secs: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(secs)
    }

    fn ledger(questions: &[&'static str]) -> Ledger<&'static str, char> {
        let mut ledger = Ledger::default();
        ledger.ask(questions.iter().copied());
        ledger
    }

    #[test]
    fn what_was_never_asked_comes_first_then_the_oldest() {
        let mut ledger = ledger(&["a", "b", "c", "d"]);
        assert_eq!(ledger.next(2, at(0)), ["a", "b"]);
        ledger.answered(&"b", '1', at(1));
        ledger.answered(&"a", '2', at(2));
        assert_eq!(ledger.next(9, at(3)), ["c", "d", "b", "a"]);
    }

    #[test]
    fn a_question_that_cannot_be_answered_keeps_nobody_waiting() {
        let mut ledger = ledger(&["never", "a", "b"]);
        let mut asked = Vec::new();
        for turn in 0..6 {
            let question = ledger.next(1, at(turn))[0];
            asked.push(question);
            match question {
                "never" => ledger.missed(&question, at(turn)),
                _ => ledger.answered(&question, 'x', at(turn)),
            }
        }
        assert_eq!(asked, ["never", "a", "b", "never", "a", "b"]);
        let coverage = ledger.coverage(at(6), HOUR);
        assert_eq!(coverage, Coverage { answered: 2, all: 3 });
        assert_eq!(ledger.unanswered(at(6), HOUR).collect::<Vec<_>>(), [&"never"]);
    }

    #[test]
    fn an_answer_ages_until_it_counts_no_more() {
        let mut ledger = ledger(&["a"]);
        ledger.answered(&"a", 'x', at(100));
        assert!(ledger.coverage(at(100) + HOUR, HOUR).is_complete());
        let late = at(101) + HOUR;
        assert_eq!(ledger.coverage(late, HOUR).ratio(), Some(0.0));
        ledger.missed(&"a", late);
        assert_eq!(ledger.answers(late, HOUR).count(), 0, "asking in vain makes it no younger");
    }

    #[test]
    fn an_answer_dated_later_than_now_is_none() {
        let mut ledger = ledger(&["a", "b"]);
        ledger.answered(&"a", 'x', at(9000));
        assert_eq!(ledger.coverage(at(100), HOUR).answered, 0);
        ledger.answered(&"b", 'x', at(50));
        assert_eq!(ledger.next(1, at(100)), ["a"]);
    }

    #[test]
    fn no_question_is_not_complete() {
        let coverage = ledger(&[]).coverage(at(0), HOUR);
        assert_eq!((coverage.ratio(), coverage.is_complete()), (None, false));
    }

    #[test]
    fn a_changed_set_of_questions_keeps_the_answers_of_those_that_stay() {
        let mut ledger = ledger(&["a", "b"]);
        ledger.answered(&"a", 'x', at(1));
        ledger.answered(&"b", 'y', at(1));
        ledger.ask(["c", "b", "b"]);
        let known: Vec<_> = ledger.answers(at(2), HOUR).map(|(q, a, _)| (*q, *a)).collect();
        assert_eq!(known, [("b", 'y')]);
        assert_eq!(ledger.next(9, at(2)), ["c", "b"]);
        ledger.ask(["a"]);
        assert_eq!(ledger.coverage(at(2), HOUR).answered, 0, "what was gone starts anew");
    }

    #[test]
    fn what_there_is_no_room_for_counts_as_not_answered() {
        let mut ledger = Ledger::<usize, ()>::default();
        ledger.ask(0..Ledger::<usize, ()>::MOST + 3);
        let all: Vec<usize> = ledger.next(usize::MAX, at(0));
        assert_eq!(all.len(), Ledger::<usize, ()>::MOST);
        for question in &all {
            ledger.answered(question, (), at(1));
        }
        let coverage = ledger.coverage(at(1), HOUR);
        assert_eq!(coverage.all - coverage.answered, 3);
        assert!(!coverage.is_complete());
    }

    #[test]
    fn a_clock_before_1970_is_as_good_as_any() {
        let mut ledger = ledger(&["a"]);
        let then = UNIX_EPOCH - HOUR;
        ledger.answered(&"a", 'x', then);
        assert!(ledger.coverage(then, HOUR).is_complete());
        let text = serde_json::to_string(&ledger).expect("JSON");
        let after: Ledger<&str, char> = serde_json::from_str(&text).expect("JSON");
        assert!(after.coverage(then + HOUR, HOUR).is_complete());
    }

    #[test]
    fn it_survives_being_stored_whatever_the_questions_are() {
        let mut ledger = Ledger::<(String, u8), Option<bool>>::default();
        ledger.ask([("GET /a".to_owned(), 1), ("GET /b".to_owned(), 2)]);
        ledger.answered(&("GET /a".to_owned(), 1), None, at(5));
        let text = serde_json::to_string(&ledger).expect("JSON");
        let after: Ledger<(String, u8), Option<bool>> = serde_json::from_str(&text).expect("JSON");
        assert_eq!(after.next(9, at(9)), ledger.next(9, at(9)));
        assert_eq!(after.coverage(at(9), HOUR), ledger.coverage(at(9), HOUR));
    }

    proptest! {
        #[test]
        fn every_question_is_asked_within_one_round(
            count in 1_usize..60,
            most in 1_usize..10,
            fates in proptest::collection::vec(any::<bool>(), 1..200),
        ) {
            let mut ledger = Ledger::<usize, ()>::default();
            ledger.ask(0..count);
            let rounds = count.div_ceil(most);
            let (mut fates, mut second) = (fates.iter().cycle(), 0);
            for _ in 0..3 {
                let mut asked = BTreeSet::new();
                for _ in 0..rounds {
                    second += 1;
                    for question in ledger.next(most, at(second)) {
                        asked.insert(question);
                        match fates.next() {
                            Some(true) => ledger.answered(&question, (), at(second)),
                            _ => ledger.missed(&question, at(second)),
                        }
                    }
                }
                prop_assert_eq!(asked.len(), count);
            }
        }

        #[test]
        fn coverage_never_exceeds_the_questions_whatever_is_written_down(
            set in proptest::collection::btree_set(0_u8..40, 0..40),
            written in proptest::collection::vec((0_u8..60, 0_u64..10_000, any::<bool>()), 0..200),
            now in 0_u64..10_000,
        ) {
            let mut ledger = Ledger::<u8, ()>::default();
            ledger.ask(set.iter().copied());
            for (question, when, is_answer) in &written {
                if *is_answer {
                    ledger.answered(question, (), at(*when));
                } else {
                    ledger.missed(question, at(*when));
                }
            }
            let coverage = ledger.coverage(at(now), HOUR);
            prop_assert_eq!(coverage.all, set.len());
            let mut last = std::collections::BTreeMap::new();
            for (question, when, _) in written.iter().filter(|it| it.2 && set.contains(&it.0)) {
                last.insert(*question, *when);
            }
            let recent = last.values().filter(|when| **when <= now && now - **when <= 3600);
            prop_assert_eq!(coverage.answered, recent.count());
            let unanswered = ledger.unanswered(at(now), HOUR).count();
            prop_assert_eq!(unanswered + coverage.answered, coverage.all);
        }
    }
}
