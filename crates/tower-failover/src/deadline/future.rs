//! A call with a deadline.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::Duration;

use super::error::DeadlineError;
use super::member::{Lease, Member, Unwatched};
use super::timeout::Patience;
use crate::local::Held;
use crate::timer::Timer;

pin_project! {
    /// The response future of [`Deadline`](super::Deadline).
    ///
    /// # Cancellation
    /// Dropping it drops the inner call and gives its slot back.
    #[must_use = "futures do nothing unless polled"]
    #[project = Projected]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        patience: Patience,
        keeper: Keeper<Held<Member>>,
    }
}

impl<F> ResponseFuture<F> {
    #[inline]
    pub(super) fn new(inner: F, patience: Patience, keeper: Keeper<Held<Member>>) -> Self {
        Self { inner, patience, keeper }
    }
}

impl<F, T, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, DeadlineError<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Projected { inner, patience, keeper } = self.project();
        keeper.poll(|context| inner.poll(context), || *patience, context)
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("limit", &self.patience.limit).finish_non_exhaustive()
    }
}

/// Who keeps a call's time.
pub(super) enum Keeper<H: Deref<Target = Member>> {
    Sweeper(Lease<H>),
    /// Started when the call first waits.
    Timer(Option<Pin<Box<Timer>>>),
}

impl<H: Deref<Target = Member>> Keeper<H> {
    /// The answer of this call, or that its time is over. How long that is, is asked when it first waits, and perhaps again.
    #[inline(always)]
    pub(super) fn poll<T, E>(
        &mut self,
        poll_call: impl FnOnce(&mut Context<'_>) -> Poll<Result<T, E>>,
        patience: impl Fn() -> Patience,
        context: &mut Context<'_>,
    ) -> Poll<Result<T, DeadlineError<E>>> {
        // First the answer, then the clock: what has arrived is never too late.
        if let Poll::Ready(result) = poll_call(context) {
            self.ended(result.is_ok());
            return Poll::Ready(result.map_err(DeadlineError::Inner));
        }
        self.poll_elapsed(patience, context).map(|after| Err(DeadlineError::Elapsed { after }))
    }

    #[inline(always)]
    fn poll_elapsed(&mut self, patience: impl Fn() -> Patience, context: &mut Context<'_>) -> Poll<Duration> {
        if let Self::Sweeper(lease) = self {
            match lease.poll_expired(&patience, context) {
                Ok(expired) => return expired.map(|()| patience().limit.unwrap_or_default()),
                Err(Unwatched) => *self = Self::Timer(None),
            }
        }
        self.poll_timer(patience, context)
    }

    fn poll_timer(&mut self, patience: impl Fn() -> Patience, context: &mut Context<'_>) -> Poll<Duration> {
        let Self::Timer(timer) = self else { return Poll::Pending };
        if timer.is_none() {
            *timer = patience().limit.map(Timer::start);
        }
        let Some(timer) = timer else { return Poll::Pending };
        timer.as_mut().poll_elapsed(context)
    }

    #[inline]
    fn ended(&mut self, answered: bool) {
        if let Self::Sweeper(lease) = self {
            if answered {
                lease.answered();
            }
            lease.release();
        }
    }
}
