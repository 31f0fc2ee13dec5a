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
        watch: Watch<Held<Member>>,
    }
}

impl<F> ResponseFuture<F> {
    #[inline]
    pub(super) fn new(inner: F, watch: Watch<Held<Member>>) -> Self {
        Self { inner, watch }
    }
}

impl<F, T, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, DeadlineError<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Projected { inner, watch } = self.project();
        watch.poll(|context| inner.poll(context), context)
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("limit", &self.watch.limit).finish_non_exhaustive()
    }
}

/// How a call's time is kept.
pub(super) struct Watch<H: Deref<Target = Member>> {
    pub(super) limit: Option<Duration>,
    pub(super) exempt: bool,
    pub(super) keeper: Keeper<H>,
}

pub(super) enum Keeper<H: Deref<Target = Member>> {
    Sweeper(Lease<H>),
    /// Started when the call first waits.
    Timer(Option<Pin<Box<Timer>>>),
}

impl<H: Deref<Target = Member>> Watch<H> {
    /// The answer of this call, or that its time is over.
    #[inline]
    pub(super) fn poll<T, E>(
        &mut self,
        poll_call: impl FnOnce(&mut Context<'_>) -> Poll<Result<T, E>>,
        context: &mut Context<'_>,
    ) -> Poll<Result<T, DeadlineError<E>>> {
        // First the answer, then the clock: what has arrived is never too late.
        if let Poll::Ready(result) = poll_call(context) {
            self.ended(result.is_ok());
            return Poll::Ready(result.map_err(DeadlineError::Inner));
        }
        self.poll_elapsed(context).map(|after| Err(DeadlineError::Elapsed { after }))
    }

    #[inline]
    fn poll_elapsed(&mut self, context: &mut Context<'_>) -> Poll<Duration> {
        if let Keeper::Sweeper(lease) = &mut self.keeper {
            match lease.poll_expired(self.limit, self.exempt, context) {
                Ok(expired) => return expired.map(|()| self.limit.unwrap_or_default()),
                Err(Unwatched) => self.keeper = Keeper::Timer(None),
            }
        }
        self.poll_timer(context)
    }

    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<Duration> {
        let Keeper::Timer(timer) = &mut self.keeper else { return Poll::Pending };
        let Some(limit) = self.limit else { return Poll::Pending };
        timer.get_or_insert_with(|| Timer::start(limit)).as_mut().poll_elapsed(context)
    }

    #[inline]
    fn ended(&mut self, answered: bool) {
        if let Keeper::Sweeper(lease) = &mut self.keeper {
            if answered {
                lease.answered();
            }
            lease.release();
        }
    }
}
