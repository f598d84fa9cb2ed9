//! The timeline of a visit, for programs and for a terminal.

use std::{fmt::Write, time::Duration};

use gonogo_probes::contract::{Lane, Moment, Timeline, Tone, boundary::escaped};
use schemars::JsonSchema;
use serde::Serialize;
use textwrap::core::display_width;

use crate::{
    export::json::rfc3339,
    findings::DatedTimeline,
    render::{timeline::seconds, words::count},
};

/// What happened when during a visit.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct TimelineReport {
    /// When the visit began: RFC 3339, UTC.
    pub began: String,
    /// How long the timeline is.
    pub seconds: f64,
    /// One a subject.
    pub lanes: Vec<LaneReport>,
}

/// What happened to one subject.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct LaneReport {
    /// The subject.
    pub name: String,
    /// In the order of their beginning.
    pub moments: Vec<MomentReport>,
}

/// Something that happened, or that lasted.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct MomentReport {
    /// When it began: seconds from the beginning of the visit.
    pub at: f64,
    /// When it ended, likewise; `null` for what happened at once.
    pub until: Option<f64>,
    /// `good`, `neutral` or `bad`.
    pub tone: &'static str,
    /// What it was.
    pub label: String,
}

impl From<&DatedTimeline> for TimelineReport {
    fn from(dated: &DatedTimeline) -> Self {
        let moment = |moment: &Moment| MomentReport {
            at: moment.at.as_secs_f64(),
            until: moment.until.map(|until| until.as_secs_f64()),
            tone: word(moment.tone),
            label: moment.label.clone(),
        };
        let lane = |lane: &Lane| LaneReport {
            name: lane.name.to_string(),
            moments: lane.moments.iter().map(moment).collect(),
        };
        Self {
            began: rfc3339(dated.began),
            seconds: dated.timeline.extent().as_secs_f64(),
            lanes: dated.timeline.lanes.iter().map(lane).collect(),
        }
    }
}

const fn word(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "neutral",
        Tone::Good => "good",
        Tone::Bad => "bad",
    }
}

/// Draws a timeline in lines of at most so many columns, in plain characters.
pub(super) fn draw(timeline: &Timeline, columns: usize) -> String {
    let widest = timeline.lanes.iter().map(|lane| display_width(&lane.name)).max().unwrap_or(0);
    let left = widest.min(columns / 4).max(4);
    let width = columns.saturating_sub(INDENT.len() + left + 2).max(NARROWEST);
    let whole = timeline.extent();
    let mut out = String::new();
    let mut unnamed: Vec<(&Lane, &Moment)> = Vec::new();
    for lane in &timeline.lanes {
        let Drawn { cells, rest } = Drawn::of(lane, whole, width);
        let name = fitted(&escaped(&lane.name), left);
        let pad = " ".repeat(left.saturating_sub(display_width(&name)));
        let _ = writeln!(out, "{INDENT}{name}{pad}  {cells}");
        unnamed.extend(rest.into_iter().map(|moment| (lane, moment)));
    }
    let end = seconds(whole);
    let gap = width.saturating_sub(end.len());
    let _ = writeln!(out, "{INDENT}{:left$}  {:<gap$}{end}", "", "0 s");
    for (lane, moment) in unnamed.iter().take(TOLD) {
        let when = match moment.until {
            Some(_) => format!("{} to {}", seconds(moment.at), seconds(moment.end())),
            None => format!("at {}", seconds(moment.at)),
        };
        let _ =
            writeln!(out, "{INDENT}{when}, {}: {}", escaped(&lane.name), escaped(&moment.label));
    }
    if unnamed.len() > TOLD {
        let _ = writeln!(out, "{INDENT}and {} more", count(unnamed.len() - TOLD, "fault"));
    }
    let _ = writeln!(out, "{INDENT}{LEGEND}");
    out
}

/// A lane in characters.
struct Drawn<'a> {
    cells: String,
    /// The faults whose labels found no room.
    rest: Vec<&'a Moment>,
}

impl<'a> Drawn<'a> {
    fn of(lane: &'a Lane, whole: Duration, width: usize) -> Self {
        let place = |moment: &Moment| {
            let column = |at: Duration| column(at, whole, width);
            (column(moment.at), column(moment.end()))
        };
        // What is drawn later covers what was drawn before: faults are never covered.
        let mut order: Vec<&Moment> = lane.moments.iter().collect();
        order.sort_by_key(|moment| (moment.tone == Tone::Bad, moment.until.is_none()));
        let mut cells = vec![EMPTY; width];
        for moment in &order {
            let (from, to) = place(moment);
            cells[from..=to].fill(sign(moment));
        }
        let mut rest = Vec::new();
        for moment in order.into_iter().rev() {
            let (from, to) = place(moment);
            if !name(&mut cells, moment, from, to) && moment.tone == Tone::Bad {
                rest.push(moment);
            }
        }
        rest.sort_by_key(|moment| moment.at);
        Self { cells: cells.into_iter().map(char::from).collect(), rest }
    }
}

/// Writes a moment's label into what was drawn of it, or behind it; `false` if there is no room.
fn name(cells: &mut [u8], moment: &Moment, from: usize, to: usize) -> bool {
    let label = moment.label.as_bytes();
    if label.is_empty() || !label.iter().all(|byte| *byte == b' ' || byte.is_ascii_graphic()) {
        return label.is_empty();
    }
    let within = from + 1..from + 1 + label.len();
    let behind = to + 1..to + 1 + label.len();
    let has_room = |room: &std::ops::Range<usize>, ground: u8| {
        // One more, so that labels do not run into each other.
        let cells = cells.get(room.start..=room.end);
        cells.is_some_and(|cells| cells.iter().all(|cell| *cell == ground))
    };
    let room = if within.end <= to && has_room(&within, sign(moment)) {
        within
    } else if cells[to] == sign(moment) && has_room(&behind, EMPTY) {
        behind
    } else {
        return false;
    };
    cells[room].copy_from_slice(label);
    true
}

fn column(at: Duration, whole: Duration, width: usize) -> usize {
    let nanos = whole.as_nanos().max(1);
    let column = at.as_nanos().saturating_mul(width as u128) / nanos;
    usize::try_from(column).unwrap_or(usize::MAX).min(width - 1)
}

const fn sign(moment: &Moment) -> u8 {
    match (moment.tone, moment.until.is_some()) {
        (Tone::Good, true) => b'=',
        (Tone::Good, false) => b'+',
        (Tone::Neutral, true) => b'-',
        (Tone::Neutral, false) => b'|',
        (Tone::Bad, true) => b'#',
        (Tone::Bad, false) => b'X',
    }
}

/// A name in so many columns.
fn fitted(name: &str, columns: usize) -> String {
    if display_width(name) <= columns {
        return name.to_owned();
    }
    let mut fitted = String::new();
    for c in name.chars() {
        if display_width(&fitted) + display_width(c.encode_utf8(&mut [0; 4])) > columns - 1 {
            break;
        }
        fitted.push(c);
    }
    fitted + "~"
}

const EMPTY: u8 = b'.';
const INDENT: &str = "    ";
const LEGEND: &str = "= + as it should be   - | neutral   # X a fault";
/// Columns for the lanes themselves, however narrow the terminal is.
const NARROWEST: usize = 20;
/// Faults without a label in their lane that are told below.
const TOLD: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::timeline;

    #[test]
    fn a_timeline_is_drawn_like_this() {
        insta::assert_snapshot!(draw(&timeline(), 80));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in [40, 57, 80, 200] {
            let drawn = draw(&timeline(), columns);
            let lanes = timeline().lanes.len() + 1;
            for line in drawn.lines().take(lanes) {
                assert!(display_width(line) <= columns, "{columns}: {line}");
            }
        }
    }

    #[test]
    fn a_fault_is_drawn_however_short_it_is_and_whatever_is_around_it() {
        let ms = Duration::from_millis;
        let mut moments: Vec<Moment> =
            (0..100).map(|i| Moment::at(ms(i * 10), Tone::Good, "200")).collect();
        moments.push(Moment::at(ms(503), Tone::Bad, "reset"));
        moments.push(Moment::lasting(ms(0), ms(1000), Tone::Neutral, ""));
        let lanes = vec![Lane { name: "requests".into(), moments }];
        let drawn = draw(&Timeline { length: ms(1000), lanes }, 60);
        assert!(drawn.lines().next().is_some_and(|lane| lane.contains('X')), "{drawn}");
        assert!(drawn.contains("at 503 ms, requests: reset"), "{drawn}");
    }

    #[test]
    fn hostile_labels_move_nothing() {
        let long = "a".repeat(500);
        let labels = ["\u{1b}[2Jx", "漢字漢字", "a\nb", &*long, ""];
        let moment = |(place, label): (usize, &&str)| {
            Moment::at(Duration::from_secs(place as u64), Tone::Bad, *label)
        };
        let lane = Lane {
            name: "漢字".repeat(40).into(),
            moments: labels.iter().enumerate().map(moment).collect(),
        };
        let timeline = Timeline { length: Duration::ZERO, lanes: vec![lane] };
        let drawn = draw(&timeline, 60);
        let lane = drawn.lines().next().expect("a lane");
        assert!(display_width(lane) <= 60, "{lane}");
        // The lane, the axis, three labels without room or with what is no ASCII, and the legend.
        assert_eq!(drawn.lines().count(), 7, "{drawn}");
        assert!(!drawn.contains('\u{1b}'), "{drawn:?}");
    }

    #[test]
    fn a_timeline_of_nothing_is_drawn_too() {
        assert!(draw(&Timeline::default(), 0).contains("0 s"));
        let at = Duration::MAX;
        let lanes = vec![Lane { name: "x".into(), moments: vec![Moment::at(at, Tone::Bad, "")] }];
        assert!(draw(&Timeline { length: at, lanes }, 40).contains('X'));
    }
}
