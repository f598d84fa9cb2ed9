//! The directory and its files. Nothing but this module writes.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{error::StoreError, sealed::Flaw};

/// A storage directory, which is ours alone as long as this lives.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    /// Bytes written so far.
    pub(super) written: u64,
    _lock: File,
}

impl Disk {
    /// Opens a directory, which is made if need be, and makes sure that it can be written and that
    /// nobody else writes there.
    pub(super) fn open(root: &Path) -> Result<Self, StoreError> {
        let unusable = |source| StoreError::Directory { path: root.to_owned(), source };
        for directory in ["", TARGETS, REMOVED, SET_ASIDE] {
            fs::create_dir_all(root.join(directory)).map_err(unusable)?;
        }
        let lock = root.join(LOCK);
        let options =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(lock).map_err(unusable)?;
        match patiently(|| file.try_lock()) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                // For the message alone.
                let _ = file.read_to_string(&mut process);
                let process = process.trim().parse().ok();
                return Err(StoreError::InUse { path: root.to_owned(), process });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        // For the message of another that finds it locked.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        let disk = Self { root: root.to_owned(), written: 0, _lock: file };
        disk.clear_beside(TARGETS).and_then(|()| disk.clear_beside("")).map_err(unusable)?;
        Ok(disk)
    }

    /// The path of a file.
    pub(super) fn path(&self, directory: &str, name: &str) -> PathBuf {
        self.root.join(directory).join(name)
    }

    /// Reads a file; `None` if there is none.
    pub(super) fn read(&self, directory: &str, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(directory, name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Read { path, source }),
        }
    }

    /// Puts a file in place of another, so that after a crash there is the old one or the new, never
    /// half of one. The name is only safe once the directory is [synced](Disk::sync).
    pub(super) fn replace(
        &mut self,
        directory: &str,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let path = self.path(directory, name);
        let beside = self.path(directory, &format!("{name}{BESIDE}"));
        let write = || -> io::Result<()> {
            let mut file = File::create(&beside)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            fs::rename(&beside, &path)
        };
        write().map_err(|source| {
            // What is half written takes room, which may be what there is too little of.
            let _ = fs::remove_file(&beside);
            StoreError::Write { path: path.clone(), source }
        })?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Adds to the end of a file that is `length` bytes long; anything beyond is what an earlier
    /// attempt left behind, and is cut off.
    pub(super) fn append(
        &mut self,
        name: &str,
        length: u64,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let path = self.path("", name);
        let write = || -> io::Result<()> {
            let mut file =
                OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
            if file.metadata()?.len() != length {
                file.set_len(length)?;
            }
            io::Seek::seek(&mut file, io::SeekFrom::Start(length))?;
            file.write_all(bytes).inspect_err(|_| {
                let _ = file.set_len(length);
            })
        };
        write().map_err(|source| StoreError::Write { path: path.clone(), source })?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Makes names safe against a crash of the machine.
    pub(super) fn sync(&self, directory: &str) -> Result<(), StoreError> {
        let path = self.root.join(directory);
        let synced = File::open(&path).and_then(|directory| directory.sync_all());
        synced.map_err(|source| StoreError::Write { path, source })
    }

    /// Moves a file that cannot be used out of the way, so that it can be looked at and does not stop
    /// the next start, and says so.
    pub(super) fn set_aside(
        &self,
        directory: &str,
        name: &str,
        flaw: Flaw,
        now: SystemTime,
    ) -> StoreError {
        let (path, kept) = (self.path(directory, name), self.path(SET_ASIDE, name));
        if let Err(error) = self.move_file(name, directory, SET_ASIDE, now) {
            return error;
        }
        match flaw {
            Flaw::Damaged(why) => StoreError::Damaged { path, why, kept },
            Flaw::Foreign(found) => StoreError::Foreign { path, found, kept },
        }
    }

    /// Moves a file between directories, and dates it `now`. `false` if there is none.
    pub(super) fn move_file(
        &self,
        name: &str,
        from: &str,
        to: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let path = self.path(to, name);
        match fs::rename(self.path(from, name), &path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(source) => return Err(StoreError::Write { path, source }),
        }
        // Without the date it is deleted at another time, and nothing else.
        let _ = OpenOptions::new().append(true).open(&path).and_then(|file| file.set_modified(now));
        Ok(true)
    }

    /// The names of the files in a directory.
    pub(super) fn names(&self, directory: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(directory)) else { return Vec::new() };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        names.collect()
    }

    /// Deletes what was moved into a directory longer than `age` ago.
    pub(super) fn purge(&self, directory: &str, age: Duration, now: SystemTime) {
        for name in self.names(directory) {
            let path = self.path(directory, &name);
            let dated = fs::metadata(&path).and_then(|known| known.modified());
            let is_old =
                dated.is_ok_and(|dated| now.duration_since(dated).is_ok_and(|it| it > age));
            if is_old {
                // If it cannot be deleted today, it may be tomorrow.
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Deletes what a crash left half written.
    fn clear_beside(&self, directory: &str) -> io::Result<()> {
        for name in self.names(directory) {
            if Path::new(&name).extension() == Some(OsStr::new(&BESIDE[1..])) {
                fs::remove_file(self.path(directory, &name))?;
            }
        }
        Ok(())
    }
}

/// Tries again for a second: one that is just ending may still hold the lock.
fn patiently(lock: impl Fn() -> Result<(), TryLockError>) -> Result<(), TryLockError> {
    for _ in 0..20 {
        match lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            other => return other,
        }
    }
    lock()
}

/// Where the files of targets are.
pub(super) const TARGETS: &str = "targets";
/// Where those of targets are that are no longer configured.
pub(super) const REMOVED: &str = "removed";
/// Where files are that cannot be used.
pub(super) const SET_ASIDE: &str = "set-aside";
const LOCK: &str = "lock";
const BESIDE: &str = ".new";
