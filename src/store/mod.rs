//! What survives a restart: the latest findings, so that a restarted daemon neither forgets since when
//! a check has failed nor starts with an hour of UNKNOWN.
//!
//! One JSON file, written whole beside the old one, flushed to the disk and renamed over it: after a
//! crash there is the old state or the new, never half of one. What it holds is as redacted as a
//! report. What it says is believed as long as it would have been without the restart, and only for
//! armed probes whose settings are still the same.

mod state;

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use gonogo_probes::contract::Kind;

use crate::findings::{Restored, Snapshot};
use state::State;

/// A directory that keeps the state.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

/// Why state could not be kept or read back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be used.
    #[error(
        "the storage directory {path} cannot be written ({source}); create it for the user gonogo runs as, or name another with --storage.path",
        path = path.display()
    )]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what we write.
    #[error("{path} is damaged ({source}); it was kept as {kept}, and gonogo starts without it", path = path.display(), kept = kept.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
        /// Where it was moved to.
        kept: PathBuf,
    },
    /// The file cannot be written.
    #[error("{path} cannot be written: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Store {
    /// Opens a directory, which is made if need be, and makes sure that it can be written.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let usable = fs::create_dir_all(directory).and_then(|()| {
            let trial = directory.join(".writable");
            File::create(&trial)?;
            fs::remove_file(trial)
        });
        match usable {
            Ok(()) => Ok(Self { directory: directory.to_owned() }),
            Err(source) => Err(StoreError::Directory { path: directory.to_owned(), source }),
        }
    }

    /// What was known when the state was last written; nothing before the first time.
    ///
    /// A damaged file is moved aside, so that it can be looked at and does not stop the next start.
    pub fn load(&self, catalogue: &'static [Kind]) -> Result<Vec<Restored>, StoreError> {
        let path = self.directory.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StoreError::Read { path, source }),
        };
        let state: State = match serde_json::from_slice(&text) {
            Ok(state) => state,
            Err(source) => {
                let kept = self.directory.join(DAMAGED);
                fs::rename(&path, &kept)
                    .map_err(|source| StoreError::Write { path: kept.clone(), source })?;
                return Err(StoreError::Damaged { path, source, kept });
            }
        };
        Ok(state.targets.into_iter().map(|target| target.restore(catalogue)).collect())
    }

    /// Writes what is known. Blocks for as long as the disk takes.
    pub fn save(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let (path, beside) = (self.directory.join(FILE), self.directory.join(BESIDE));
        let state = State {
            schema: SCHEMA.to_owned(),
            targets: snapshot.targets.iter().map(|t| t.as_ref().into()).collect(),
        };
        let write = || -> io::Result<()> {
            let mut file = File::create(&beside)?;
            let mut writer = io::BufWriter::new(&mut file);
            serde_json::to_writer(&mut writer, &state)?;
            writer.flush()?;
            drop(writer);
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            // The name is only safe once the directory is.
            File::open(&self.directory)?.sync_all()
        };
        write().map_err(|source| StoreError::Write { path: path.clone(), source })
    }
}

const FILE: &str = "state.json";
const BESIDE: &str = "state.json.new";
const DAMAGED: &str = "state.json.damaged";
const SCHEMA: &str = "gonogo/state/v1";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gonogo_probes::contract::{Confidence, Item};

    use super::*;
    use crate::{
        findings::Findings,
        scorecard::Verdict,
        testing::{self, at, visited},
    };

    static CATALOGUE: [Kind; 1] = [Kind::of::<testing::Door>()];

    fn reloaded(store: &Store) -> Findings {
        let findings = Findings::default();
        findings.expect(&[testing::expected("shop")]);
        findings.restore(store.load(&CATALOGUE).expect("a sound file"));
        findings
    }

    #[test]
    fn findings_survive_a_restart() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("writable");
        assert!(store.load(&CATALOGUE).expect("nothing yet").is_empty());
        let before = visited(Item::fail(Confidence::Firm, "front", "open").replay("ls"));
        before.record_verdict("shop", Verdict::NoGo, at(100));
        store.save(&before.snapshot()).expect("written");
        let after = reloaded(&store).snapshot();
        let (old, new) = (&before.snapshot().targets[0], &after.targets[0]);
        assert_eq!(new.standing, old.standing);
        let (old, new) = (&old.probes[0], &new.probes[0]);
        assert_eq!(new.answers[0].finding.items, old.answers[0].finding.items);
        assert_eq!(new.answers[0].since, Some(at(100)));
        assert_eq!(new.readings, old.readings);
        assert_eq!(new.interval, Some(Duration::from_mins(1)));
        assert_eq!(new.stale_at(), Some(at(280)));
    }

    #[test]
    fn a_damaged_file_is_kept_aside_and_said() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("writable");
        fs::write(directory.path().join(FILE), "{\"schema\": \"gonogo/st").expect("written");
        let error = store.load(&CATALOGUE).expect_err("damaged");
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(directory.path().join(DAMAGED).exists());
        assert!(store.load(&CATALOGUE).expect("a fresh start").is_empty());
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_said() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file");
        fs::write(&file, "").expect("written");
        let error = Store::open(&file.join("state")).expect_err("not a directory");
        assert!(error.to_string().contains("--storage.path"), "{error}");
    }

    #[test]
    fn answers_to_other_questions_are_not_taken_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("writable");
        store.save(&visited(Item::pass("", "shut")).snapshot()).expect("written");
        let path = directory.path().join(FILE);
        let text = fs::read_to_string(&path).expect("written");
        fs::write(&path, text.replace("door-open", "door-ajar")).expect("written");
        assert!(reloaded(&store).snapshot().targets[0].probes[0].visited.is_none());
    }
}
