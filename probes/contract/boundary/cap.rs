//! How much of a report is kept.

use super::super::{Fact, Finding, Item, Lane, Moment, Timeline, Tone};

/// The longest name or subject, in characters.
pub const NAME: usize = 200;
/// The longest text, in bytes.
pub const TEXT: usize = 2 << 10;
/// Items of a finding that are kept: the worst of them.
pub const ITEMS: usize = 100;
/// Facts of a visit that are kept.
pub const FACTS: usize = 500;
/// Lanes of a timeline that are kept.
pub const LANES: usize = 16;
/// Moments of a timeline that are kept, over all its lanes.
pub const MOMENTS: usize = 2000;

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

/// Keeps the first lanes and of each what is worst, and says how much there was besides.
pub(super) fn timeline(timeline: &mut Timeline) {
    if timeline.lanes.len() > LANES {
        let more = timeline.lanes.len() - (LANES - 1);
        timeline.lanes.truncate(LANES - 1);
        let name = format!("{more} further lanes");
        timeline.lanes.push(Lane { name: name.into(), moments: Vec::new() });
    }
    let each = MOMENTS / timeline.lanes.len().max(1);
    timeline.lanes.iter_mut().for_each(|lane| moments(&mut lane.moments, each));
}

fn moments(moments: &mut Vec<Moment>, most: usize) {
    if moments.len() <= most {
        return;
    }
    let mut worst: Vec<usize> = (0..moments.len()).collect();
    worst.sort_by_key(|place| match moments[*place].tone {
        Tone::Bad => 0,
        Tone::Neutral => 1,
        Tone::Good => 2,
    });
    let mut dropped = worst.split_off(most - 1);
    dropped.sort_unstable();
    let has_fault = dropped.iter().any(|place| moments[*place].tone == Tone::Bad);
    let tone = if has_fault { Tone::Bad } else { Tone::Neutral };
    let from = moments[dropped[0]].at;
    let until = dropped.iter().map(|place| moments[*place].end()).max().unwrap_or(from);
    let more = format!("{} further moments", dropped.len());
    let mut place = 0;
    moments.retain(|_| {
        place += 1;
        dropped.binary_search(&(place - 1)).is_err()
    });
    moments.push(Moment::lasting(from, until, tone, more));
    moments.sort_by_key(|moment| moment.at);
}
