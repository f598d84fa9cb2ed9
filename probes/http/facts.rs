//! What was seen of a service, for a person to read.

use std::time::Duration;

use http::header;

use super::Evidence;
use crate::{contract::Fact, web::window};

pub(super) fn phases(seen: &Evidence) -> [(&'static str, Duration); 5] {
    let phases = seen.phases;
    [
        ("resolve", phases.resolve),
        ("connect", phases.connect),
        ("tls", phases.tls),
        ("first_byte", phases.first_byte),
        ("transfer", phases.transfer),
    ]
}

pub(super) fn facts(seen: &Evidence) -> Vec<Fact> {
    let fact = |name: &'static str, value: String| Fact::new("answer", name, value);
    let mut facts = vec![fact("url", seen.subject.clone())];
    match &seen.answer {
        Err(obstructed) => facts.push(fact("status", format!("none: {obstructed}"))),
        Ok(answer) => {
            facts.push(fact("status", answer.status.to_string()));
            if let Some(kind) = answer.headers.get(header::CONTENT_TYPE) {
                let kind = String::from_utf8_lossy(kind.as_bytes()).into_owned();
                facts.push(fact("content-type", kind));
            }
            facts.push(fact("body", format!("{} bytes", answer.body.len())));
            let times =
                phases(seen).map(|(name, time)| format!("{name} {}", window::in_words(time)));
            facts.push(fact("time", times.join(", ")));
        }
    }
    if let (Some(p50), Some(p95)) = (seen.window.percentile(50.0), seen.window.percentile(95.0)) {
        let (p50, p95) = (window::in_words(p50), window::in_words(p95));
        facts.push(fact("latency", format!("p50 {p50}, p95 {p95} over {}", seen.window.timed())));
    }
    for one in seen.each().filter(|_| seen.address.is_some()) {
        let Some(address) = &one.address else { continue };
        let value = match &one.answer {
            Ok(answer) => format!("answers {}", answer.status.as_u16()),
            Err(obstructed) => obstructed.to_string(),
        };
        facts.push(Fact::new("addresses", address.to_string(), value));
    }
    if let Some(note) = &seen.note {
        facts.push(Fact::new("addresses", "not judged", note.clone()));
    }
    let (judged, failed) = (seen.success.judged, seen.success.failed);
    facts.push(fact("success", format!("{} of {judged} requests", judged - failed)));
    facts
}
