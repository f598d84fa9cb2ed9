//! Noticing that the configuration has changed, by looking at the content of its files.
//!
//! Looking beats being told: a ConfigMap changes by swapping a symbolic link to a directory, an editor
//! by renaming, and neither touches the file that was opened.

use std::time::Duration;

use gonogo_probes::contract::disk;
use tokio::{task, time};

use super::Inputs;

/// Waits until the files of a configuration are no longer what `seen` says they were, by a look
/// `every` so often, and have stayed so for a moment. Dropping the future loses nothing.
pub async fn changed(every: Duration, seen: impl Fn() -> Inputs) {
    loop {
        time::sleep(disk::pause(every)).await;
        let seen = seen();
        let Some(now) = look(seen.clone()).await else { continue };
        if now == seen {
            continue;
        }
        // The writer may not have finished.
        time::sleep(SETTLE.min(every)).await;
        if look(seen).await.as_ref() == Some(&now) {
            return;
        }
    }
}

/// The same files as they are now.
async fn look(seen: Inputs) -> Option<Inputs> {
    task::spawn_blocking(move || seen.now()).await.ok()
}

/// How long files must stay as they are before they are read.
const SETTLE: Duration = Duration::from_secs(1);
