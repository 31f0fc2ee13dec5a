//! Calls that are counted, in place.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::FailureDetector;
use super::future::Token;
use super::shared::{End, Shared};
use crate::classify::Classify;
use crate::in_place::{CallInPlace, PollInPlace};

impl<S, C, Request> CallInPlace<Request> for FailureDetector<S, C>
where
    S: CallInPlace<Request>,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Innermost = S::Innermost;
    type Layers<'a>
        = InPlace<'a, S::Layers<'a>, C>
    where
        Self: 'a,
        Request: 'a;

    #[inline(always)]
    fn admit_in_place(&mut self, request: &Request) -> bool {
        self.inner.admit_in_place(request)
    }

    #[inline(always)]
    fn begin_in_place<'a>(&'a mut self, request: &'a Request) -> (Self::Layers<'a>, &'a mut S::Innermost) {
        let Self { inner, classify, shared } = self;
        let epoch = shared.epoch();
        let (inner, innermost) = inner.begin_in_place(request);
        // The clock is right from here on, as it is in `call`.
        let token = Token::begin(&**shared, epoch);
        (InPlace { inner, token, classify }, innermost)
    }
}

/// What a [`FailureDetector`] keeps of a call in place.
///
/// # Cancellation
/// Dropping it before the call has ended settles it as abandoned.
pub struct InPlace<'a, L, C> {
    inner: L,
    token: Token<&'a Shared>,
    classify: &'a C,
}

impl<L, C> PollInPlace for InPlace<'_, L, C>
where
    L: PollInPlace,
    C: Classify<L::Response, L::Error>,
{
    type Answer = L::Answer;
    type Failure = L::Failure;
    type Response = L::Response;
    type Error = L::Error;

    #[inline(always)]
    fn poll_in_place<F>(
        &mut self,
        call: Pin<&mut Option<F>>,
        response: &mut L::Response,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), L::Error>>
    where
        F: Future<Output = Result<L::Answer, L::Failure>>,
    {
        match ready!(self.inner.poll_in_place(call, response, context)) {
            Ok(()) => {
                self.token.settle(End::of(self.classify, Ok(&*response)));
                Poll::Ready(Ok(()))
            }
            Err(error) => {
                self.token.settle(End::of(self.classify, Err(&error)));
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<L, C> fmt::Debug for InPlace<'_, L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlace").finish_non_exhaustive()
    }
}
