//! What a long visit is doing, for a person who waits for it.

use std::sync::{Arc, Mutex, PoisonError};

/// What a visit last said of itself. Its clones share it.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    said: Arc<Mutex<Said>>,
}

#[derive(Debug, Default)]
struct Said {
    last: String,
    times: u64,
}

impl Progress {
    /// Says what is being done. A visit says it through [`Visit::say`](super::Visit::say), which makes it
    /// safe to show.
    pub fn say(&self, doing: String) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.last = doing;
        said.times += 1;
    }

    /// Whether somebody else has a clone of it: the visit is under way.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.said) > 1
    }

    /// What was said last, and how many times something was; `None` before the first.
    #[must_use]
    pub fn last(&self) -> Option<(u64, String)> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        (said.times > 0).then(|| (said.times, said.last.clone()))
    }
}
