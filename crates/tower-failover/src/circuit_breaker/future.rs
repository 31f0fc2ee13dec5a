//! The response future of the circuit breaker.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::error::CircuitError;
use super::permit::TrialSlot;

pin_project! {
    /// The response of a [`CircuitBreaker`](super::CircuitBreaker).
    ///
    /// # Cancellation
    /// Dropping it gives the place of a trial call back.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, E> {
        #[pin]
        state: State<F, E>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, E> {
        Admitted {
            #[pin]
            inner: F,
            slot: Option<TrialSlot>,
        },
        Refused {
            error: Option<CircuitError<E>>,
        },
    }
}

impl<F, E> ResponseFuture<F, E> {
    #[inline]
    pub(super) fn admitted(inner: F, slot: Option<TrialSlot>) -> Self {
        Self { state: State::Admitted { inner, slot } }
    }

    pub(super) fn refused(error: CircuitError<E>) -> Self {
        Self { state: State::Refused { error: Some(error) } }
    }
}

impl<F, T, E> Future for ResponseFuture<F, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, CircuitError<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Admitted { inner, slot } => {
                let result = ready!(inner.poll(context));
                // Whoever keeps the finished future keeps no place.
                *slot = None;
                Poll::Ready(result.map_err(CircuitError::Inner))
            }
            StateProjection::Refused { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                // Polled again after it was ready, which the contract of `Future` forbids.
                None => Poll::Pending,
            },
        }
    }
}

impl<F, E> fmt::Debug for ResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
