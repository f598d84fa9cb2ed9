//! Secrets that are read again before a visit when their files have changed, without a reload.
//!
//! A mounted Secret changes by swapping a symbolic link, a tool that rotates tokens by renaming: which
//! file stands at the path tells either.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gonogo_probes::contract::{
    disk::{Disk, Identity},
    redact::Redactor,
    setting::Secret,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{task, time::Instant};
use tracing::{info, warn};

use crate::config::{LARGEST_SECRET, secret_in};

/// The secrets of a target's settings.
#[derive(Debug)]
pub struct Secrets {
    target: String,
    redactor: Arc<Redactor>,
    known: Mutex<Known>,
    /// Held by who looks at the files, with the time before which that is not tried again.
    turn: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Known {
    secrets: Vec<Secret>,
    /// How often they were set.
    generation: u64,
    files: BTreeMap<PathBuf, Seen>,
}

/// What is known of a file with a secret.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Which file was read; `None` if it was read while the configuration was loaded.
    identity: Option<Identity>,
    /// Why it could not be read the last time.
    trouble: Option<String>,
}

impl Secrets {
    /// No secrets yet. `redactor` is told of every one before it is used.
    pub fn new(target: &str, redactor: Arc<Redactor>) -> Self {
        let target = target.to_owned();
        Self { target, redactor, known: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Takes the secrets of a configuration that was just loaded, in place of those before.
    pub fn set(&self, secrets: &[Secret]) {
        let mut known = self.known();
        self.redactor.tell(secrets.iter().map(Secret::hidden).collect());
        let files = secrets.iter().filter_map(Secret::file);
        *known = Known {
            secrets: secrets.to_vec(),
            generation: known.generation + 1,
            files: files.map(|path| (path.to_owned(), Seen::default())).collect(),
        };
    }

    /// Reads the files that have changed. One that cannot be read, or holds no secret, changes nothing
    /// and is said once.
    pub async fn refresh(&self) {
        if self.known().files.is_empty() {
            return;
        }
        let mut turn = self.turn.lock().await;
        if turn.is_some_and(|next| Instant::now() < next) {
            return;
        }
        let (generation, files) = {
            let known = self.known();
            (known.generation, known.files.clone())
        };
        let Ok(found) = task::spawn_blocking(move || look_at_all(&files)).await else { return };
        let hangs = found.iter().any(|(_, look)| matches!(look, Look::Failed { hangs: true, .. }));
        *turn = hangs.then(|| Instant::now() + PAUSE);
        self.take(generation, found);
    }

    fn take(&self, generation: u64, found: Vec<(PathBuf, Look)>) {
        let mut known = self.known();
        // What was loaded meanwhile is newer.
        if known.generation != generation {
            return;
        }
        let (target, mut renewed) = (&self.target, Vec::new());
        for (path, look) in found {
            let Some(seen) = known.files.get_mut(&path) else { continue };
            let file = path.display();
            match look {
                Look::Same => {}
                Look::Read(identity, value) => {
                    if seen.trouble.is_some() {
                        info!(target_name = target, %file, "the file of a secret can be read again");
                    }
                    *seen = Seen { identity: Some(identity), trouble: None };
                    renewed.push((path, value));
                }
                Look::Failed { why, .. } if seen.trouble.as_ref() == Some(&why) => {}
                Look::Failed { why, .. } => {
                    warn!(
                        target_name = target, %file, error = why,
                        "a secret could not be read again; the value from before stays in use"
                    );
                    seen.trouble = Some(why);
                }
            }
        }
        self.renew(&known.secrets, &renewed);
    }

    fn renew(&self, secrets: &[Secret], renewed: &[(PathBuf, SecretString)]) {
        let new = |secret: &Secret| {
            let value = renewed.iter().find(|(path, _)| secret.file() == Some(path));
            value.filter(|(_, value)| value.expose_secret() != &*secret.expose())
        };
        // Before any of them can be sent.
        let value =
            |secret| new(secret).map_or_else(|| secret.hidden(), |(_, value)| value.clone());
        self.redactor.tell(secrets.iter().map(value).collect());
        for secret in secrets {
            if let Some((path, value)) = new(secret) {
                let (target, file) = (&self.target, path.display());
                info!(target_name = target, %file, "a secret has changed, and is used from now on");
                secret.replace(value.clone());
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a look at a file came to.
enum Look {
    /// It is the one that was read before.
    Same,
    /// Another one, and the secret in it.
    Read(Identity, SecretString),
    /// It holds no secret, or cannot be read.
    Failed { why: String, hangs: bool },
}

fn look_at_all(files: &BTreeMap<PathBuf, Seen>) -> Vec<(PathBuf, Look)> {
    let disk = Disk::with_patience(PATIENCE);
    files.iter().map(|(path, seen)| (path.clone(), look(&disk, path, seen))).collect()
}

fn look(disk: &Disk, path: &Path, seen: &Seen) -> Look {
    let failed = |error: io::Error| {
        let hangs = error.kind() == io::ErrorKind::TimedOut;
        Look::Failed { why: error.to_string(), hangs }
    };
    let which = || {
        let path = path.to_owned();
        disk.ask(move || Identity::of(&path))
    };
    for _ in 0..TRIES {
        let before = match which() {
            Ok(now) if seen.identity == Some(now) && seen.trouble.is_none() => {
                return Look::Same;
            }
            Ok(now) => now,
            Err(error) => return failed(error),
        };
        let content = match disk.read(path, LARGEST_SECRET) {
            Ok(content) => content,
            Err(error) => return failed(error),
        };
        match which() {
            // Half of a secret must not be taken for one.
            Ok(after) if after != before => {}
            Ok(_) => {
                return match secret_in(content) {
                    Ok(value) => Look::Read(before, value.into()),
                    Err(why) => Look::Failed { why: format!("it {why}"), hangs: false },
                };
            }
            Err(error) => return failed(error),
        }
    }
    Look::Failed { why: "it changes while it is read".to_owned(), hangs: false }
}

/// How long an answer of the disk is waited for: a visit waits too.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a disk that did not answer is left alone.
const PAUSE: Duration = Duration::from_mins(1);
/// How often a file that changes under our hands is read.
const TRIES: u32 = 3;

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    /// A file with a secret, and what follows it.
    struct Scene {
        directory: tempfile::TempDir,
        secrets: Secrets,
        redactor: Arc<Redactor>,
        secret: Secret,
    }

    impl Scene {
        fn new() -> Self {
            let directory = tempfile::tempdir().expect("a directory");
            let path = directory.path().join("token");
            fs::write(&path, "first-value\n").expect("written");
            let redactor = Arc::new(Redactor::default());
            let secret = Secret::in_file(path, "first-value");
            let secrets = Secrets::new("shop", Arc::clone(&redactor));
            secrets.set(std::slice::from_ref(&secret));
            Self { directory, secrets, redactor, secret }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }

        /// Writes a file, and moves it to where the secret stands.
        fn rename(&self, content: &str) {
            let path = self.path("next");
            fs::write(&path, content).expect("written");
            fs::rename(path, self.path("token")).expect("renamed");
        }

        async fn value(&self) -> String {
            self.secrets.refresh().await;
            self.secret.expose().to_owned()
        }

        fn trouble(&self) -> Option<String> {
            self.secrets.known().files.values().next().expect("a file").trouble.clone()
        }
    }

    #[tokio::test]
    async fn a_replaced_file_is_read_before_the_next_use() {
        let scene = Scene::new();
        assert_eq!(scene.value().await, "first-value");
        scene.rename("second-value\n");
        assert_eq!(scene.value().await, "second-value");
        fs::write(scene.path("token"), "other--value\n").expect("written");
        assert_eq!(scene.value().await, "other--value", "in place, and as long as before");
        for value in ["first-value", "second-value", "other--value"] {
            assert_eq!(scene.redactor.clean(value), "[redacted]");
        }
    }

    #[tokio::test]
    async fn a_swapped_link_to_a_directory_is_another_file() {
        let scene = Scene::new();
        for (directory, value) in [("one", "value-one"), ("two", "value-two")] {
            fs::create_dir(scene.path(directory)).expect("made");
            fs::write(scene.path(directory).join("token"), value).expect("written");
        }
        symlink("one", scene.path("..data")).expect("linked");
        fs::remove_file(scene.path("token")).expect("removed");
        symlink("..data/token", scene.path("token")).expect("linked");
        assert_eq!(scene.value().await, "value-one");
        symlink("two", scene.path("..next")).expect("linked");
        fs::rename(scene.path("..next"), scene.path("..data")).expect("renamed");
        assert_eq!(scene.value().await, "value-two");
    }

    #[tokio::test]
    async fn a_file_without_a_secret_leaves_the_value_and_comes_back() {
        let scene = Scene::new();
        assert_eq!(scene.value().await, "first-value");
        for (content, why) in [("", "it is empty"), ("\n", "it is empty")] {
            scene.rename(content);
            assert_eq!(scene.value().await, "first-value");
            assert_eq!(scene.trouble().as_deref(), Some(why));
        }
        fs::remove_file(scene.path("token")).expect("removed");
        assert_eq!(scene.value().await, "first-value");
        assert!(scene.trouble().expect("trouble").contains("No such file"));
        fs::create_dir(scene.path("token")).expect("made");
        assert_eq!(scene.value().await, "first-value");
        fs::remove_dir(scene.path("token")).expect("removed");
        scene.rename("second-value");
        assert_eq!(scene.value().await, "second-value");
        assert_eq!(scene.trouble(), None);
    }

    #[tokio::test]
    async fn a_file_that_comes_back_as_it_was_is_no_trouble_any_more() {
        let scene = Scene::new();
        assert_eq!(scene.value().await, "first-value");
        fs::rename(scene.path("token"), scene.path("away")).expect("renamed");
        assert_eq!(scene.value().await, "first-value");
        assert!(scene.trouble().is_some());
        fs::rename(scene.path("away"), scene.path("token")).expect("renamed");
        assert_eq!(scene.value().await, "first-value");
        assert_eq!(scene.trouble(), None);
    }

    #[tokio::test]
    async fn a_look_that_ends_after_a_reload_changes_nothing() {
        let scene = Scene::new();
        let found = vec![(
            scene.path("token"),
            Look::Read(Identity::of(&scene.path("token")).expect("there"), "late-value".into()),
        )];
        let reloaded = Secret::in_file(scene.path("token"), "loaded-value");
        let generation = scene.secrets.known().generation;
        scene.secrets.set(std::slice::from_ref(&reloaded));
        scene.secrets.take(generation, found);
        assert_eq!(&*reloaded.expose(), "loaded-value");
        assert_eq!(scene.redactor.clean("first-value loaded-value"), "[redacted] [redacted]");
    }

    #[tokio::test]
    async fn old_values_are_forgotten_before_the_one_in_use() {
        let scene = Scene::new();
        for i in 0..100 {
            scene.redactor.learn(format!("fetched-token-{i}").into());
        }
        assert_eq!(scene.redactor.clean("first-value"), "[redacted]");
        scene.rename("second-value");
        assert_eq!(scene.value().await, "second-value");
        for i in 0..100 {
            scene.redactor.learn(format!("another-token-{i}").into());
        }
        assert_eq!(scene.redactor.clean("second-value"), "[redacted]");
        assert_eq!(scene.redactor.clean("first-value"), "first-value", "used long ago");
    }
}
