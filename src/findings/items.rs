//! Since when each item of an answer has been so.

use std::{collections::HashMap, time::SystemTime};

use gonogo_probes::contract::{Item, Outcome};

/// Since when the items of an answer have been so, as [`Answer::since`](super::Answer::since) says it
/// of the whole: an item keeps its beginning while its subject has the same outcome, and a fail keeps
/// it while something is in the way of seeing it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Beginnings {
    /// One an item, in their order.
    pub items: Vec<Beginning>,
    /// Fails that could not be looked at the last time, by subject.
    pub unseen: Vec<(String, SystemTime)>,
}

/// Since when an item has been so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Beginning {
    /// Since when its outcome has been the same word and, where it is `unknown`, the same obstacle.
    pub since: SystemTime,
    /// Since when it has failed, where nothing but `unknown` was answered since.
    pub failing_since: Option<SystemTime>,
}

impl Beginnings {
    /// Since when the item in this place has been so, if that is known.
    pub fn since(&self, place: usize) -> Option<SystemTime> {
        self.items.get(place).map(|beginning| beginning.since)
    }

    /// The beginnings of `after`, which a visit that began at `began` found in place of `before`.
    pub(super) fn after(&self, before: &[Item], after: &[Item], began: SystemTime) -> Self {
        // Of several items of one subject, each follows the one in the same place among them.
        let mut known: HashMap<&str, Vec<(Option<Outcome>, Beginning)>> = HashMap::new();
        for (subject, since) in self.unseen.iter().rev() {
            let unseen = Beginning { since: *since, failing_since: Some(*since) };
            known.entry(subject).or_default().push((None, unseen));
        }
        for (item, beginning) in before.iter().zip(&self.items).rev() {
            known.entry(&item.subject).or_default().push((Some(item.outcome), *beginning));
        }
        let items = after.iter().map(|item| {
            let earlier = known.get_mut(item.subject.as_str()).and_then(Vec::pop);
            Beginning::of(item.outcome, earlier, began)
        });
        let items = items.collect();
        // Where something was in the way, what was not looked at may be as it was.
        let obstructed = after.iter().any(|item| matches!(item.outcome, Outcome::Unknown(_)));
        let left = known.into_iter().flat_map(|(subject, rest)| {
            rest.into_iter().filter_map(move |(_, it)| Some((subject, it.failing_since?)))
        });
        let left = left.filter(|_| obstructed).map(|(subject, it)| (subject.to_owned(), it));
        let mut unseen: Vec<(String, SystemTime)> = left.collect();
        unseen.sort();
        unseen.truncate(MOST_UNSEEN);
        Self { items, unseen }
    }
}

impl Beginning {
    fn of(outcome: Outcome, earlier: Option<(Option<Outcome>, Self)>, began: SystemTime) -> Self {
        let (before, earlier) = earlier.map_or((None, None), |(word, it)| (word, Some(it)));
        let failing = earlier.and_then(|it| it.failing_since);
        let is_same = match (before, outcome) {
            (Some(before), Outcome::Unknown(_)) => before == outcome,
            (Some(before), _) => before.as_str() == outcome.as_str(),
            (None, _) => false,
        };
        let known = match outcome {
            Outcome::Fail(_) => failing,
            _ => earlier.filter(|_| is_same).map(|it| it.since),
        };
        // What is dated later than the visit was dated by a clock that has been set since.
        let since = known.map_or(began, |since| since.min(began));
        let failing_since = match outcome {
            Outcome::Fail(_) => Some(since),
            Outcome::Unknown(_) => failing,
            Outcome::Pass | Outcome::Skip => None,
        };
        Self { since, failing_since }
    }
}

/// Fails that are remembered while they cannot be looked at.
const MOST_UNSEEN: usize = 100;

#[cfg(test)]
mod tests {
    use gonogo_probes::contract::{Confidence, Obstacle};

    use super::*;
    use crate::testing::at;

    /// An item by its letters: the outcome's, then the subject.
    fn item(letters: &str) -> Item {
        let (outcome, subject) = letters.split_at(1);
        match outcome {
            "p" => Item::pass(subject, ""),
            "f" => Item::fail(Confidence::Firm, subject, ""),
            "u" => Item::unknown(subject, &Obstacle::Timeout.because("")),
            "r" => Item::unknown(subject, &Obstacle::Refused.because("")),
            _ => Item::skip(subject, ""),
        }
    }

    /// Seconds since when the items of the last visit have been so; visits are a second apart.
    fn since(visits: &[&str]) -> Vec<u64> {
        let (mut known, mut before) = (Beginnings::default(), Vec::new());
        for (second, visit) in visits.iter().enumerate() {
            let after: Vec<Item> = visit.split(' ').map(item).collect();
            known = known.after(&before, &after, at(second as u64));
            before = after;
        }
        let second = |it: &Beginning| it.since.duration_since(at(0)).expect("later").as_secs();
        known.items.iter().map(second).collect()
    }

    #[test]
    fn an_item_keeps_its_beginning_while_its_word_stays() {
        assert_eq!(since(&["fa pb", "fa fb", "fa fb"]), [0, 1]);
        assert_eq!(since(&["fa", "pa", "fa"]), [2]);
    }

    #[test]
    fn a_new_subject_begins_anew_though_the_check_failed_before() {
        assert_eq!(since(&["fa", "fa fb"]), [0, 1]);
        assert_eq!(since(&["fa", "fb"]), [1]);
    }

    #[test]
    fn the_order_of_items_does_not_matter() {
        assert_eq!(since(&["fa", "fb fa", "fa fb"]), [0, 1]);
    }

    #[test]
    fn a_fail_keeps_its_beginning_while_it_cannot_be_seen() {
        assert_eq!(since(&["fa", "ua", "ra", "fa"]), [0]);
        assert_eq!(since(&["fa", "ua", "pa", "fa"]), [3]);
        // The whole visit was obstructed, or only the part that would have shown it.
        assert_eq!(since(&["fa fb", "u", "u", "fa fb"]), [0, 0]);
        assert_eq!(since(&["fa fb", "fa uc", "fa fb"]), [0, 0]);
    }

    #[test]
    fn a_subject_that_is_gone_begins_anew() {
        assert_eq!(since(&["fa fb", "fa", "fa fb"]), [0, 2]);
    }

    #[test]
    fn another_obstacle_begins_anew() {
        assert_eq!(since(&["ua", "ua", "ra"]), [2]);
    }

    #[test]
    fn items_of_one_subject_are_told_apart_by_their_place() {
        assert_eq!(since(&["fa pa", "fa fa", "fa fa"]), [0, 1]);
    }

    #[test]
    fn a_beginning_dated_later_becomes_the_visits() {
        let known = Beginnings::default().after(&[], &[item("fa")], at(9000));
        assert_eq!(known.after(&[item("fa")], &[item("fa")], at(5)).since(0), Some(at(5)));
    }

    #[test]
    fn what_is_remembered_while_it_cannot_be_seen_is_bounded() {
        let many: Vec<Item> = (0..500).map(|i| item(&format!("f{i}"))).collect();
        let known = Beginnings::default().after(&[], &many, at(1));
        assert_eq!(known.after(&many, &[item("u")], at(2)).unseen.len(), MOST_UNSEEN);
    }
}
