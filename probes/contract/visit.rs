//! One visit: whom to call on, when, how much it may do, and what is remembered from the last time.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Footprint, Memory, Progress, Shared, Target, boundary, net};

/// One execution of one probe on one target.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Whom to call on.
    pub target: Arc<Target>,
    /// The way there: everything sent to the target goes through it.
    pub net: net::Session,
    /// When the visit is made; a judge knows no other time.
    pub at: SystemTime,
    /// What it may do to the target at most. Beyond active it is an experiment.
    pub footprint: Footprint,
    /// The time allowed for the whole visit.
    pub deadline: Duration,
    /// What earlier visits of the same armed probe left for this one.
    pub memory: Arc<Memory>,
    /// What the visits of this target share: see [`Visit::shared`].
    pub shared: Arc<Shared>,
    /// Where it says what it is doing.
    pub progress: Progress,
    began: Instant,
    stop: CancellationToken,
}

impl Visit {
    /// An ordinary visit that begins now.
    #[must_use]
    pub fn new(target: Arc<Target>, net: net::Session, at: SystemTime, deadline: Duration) -> Self {
        Self {
            footprint: net.footprint(),
            target,
            net,
            at,
            deadline,
            memory: Arc::default(),
            shared: Arc::default(),
            progress: Progress::default(),
            began: Instant::now(),
            stop: CancellationToken::new(),
        }
    }

    /// The same, with what earlier visits left.
    #[must_use]
    pub fn with_memory(self, memory: Arc<Memory>) -> Self {
        Self { memory, ..self }
    }

    /// The same, sharing looks with other visits of the target.
    #[must_use]
    pub fn with_shared(self, shared: Arc<Shared>) -> Self {
        Self { shared, ..self }
    }

    /// The same, telling somebody what it is doing.
    #[must_use]
    pub fn with_progress(self, progress: Progress) -> Self {
        Self { progress, ..self }
    }

    /// The same, ending early when `stop` is cancelled.
    #[must_use]
    pub fn with_stop(self, stop: CancellationToken) -> Self {
        Self { stop, ..self }
    }

    /// The same, with room for this many more connections and requests. A limit of the target's budgets
    /// still holds.
    #[must_use]
    pub fn with_room(&self, more: u32) -> Self {
        Self { net: self.net.clone().with_room(more), ..self.clone() }
    }

    /// Whether it may load or disrupt the target.
    #[must_use]
    pub fn is_experiment(&self) -> bool {
        self.footprint > Footprint::Active
    }

    /// When to stop looking, so that what was seen by then can still be judged and written down.
    #[must_use]
    pub fn until(&self) -> Instant {
        let kept = (self.deadline / 4).min(KEPT_FOR_JUDGING);
        self.began + self.deadline.saturating_sub(kept)
    }

    /// The time that is left for looking.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.until().saturating_duration_since(Instant::now())
    }

    /// Says what the visit is doing, for somebody who waits for it: a lower-case fragment.
    pub fn say(&self, doing: impl Into<String>) {
        self.progress.say(boundary::text(&doing.into(), self.net.redactor()));
    }

    /// Ends when gonogo is being stopped.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Asks `questions` over a connection whose `driver` has to be polled meanwhile, as those of
    /// database clients have.
    pub async fn drive<T>(&self, driver: impl Future, questions: impl Future<Output = T>) -> T {
        let (mut driver, mut questions) = (std::pin::pin!(driver), std::pin::pin!(questions));
        let mut ended = false;
        std::future::poll_fn(|cx| {
            ended = ended || driver.as_mut().poll(cx).is_ready();
            questions.as_mut().poll(cx)
        })
        .await
    }
}

const KEPT_FOR_JUDGING: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use crate::contract::{boundary::TEXT, specimen::visit_to_nowhere};

    #[test]
    fn what_a_visit_says_it_does_is_safe_to_show() {
        let visit = visit_to_nowhere();
        assert_eq!(visit.progress.last(), None);
        visit.say(format!("a\u{1b}[2J\r\nGO: nothing stands in the way{}", "x".repeat(TEXT)));
        let (times, said) = visit.progress.last().expect("said");
        assert_eq!(times, 1);
        assert!(!said.chars().any(char::is_control) && said.len() <= TEXT, "{said:?}");
    }
}
