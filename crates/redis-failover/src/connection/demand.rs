//! How many calls wait for a connection.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(super) struct Demand {
    waiting: AtomicUsize,
    raised: Notify,
}

impl Demand {
    /// Counts one call until the guard is dropped.
    pub(super) fn raise(self: Arc<Self>) -> Waiting {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.raised.notify_one();
        Waiting(self)
    }

    /// Completes when a call waits.
    pub(super) async fn raised(&self) {
        // A notice may be left over from a call that has gone since.
        while self.waiting.load(Ordering::Acquire) == 0 {
            self.raised.notified().await;
        }
    }
}

pub(super) struct Waiting(Arc<Demand>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
