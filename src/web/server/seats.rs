//! Seats for connections. A new client always gets one: that of the client that has been idle longest.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time};

use super::pulse::Pulse;
use crate::web::Limits;

/// The seats of a listener.
#[derive(Debug)]
pub(super) struct Seats {
    ordinary: usize,
    reserved: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    by: HashMap<u64, Arc<Pulse>>,
}

/// A connection's seat, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    number: u64,
    /// Whether it was given because every ordinary one had a request under way.
    pub(super) is_reserved: bool,
    seats: Arc<Seats>,
}

impl Seats {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            ordinary: limits.connections,
            reserved: limits.reserved,
            taken: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// A seat for a connection, as soon as there is one.
    pub(super) async fn take(self: &Arc<Self>, pulse: &Arc<Pulse>) -> Seat {
        loop {
            let freed = self.freed.notified();
            if let Some(seat) = self.try_take(pulse) {
                return seat;
            }
            // Every seat has a request under way. That one has ended is told by nobody.
            let _ = time::timeout(GLANCE, freed).await;
        }
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.lock().by.len()
    }

    fn try_take(self: &Arc<Self>, pulse: &Arc<Pulse>) -> Option<Seat> {
        let mut taken = self.lock();
        if taken.by.len() >= self.ordinary
            && !taken.evict()
            && taken.by.len() >= self.ordinary + self.reserved
        {
            return None;
        }
        let is_reserved = taken.by.len() >= self.ordinary;
        let number = taken.next;
        taken.next += 1;
        taken.by.insert(number, Arc::clone(pulse));
        Some(Seat { number, is_reserved, seats: Arc::clone(self) })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Nothing that holds the lock can panic.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Takes the seat of the client that has been idle longest, if any is idle.
    fn evict(&mut self) -> bool {
        loop {
            let idle = self.by.iter().filter_map(|(number, pulse)| Some((pulse.idle()?, *number)));
            let Some((since, number)) = idle.min() else { return false };
            // It may have begun to ask meanwhile.
            if self.by.get(&number).is_some_and(|pulse| pulse.evict(since)) {
                self.by.remove(&number);
                return true;
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().by.remove(&self.number);
        self.seats.freed.notify_one();
    }
}

const GLANCE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use http::Version;

    use super::*;

    fn seats(connections: usize, reserved: usize) -> (Arc<Seats>, Limits) {
        let limits = Limits { connections, reserved, ..Limits::default() };
        (Arc::new(Seats::new(limits)), limits)
    }

    async fn pulses<const N: usize>(limits: Limits) -> [Arc<Pulse>; N] {
        let mut pulses = Vec::new();
        for _ in 0..N {
            pulses.push(Arc::new(Pulse::new(limits)));
            time::advance(Duration::from_secs(1)).await;
        }
        pulses.try_into().expect("as many")
    }

    #[tokio::test(start_paused = true)]
    async fn the_client_that_has_been_idle_longest_makes_room() {
        let (seats, limits) = seats(2, 0);
        let [first, second, third, fourth] = pulses(limits).await;
        let _first = seats.take(&first).await;
        let _second = seats.take(&second).await;
        // It has asked since.
        drop(first.busy(Version::HTTP_11));
        let seat = seats.take(&third).await;
        assert!(!seat.is_reserved);
        second.spent().await;
        assert!(first.idle().is_some());
        let _fourth = seats.take(&fourth).await;
        third.spent().await;
        assert_eq!(seats.taken(), 2);
        // Its seat is no longer its own.
        drop(seat);
        assert_eq!(seats.taken(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_under_way_are_not_disturbed_and_reserved_seats_are_given() {
        let (seats, limits) = seats(1, 1);
        let [first, second, third] = pulses(limits).await;
        let one = seats.take(&first).await;
        let asking = first.busy(Version::HTTP_11);
        let two = seats.take(&second).await;
        assert!(!one.is_reserved && two.is_reserved);
        let also_asking = second.busy(Version::HTTP_11);
        assert!(seats.try_take(&third).is_none());
        let wait = async {
            let third = seats.take(&third).await;
            assert!(third.is_reserved);
        };
        let end = async {
            time::sleep(Duration::from_secs(5)).await;
            drop(also_asking);
        };
        tokio::join!(wait, end);
        second.spent().await;
        drop(asking);
    }
}
