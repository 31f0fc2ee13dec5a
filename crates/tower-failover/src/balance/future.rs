//! The balance's response future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Instant, Sleep, sleep};
use tower_service::Service;

use super::WeightedFailoverBalance;
use super::active::Absence;
use super::error::FailoverError;

pin_project! {
    /// The response of a [`WeightedFailoverBalance`](super::WeightedFailoverBalance).
    ///
    /// # Cancellation
    /// Dropping it drops the member's future; nothing else is left behind.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, Request>
    where
        S: Service<Request>,
    {
        #[pin]
        state: State<S, Request>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Request>
    where
        S: Service<Request>,
    {
        // The member that was ready is still the active one: the usual way.
        Running { #[pin] call: S::Future },
        // Another one is active than the one that was ready, or none is. Boxed, because it is rare and large.
        Moved { moved: Box<Moved<S, Request>> },
    }
}

/// Does what `Oneshot` does, on whoever is active by then.
struct Moved<S, Request> {
    balance: WeightedFailoverBalance<S>,
    request: Option<Request>,
    /// Set while nobody serves.
    changed: Option<Pin<Box<OwnedNotified>>>,
    /// Set once an outage is waited for (B29).
    limit: Option<Pin<Box<Sleep>>>,
}

impl<S, Request> ResponseFuture<S, Request>
where
    S: Service<Request>,
{
    #[inline]
    pub(super) fn running(call: S::Future) -> Self {
        Self { state: State::Running { call } }
    }

    #[cold]
    pub(super) fn moved(balance: WeightedFailoverBalance<S>, request: Request) -> Self {
        let moved = Moved { balance, request: Some(request), changed: None, limit: None };
        Self { state: State::Moved { moved: Box::new(moved) } }
    }
}

impl<S, Request> Future for ResponseFuture<S, Request>
where
    S: Service<Request> + Clone,
{
    type Output = Result<S::Response, FailoverError<S::Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Running { call } => return call.poll(context).map_err(FailoverError::Inner),
                StateProjection::Moved { moved } => {
                    let call = ready!(moved.poll_start(context))?;
                    state.set(State::Running { call });
                }
            }
        }
    }
}

impl<S, Request> Moved<S, Request>
where
    S: Service<Request> + Clone,
{
    /// Ready once the request was handed to the active member.
    fn poll_start(&mut self, context: &mut Context<'_>) -> Poll<Result<S::Future, FailoverError<S::Error>>> {
        loop {
            if let Some(changed) = &mut self.changed {
                if changed.as_mut().poll(context).is_pending() {
                    let Some(limit) = &mut self.limit else { return Poll::Pending };
                    // The limit is over: one last look.
                    ready!(limit.as_mut().poll(context));
                }
                self.changed = None;
            }
            // Listen before looking, so that no change is missed in between.
            let changed = self.balance.shared.active.changed();
            ready!(self.balance.poll_ready(context))?;
            if let Some(service) = &mut self.balance.service {
                #[expect(
                    clippy::expect_used,
                    reason = "`ResponseFuture` leaves this state once it is started"
                )]
                let request = self.request.take().expect("started twice");
                return Poll::Ready(Ok(service.call(request)));
            }
            match self.balance.absence() {
                Some(Absence::NotYet) => {}
                Some(Absence::Outage(outage)) => {
                    let wait = self.balance.shared.wait_for_member;
                    let limit = wait.map(|wait| self.limit.get_or_insert_with(|| Box::pin(sleep(wait))));
                    if limit.is_none_or(|limit| limit.is_elapsed()) {
                        return Poll::Ready(Err(FailoverError::outage(outage.status(Instant::now()))));
                    }
                }
                Some(Absence::DriverGone) => return Poll::Ready(Err(FailoverError::DriverGone)),
                // Somebody serves since.
                None => continue,
            }
            self.changed = Some(Box::pin(changed));
        }
    }
}
