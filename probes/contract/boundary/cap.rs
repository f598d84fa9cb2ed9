//! How much of a report is kept.

use super::super::{Fact, Finding, Item};

/// The longest name or subject, in characters.
pub const NAME: usize = 200;
/// The longest text, in bytes.
pub const TEXT: usize = 2 << 10;
/// Items of a finding that are kept: the worst of them.
pub const ITEMS: usize = 100;
/// Facts of a visit that are kept.
pub const FACTS: usize = 500;

/// Cuts a name or subject.
pub(super) fn name(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(NAME) {
        // The mark is the last of the characters.
        let end = text[..end].char_indices().next_back().map_or(end, |(last, _)| last);
        text.truncate(end);
        text.push('…');
    }
}

/// Cuts a text.
pub(super) fn text(text: &mut String) {
    if text.len() > TEXT {
        text.truncate(text.floor_char_boundary(TEXT - '…'.len_utf8()));
        text.push('…');
    }
}

/// A command that was cut would be another command.
pub(super) fn replay(command: &mut String) {
    if command.len() > TEXT {
        *command = format!("# the command is too long to be shown ({} bytes)", command.len());
    }
}

/// Keeps the worst items, in their order, and counts the rest.
pub(super) fn items(finding: &mut Finding) {
    if finding.items.len() <= ITEMS {
        return;
    }
    let mut worst: Vec<usize> = (0..finding.items.len()).collect();
    worst.sort_by_key(|place| std::cmp::Reverse(finding.items[*place].outcome.badness()));
    let mut kept = vec![false; finding.items.len()];
    worst[..ITEMS].iter().for_each(|place| kept[*place] = true);
    let mut places = kept.iter();
    let rest = &mut finding.rest;
    finding.items.retain(|Item { outcome, .. }| {
        let is_kept = places.next() == Some(&true);
        if !is_kept {
            rest.count(*outcome);
        }
        is_kept
    });
}

/// Keeps the first facts, and says how many there were besides.
pub(super) fn facts(facts: &mut Vec<Fact>) {
    if facts.len() > FACTS {
        let more = facts.len() - FACTS;
        facts.truncate(FACTS);
        facts.push(Fact::new("more", "not shown", format!("{more} further facts")));
    }
}
