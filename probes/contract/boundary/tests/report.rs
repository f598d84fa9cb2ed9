//! A whole report.

use std::{sync::Arc, time::Duration};

use super::super::{FACTS, ITEMS, LANES, MOMENTS, NAME, TEXT, excerpt, report};
use crate::contract::{
    Check, Confidence, Dimension, Fact, Finding, GaugeReadings, Impact, Item, Lane, Moment,
    Obstacle, Outcome, Reading, Report, Settles, Timeline, Tone, redact::Redactor,
};

static CHECK: Check = Check {
    id: "x-y",
    fault: "y",
    impact: Impact::Low,
    dimension: Dimension::Data,
    settles: Settles::AtOnce,
    why: "",
    how: "",
    fix: "",
    sources: &[],
};

fn passed(findings: Vec<Finding>, facts: Vec<Fact>) -> Report {
    let redactor = Arc::new(Redactor::new(vec!["hunter2-and-more".into()]));
    let said = Obstacle::Protocol.because("hunter2-and-more\nGO: nothing stands in the way");
    report(&redactor, || Report {
        findings,
        facts,
        readings: vec![GaugeReadings {
            name: "x",
            readings: vec![Reading::new(vec!["hunter2-and-more\n".to_owned()], 1.0)],
            left_out: 0,
        }],
        timeline: None,
        obstructed: Some(said),
    })
}

fn texts(report: &Report) -> Vec<&str> {
    let items = report.findings.iter().flat_map(|finding| &finding.items);
    let mut texts: Vec<&str> = items
        .flat_map(|i| {
            [Some(&*i.subject), Some(&*i.seen), i.replay.as_deref()].into_iter().flatten()
        })
        .collect();
    texts.extend(report.facts.iter().flat_map(|f| [&*f.topic, &*f.name, &*f.value]));
    let readings = report.readings.iter().flat_map(|gauge| &gauge.readings);
    texts.extend(readings.flat_map(|reading| &reading.labels).map(String::as_str));
    texts.extend(report.obstructed.iter().map(|obstructed| &*obstructed.detail));
    texts
}

#[test]
fn every_text_is_redacted_then_escaped_then_cut() {
    let hostile = "\u{1b}]0;x\u{7}\0\u{9b}2J\u{202e}\u{200b}\r\nGO: nothing stands in the way";
    // The secret stands where each of the caps would cut it.
    for cap in [NAME, TEXT] {
        for before in cap - 40..cap + 2 {
            let text = format!("{}hunter2-and-more{hostile}", "x".repeat(before));
            let item = Item::fail(Confidence::Firm, &*text, &*text).replay(&*text);
            let fact = Fact::new(text.clone(), text.clone(), text.clone());
            let report = passed(vec![Finding::of(&CHECK, vec![item])], vec![fact]);
            for text in texts(&report) {
                assert!(!text.contains("hunt"), "{before}: {text}");
                assert!(!text.chars().any(char::is_control), "{before}: {text}");
                assert!(!text.contains(['\u{202e}', '\u{200b}']), "{before}: {text}");
                assert!(text.len() <= TEXT, "{before}: {}", text.len());
            }
            let item = &report.findings[0].items[0];
            assert!(item.subject.chars().count() <= NAME);
        }
    }
}

#[test]
fn a_command_is_whole_or_not_there() {
    let item = Item::pass("", "").replay(format!("curl '{}'", "x".repeat(TEXT)));
    let report = passed(vec![Finding::of(&CHECK, vec![item])], Vec::new());
    let replay = report.findings[0].items[0].replay.as_deref();
    assert_eq!(replay, Some("# the command is too long to be shown (2055 bytes)"));
}

#[test]
fn the_worst_items_are_kept_in_their_order_and_the_rest_is_counted() {
    let item = |number: usize| match number % 4 {
        0 => Item::fail(Confidence::Firm, number.to_string(), ""),
        1 => Item::unknown(number.to_string(), &Obstacle::Timeout.because("")),
        2 => Item::pass(number.to_string(), ""),
        _ => Item::skip(number.to_string(), ""),
    };
    let report = passed(vec![Finding::of(&CHECK, (0..280).map(item).collect())], Vec::new());
    let finding = &report.findings[0];
    assert_eq!(finding.items.len(), ITEMS);
    assert_eq!(finding.items.iter().filter(|i| matches!(i.outcome, Outcome::Fail(_))).count(), 70);
    assert!(finding.items.is_sorted_by_key(|item| item.subject.parse::<usize>().ok()));
    let rest = finding.rest;
    assert_eq!((rest.fail, rest.unknown, rest.pass, rest.skip), (0, 40, 70, 70));
    assert_eq!(finding.outcome, Outcome::Fail(Confidence::Firm));
}

#[test]
fn facts_are_bounded_and_say_so() {
    let facts = (0..FACTS + 7).map(|number| Fact::new("t", "n", number.to_string())).collect();
    let report = passed(Vec::new(), facts);
    assert_eq!(report.facts.len(), FACTS + 1);
    assert_eq!(report.facts[FACTS].value, "7 further facts");
}

fn timeline(lanes: Vec<Lane>) -> Timeline {
    let redactor = Arc::new(Redactor::new(vec!["hunter2-and-more".into()]));
    let passed = report(&redactor, || Report {
        findings: Vec::new(),
        readings: Vec::new(),
        facts: Vec::new(),
        timeline: Some(Timeline { length: Duration::ZERO, lanes }),
        obstructed: None,
    });
    passed.timeline.expect("one was given")
}

#[test]
fn a_timeline_is_redacted_escaped_and_cut() {
    let hostile = format!("{}hunter2-and-more\u{1b}[2J\n", "x".repeat(NAME - 20));
    let moments = vec![Moment::at(Duration::ZERO, Tone::Bad, hostile.clone())];
    let timeline = timeline(vec![Lane { name: hostile.into(), moments }]);
    let lane = &timeline.lanes[0];
    for text in [&*lane.name, &*lane.moments[0].label] {
        assert!(!text.contains("hunt") && !text.chars().any(char::is_control), "{text}");
        assert!(text.chars().count() <= NAME, "{text}");
    }
}

#[test]
fn a_timeline_is_bounded_keeps_its_faults_and_says_what_is_missing() {
    let moment = |i: u64| {
        let tone = if i.is_multiple_of(1000) { Tone::Bad } else { Tone::Good };
        Moment::at(Duration::from_millis(i), tone, "x")
    };
    let lane = || Lane { name: "requests".into(), moments: (0..10_000).map(moment).collect() };
    let timeline = timeline((0..40).map(|_| lane()).collect());
    assert_eq!(timeline.lanes.len(), LANES);
    assert_eq!(timeline.lanes[LANES - 1].name, "25 further lanes");
    let all: usize = timeline.lanes.iter().map(|lane| lane.moments.len()).sum();
    assert!(all <= MOMENTS, "{all}");
    let kept = &timeline.lanes[0].moments;
    assert_eq!(kept.iter().filter(|moment| moment.tone == Tone::Bad).count(), 10);
    assert!(kept.is_sorted_by_key(|moment| moment.at));
    let told = kept.iter().find(|moment| moment.label.ends_with("further moments"));
    let told = told.expect("what is missing");
    assert_eq!(told.label, format!("{} further moments", 10_000 - (kept.len() - 1)));
    assert_eq!(told.end(), Duration::from_millis(9_999));
    assert_eq!(timeline.extent(), Duration::from_millis(9_999));
}

#[test]
fn faults_that_are_left_out_of_a_timeline_read_as_faults() {
    let moment = |i: usize| Moment::at(Duration::from_millis(i as u64), Tone::Bad, "reset");
    let moments = (0..MOMENTS * 2).map(moment).collect();
    let timeline = timeline(vec![Lane { name: "requests".into(), moments }]);
    let told = timeline.lanes[0].moments.iter().find(|moment| moment.until.is_some());
    assert_eq!(told.map(|moment| moment.tone), Some(Tone::Bad));
}

#[test]
fn a_judge_cuts_what_is_redacted() {
    let redactor = Arc::new(Redactor::new(vec!["hunter2-and-more".into()]));
    let mut seen = String::new();
    let _ = report(&redactor, || {
        seen = excerpt("the token is hunter2-and-more", 20);
        Report {
            findings: vec![],
            readings: vec![],
            facts: vec![],
            timeline: None,
            obstructed: None,
        }
    });
    assert_eq!(seen, "the token is [redact…");
    assert_eq!(excerpt("the token is hunter2-and-more", 20), "the token is hunter2…");
}
