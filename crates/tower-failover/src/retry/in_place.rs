//! Calls that may be repeated, in place until they are.

use std::fmt;
use std::future::Future;
use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

use super::error::RetryError;
use super::future::{Attempted, ResponseFuture, ResultOf};
use super::policy::{Assessment, RetryPolicy};
use super::{Retry, Shared};
use crate::in_place::{CallInPlace, PollInPlace};
use crate::local::Local;
use crate::route::Route;

impl<P, S, R, Req> CallInPlace<Req> for Retry<P, S, R>
where
    P: RetryPolicy<Req, S::Response, S::Error>,
    S: CallInPlace<Req, Response: Default> + Clone,
    R: Route,
{
    type Innermost = S::Innermost;
    type Layers<'a>
        = InPlace<'a, S::Layers<'a>, P, S, R, Req>
    where
        Self: 'a,
        Req: 'a;

    #[inline(always)]
    fn admit_in_place(&mut self, request: &Req) -> bool {
        self.shared.policy.deadline(request).is_none() && self.inner.admit_in_place(request)
    }

    #[inline(always)]
    fn begin_in_place<'a>(&'a mut self, request: &'a Req) -> (Self::Layers<'a>, &'a mut S::Innermost) {
        let Self { inner, shared, calls } = self;
        calls.count(&shared.budget);
        let version = shared.route.version();
        let (inner, innermost) = inner.begin_in_place(request);
        let stage = Stage::First(inner);
        (InPlace { stage, shared: &**shared, held: shared, request, version }, innermost)
    }
}

/// What a [`Retry`] keeps of a call in place.
pub struct InPlace<'a, L, P, S: Service<Req>, R: Route, Req> {
    stage: Stage<L, ResponseFuture<P, S, R, Req>>,
    /// Apart from its holder, which is not to be touched at every look.
    shared: &'a Shared<P, S, R>,
    held: &'a Local<Shared<P, S, R>>,
    request: &'a Req,
    /// The route's, read before the attempt was made.
    version: u64,
}

enum Stage<L, F> {
    First(L),
    /// The repeats are calls of their own.
    Rest(Pin<Box<F>>),
}

impl<L, P, S, R, Req> InPlace<'_, L, P, S, R, Req>
where
    P: RetryPolicy<Req, S::Response, S::Error>,
    S: Service<Req> + Clone,
    R: Route,
{
    /// After a first attempt that was not the last word. It hangs if it has no result.
    ///
    /// # Errors
    /// With what the call ends with, if nothing follows.
    #[cold]
    fn go_on(&mut self, end: Option<(Assessment, ResultOf<S, Req>)>) -> Result<(), Last<S, Req>> {
        let first = Attempted::new(self.shared, self.request, self.version);
        let rest = ResponseFuture::go_on(self.held.hold(), first, end)?;
        self.stage = Stage::Rest(Box::pin(rest));
        Ok(())
    }

    #[cold]
    fn hangs(&self) -> bool {
        Attempted::new(self.shared, self.request, self.version).hangs(self.shared)
    }
}

type Last<S, Req> = Result<<S as Service<Req>>::Response, RetryError<<S as Service<Req>>::Error>>;

impl<L, P, S, R, Req> PollInPlace for InPlace<'_, L, P, S, R, Req>
where
    P: RetryPolicy<Req, S::Response, S::Error>,
    S: Service<Req, Response: Default> + Clone,
    R: Route,
    L: PollInPlace<Response = S::Response, Error = S::Error>,
{
    type Answer = L::Answer;
    type Failure = L::Failure;
    type Response = L::Response;
    type Error = RetryError<L::Error>;

    #[inline(always)]
    fn poll_in_place<F>(
        &mut self,
        mut call: Pin<&mut Option<F>>,
        response: &mut L::Response,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Self::Error>>
    where
        F: Future<Output = Result<L::Answer, L::Failure>>,
    {
        if let Stage::First(inner) = &mut self.stage {
            let end = match inner.poll_in_place(call.as_mut(), response, context) {
                Poll::Ready(Ok(())) => match self.shared.policy.assess(Ok(&*response)) {
                    Assessment::Final => return Poll::Ready(Ok(())),
                    assessment => Some((assessment, Ok(take(response)))),
                },
                Poll::Ready(Err(error)) => match self.shared.policy.assess(Err(&error)) {
                    Assessment::Final => {
                        return Poll::Ready(Err(RetryError::Failed { error, may_have_been_applied: false }));
                    }
                    assessment => Some((assessment, Err(error))),
                },
                Poll::Pending if self.shared.route.version() != self.version && self.hangs() => None,
                Poll::Pending => return Poll::Pending,
            };
            call.set(None);
            if let Err(last) = self.go_on(end) {
                return Poll::Ready(last.map(|last| *response = last));
            }
        }
        let Stage::Rest(rest) = &mut self.stage else { return Poll::Pending };
        rest.as_mut().poll(context).map_ok(|last| *response = last)
    }
}

impl<L, P, S: Service<Req>, R: Route, Req> fmt::Debug for InPlace<'_, L, P, S, R, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlace").field("version", &self.version).finish_non_exhaustive()
    }
}
