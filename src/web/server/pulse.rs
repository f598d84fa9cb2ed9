//! Whether a connection is still worth keeping: what moves on it, and how long nothing has.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use http::Version;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
    time::{Duration, Instant},
};

use crate::web::Limits;

/// Watches one connection.
///
/// hyper times the headers of HTTP/1 requests, but neither the bytes before it knows the protocol nor
/// a client that stops reading, and it waits for both when it is told to shut down.
#[derive(Debug)]
pub(super) struct Pulse {
    limits: Limits,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    opened: Instant,
    /// When bytes last moved in either direction.
    moved: Instant,
    /// When the client last took a part of an answer, or came.
    served: Instant,
    /// The version of the first request; `None` before it.
    version: Option<Version>,
    /// When the first byte of the next request came.
    receiving: Option<Instant>,
    /// Requests being answered.
    under_way: usize,
    /// Whether bytes wait for the client to read.
    blocked: bool,
    /// When shutdown began.
    draining: Option<Instant>,
    /// Whether another client has its seat.
    evicted: bool,
}

/// A request being answered, until it is dropped.
#[derive(Debug)]
pub(super) struct Busy(Arc<Pulse>);

impl Pulse {
    pub(super) fn new(limits: Limits) -> Self {
        let now = Instant::now();
        let state = State {
            opened: now,
            moved: now,
            served: now,
            version: None,
            receiving: None,
            under_way: 0,
            blocked: false,
            draining: None,
            evicted: false,
        };
        Self { limits, state: Mutex::new(state), changed: Notify::new() }
    }

    /// A request has come in.
    pub(super) fn busy(self: &Arc<Self>, version: Version) -> Busy {
        let mut state = self.lock();
        state.version = Some(version);
        state.receiving = None;
        state.under_way += 1;
        drop(state);
        Busy(Arc::clone(self))
    }

    /// From now on only what is under way counts.
    pub(super) fn drain(&self) {
        self.lock().draining = Some(Instant::now());
        self.changed.notify_one();
    }

    /// Since when the client has asked for nothing and taken nothing; `None` while a request of its is
    /// being answered. What it sends does not count: that costs it nothing.
    pub(super) fn idle(&self) -> Option<Instant> {
        let state = self.lock();
        (state.under_way == 0).then_some(state.served)
    }

    /// Gives its seat to another client, if it is still as idle as it was.
    pub(super) fn evict(&self, since: Instant) -> bool {
        let mut state = self.lock();
        if state.under_way > 0 || state.served != since {
            return false;
        }
        state.evicted = true;
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Waits until another client has its seat.
    pub(super) async fn evicted(&self) {
        while !self.lock().evicted {
            self.changed.notified().await;
        }
    }

    /// Waits until the connection is worth nothing any more.
    pub(super) async fn spent(&self) {
        loop {
            let until = {
                let state = self.lock();
                if state.evicted {
                    return;
                }
                state.until(self.limits)
            };
            match until {
                Some(until) if until <= Instant::now() => return,
                Some(until) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(until) => {}
                        () = self.changed.notified() => {}
                    }
                }
                None => self.changed.notified().await,
            }
        }
    }

    fn read(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let mut state = self.lock();
        state.moved = Instant::now();
        if state.under_way == 0 && state.receiving.is_none() {
            state.receiving = Some(state.moved);
            drop(state);
            self.changed.notify_one();
        }
    }

    fn wrote(&self, outcome: &Poll<io::Result<usize>>) {
        let mut state = self.lock();
        let before = state.blocked;
        state.blocked = outcome.is_pending();
        if outcome.is_ready() {
            state.moved = Instant::now();
            state.served = state.moved;
        }
        if before != state.blocked {
            drop(state);
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// When the connection is to be closed if nothing changes.
    fn until(&self, limits: Limits) -> Option<Instant> {
        if self.under_way > 0 {
            return None;
        }
        if self.blocked {
            return Some(self.moved + limits.idle);
        }
        if let Some(began) = self.draining {
            return Some(self.moved.max(began) + LINGER);
        }
        match (self.version, self.receiving) {
            (None, _) => Some(self.opened + limits.header),
            // In HTTP/2 bytes come without a request: acknowledgements, window updates, pings.
            (Some(Version::HTTP_2), _) | (Some(_), None) => Some(self.moved + limits.idle),
            (Some(_), Some(first)) => Some(first + limits.header),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.under_way -= 1;
        state.moved = Instant::now();
        state.served = state.moved;
        drop(state);
        self.0.changed.notify_one();
    }
}

/// A stream whose pulse is taken.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    pulse: Arc<Pulse>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.pulse.read(buffer.filled().len() - before);
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.pulse.wrote(&outcome);
        outcome
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.pulse.wrote(&outcome);
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// After shutdown has begun, how long a request that is on its way may take to arrive.
const LINGER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    fn limits() -> Limits {
        Limits {
            header: Duration::from_secs(10),
            idle: Duration::from_secs(100),
            ..Limits::default()
        }
    }

    fn watched() -> (Arc<Pulse>, Watched<DuplexStream>, DuplexStream) {
        let pulse = Arc::new(Pulse::new(limits()));
        let (ours, theirs) = tokio::io::duplex(8);
        (Arc::clone(&pulse), Watched::new(ours, pulse), theirs)
    }

    async fn lasts(pulse: &Pulse) -> u64 {
        let start = Instant::now();
        pulse.spent().await;
        start.elapsed().as_secs()
    }

    async fn receive(stream: &mut Watched<DuplexStream>, client: &mut DuplexStream) {
        client.write_all(b"GET").await.expect("room");
        stream.read_exact(&mut [0; 3]).await.expect("three bytes");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_has_the_time_of_a_header() {
        let (pulse, _stream, _client) = watched();
        assert_eq!(lasts(&pulse).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_drips_its_first_header_has_no_longer() {
        let (pulse, mut stream, mut client) = watched();
        let start = Instant::now();
        let spent = async { pulse.spent().await };
        let drip = async {
            loop {
                receive(&mut stream, &mut client).await;
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
        };
        tokio::select! {
            () = spent => {}
            () = drip => {}
        }
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_kept_connection_may_rest_until_the_next_header_begins() {
        let (pulse, mut stream, mut client) = watched();
        drop(pulse.busy(Version::HTTP_11));
        assert_eq!(lasts(&pulse).await, 100);
        drop(pulse.busy(Version::HTTP_11));
        receive(&mut stream, &mut client).await;
        assert_eq!(lasts(&pulse).await, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn frames_without_a_request_are_no_header() {
        let (pulse, mut stream, mut client) = watched();
        drop(pulse.busy(Version::HTTP_2));
        receive(&mut stream, &mut client).await;
        assert_eq!(lasts(&pulse).await, 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_under_way_is_waited_for_even_in_shutdown() {
        let (pulse, _stream, _client) = watched();
        let busy = pulse.busy(Version::HTTP_11);
        pulse.drain();
        let start = Instant::now();
        let answer = async {
            tokio::time::sleep(Duration::from_secs(500)).await;
            drop(busy);
        };
        tokio::join!(answer, pulse.spent());
        assert_eq!(start.elapsed().as_secs(), 501);
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_header_does_not_hold_up_a_shutdown() {
        let (pulse, mut stream, mut client) = watched();
        receive(&mut stream, &mut client).await;
        pulse.drain();
        assert_eq!(lasts(&pulse).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_reads_is_given_up() {
        let (pulse, mut stream, _client) = watched();
        drop(pulse.busy(Version::HTTP_11));
        let write = async {
            let _ = stream.write_all(&[0; 100]).await;
        };
        let start = Instant::now();
        tokio::select! {
            () = write => {}
            () = pulse.spent() => {}
        }
        assert_eq!(start.elapsed().as_secs(), 100);
    }
}
