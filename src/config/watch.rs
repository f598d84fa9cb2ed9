//! Noticing that the configuration has changed, by looking at the content of its files.
//!
//! Looking beats being told: a ConfigMap changes by swapping a symbolic link to a directory, an editor
//! by renaming, and neither touches the file that was opened.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use gonogo_probes::contract::Kind;
use tokio::{task, time};

use super::{Config, Inputs, LoadError, load};

/// Watches the files of a configuration.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    catalogue: &'static [Kind],
    every: Duration,
    seen: Inputs,
}

impl Watch {
    /// Watches the files that a configuration loaded from `path` was made from, by a look `every` so
    /// often.
    pub fn new(path: PathBuf, catalogue: &'static [Kind], every: Duration, seen: Inputs) -> Self {
        Self { path, catalogue, every, seen }
    }

    /// Waits for a change, and loads what came of it.
    ///
    /// An error means that the files have changed into something that is no configuration; whoever has
    /// one keeps it. The same fault is told once. Dropping the future loses nothing.
    pub async fn changed(&mut self, now: impl Fn() -> SystemTime) -> Result<Config, LoadError> {
        loop {
            time::sleep(self.every).await;
            let Some(now_there) = self.look().await else { continue };
            if now_there == self.seen {
                continue;
            }
            // Whoever writes a file may not have finished.
            time::sleep(SETTLE.min(self.every)).await;
            if self.look().await.as_ref() != Some(&now_there) {
                continue;
            }
            let (path, catalogue, now) = (self.path.clone(), self.catalogue, now());
            let loading = task::spawn_blocking(move || {
                load::attempt(&path, catalogue, now, &load::process_environment)
            });
            // A panic while loading is a bug of ours, and no reason to stop watching.
            let Ok((loaded, inputs)) = loading.await else { continue };
            self.seen = inputs;
            return loaded;
        }
    }

    /// The files as they are now.
    async fn look(&self) -> Option<Inputs> {
        let seen = self.seen.clone();
        task::spawn_blocking(move || seen.now()).await.ok()
    }
}

/// How long files must stay as they are before they are read.
const SETTLE: Duration = Duration::from_secs(1);
