//! The wait for a circuit to move.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::timeout_at;

use crate::availability::{Availability, Signal};

/// Waits while the circuit stays as it is; nothing until it is polled.
#[derive(Default)]
pub(super) struct Waiting(Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>);

impl Waiting {
    /// Whether a move from now on is noticed. Whoever looked at the circuit before that must look again.
    #[inline]
    pub(super) fn is_registered(&self) -> bool {
        self.0.is_some()
    }

    /// Ready when the circuit moved since the first poll.
    pub(super) fn poll_moved(&mut self, availability: &Availability, context: &mut Context<'_>) -> Poll<()> {
        let moved = self.0.get_or_insert_with(|| Box::pin(moved(availability.clone())));
        let poll = moved.as_mut().poll(context);
        if poll.is_ready() {
            self.0 = None;
        }
        poll
    }

    /// Waits no longer.
    #[inline]
    pub(super) fn end(&mut self) {
        self.0 = None;
    }
}

/// Completes when the circuit moved, and sees to it that time moves it: there may be no driver.
async fn moved(availability: Availability) {
    let moved = availability.moved();
    match availability.view().next_change_at() {
        Some(due) => {
            if timeout_at(due, moved).await.is_err() {
                availability.signal(Signal::Tick);
            }
        }
        None => moved.await,
    }
}
