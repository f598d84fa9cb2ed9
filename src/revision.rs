//! Asking a target which revision of it is running, so that findings can be told apart by deployment.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use gonogo_probes::contract::{
    Obstacle, Obstructed, Target, boundary,
    net::{Exchange, Request, Session},
};
use tokio::time::Instant;

use crate::config::Revision;

/// Where a target's revision is found, and when it was last looked up.
#[derive(Debug)]
pub struct Watch {
    revision: Revision,
    looked: Mutex<Option<Instant>>,
}

impl Watch {
    /// A revision that was never looked up.
    pub fn new(revision: Revision) -> Self {
        Self { revision, looked: Mutex::default() }
    }

    /// The target's revision; `None` if it was asked for a moment ago.
    pub async fn look(
        &self,
        target: &Target,
        session: &Session,
    ) -> Option<Result<String, Obstructed>> {
        if !self.is_due() {
            return None;
        }
        // What it says goes into logs, pages and a label.
        let redactor = session.redactor();
        Some(match look(&self.revision, target, session).await {
            // It becomes a label: what is longer than a digest is no revision.
            Ok(text) => Ok(boundary::name(&text, redactor).chars().take(LONGEST).collect()),
            Err(Obstructed { obstacle, detail }) => {
                Err(obstacle.because(boundary::text(&detail, redactor)))
            }
        })
    }

    /// Whether it is time again. The probes of a target share one look.
    fn is_due(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if looked.is_some_and(|at| now.duration_since(at) < BETWEEN_LOOKS) {
            return false;
        }
        *looked = Some(now);
        true
    }
}

async fn look(
    revision: &Revision,
    target: &Target,
    session: &Session,
) -> Result<String, Obstructed> {
    let mut url = target.url.clone();
    if let Revision::Json { path, .. } | Revision::Metric { path, .. } = revision {
        url = url.join(path).map_err(|error| Obstacle::Protocol.because(error.to_string()))?;
    }
    let exchange = session.exchange(Request::get(url)).await?;
    let found = match revision {
        Revision::Header(name) => exchange.header(name.as_str()).map(str::to_owned),
        Revision::Json { pointer, .. } => json(&exchange, pointer),
        Revision::Metric { name, label, .. } => metric(&exchange.body.text(), name, label),
    };
    let found = found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    found.ok_or_else(|| {
        Obstacle::Protocol
            .because(format!("the answer with status {} names no revision", exchange.status))
    })
}

fn json(exchange: &Exchange, pointer: &serde_json_path::JsonPath) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(&exchange.body.bytes).ok()?;
    match pointer.query(&document).first()? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The value of a label of a metric's first sample, from the Prometheus text format.
fn metric(text: &str, name: &str, label: &str) -> Option<String> {
    let sample = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('{'))?;
    let mut rest = sample;
    loop {
        let (found, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        if found.trim_start_matches(',').trim() == label {
            return Some(value);
        }
        rest = after;
        if rest.starts_with('}') {
            return None;
        }
    }
}

/// A label's value up to its closing quote, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                c => value.push(c),
            },
            c => value.push(c),
        }
    }
    None
}

const BETWEEN_LOOKS: Duration = Duration::from_secs(30);
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_read_from_a_metrics_label() {
        let text = "# TYPE build_info gauge\nbuild_info_x{revision=\"no\"} 1\n\
                    build_info{version=\"a,\\\"b}\", revision=\"9f3c\"} 1\n";
        assert_eq!(metric(text, "build_info", "revision").as_deref(), Some("9f3c"));
        assert_eq!(metric(text, "build_info", "version").as_deref(), Some("a,\"b}"));
        assert_eq!(metric(text, "build_info", "branch"), None);
        assert_eq!(metric(text, "absent", "revision"), None);
        assert_eq!(metric("build_info{revision=\"cut", "build_info", "revision"), None);
    }
}
