//! Driving a hyper connection from the task that waits for its answer.

use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Instant,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::Frames;
use crate::contract::{Obstacle, Obstructed};

/// Polls `future`, and the connection it depends on first.
pub(super) async fn beside<F: Future>(
    mut drive: impl FnMut(&mut Context<'_>),
    future: F,
) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        drive(cx);
        future.as_mut().poll(cx)
    })
    .await
}

/// What was read of the answer, seen from below HTTP and above TLS.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) first: OnceLock<Instant>,
    pub(super) bytes: AtomicUsize,
    /// Where it was we who ended the reading. What is above tells the end of a connection from it no
    /// more.
    pub(super) cut: OnceLock<Obstructed>,
    /// Of HTTP/2 only.
    pub(super) frames: Option<Mutex<Frames>>,
}

impl Seen {
    /// For a connection that speaks HTTP/2.
    pub(super) fn of_http2() -> Self {
        Self { frames: Some(Mutex::default()), ..Self::default() }
    }

    /// Takes note of what was read; an error ends the reading.
    fn note(&self, read: &[u8]) -> io::Result<()> {
        self.first.get_or_init(Instant::now);
        self.bytes.fetch_add(read.len(), Ordering::Relaxed);
        let Some(frames) = &self.frames else { return Ok(()) };
        let mut frames = frames.lock().unwrap_or_else(PoisonError::into_inner);
        frames.see(read);
        if frames.headers() <= INTERIM + 2 {
            return Ok(());
        }
        Err(io::Error::other(Obstacle::OverBudget.because(format!(
            "the target sends more than {INTERIM} interim answers (1xx) before its answer"
        ))))
    }

    fn note_failure(&self, error: &io::Error) {
        let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Obstructed>());
        if let Some(ours) = ours {
            let _ = self.cut.set(ours.clone());
        }
    }
}

pub(super) struct Witness<S> {
    pub(super) stream: S,
    pub(super) seen: Arc<Seen>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Witness<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let mut outcome = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        if buf.filled().len() > before && outcome.is_ok() {
            outcome = self.seen.note(&buf.filled()[before..]);
        }
        if let Err(error) = &outcome {
            self.seen.note_failure(error);
        }
        Poll::Ready(outcome)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Witness<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What hyper's HTTP/2 wants to spawn; polled by the exchange itself.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<Vec<Task>>>);

impl Tasks {
    pub(super) fn poll(&self, cx: &mut Context<'_>) {
        let mut waiting = Vec::new();
        loop {
            // The lock is not held while they run: they may add others.
            let mut due = self.take();
            if due.is_empty() {
                break;
            }
            due.retain_mut(|task| task.as_mut().poll(cx).is_pending());
            waiting.append(&mut due);
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).append(&mut waiting);
    }

    fn take(&self) -> Vec<Task> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(task));
    }
}

/// Tasks may hold the executor they run on, and would then keep each other alive.
pub(super) struct EndOnDrop<'a>(pub(super) &'a Tasks);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

/// Interim answers of one connection. Sound servers send one or two.
const INTERIM: usize = 4;
