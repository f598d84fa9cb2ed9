//! Taking over a configuration: what was known of targets that come, and keeping it of those that go.

use std::collections::{HashMap, HashSet};

use gonogo_probes::contract::Kind;
use serde::de::DeserializeOwned;

use super::{
    Inner, MEMORY, Now, Remembered, STATE, Store, StoreError,
    disk::{REMOVED, TARGETS},
    known::Known,
    name::file_name,
    sealed::{mark, unseal},
    state::{self, MemoryState, TargetState},
    visits::Notes,
};
use crate::findings::{Restored, Snapshot};

/// What a configuration brought back.
#[derive(Debug, Default)]
pub struct Adopted {
    /// What was known of targets that are new, or configured again.
    pub known: Vec<Restored>,
    /// What could not be read or moved.
    pub errors: Vec<StoreError>,
}

impl Store {
    /// Takes over a configuration: returns what was known of the targets that were not configured
    /// before, restores what their probes remember, and keeps the files of those that are gone for a
    /// week. `before` is what is known of the latter.
    pub fn adopt(
        &self,
        before: &Snapshot,
        wanted: Vec<Remembered>,
        catalogue: &'static [Kind],
        now: Now,
    ) -> Adopted {
        let mut inner = self.lock();
        let mut adopted =
            Adopted { errors: std::mem::take(&mut inner.errors), ..Adopted::default() };
        let names: HashSet<&str> = wanted.iter().map(|it| it.target.as_str()).collect();
        let gone: Vec<String> =
            inner.targets.keys().filter(|name| !names.contains(name.as_str())).cloned().collect();
        for target in gone {
            adopted.errors.extend(inner.release(&target, before, now).err());
        }
        let notes = inner.notes.take();
        if notes.is_some() {
            inner.release_strays(&wanted, now, &mut adopted.errors);
        }
        let notes = notes.unwrap_or_default();
        for remembered in wanted {
            match inner.targets.get_mut(&remembered.target) {
                Some(known) => known.memories = remembered.probes,
                None => inner.admit(remembered, &notes, catalogue, now, &mut adopted),
            }
        }
        adopted
    }
}

impl Inner {
    /// Lets a target go, with all that is known of it on disk.
    fn release(&mut self, target: &str, before: &Snapshot, now: Now) -> Result<(), StoreError> {
        // If it cannot be written, what was written before is kept all the same.
        let written = before.target(target).map_or(Ok(()), |findings| {
            self.write_findings(findings, now.tick)?;
            self.write_memory(target, now.tick)
        });
        let Some(known) = self.targets.remove(target) else { return Ok(()) };
        for ending in [STATE, MEMORY] {
            self.disk.move_file(&format!("{}{ending}", known.file), TARGETS, REMOVED, now.at)?;
        }
        written
    }

    /// Lets go what belongs to no target: of those that were removed while gonogo did not run.
    fn release_strays(&self, wanted: &[Remembered], now: Now, errors: &mut Vec<StoreError>) {
        let files = wanted.iter().map(|it| file_name(&it.target));
        let files: HashSet<String> = files
            .flat_map(|file| [STATE, MEMORY].map(|ending| format!("{file}{ending}")))
            .collect();
        for name in self.disk.names(TARGETS) {
            if !files.contains(&name) {
                errors.extend(self.disk.move_file(&name, TARGETS, REMOVED, now.at).err());
            }
        }
    }

    /// Takes a target in, with what was known of it.
    fn admit(
        &mut self,
        remembered: Remembered,
        notes: &Notes,
        catalogue: &'static [Kind],
        now: Now,
        adopted: &mut Adopted,
    ) {
        let target = remembered.target.clone();
        let file = file_name(&target);
        let mut known = Known::new(file.clone(), remembered, now.tick);
        match self.find::<TargetState>(&format!("{file}{STATE}"), state::SCHEMA, now) {
            Ok(Some((mut found, mark))) if found.name == target => {
                if let Some(note) = notes.get(&target).filter(|note| note.mark == mark) {
                    found.visited_again(&note.visits);
                }
                let restored = found.restore(catalogue);
                known.read_findings(&restored, mark);
                adopted.known.push(restored);
            }
            Ok(_) => {}
            Err(error) => adopted.errors.push(error),
        }
        match self.find::<MemoryState>(&format!("{file}{MEMORY}"), state::MEMORY_SCHEMA, now) {
            Ok(Some((found, _))) if found.name == target => {
                let mut found: HashMap<_, _> =
                    found.probes.into_iter().map(|it| (it.name.clone(), it)).collect();
                for probe in &known.memories {
                    let same = found.remove(&*probe.name);
                    if let Some(same) = same.filter(|it| it.observes == probe.observes) {
                        probe.memory.restore(same.memory, now.at);
                    }
                }
            }
            Ok(_) => {}
            Err(error) => adopted.errors.push(error),
        }
        self.targets.insert(target, known);
    }

    /// Reads a target's file, from among those of removed targets if need be.
    fn find<T: DeserializeOwned>(
        &mut self,
        name: &str,
        schema: &str,
        now: Now,
    ) -> Result<Option<(T, u32)>, StoreError> {
        let bytes = match self.disk.read(TARGETS, name)? {
            Some(bytes) => Some(bytes),
            None if self.disk.move_file(name, REMOVED, TARGETS, now.at)? => {
                self.disk.read(TARGETS, name)?
            }
            None => None,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        match unseal(schema, &bytes) {
            Ok(found) => Ok(Some((found, mark(&bytes)))),
            Err(flaw) => Err(self.disk.set_aside(TARGETS, name, flaw, now.at)),
        }
    }
}
