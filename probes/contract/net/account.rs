//! What a visit has used up.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// A visit's connections, requests, and time in our own queue.
#[derive(Debug)]
pub(super) struct Account {
    visit: u64,
    spent: AtomicU32,
    queued: Mutex<Queued>,
    /// What is wrong with the certificate of a connection that was used all the same.
    unverified: OnceLock<Arc<str>>,
}

/// Time in which at least one request of the visit was queued.
#[derive(Debug, Default)]
struct Queued {
    now: u32,
    since: Option<Instant>,
    before: Duration,
}

impl Default for Account {
    fn default() -> Self {
        static VISITS: AtomicU64 = AtomicU64::new(0);
        Self {
            visit: VISITS.fetch_add(1, Ordering::Relaxed),
            spent: AtomicU32::new(0),
            queued: Mutex::default(),
            unverified: OnceLock::new(),
        }
    }
}

impl Account {
    /// Tells this visit from others.
    pub(super) fn visit(&self) -> u64 {
        self.visit
    }

    /// Connections and requests so far.
    pub(super) fn spent(&self) -> u32 {
        self.spent.load(Ordering::Relaxed)
    }

    /// Adds one; `false` if that is more than `limit`.
    pub(super) fn spend(&self, limit: u32) -> bool {
        self.spent.fetch_add(1, Ordering::Relaxed) < limit
    }

    /// One more request is queued, until the guard is dropped.
    pub(super) fn queued(&self) -> impl Drop {
        let mut queued = self.lock();
        queued.now += 1;
        queued.since.get_or_insert_with(Instant::now);
        Leaves(self)
    }

    /// Whether a request is queued now.
    pub(super) fn is_queued(&self) -> bool {
        self.lock().now > 0
    }

    /// Time in which at least one request was queued, up to now.
    pub(super) fn time_queued(&self) -> Duration {
        let queued = self.lock();
        queued.before + queued.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Notes a connection whose certificate is not sound.
    pub(super) fn went_unverified(&self, fault: &Arc<str>) {
        let _ = self.unverified.set(Arc::clone(fault));
    }

    pub(super) fn unverified(&self) -> Option<&Arc<str>> {
        self.unverified.get()
    }

    fn lock(&self) -> MutexGuard<'_, Queued> {
        self.queued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Leaves<'a>(&'a Account);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        let mut queued = self.0.lock();
        queued.now -= 1;
        if queued.now == 0
            && let Some(since) = queued.since.take()
        {
            queued.before += since.elapsed();
        }
    }
}
