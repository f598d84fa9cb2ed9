//! What several probes of a target need to see, seen once.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::{sync::Mutex as Turn, time::Instant};

use super::{Obstacle, Obstructed, Visit};

/// What the probes of one target share for a while. Kept beside the target's net.
#[derive(Default)]
pub struct Shared {
    places: Mutex<HashMap<Place, Arc<Slot>>>,
}

/// What a look is known by: its purpose, what was asked, and the type of what it brought back.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Place {
    key: Key,
    kind: TypeId,
}

/// What a look is known by among the probes of a target.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Key {
    /// What it is for.
    pub purpose: &'static str,
    /// What was asked: two requests that differ in anything have different digests.
    pub digest: String,
}

/// One look. Whoever holds the turn makes it, the others wait for it.
#[derive(Default)]
struct Slot {
    turn: Turn<()>,
    made: Mutex<Option<Made>>,
}

struct Made {
    until: Instant,
    at: SystemTime,
    outcome: Result<Arc<dyn Any + Send + Sync>, Obstructed>,
}

/// What was seen, by this visit or by another one of the target.
#[derive(Debug)]
pub struct Seen<T> {
    /// When the visit began that saw it.
    pub at: SystemTime,
    /// What it is.
    pub value: Arc<T>,
}

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Self { at: self.at, value: Arc::clone(&self.value) }
    }
}

impl Shared {
    /// Forgets everything: what was seen before does not hold any more.
    pub fn forget(&self) {
        self.places().clear();
    }

    /// Lets go of what is too old to be used, so that a target at rest holds nothing.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.places().retain(|_, slot| Arc::strong_count(slot) > 1 || slot.is_good(now));
    }

    fn slot(&self, place: Place) -> Arc<Slot> {
        let mut places = self.places();
        if places.len() >= MOST && !places.contains_key(&place) {
            let now = Instant::now();
            places.retain(|_, slot| slot.is_good(now));
            if places.len() >= MOST {
                places.clear();
            }
        }
        Arc::clone(places.entry(place).or_default())
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Place, Arc<Slot>>> {
        // Nothing that panics is done while it is held.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn is_good(&self, now: Instant) -> bool {
        self.made().as_ref().is_some_and(|made| now < made.until)
    }

    fn recall<T: Send + Sync + 'static>(&self) -> Option<Result<Seen<T>, Obstructed>> {
        let made = self.made();
        let made = made.as_ref().filter(|made| Instant::now() < made.until)?;
        match &made.outcome {
            Ok(value) => {
                let value = Arc::clone(value).downcast().ok()?;
                Some(Ok(Seen { at: made.at, value }))
            }
            Err(obstructed) => Some(Err(obstructed.clone())),
        }
    }

    fn made(&self) -> MutexGuard<'_, Option<Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// What another visit of this target saw no longer than `max_age` ago, or what `make` sees now. Of
    /// those who ask at the same time one makes it. An obstacle is shared for a moment, unless it is
    /// the visit's own; a visit that is given up or panics while it looks leaves the look to the next.
    pub async fn shared<T: Send + Sync + 'static>(
        &self,
        key: Key,
        max_age: Duration,
        make: impl AsyncFnOnce() -> Result<T, Obstructed>,
    ) -> Result<Seen<T>, Obstructed> {
        let slot = self.shared.slot(Place { key, kind: TypeId::of::<T>() });
        if let Some(known) = slot.recall() {
            return known;
        }
        let _turn = slot.turn.lock().await;
        if let Some(known) = slot.recall() {
            return known;
        }
        let outcome = make().await.map(Arc::new);
        let lasts = match &outcome {
            Ok(_) => max_age,
            Err(obstructed) if is_of_the_visit(obstructed.obstacle) => Duration::ZERO,
            Err(_) => max_age.min(OBSTACLES_LAST),
        };
        if !lasts.is_zero() {
            let erased = outcome.clone().map(|value| value as Arc<dyn Any + Send + Sync>);
            let until = Instant::now() + lasts;
            *slot.made() = Some(Made { until, at: self.at, outcome: erased });
        }
        outcome.map(|value| Seen { at: self.at, value })
    }
}

/// Whether an obstacle is in the way of one visit and may be in nobody else's.
fn is_of_the_visit(obstacle: Obstacle) -> bool {
    matches!(
        obstacle,
        Obstacle::BreakerOpen | Obstacle::Local | Obstacle::OverBudget | Obstacle::Panicked
    )
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("looks", &self.places().len()).finish_non_exhaustive()
    }
}

/// Looks that are kept of one target.
const MOST: usize = 64;

/// Long enough for the probes of one round, and too short for the next.
const OBSTACLES_LAST: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use futures_util::{FutureExt, future::join_all};

    use super::*;
    use crate::contract::specimen::visit_to_nowhere;

    fn key(digest: &str) -> Key {
        Key { purpose: "test", digest: digest.to_owned() }
    }

    const AGE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_at_once_share_one_look() {
        let (visit, looks) = (visit_to_nowhere(), AtomicUsize::new(0));
        let look = || {
            visit.shared(key("a"), AGE, async || {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(looks.fetch_add(1, Ordering::Relaxed))
            })
        };
        for seen in join_all((0..8).map(|_| look())).await {
            assert_eq!(*seen.expect("a look").value, 0);
        }
        tokio::time::advance(AGE).await;
        assert_eq!(*look().await.expect("a look").value, 1, "it was too old");
    }

    #[tokio::test(start_paused = true)]
    async fn other_questions_and_other_types_are_other_looks() {
        let visit = visit_to_nowhere();
        let one = visit.shared(key("a"), AGE, async || Ok(1_u8)).await.expect("a look");
        let two = visit.shared(key("b"), AGE, async || Ok(2_u8)).await.expect("a look");
        let three = visit.shared(key("a"), AGE, async || Ok(3_u16)).await.expect("a look");
        assert_eq!((*one.value, *two.value, *three.value), (1, 2, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn obstacles_are_shared_for_a_moment_and_those_of_a_visit_are_not() {
        let visit = visit_to_nowhere();
        let meet = |obstacle: Obstacle, name: &'static str| {
            visit.shared::<()>(key(name), AGE, async move || Err(obstacle.because(name)))
        };
        let refused = meet(Obstacle::Refused, "one").await.expect_err("refused");
        assert_eq!(meet(Obstacle::Timeout, "one").await.expect_err("shared"), refused);
        tokio::time::advance(OBSTACLES_LAST).await;
        let later = meet(Obstacle::Timeout, "one").await.expect_err("asked anew");
        assert_eq!(later.obstacle, Obstacle::Timeout);
        let own = meet(Obstacle::OverBudget, "two").await.expect_err("used up");
        assert_eq!(own.obstacle, Obstacle::OverBudget);
        let next = visit.shared(key("two"), AGE, async || Ok(())).await;
        assert!(next.is_ok(), "another visit has a budget of its own");
    }

    #[tokio::test(start_paused = true)]
    async fn a_visit_that_is_given_up_or_panics_leaves_the_look_to_the_next() {
        let visit = visit_to_nowhere();
        {
            let mut stuck = pin!(visit.shared(key("a"), AGE, async || {
                std::future::pending::<()>().await;
                Ok(1_u8)
            }));
            assert!(stuck.as_mut().now_or_never().is_none());
        }
        let panics =
            visit.shared(key("a"), AGE, async || -> Result<u8, Obstructed> { panic!("so") });
        let caught = std::panic::AssertUnwindSafe(panics).catch_unwind().await;
        assert!(caught.is_err());
        let seen = visit.shared(key("a"), AGE, async || Ok(2_u8)).await.expect("a look");
        assert_eq!(*seen.value, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_old_is_let_go_and_what_is_forgotten_is_seen_anew() {
        let visit = visit_to_nowhere();
        let look = |value: u8| visit.shared(key("a"), AGE, async move || Ok(value));
        look(1).await.expect("a look");
        visit.shared.sweep();
        assert_eq!(visit.shared.places().len(), 1);
        visit.shared.forget();
        assert_eq!(*look(2).await.expect("a look").value, 2);
        tokio::time::advance(AGE).await;
        visit.shared.sweep();
        assert!(visit.shared.places().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_looks_that_are_kept_are_bounded() {
        let visit = visit_to_nowhere();
        for i in 0..10 * MOST {
            let _ = visit.shared(key(&i.to_string()), AGE, async || Ok(i)).await;
        }
        assert!(visit.shared.places().len() <= MOST);
    }
}
