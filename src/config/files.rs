//! Reading files, and remembering which: a change in any of them is a change of the configuration.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{SHA256, digest};
use gonogo_probes::contract::disk::Disk;

/// Reads the files of a configuration.
#[derive(Default)]
pub(crate) struct Files {
    disk: Disk,
    seen: RefCell<BTreeMap<PathBuf, Seen>>,
}

/// What a configuration was made from: every file, also those that were missing, and what was in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Inputs(BTreeMap<PathBuf, Seen>);

/// What was found under a path.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Seen {
    /// A file with this digest.
    File([u8; 32]),
    /// A directory with these configuration files.
    Directory(Vec<PathBuf>),
    /// Nothing that could be read.
    Nothing,
}

impl Files {
    /// The content of a file of at most `most` bytes.
    pub(crate) fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let content = self.disk.read(path, most);
        let seen = content.as_ref().map_or(Seen::Nothing, |bytes| Seen::File(sha256(bytes)));
        self.seen.borrow_mut().insert(path.to_owned(), seen);
        content
    }

    /// The configuration files of a directory, in the order of their names; `None` if it is none.
    pub(super) fn list(&self, directory: &Path) -> io::Result<Option<Vec<PathBuf>>> {
        let files = list(&self.disk, directory);
        let seen = match &files {
            Ok(Some(files)) => Seen::Directory(files.clone()),
            Ok(None) => return Ok(None),
            Err(_) => Seen::Nothing,
        };
        self.seen.borrow_mut().insert(directory.to_owned(), seen);
        files
    }

    pub(crate) fn into_inputs(self) -> Inputs {
        Inputs(self.seen.into_inner())
    }
}

impl Inputs {
    /// The paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// The same paths as they are now. Reads every file, so not for a thread that must not wait.
    #[must_use]
    pub fn now(&self) -> Self {
        let disk = Disk::default();
        // What was a file may have become a directory, and what was nothing either of them.
        let look = |path: &PathBuf| {
            let now = match list(&disk, path) {
                Ok(Some(files)) => Ok(Seen::Directory(files)),
                Ok(None) => disk.read(path, LARGEST).map(|bytes| Seen::File(sha256(&bytes))),
                Err(error) => Err(error),
            };
            (path.clone(), now.unwrap_or(Seen::Nothing))
        };
        Self(self.0.keys().map(look).collect())
    }
}

fn list(disk: &Disk, directory: &Path) -> io::Result<Option<Vec<PathBuf>>> {
    let directory = directory.to_owned();
    disk.ask(move || {
        if !fs::metadata(&directory).is_ok_and(|found| found.is_dir()) {
            return Ok(None);
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            let hidden =
                path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            let yaml =
                path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
            // A mounted ConfigMap is a directory of symbolic links to files, so links are followed.
            if yaml && !hidden && !path.is_dir() {
                files.push(path);
            }
        }
        files.sort();
        Ok(Some(files))
    })
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

/// No file of a configuration is larger.
pub(super) const LARGEST: u64 = 64 << 20;
