//! The service beneath all that is compared.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

/// Does nothing, but answers only at the second look, as a connection does: one that is ready at once would hide what
/// waiting costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PendingOnce;

/// Its response future.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    looked: bool,
}

impl Service<()> for PendingOnce {
    type Response = ();
    type Error = Infallible;
    type Future = Answer;

    #[inline]
    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn call(&mut self, (): ()) -> Answer {
        Answer::default()
    }
}

impl Future for Answer {
    type Output = Result<(), Infallible>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::replace(&mut self.looked, true) {
            return Poll::Ready(Ok(()));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
