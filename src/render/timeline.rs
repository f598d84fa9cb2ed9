//! A timeline as SVG within a page, which gives it its colours: readable without scripts, in light and
//! dark, and not by colour alone.

use std::{fmt::Write, time::Duration};

use gonogo_probes::contract::{Lane, Moment, Timeline, Tone, boundary};

/// Draws a timeline. `id` begins the ids of its parts, which must be its own on the page; `title` says
/// what it is of.
pub fn svg(timeline: &Timeline, id: &str, title: &str) -> String {
    let whole = timeline.extent();
    let lanes = timeline.lanes.len();
    let height = lane_top(lanes) + AXIS;
    let (id, title) = (shown(id, NAME), shown(title, SAID));
    let mut out = String::new();
    let _ = write!(
        out,
        r#"<svg class="timeline" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{id}-title {id}-desc"><title id="{id}-title">{title}</title><desc id="{id}-desc">{}</desc>"#,
        shown(&described(timeline), DESCRIBED)
    );
    for (place, lane) in timeline.lanes.iter().enumerate() {
        draw(&mut out, lane, lane_top(place), whole);
    }
    let base = lane_top(lanes);
    let _ = write!(out, r#"<path class="axis" d="M{LEFT} {base}H{WIDTH}"/>"#);
    for quarter in 0..=4_u32 {
        let at = whole / 4 * quarter;
        let x = LEFT + (WIDTH - LEFT) / 4 * quarter;
        let anchor = match quarter {
            0 => "start",
            4 => "end",
            _ => "middle",
        };
        let _ = write!(
            out,
            r#"<path class="axis" d="M{x} {base}v5"/><text x="{x}" y="{}" text-anchor="{anchor}">{}</text>"#,
            base + 18,
            seconds(at)
        );
    }
    out.push_str("</svg>");
    out
}

fn draw(out: &mut String, lane: &Lane, top: u32, whole: Duration) {
    let _ = write!(
        out,
        r#"<g><title>{}</title><text class="name" x="0" y="{}">{}</text>"#,
        shown(&lane.name, SAID),
        top + 26,
        shown(&lane.name, NAME)
    );
    // What is drawn later covers what was drawn before: faults are never covered.
    let mut order: Vec<&Moment> = lane.moments.iter().collect();
    order.sort_by_key(|moment| (moment.tone == Tone::Bad, moment.until.is_none()));
    for moment in &order {
        shape(out, moment, top, whole);
    }
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for moment in order.into_iter().rev() {
        let label = shown(&moment.label, NAME);
        let from = x(moment.at, whole);
        let to = from + f64::from(u32::try_from(width(&moment.label)).unwrap_or(u32::MAX)) * LETTER;
        let is_free = to <= f64::from(WIDTH) && taken.iter().all(|(a, b)| to < *a || *b < from);
        if is_free && !label.is_empty() {
            taken.push((from, to));
            let _ = write!(out, r#"<text x="{from:.1}" y="{}">{label}</text>"#, top + 12);
        }
    }
    out.push_str("</g>");
}

/// A moment, told by its shape as well as by its colour.
fn shape(out: &mut String, moment: &Moment, top: u32, whole: Duration) {
    let (from, to) = (x(moment.at, whole), x(moment.end(), whole));
    let tone = tone(moment.tone);
    let middle = top + 23;
    let _ = write!(out, r#"<g class="{tone}"><title>{}</title>"#, shown(&told(moment), SAID));
    let _ = match (moment.until, moment.tone) {
        (Some(_), tone) => {
            let height = if tone == Tone::Bad { 14 } else { 8 };
            let (y, wide) = (middle - height / 2, (to - from).max(THINNEST));
            write!(out, r#"<rect x="{from:.1}" y="{y}" width="{wide:.1}" height="{height}"/>"#)
        }
        (None, Tone::Good) => write!(out, r#"<circle cx="{from:.1}" cy="{middle}" r="4"/>"#),
        (None, Tone::Neutral) => {
            write!(out, r#"<rect x="{:.1}" y="{}" width="2" height="16"/>"#, from - 1.0, middle - 8)
        }
        (None, Tone::Bad) => write!(
            out,
            r#"<path class="cross" d="M{:.1} {}l10 10m0-10l-10 10"/>"#,
            from - 5.0,
            middle - 5
        ),
    };
    out.push_str("</g>");
}

/// The same in words, for somebody who does not see it.
fn described(timeline: &Timeline) -> String {
    let mut text = format!("{} from left to right.", seconds(timeline.extent()));
    for lane in &timeline.lanes {
        let faults = lane.moments.iter().filter(|moment| moment.tone == Tone::Bad).count();
        let _ = write!(text, " {}:", lane.name);
        // Faults first: there may be hundreds of moments.
        let mut order: Vec<&Moment> = lane.moments.iter().collect();
        order.sort_by_key(|moment| moment.tone != Tone::Bad);
        order.truncate(TOLD);
        order.sort_by_key(|moment| moment.at);
        let said: Vec<String> = order.iter().map(|moment| told(moment)).collect();
        let more = lane.moments.len().saturating_sub(TOLD);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let faults = if faults == 1 { "1 fault".to_owned() } else { format!("{faults} faults") };
        let _ = write!(text, " {}{more} ({faults}).", said.join("; "));
    }
    text
}

fn told(moment: &Moment) -> String {
    let fault = if moment.tone == Tone::Bad { ", a fault" } else { "" };
    let label = &moment.label;
    match moment.until {
        Some(_) => {
            format!("{} to {}: {label}{fault}", seconds(moment.at), seconds(moment.end()))
        }
        None => format!("at {}: {label}{fault}", seconds(moment.at)),
    }
}

/// A time from the beginning, as exact as it can be seen.
pub(crate) fn seconds(at: Duration) -> String {
    match at.as_millis() {
        0 => "0 s".to_owned(),
        millis @ 1..1_000 => format!("{millis} ms"),
        1_000..600_000 => format!("{:.1} s", at.as_secs_f64()),
        _ => humantime::format_duration(Duration::from_secs(at.as_secs())).to_string(),
    }
}

/// A text cut to so many characters, in which nothing is markup or hidden.
fn shown(text: &str, most: usize) -> String {
    let text = boundary::escaped(text);
    let mut shown = String::new();
    for (place, c) in text.chars().enumerate() {
        if place == most {
            shown.push('…');
            break;
        }
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            _ => shown.push(c),
        }
    }
    shown
}

/// The columns that a label takes when it is shown.
fn width(label: &str) -> usize {
    let shown: String = boundary::escaped(label).chars().take(NAME + 1).collect();
    textwrap::core::display_width(&shown)
}

const fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "neutral",
        Tone::Good => "good",
        Tone::Bad => "bad",
    }
}

fn x(at: Duration, whole: Duration) -> f64 {
    let share = if whole.is_zero() { 0.0 } else { at.as_secs_f64() / whole.as_secs_f64() };
    f64::from(LEFT) + f64::from(WIDTH - LEFT) * share.clamp(0.0, 1.0)
}

fn lane_top(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX).saturating_mul(LANE).min(TALLEST)
}

const WIDTH: u32 = 960;
/// Where the lanes begin, beside their names.
const LEFT: u32 = 168;
const LANE: u32 = 36;
const AXIS: u32 = 24;
const TALLEST: u32 = 1_000_000;
/// The width of a letter of a label, at most.
const LETTER: f64 = 7.0;
/// What lasted for no time at all can still be seen.
const THINNEST: f64 = 2.0;
/// Characters of a name or label that are drawn,
const NAME: usize = 24;
/// that are shown where the pointer is,
const SAID: usize = 300;
/// and that the description has.
const DESCRIBED: usize = 4_000;
/// Moments of a lane that the description tells.
const TOLD: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::timeline;

    #[test]
    fn a_timeline_is_drawn_like_this() {
        insta::assert_snapshot!(svg(&timeline(), "shutdown", "The last visit of `shutdown`"));
    }

    #[test]
    fn what_a_target_says_is_no_markup() {
        let hostile = "\"><script>alert(1)</script>\u{202e}\u{0}\u{1b}'&";
        let moments = vec![
            Moment::at(Duration::ZERO, Tone::Bad, hostile),
            Moment::lasting(Duration::ZERO, Duration::from_secs(9), Tone::Good, hostile),
        ];
        let lanes = vec![Lane { name: hostile.into(), moments }];
        let drawn = svg(&Timeline { length: Duration::ZERO, lanes }, hostile, hostile);
        for forbidden in ["<script", "\"\">", "\u{202e}", "\u{0}", "\u{1b}"] {
            assert!(!drawn.contains(forbidden), "{forbidden:?}: {drawn}");
        }
        assert!(drawn.contains("&lt;script&gt;"));
    }

    #[test]
    fn nothing_is_drawn_outside_and_labels_do_not_overlap() {
        let at = Duration::from_secs;
        let moments: Vec<Moment> =
            (0..200).map(|i| Moment::at(at(i), Tone::Good, format!("answer {i}"))).collect();
        let late = Moment::lasting(at(190), at(500), Tone::Bad, "late");
        let lanes = vec![Lane { name: "x".into(), moments: [moments, vec![late]].concat() }];
        let drawn = svg(&Timeline { length: at(200), lanes }, "x", "x");
        assert!(drawn.contains("late</text>"), "a fault's label comes first: {drawn}");
        assert!(drawn.matches("</text>").count() < 20, "{drawn}");
        let rects = drawn.split("<rect x=\"").skip(1);
        for rect in rects {
            let mut numbers = rect.split('"').step_by(2);
            let from: f64 = numbers.next().expect("x").parse().expect("a number");
            let wide: f64 = numbers.nth(1).expect("width").parse().expect("a number");
            assert!(from >= f64::from(LEFT) && from + wide <= f64::from(WIDTH) + 0.2, "{rect}");
        }
    }

    #[test]
    fn a_timeline_of_nothing_and_of_for_ever_is_drawn_too() {
        assert!(svg(&Timeline::default(), "x", "x").ends_with("</svg>"));
        let moments = vec![Moment::at(Duration::MAX, Tone::Bad, "end of time")];
        let lanes = vec![Lane { name: "x".into(), moments }];
        let drawn = svg(&Timeline { length: Duration::ZERO, lanes }, "x", "x");
        assert!(drawn.contains(r#"class="cross" d="M955.0"#), "{drawn}");
    }
}
