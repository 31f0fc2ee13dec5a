//! A wake-up with one listener that is never lost.

use std::task::{Context, Poll};

use crate::sync::AtomicWaker;
use crate::sync::atomic::{AtomicBool, Ordering};

/// Rung by anyone, heard by one task. A ring before the listener listens is kept; many rings are one.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: AtomicBool,
    listener: AtomicWaker,
}

impl Bell {
    pub(crate) fn ring(&self) {
        // An exchange, so that its place among the listener's exchanges is plain.
        self.rung.swap(true, Ordering::AcqRel);
        self.listener.wake();
    }

    /// Ready if it was rung since the last time this was ready.
    pub(crate) fn poll_rung(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.rung.swap(false, Ordering::AcqRel) {
            return Poll::Ready(());
        }
        self.listener.register(context.waker());
        // Rung between the look and the registration?
        if self.rung.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }

    pub(crate) async fn rung(&self) {
        std::future::poll_fn(|context| self.poll_rung(context)).await;
    }
}
