//! Waiting for a target's budgets. The visits that wait are served in turn, so that the many requests
//! of one cannot hold up the first one of another.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{self, Instant},
};

use super::{Budgets, account::Account};

/// Hands out the connections and requests a budget allows.
#[derive(Debug)]
pub(super) struct Queue {
    interval: Duration,
    burst: Duration,
    state: Mutex<State>,
}

/// What a request waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wants {
    /// The rate, and to be one of those in flight: a connection.
    Connection,
    /// The rate alone: a request on a connection that is open.
    Request,
}

#[derive(Debug)]
struct State {
    /// When the token bucket is full again (GCRA): no task refills it.
    full_at: Instant,
    /// Connections that may still be opened.
    free: usize,
    /// Visits that wait, the one to be served next first.
    turns: VecDeque<Turn>,
}

/// What a visit waits for, oldest first.
#[derive(Debug)]
struct Turn {
    visit: u64,
    waiting: VecDeque<Arc<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    wants: Wants,
    wake: Notify,
    state: Mutex<Waited>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Waited {
    Waiting,
    /// It is next, and wakes up when the rate allows: no task keeps the time.
    KeepsTime,
    Served,
}

impl Queue {
    pub(super) fn new(budgets: &Budgets) -> Arc<Self> {
        let interval = Duration::from_secs(1) / budgets.requests_per_second.max(1);
        Arc::new(Self {
            interval,
            burst: interval.saturating_mul(budgets.burst.max(1) - 1),
            state: Mutex::new(State {
                full_at: Instant::now(),
                free: budgets.in_flight.max(1),
                turns: VecDeque::new(),
            }),
        })
    }

    /// Waits for a connection, which is given back when the seat is dropped.
    pub(super) async fn connection(self: &Arc<Self>, account: &Account) -> Seat {
        self.turn(account, Wants::Connection).await;
        Seat(Arc::clone(self))
    }

    /// Waits until one more may be sent. A caller that gives up waiting takes nothing.
    pub(super) async fn turn(self: &Arc<Self>, account: &Account, wants: Wants) {
        let waiter = {
            let mut state = self.lock();
            let now = Instant::now();
            if state.turns.is_empty() && state.has_room(wants) && self.due(&state) <= now {
                self.take(&mut state, wants, now);
                return;
            }
            let waiter =
                Arc::new(Waiter { wants, wake: Notify::new(), state: Mutex::new(Waited::Waiting) });
            state.push(account.visit(), Arc::clone(&waiter));
            waiter
        };
        let _queued = account.queued();
        let place = Place { queue: self, visit: account.visit(), waiter: &waiter };
        loop {
            let (so_far, due) = {
                let mut state = self.lock();
                self.serve(&mut state);
                (waiter.state(), self.due(&state))
            };
            match so_far {
                Waited::Served => break,
                Waited::Waiting => waiter.wake.notified().await,
                // Someone else may be served meanwhile, or give up, and then it is due at another time.
                Waited::KeepsTime => {
                    let _ = time::timeout_at(due, waiter.wake.notified()).await;
                }
            }
        }
        std::mem::forget(place);
    }

    /// Serves those who can be, in turn; the next one then keeps the time.
    fn serve(&self, state: &mut State) {
        let now = Instant::now();
        while let Some(turn) = state.next() {
            let next = &state.turns[turn];
            let Some(at) = next.waiting.iter().position(|waiter| state.has_room(waiter.wants))
            else {
                return;
            };
            if self.due(state) > now {
                state.turns[turn].waiting[at].keep_time();
                return;
            }
            let Some(mut served) = state.turns.remove(turn) else { return };
            if let Some(waiter) = served.waiting.remove(at) {
                self.take(state, waiter.wants, now);
                waiter.become_served();
            }
            if !served.waiting.is_empty() {
                state.turns.push_back(served);
            }
        }
    }

    /// When the rate allows one more.
    fn due(&self, state: &State) -> Instant {
        state.full_at.checked_sub(self.burst).unwrap_or(state.full_at)
    }

    fn take(&self, state: &mut State, wants: Wants, now: Instant) {
        state.full_at = state.full_at.max(now) + self.interval;
        if wants == Wants::Connection {
            state.free -= 1;
        }
    }

    fn give_back(&self, wants: Wants, unused: bool) {
        let mut state = self.lock();
        if wants == Wants::Connection {
            state.free += 1;
        }
        if unused {
            state.full_at = state.full_at.checked_sub(self.interval).unwrap_or(state.full_at);
        }
        self.serve(&mut state);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, wants: Wants) -> bool {
        wants == Wants::Request || self.free > 0
    }

    /// The first visit in turn that has something to be served.
    fn next(&self) -> Option<usize> {
        let servable = |turn: &Turn| turn.waiting.iter().any(|waiter| self.has_room(waiter.wants));
        self.turns.iter().position(servable)
    }

    fn push(&mut self, visit: u64, waiter: Arc<Waiter>) {
        match self.turns.iter_mut().find(|turn| turn.visit == visit) {
            Some(turn) => turn.waiting.push_back(waiter),
            None => self.turns.push_back(Turn { visit, waiting: VecDeque::from([waiter]) }),
        }
    }

    fn remove(&mut self, visit: u64, waiter: &Arc<Waiter>) {
        let Some(at) = self.turns.iter().position(|turn| turn.visit == visit) else { return };
        self.turns[at].waiting.retain(|other| !Arc::ptr_eq(other, waiter));
        if self.turns[at].waiting.is_empty() {
            self.turns.remove(at);
        }
    }
}

impl Waiter {
    fn state(&self) -> Waited {
        *self.lock()
    }

    fn keep_time(&self) {
        let mut state = self.lock();
        if *state == Waited::Waiting {
            *state = Waited::KeepsTime;
            self.wake.notify_one();
        }
    }

    fn become_served(&self) {
        *self.lock() = Waited::Served;
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waited> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue, given up when dropped.
struct Place<'a> {
    queue: &'a Queue,
    visit: u64,
    waiter: &'a Arc<Waiter>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.waiter.state() == Waited::Served {
            self.queue.give_back(self.waiter.wants, true);
            return;
        }
        let mut state = self.queue.lock();
        state.remove(self.visit, self.waiter);
        self.queue.serve(&mut state);
    }
}

/// One of the connections that may be open at a time, until dropped.
#[derive(Debug)]
pub(super) struct Seat(Arc<Queue>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.give_back(Wants::Connection, false);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::join_all};

    use super::*;

    fn queue(requests_per_second: u32, burst: u32, in_flight: usize) -> Arc<Queue> {
        Queue::new(&Budgets { requests_per_second, burst, in_flight, ..Budgets::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let (queue, account) = (queue(10, 3, 100), Account::default());
        let start = Instant::now();
        let mut at = Vec::new();
        for _ in 0..6 {
            queue.turn(&account, Wants::Request).await;
            at.push((Instant::now() - start).as_millis());
        }
        assert_eq!(at, [0, 0, 0, 100, 200, 300]);
        time::sleep(Duration::from_mins(1)).await;
        let rested = Instant::now();
        for _ in 0..3 {
            queue.turn(&account, Wants::Request).await;
        }
        assert_eq!(Instant::now(), rested, "the bucket is full again");
    }

    #[tokio::test(start_paused = true)]
    async fn visits_that_wait_for_the_rate_are_served_in_turn() {
        let queue = queue(10, 1, 100);
        let (many, few) = (Account::default(), Account::default());
        let start = Instant::now();
        let mut all = Box::pin(join_all((0..50).map(|_| queue.turn(&many, Wants::Request))));
        assert!(all.as_mut().now_or_never().is_none());
        tokio::select! {
            _ = &mut all => panic!("fifty take five seconds"),
            () = queue.turn(&few, Wants::Request) => {}
        }
        assert_eq!((Instant::now() - start).as_millis(), 200, "after one of the other's");
        all.await;
        assert_eq!((Instant::now() - start).as_millis(), 5_000);
    }

    #[tokio::test(start_paused = true)]
    async fn visits_that_wait_for_a_connection_are_served_in_turn() {
        let queue = queue(1_000_000, 1_000_000, 1);
        let (many, few) = (Account::default(), Account::default());
        let hold = async |account: &Account| {
            let _seat = queue.connection(account).await;
            time::sleep(Duration::from_secs(1)).await;
        };
        let start = Instant::now();
        let mut all = Box::pin(join_all((0..5).map(|_| hold(&many))));
        assert!(all.as_mut().now_or_never().is_none());
        tokio::select! {
            _ = &mut all => panic!("five take six seconds"),
            () = hold(&few) => {}
        }
        assert_eq!((Instant::now() - start).as_secs(), 3, "two of the other's, and its own");
        all.await;
        assert_eq!((Instant::now() - start).as_secs(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_on_an_open_connection_does_not_wait_for_one() {
        let queue = queue(1_000_000, 1_000_000, 1);
        let (one, other) = (Account::default(), Account::default());
        let held = queue.connection(&one).await;
        let mut waits = Box::pin(queue.connection(&other));
        let mut waits_too = Box::pin(queue.connection(&one));
        assert!(waits.as_mut().now_or_never().is_none());
        assert!(waits_too.as_mut().now_or_never().is_none());
        queue.turn(&one, Wants::Request).await;
        drop(held);
        drop(waits.await);
        drop(waits_too.await);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_takes_nothing_and_keeps_nobody_waiting() {
        let (queue, account) = (queue(10, 1, 1), Account::default());
        let held = queue.connection(&account).await;
        let start = Instant::now();
        let mut given_up = Box::pin(queue.connection(&account));
        let mut last = Box::pin(queue.connection(&account));
        assert!(given_up.as_mut().now_or_never().is_none());
        assert!(last.as_mut().now_or_never().is_none());
        drop(held);
        time::sleep(Duration::from_millis(50)).await;
        drop(given_up);
        let seat = last.await;
        assert_eq!((Instant::now() - start).as_millis(), 100, "the first slot");
        drop(seat);
        let state = queue.lock();
        assert!(state.turns.is_empty() && state.free == 1);
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_the_queue_is_counted_once_for_all_that_wait() {
        let (queue, account) = (queue(1, 1, 100), Account::default());
        queue.turn(&account, Wants::Request).await;
        let mut waiting = Box::pin(join_all((0..3).map(|_| queue.turn(&account, Wants::Request))));
        assert!(time::timeout(Duration::from_millis(1_500), &mut waiting).await.is_err());
        assert!(account.is_queued());
        waiting.await;
        assert!(!account.is_queued());
        assert_eq!(account.time_queued().as_secs(), 3);
    }
}
