//! The body of a request, and whether it is under way.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A body in one piece.
#[derive(Debug)]
pub(super) struct Outgoing {
    rest: Option<Bytes>,
    taken: Arc<AtomicBool>,
}

impl Outgoing {
    /// The body, and what tells whether all of it was taken to be sent.
    pub(super) fn new(bytes: Bytes) -> (Self, Arc<AtomicBool>) {
        let taken = Arc::new(AtomicBool::new(bytes.is_empty()));
        let rest = (!bytes.is_empty()).then_some(bytes);
        (Self { rest, taken: Arc::clone(&taken) }, taken)
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let rest = self.rest.take();
        self.taken.store(true, Ordering::Relaxed);
        Poll::Ready(rest.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.as_ref().map_or(0, |rest| rest.len() as u64))
    }
}
