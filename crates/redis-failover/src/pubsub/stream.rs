//! The half of a subscriber that is read.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::task::JoinHandle;

use super::PubSubItem;
use super::inbox::Inbox;

/// The half of a [`PubSub`](super::PubSub) that is read. When it is dropped, the subscriber ends.
///
/// # Cancellation
/// Nothing is lost when a future that waits for the next item is dropped.
pub struct PubSubStream {
    inbox: Arc<Inbox>,
    task: JoinHandle<()>,
    /// Keeps what the subscriber depends on.
    _client: Arc<dyn Any + Send + Sync>,
}

impl PubSubStream {
    pub(super) fn new(inbox: Arc<Inbox>, task: JoinHandle<()>, client: Arc<dyn Any + Send + Sync>) -> Self {
        Self { inbox, task, _client: client }
    }
}

impl Stream for PubSubStream {
    type Item = PubSubItem;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<PubSubItem>> {
        self.inbox.poll_next(context)
    }
}

impl Drop for PubSubStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for PubSubStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubSubStream").field("ended", &self.task.is_finished()).finish_non_exhaustive()
    }
}
