//! What all parts of a configuration need while it is being read.

use std::{collections::HashMap, time::SystemTime};

use gonogo_probes::contract::{Check, Kind, redact::Redactor, setting::Secret};

use super::{
    mistake::Mistake,
    secret::Vault,
    source::{Position, Span},
    suggest,
    trust::Authorities,
};

/// A configuration on its way in.
pub(super) struct Loading<'a> {
    pub(super) catalogue: &'static [Kind],
    pub(super) checks: HashMap<&'static str, &'static Check>,
    pub(super) now: SystemTime,
    pub(super) vault: Vault<'a>,
    pub(super) authorities: Authorities,
    /// Secrets of the target at hand.
    pub(super) secrets: Vec<Secret>,
    pub(super) mistakes: Vec<Mistake>,
}

impl<'a> Loading<'a> {
    pub(super) fn new(catalogue: &'static [Kind], now: SystemTime, vault: Vault<'a>) -> Self {
        let checks = catalogue.iter().flat_map(Kind::checks).map(|check| (check.id, check));
        Self {
            catalogue,
            checks: checks.collect(),
            now,
            vault,
            authorities: Authorities::default(),
            secrets: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    /// The check with this id, which is written at `span`.
    pub(super) fn check(&mut self, id: &str, span: Span) -> Option<&'static Check> {
        let check = self.checks.get(id).copied();
        if check.is_none() {
            let near = suggest::nearest(id, self.checks.keys().copied());
            let help = near.map_or_else(
                || "`gonogo list` names every check".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.mistakes.push(Mistake::at(span, format!("unknown check `{id}`")).help(help));
        }
        check
    }

    pub(super) fn position(&self, span: Span) -> Position {
        self.vault.sources[span.file as usize].position(span.start)
    }

    /// Takes the secrets of the target at hand out of the mistakes from `first` on: a probe may quote
    /// what it was given.
    pub(super) fn redact_since(&mut self, first: usize) {
        if self.mistakes.len() > first {
            let redactor = Redactor::new(self.secrets.iter().map(Secret::hidden).collect());
            for mistake in &mut self.mistakes[first..] {
                redactor.clean_in_place(&mut mistake.message);
            }
        }
    }
}
