//! What goes over a connection, seen from below its protocol and above TLS.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Instant,
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{Frames, GoAway};
use crate::contract::{Obstacle, Obstructed};

/// Counts what is read and written, and notes how it ended.
#[derive(Debug, Default)]
pub(super) struct Tap {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    traffic: Traffic,
    /// The first byte since the last mark.
    answered: Option<Instant>,
    /// Whether everything written has been handed to the kernel.
    flushed: bool,
    /// Where it was we who ended the reading. What is above tells the end of a connection from it no
    /// more.
    cut: Option<Obstructed>,
    frames: Option<Box<Both>>,
    /// Bytes that may still be read, where that is counted here.
    allowed: Option<u64>,
}

/// Both directions of HTTP/2.
#[derive(Debug)]
struct Both {
    read: Frames,
    written: Frames,
    /// Requests so far.
    requests: usize,
}

/// What went over a connection so far, without TLS and what is below it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Traffic {
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
    /// When the first byte was read.
    pub first_read: Option<Instant>,
    /// When the last byte was read.
    pub last_read: Option<Instant>,
    /// When the first byte was written.
    pub first_written: Option<Instant>,
    /// When the last byte was written.
    pub last_written: Option<Instant>,
    /// How the target ended the connection, and when that was seen.
    pub end: Option<(Ending, Instant)>,
}

/// How a target ends a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// In good order (FIN), over TLS with its farewell.
    Closed,
    /// In good order below TLS, and without its farewell (`close_notify`): what came may be only a part.
    Unannounced,
    /// It was reset (RST).
    Reset,
    /// Otherwise: the way to it broke, or TLS did.
    Failed,
}

impl Tap {
    /// For a connection that speaks HTTP/2.
    pub(super) fn of_http2() -> Self {
        let tap = Self::default();
        let both = Both { read: Frames::default(), written: Frames::of_client(), requests: 1 };
        tap.lock().frames = Some(Box::new(both));
        tap
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.lock().traffic
    }

    /// Begins to wait for an answer.
    pub(super) fn mark(&self) -> Traffic {
        let mut state = self.lock();
        state.answered = None;
        state.flushed = false;
        state.traffic
    }

    /// Allows that many bytes more to be read.
    pub(super) fn allow(&self, bytes: usize) {
        let allowed = &mut self.lock().allowed;
        *allowed = Some(allowed.unwrap_or_default().saturating_add(bytes as u64));
    }

    /// Counts one more request on a connection that speaks HTTP/2.
    pub(super) fn asked_again(&self) {
        if let Some(both) = &mut self.lock().frames {
            both.requests += 1;
        }
    }

    /// When the first byte since the last mark was read.
    pub(super) fn answered(&self) -> Option<Instant> {
        self.lock().answered
    }

    /// Why we ended the reading, if it was us.
    pub(super) fn cut(&self) -> Option<Obstructed> {
        self.lock().cut.clone()
    }

    /// Whether everything written since the last mark is handed to the kernel, and over HTTP/2 no
    /// request lacks its end.
    pub(super) fn is_flushed(&self) -> bool {
        let state = self.lock();
        state.flushed && state.frames.as_ref().is_none_or(|both| both.written.all_ended())
    }

    pub(super) fn goaway(&self) -> Option<GoAway> {
        self.lock().frames.as_ref().and_then(|both| both.read.goaway())
    }

    /// Takes note of what was read; an error ends the reading.
    fn note_read(&self, bytes: &[u8]) -> io::Result<()> {
        let now = Instant::now();
        let mut state = self.lock();
        state.traffic.read += bytes.len() as u64;
        state.traffic.first_read.get_or_insert(now);
        state.traffic.last_read = Some(now);
        state.answered.get_or_insert(now);
        let cut = state.too_much(bytes);
        state.cut.clone_from(&cut);
        cut.map_or(Ok(()), |cut| Err(io::Error::other(cut)))
    }

    fn note_written(&self, bytes: &[u8]) {
        let now = Instant::now();
        let mut state = self.lock();
        state.flushed = false;
        state.traffic.written += bytes.len() as u64;
        state.traffic.first_written.get_or_insert(now);
        state.traffic.last_written = Some(now);
        if let Some(both) = &mut state.frames {
            both.written.see(bytes);
        }
    }

    fn note_flushed(&self) {
        self.lock().flushed = true;
    }

    fn note_end(&self, end: Ending) {
        self.lock().traffic.end.get_or_insert((end, Instant::now()));
    }

    fn note_failure(&self, error: &io::Error) {
        use io::ErrorKind as Kind;
        let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Obstructed>());
        if let Some(ours) = ours {
            self.lock().cut.get_or_insert_with(|| ours.clone());
            return;
        }
        self.note_end(match error.kind() {
            Kind::UnexpectedEof => Ending::Unannounced,
            // Writing on after the target has closed both ways.
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Ending::Reset,
            _ => Ending::Failed,
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether these bytes are more than may be read.
    fn too_much(&mut self, bytes: &[u8]) -> Option<Obstructed> {
        if let Some(allowed) = &mut self.allowed {
            let Some(left) = allowed.checked_sub(bytes.len() as u64) else {
                let detail = "the target sent more than the budget of a request";
                return Some(Obstacle::OverBudget.because(detail));
            };
            *allowed = left;
        }
        let both = self.frames.as_mut()?;
        both.read.see(bytes);
        (both.read.headers() > INTERIM + 2 * both.requests).then(|| {
            Obstacle::OverBudget.because(format!(
                "the target sends more than {INTERIM} interim answers (1xx) before its answer"
            ))
        })
    }
}

/// A stream with a tap on it.
#[derive(Debug)]
pub(super) struct Tapped<S> {
    pub(super) stream: S,
    pub(super) tap: Arc<Tap>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let room = buf.remaining() > 0;
        let outcome = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        let read = &buf.filled()[before..];
        match &outcome {
            Ok(()) if read.is_empty() => {
                if room {
                    self.tap.note_end(Ending::Closed);
                }
            }
            Ok(()) => return Poll::Ready(self.tap.note_read(read)),
            Err(error) => self.tap.note_failure(error),
        }
        Poll::Ready(outcome)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        match &outcome {
            Ok(written) => self.tap.note_written(&buf[..*written]),
            Err(error) => self.tap.note_failure(error),
        }
        Poll::Ready(outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        match &outcome {
            Ok(()) => self.tap.note_flushed(),
            Err(error) => self.tap.note_failure(error),
        }
        Poll::Ready(outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Interim answers of one connection. Sound servers send one or two.
const INTERIM: usize = 4;
