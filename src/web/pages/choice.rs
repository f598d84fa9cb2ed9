//! What a reader of the start page chose: a search, a verdict, a page, and whether it reloads itself.

use serde::Deserialize;

use super::{card::NAME, text::bounded};
use crate::{
    scorecard::Verdict,
    web::links::{Links, query_value},
};

/// What a reader may choose.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::web) struct Asked {
    q: Option<String>,
    verdict: Option<String>,
    page: Option<String>,
    refresh: Option<String>,
}

/// What a reader chose, as far as it makes sense.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) query: String,
    pub(super) only: Option<Verdict>,
    pub(super) page: usize,
    /// Seconds.
    pub(super) refresh: Option<u64>,
}

impl Choice {
    pub(super) fn of(asked: Asked) -> Self {
        let wanted = asked.verdict.unwrap_or_default();
        let refresh = asked.refresh.and_then(|secs| secs.parse().ok());
        Self {
            query: bounded(asked.q.unwrap_or_default().trim(), NAME),
            only: Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == wanted),
            page: asked.page.and_then(|page| page.parse().ok()).unwrap_or(1).max(1),
            refresh: refresh.map(|secs: u64| secs.clamp(5, 3600)),
        }
    }

    /// The link to the same choice.
    pub(super) fn link(&self, links: &Links) -> String {
        let mut parts = Vec::new();
        if !self.query.is_empty() {
            parts.push(format!("q={}", query_value(&self.query)));
        }
        if let Some(only) = self.only {
            parts.push(format!("verdict={}", only.as_str()));
        }
        if self.page > 1 {
            parts.push(format!("page={}", self.page));
        }
        if let Some(secs) = self.refresh {
            parts.push(format!("refresh={secs}"));
        }
        let path = links.to("/");
        if parts.is_empty() { path } else { format!("{path}?{}", parts.join("&")) }
    }
}
