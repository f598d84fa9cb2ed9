//! Driving a hyper connection from the task that waits for its answer.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::Context,
};

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

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What hyper's HTTP/2 wants to spawn; polled by the exchange itself.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<Vec<Task>>>);

impl Tasks {
    /// Polls all; `true` if none is left.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> bool {
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
        let over = waiting.is_empty();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).append(&mut waiting);
        over
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
