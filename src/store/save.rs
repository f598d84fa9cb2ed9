//! Writing what changed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Inner, MEMORY, Now, STATE, Store, StoreError,
    disk::TARGETS,
    known::Need,
    sealed::{mark, seal},
    state::{self, MemoryState, ProbeMemory, TargetState},
    visits::Notes,
};
use crate::findings::{Snapshot, TargetFindings};

/// How much is to be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effort {
    /// What is due.
    Due,
    /// All there is, within seconds: gonogo is about to end.
    Last,
}

/// What a save came to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Written {
    /// Files that were replaced.
    pub files: usize,
    /// Whether something that should not be lost is still to be written, when its time has come.
    pub pending: bool,
}

/// One save: what it may still do, and what went wrong.
struct Round {
    now: Now,
    effort: Effort,
    left: usize,
    until: Instant,
    written: Written,
    errors: Vec<StoreError>,
}

impl Store {
    /// Writes what changed. After an error the rest is tried, and the same is tried again next time.
    pub fn save(
        &self,
        snapshot: &Snapshot,
        now: Now,
        effort: Effort,
    ) -> Result<Written, StoreError> {
        let mut inner = self.lock();
        let mut round = Round {
            now,
            effort,
            left: match effort {
                Effort::Due => MOST_FILES,
                Effort::Last => usize::MAX,
            },
            until: now.tick + LONGEST,
            written: Written::default(),
            errors: Vec::new(),
        };
        // What must not be lost comes before what may.
        let needs = [Need::Much, Need::Some];
        inner.save_findings(&snapshot.targets, &mut round, needs[0]);
        inner.save_memories(&mut round, needs[0]);
        if let Err(error) = inner.note_visits(&snapshot.targets) {
            round.errors.push(error);
        }
        inner.save_findings(&snapshot.targets, &mut round, needs[1]);
        inner.save_memories(&mut round, needs[1]);
        if round.written.files > 0
            && let Err(error) = inner.disk.sync(TARGETS)
        {
            round.errors.push(error);
        }
        inner.purge(now);
        round.errors.into_iter().next().map_or(Ok(round.written), Err)
    }
}

impl Inner {
    fn save_findings(&mut self, targets: &[Arc<TargetFindings>], round: &mut Round, wanted: Need) {
        for target in targets {
            let Some(known) = self.targets.get_mut(&target.target.name) else { continue };
            let need = known.need(target);
            let allowed = known.findings_pace.allows(need, round.now.tick);
            if need != wanted || !round.goes(need, allowed) {
                continue;
            }
            let written = self.write_findings(target, round.now.tick);
            round.wrote(written);
        }
    }

    fn save_memories(&mut self, round: &mut Round, wanted: Need) {
        let due = self.targets.iter().filter_map(|(target, known)| {
            let need = known.memory_need();
            let allowed = known.memory_pace.allows(need, round.now.tick);
            (need == wanted).then(|| (target.clone(), need, allowed))
        });
        for (target, need, allowed) in due.collect::<Vec<_>>() {
            if round.goes(need, allowed) {
                let written = self.write_memory(&target, round.now.tick);
                round.wrote(written);
            }
        }
    }

    /// Notes the visits that said the same again.
    fn note_visits(&mut self, targets: &[Arc<TargetFindings>]) -> Result<(), StoreError> {
        let mut new = Notes::new();
        for target in targets {
            let name = &target.target.name;
            if let Some(known) = self.targets.get_mut(name) {
                known.need(target);
                new.extend(known.unnoted().map(|note| (name.clone(), note)));
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let Self { disk, targets, visits, .. } = self;
        let all = || {
            let mut all = new.clone();
            for (name, known) in targets.iter() {
                let Some(noted) = known.noted() else { continue };
                all.entry(name.clone()).or_insert_with(|| super::visits::Note {
                    mark: noted.mark,
                    ..Default::default()
                });
                all.entry(name.clone()).and_modify(|note| note.visits.extend(noted.visits));
            }
            all
        };
        visits.add(disk, new.clone(), all)?;
        for (name, note) in &new {
            if let Some(known) = targets.get_mut(name) {
                known.wrote_note(note);
            }
        }
        Ok(())
    }

    /// Writes the findings of a target.
    pub(super) fn write_findings(
        &mut self,
        target: &TargetFindings,
        tick: Instant,
    ) -> Result<(), StoreError> {
        let Some(known) = self.targets.get_mut(&target.target.name) else { return Ok(()) };
        let name = format!("{}{STATE}", known.file);
        let bytes = seal(state::SCHEMA, &TargetState::from(target))
            .map_err(|source| StoreError::Write { path: name.clone().into(), source })?;
        self.disk.replace(TARGETS, &name, &bytes)?;
        known.wrote_findings(target, mark(&bytes));
        known.findings_pace.wrote_findings(tick);
        Ok(())
    }

    /// Writes what the probes of a target remember.
    pub(super) fn write_memory(&mut self, target: &str, tick: Instant) -> Result<(), StoreError> {
        let Some(known) = self.targets.get_mut(target) else { return Ok(()) };
        // Noted first: what changes meanwhile is written next time.
        let changes = known.memory_changes();
        let probes = known.memories.iter().map(|probe| ProbeMemory {
            name: probe.name.to_string(),
            observes: probe.observes,
            memory: probe.memory.saved(),
        });
        let state = MemoryState { name: target.to_owned(), probes: probes.collect() };
        let name = format!("{}{MEMORY}", known.file);
        let bytes = seal(state::MEMORY_SCHEMA, &state)
            .map_err(|source| StoreError::Write { path: name.clone().into(), source })?;
        self.disk.replace(TARGETS, &name, &bytes)?;
        known.wrote_memory(changes);
        known.memory_pace.wrote_memory(tick, bytes.len());
        Ok(())
    }
}

impl Round {
    /// Whether another file may be written; if not, notes that it is still to be.
    fn goes(&mut self, need: Need, allowed: bool) -> bool {
        let due = match self.effort {
            Effort::Due => allowed,
            Effort::Last => Instant::now() < self.until,
        };
        let goes = due && self.left > 0 && self.errors.len() < MOST_ERRORS;
        self.written.pending |= !goes && need == Need::Much;
        goes
    }

    fn wrote(&mut self, result: Result<(), StoreError>) {
        match result {
            Ok(()) => {
                self.left -= 1;
                self.written.files += 1;
            }
            Err(error) => {
                self.written.pending = true;
                self.errors.push(error);
            }
        }
    }
}

/// Files in one go: each is flushed to the disk, and others wait for it.
const MOST_FILES: usize = 200;
/// A disk that refused as many files refuses the rest.
const MOST_ERRORS: usize = 3;
/// How long the last save may take.
const LONGEST: Duration = Duration::from_secs(3);
