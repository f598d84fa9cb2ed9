//! When targets were last visited with nothing new to be said: a few bytes a visit, appended to one
//! file, instead of everything that is known of the target.
//!
//! A note says of which file it speaks, so that it can never make answers fresh that it does not mean.

use std::{collections::HashMap, time::SystemTime};

use serde::{Deserialize, Serialize};

use super::{
    disk::Disk,
    error::StoreError,
    sealed::{Flaw, seal, unseal_first},
};

/// When a visit began and ended, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Times(pub(super) i64, pub(super) i64);

/// The last visits to one target.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Note {
    /// The file of which this speaks.
    pub(super) mark: u32,
    /// The times of each probe's last visit.
    pub(super) visits: HashMap<String, Times>,
}

/// Notes of several targets.
pub(super) type Notes = HashMap<String, Note>;

/// The file of notes.
#[derive(Debug, Default)]
pub(super) struct Visits {
    /// How long the file is, as far as it is sound.
    length: u64,
    /// How long it may become before it is written anew.
    most: u64,
}

#[derive(Deserialize, Serialize)]
struct Batch {
    /// Times are relative to this.
    at: i64,
    notes: Notes,
}

impl Visits {
    /// Reads the notes that are there. What follows the last whole one was cut off by a crash.
    pub(super) fn load(disk: &Disk, now: SystemTime) -> (Self, Notes, Option<StoreError>) {
        let bytes = match disk.read("", FILE) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(error) => return (Self::default(), Notes::new(), Some(error)),
        };
        let (mut notes, mut rest, mut flaw) = (Notes::new(), &bytes[..], None);
        while !rest.is_empty() && flaw.is_none() {
            match unseal_first::<Batch>(SCHEMA, rest) {
                Ok((batch, after)) => {
                    merge(&mut notes, batch);
                    rest = after;
                }
                Err(why) => flaw = Some(why),
            }
        }
        let length = (bytes.len() - rest.len()) as u64;
        let foreign = flaw.filter(|flaw| matches!(flaw, Flaw::Foreign(_)));
        match foreign {
            Some(flaw) => {
                (Self::default(), Notes::new(), Some(disk.set_aside("", FILE, flaw, now)))
            }
            None => (Self { length, most: LEAST }, notes, None),
        }
    }

    /// Adds notes. Where the file has become long, `all` notes that hold are written in its place.
    pub(super) fn add(
        &mut self,
        disk: &mut Disk,
        new: Notes,
        all: impl FnOnce() -> Notes,
    ) -> Result<(), StoreError> {
        if self.length >= self.most.max(LEAST) {
            let bytes = batch(all())?;
            disk.replace("", FILE, &bytes)?;
            self.length = bytes.len() as u64;
            self.most = self.length * 5;
            return Ok(());
        }
        let bytes = batch(new)?;
        disk.append(FILE, self.length, &bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }
}

fn batch(mut notes: Notes) -> Result<Vec<u8>, StoreError> {
    let times = notes.values().flat_map(|note| note.visits.values());
    let at = times.map(|times| times.0).min().unwrap_or_default();
    for times in notes.values_mut().flat_map(|note| note.visits.values_mut()) {
        *times = Times(times.0.wrapping_sub(at), times.1.wrapping_sub(at));
    }
    seal(SCHEMA, &Batch { at, notes })
        .map_err(|source| StoreError::Write { path: FILE.into(), source })
}

fn merge(all: &mut Notes, batch: Batch) {
    for (target, note) in batch.notes {
        let visits = note.visits.into_iter().map(|(probe, Times(began, ended))| {
            (probe, Times(began.wrapping_add(batch.at), ended.wrapping_add(batch.at)))
        });
        let known = all.entry(target).or_default();
        if known.mark != note.mark {
            *known = Note { mark: note.mark, visits: HashMap::new() };
        }
        known.visits.extend(visits);
    }
}

const FILE: &str = "visits.gz";
const SCHEMA: &str = "gonogo/visits/v1";
/// Bytes. Below this, the file is not worth writing anew.
const LEAST: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn notes(target: &str, mark: u32, times: i64) -> Notes {
        let visits = [("door".to_owned(), Times(times, times + 5))].into();
        [(target.to_owned(), Note { mark, visits })].into()
    }

    fn written(disk: &mut Disk, batches: &[Notes]) -> Vec<u8> {
        let mut visits = Visits { length: 0, most: LEAST };
        for batch in batches {
            visits.add(disk, batch.clone(), Notes::new).expect("written");
        }
        disk.read("", FILE).expect("readable").expect("there")
    }

    #[test]
    fn the_latest_note_holds() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut disk = Disk::open(directory.path()).expect("writable");
        written(&mut disk, &[notes("shop", 1, 100), notes("cart", 9, 100), notes("shop", 1, 200)]);
        let (_, known, error) = Visits::load(&disk, UNIX_EPOCH);
        assert!(error.is_none());
        assert_eq!(known["shop"], notes("shop", 1, 200)["shop"]);
        assert_eq!(known["cart"], notes("cart", 9, 100)["cart"]);
    }

    #[test]
    fn a_note_about_another_file_replaces_those_before() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut disk = Disk::open(directory.path()).expect("writable");
        let mut first = notes("shop", 1, 100);
        first.get_mut("shop").expect("there").visits.insert("tls".to_owned(), Times(1, 2));
        written(&mut disk, &[first, notes("shop", 2, 300)]);
        let (_, known, _) = Visits::load(&disk, UNIX_EPOCH);
        assert_eq!(known, notes("shop", 2, 300));
    }

    #[test]
    fn a_file_cut_at_any_byte_holds_the_notes_before_and_goes_on() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut disk = Disk::open(directory.path()).expect("writable");
        let batches = [100, 200, 300].map(|times| notes("shop", 1, times));
        let whole = written(&mut disk, &batches);
        for end in 0..=whole.len() {
            std::fs::write(disk.path("", FILE), &whole[..end]).expect("cut");
            let (mut visits, known, error) = Visits::load(&disk, UNIX_EPOCH);
            assert!(error.is_none(), "{error:?}");
            let times = known.get("shop").map(|note| note.visits["door"].0);
            assert!([None, Some(100), Some(200), Some(300)].contains(&times), "{end}: {times:?}");
            visits.add(&mut disk, notes("shop", 1, 400), Notes::new).expect("written");
            let (_, known, _) = Visits::load(&disk, UNIX_EPOCH);
            assert_eq!(known, notes("shop", 1, 400), "cut at {end}");
        }
    }

    #[test]
    fn a_file_of_another_version_is_set_aside() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut disk = Disk::open(directory.path()).expect("writable");
        let newer = seal("gonogo/visits/v2", &7).expect("in memory");
        disk.replace("", FILE, &newer).expect("written");
        let (_, known, error) = Visits::load(&disk, UNIX_EPOCH);
        assert!(known.is_empty());
        assert!(matches!(error, Some(StoreError::Foreign { .. })), "{error:?}");
    }

    #[test]
    fn the_file_stays_short_however_much_is_noted() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut disk = Disk::open(directory.path()).expect("writable");
        let mut visits = Visits::default();
        for times in 0..3000 {
            let now = notes("shop", 1, times);
            visits.add(&mut disk, now.clone(), || now).expect("written");
        }
        let length = disk.read("", FILE).expect("readable").expect("there").len() as u64;
        assert!(length < 2 * LEAST, "{length}");
        assert!(disk.written > 2 * LEAST);
        assert_eq!(Visits::load(&disk, UNIX_EPOCH).1, notes("shop", 1, 2999));
    }
}
