//! The service beneath all that is compared.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

/// Does nothing. It answers at once, or at the second look as a connection does: one that is ready at once hides what
/// waiting costs.
#[derive(Debug, Clone, Copy)]
pub struct Noop<const PENDING_ONCE: bool>;

/// Its response future.
#[derive(Debug, Default)]
pub struct Answer<const PENDING_ONCE: bool> {
    looked: bool,
}

impl<const PENDING_ONCE: bool> Service<()> for Noop<PENDING_ONCE> {
    type Response = ();
    type Error = Infallible;
    type Future = Answer<PENDING_ONCE>;

    #[inline]
    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, (): ()) -> Self::Future {
        Answer::default()
    }
}

impl<const PENDING_ONCE: bool> Future for Answer<PENDING_ONCE> {
    type Output = Result<(), Infallible>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if !PENDING_ONCE || std::mem::replace(&mut self.looked, true) {
            return Poll::Ready(Ok(()));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
