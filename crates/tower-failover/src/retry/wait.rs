//! The wait between a failed attempt and its repeat.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{Duration, Sleep};

use crate::route::Route;

pin_project! {
    /// Waits until a repeat may be made. Keeps what the failed attempt ended with, should there be no repeat.
    pub(super) struct Wait<C, T> {
        #[pin]
        changed: C,
        #[pin]
        backoff: Option<Sleep>,
        failed: Option<T>,
    }
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// Calls go to another member.
    Moved,
    /// The backoff is over, and calls still go to the same member.
    SameMember,
}

impl<C: Future<Output = ()>, T> Wait<C, T> {
    pub(super) fn start(route: &impl Route<Changed = C>, failed: T) -> Pin<Box<Self>> {
        Box::pin(Self { changed: route.changed(), backoff: None, failed: Some(failed) })
    }

    /// Ready when calls go elsewhere than at `version`; or else when the member is not in doubt and the backoff,
    /// drawn when it is needed, is over.
    pub(super) fn poll_over(
        self: Pin<&mut Self>,
        route: &impl Route<Changed = C>,
        version: u64,
        backoff: impl FnOnce() -> Duration,
        context: &mut Context<'_>,
    ) -> Poll<Over> {
        let mut this = self.project();
        // Listening comes before looking, so that no change falls in between.
        while this.changed.as_mut().poll(context).is_ready() {
            this.changed.set(route.changed());
        }
        if route.version() != version {
            return Poll::Ready(Over::Moved);
        }
        if route.in_doubt() {
            return Poll::Pending;
        }
        if this.backoff.is_none() {
            this.backoff.set(Some(tokio::time::sleep(backoff())));
        }
        if let Some(backoff) = this.backoff.as_pin_mut() {
            ready!(backoff.poll(context));
        }
        Poll::Ready(Over::SameMember)
    }

    pub(super) fn take_failed(self: Pin<&mut Self>) -> Option<T> {
        self.project().failed.take()
    }
}
