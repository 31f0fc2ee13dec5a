//! The response future of the failure detector.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::shared::{End, Shared};
use crate::availability::Epoch;
use crate::classify::{Classify, Kinds};
use crate::clock::Millis;
use crate::local::Held;

pin_project! {
    /// The response of a [`FailureDetector`](super::FailureDetector).
    ///
    /// # Cancellation
    /// Dropping it before it is ready settles the call as abandoned.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, C> {
        #[pin]
        inner: F,
        classify: C,
        token: Token<Held<Shared>>,
    }
}

impl<F, C> ResponseFuture<F, C> {
    #[inline]
    pub(super) fn new(inner: F, classify: C, token: Token<Held<Shared>>) -> Self {
        Self { inner, classify, token }
    }
}

impl<F, C, T, E> Future for ResponseFuture<F, C>
where
    F: Future<Output = Result<T, E>>,
    C: Classify<T, E>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(context));
        let end = End::of(this.classify, result.as_ref());
        this.token.settle(end);
        Poll::Ready(result)
    }
}

impl<F, C> fmt::Debug for ResponseFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// One call, to be settled exactly once: with its outcome, or as abandoned when this is dropped.
pub(super) struct Token<H: Deref<Target = Shared>> {
    /// None once it is settled.
    shared: Option<H>,
    begun: (Epoch, Millis),
}

impl<H: Deref<Target = Shared>> Token<H> {
    #[inline]
    pub(super) fn begin(shared: H, epoch: Epoch) -> Self {
        Self { begun: shared.begin(epoch), shared: Some(shared) }
    }

    #[inline]
    pub(super) fn settle(&mut self, end: End) {
        if let Some(shared) = self.shared.take() {
            shared.settle(self.begun, end);
        }
    }
}

impl<H: Deref<Target = Shared>> Drop for Token<H> {
    #[inline]
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            let (_, started) = self.begun;
            let outcome = shared.abandoned(started);
            self.settle(End { outcome, kinds: Kinds::NONE, causes: Kinds::NONE });
        }
    }
}
