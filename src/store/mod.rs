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
use state::{Head, State};

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
    /// The file is in a format of another version of gonogo.
    #[error("{path} has the format `{found}`, and this version reads `{SCHEMA}`; it was kept as {kept}, and gonogo starts without it", path = path.display(), kept = kept.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        found: String,
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
        // Of another version, the rest need not be readable to us.
        let head: Result<Head, _> = serde_json::from_slice(&text);
        if let Ok(Head { schema }) = &head
            && schema != SCHEMA
        {
            let (kept, found) = (self.set_aside(&path, FOREIGN)?, schema.clone());
            return Err(StoreError::Foreign { path, found, kept });
        }
        let state: State = match head.and_then(|_| serde_json::from_slice(&text)) {
            Ok(state) => state,
            Err(source) => {
                let kept = self.set_aside(&path, DAMAGED)?;
                return Err(StoreError::Damaged { path, source, kept });
            }
        };
        Ok(state.targets.into_iter().map(|target| target.restore(catalogue)).collect())
    }

    /// Moves a file that cannot be used out of the way, and says where to.
    fn set_aside(&self, path: &Path, name: &str) -> Result<PathBuf, StoreError> {
        let kept = self.directory.join(name);
        fs::rename(path, &kept)
            .map_err(|source| StoreError::Write { path: kept.clone(), source })?;
        Ok(kept)
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
const FOREIGN: &str = "state.json.other-version";
const SCHEMA: &str = "gonogo/state/v1";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gonogo_probes::contract::{Confidence, Item};

    use super::*;
    use crate::{
        assessment::{Rulings, assess},
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
        assert_eq!(new.answers[0].since, Some(at(99)));
        assert_eq!(new.answers[0].past, old.answers[0].past);
        let (old, new) = (old.visited.as_ref(), new.visited.as_ref());
        assert_eq!(new.map(|v| (v.began, v.ended)), old.map(|v| (v.began, v.ended)));
        let new = &after.targets[0].probes[0];
        let old = &before.snapshot().targets[0].probes[0].clone();
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
    fn a_file_of_another_version_is_set_aside_and_said() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("writable");
        let path = directory.path().join(FILE);
        for newer in [
            r#"{"schema": "gonogo/state/v2", "targets": []}"#,
            r#"{"schema": "gonogo/state/v0", "hosts": {"shop": 1}}"#,
        ] {
            fs::write(&path, newer).expect("written");
            let error = store.load(&CATALOGUE).expect_err("another version");
            assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
            assert_eq!(fs::read_to_string(directory.path().join(FOREIGN)).expect("kept"), newer);
            assert!(!path.exists());
        }
    }

    #[test]
    fn dates_that_no_clock_tells_are_stale_and_no_panic() {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(directory.path()).expect("writable");
        store.save(&visited(Item::pass("", "shut")).snapshot()).expect("written");
        let path = directory.path().join(FILE);
        let text = fs::read_to_string(&path).expect("written");
        assert!(text.contains("\"visited_at\":100.0"), "{text}");
        for date in ["9e18", "1e300", "-1e300", "-1", "4102444800"] {
            let dated = text.replace("\"visited_at\":100.0", &format!("\"visited_at\":{date}"));
            fs::write(&path, dated).expect("written");
            let snapshot = reloaded(&store).snapshot();
            let rulings = Rulings::default();
            // A machine without a battery starts in 1970.
            for now in [0, 30, 200] {
                let card = assess(&snapshot.targets[0], &rulings, at(now)).card;
                assert_eq!(card.verdict, Verdict::Unknown, "{date}");
            }
        }
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
