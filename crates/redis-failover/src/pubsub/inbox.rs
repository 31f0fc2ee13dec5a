//! Between the task that listens and whoever reads.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use super::PubSubItem;
use super::buffer::{Buffer, Limits};

/// A bounded queue with one reader. Nobody who fills it ever waits.
pub(super) struct Inbox {
    state: Mutex<State>,
    reader: AtomicWaker,
}

struct State {
    buffer: Buffer,
    is_closed: bool,
}

impl Inbox {
    pub(super) fn new(limits: Limits) -> Self {
        let state = State { buffer: Buffer::new(limits), is_closed: false };
        Self { state: Mutex::new(state), reader: AtomicWaker::new() }
    }

    pub(super) fn push(&self, now: Instant, item: PubSubItem) {
        self.state().buffer.push(now, item);
        self.reader.wake();
    }

    /// Nothing more will come. What is here can still be read.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.reader.wake();
    }

    /// The next item; `None` once all was read and nothing more will come.
    pub(super) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<PubSubItem>> {
        // Registered before the look, so that what comes in between wakes.
        self.reader.register(context.waker());
        let mut state = self.state();
        match state.buffer.pop() {
            Some(item) => Poll::Ready(Some(item)),
            None if state.is_closed => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A buffer is whole at every step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
