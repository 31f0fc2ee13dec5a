//! Calls of a closed circuit, in place.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{CircuitBreaker, CircuitError};
use crate::in_place::{CallInPlace, PollInPlace};

impl<S, Request> CallInPlace<Request> for CircuitBreaker<S>
where
    S: CallInPlace<Request>,
{
    type Innermost = S::Innermost;
    type Layers<'a>
        = InPlace<S::Layers<'a>>
    where
        Self: 'a,
        Request: 'a;

    #[inline(always)]
    fn admit_in_place(&mut self, request: &Request) -> bool {
        self.is_closed() && self.inner.admit_in_place(request)
    }

    #[inline(always)]
    fn begin_in_place<'a>(&'a mut self, request: &'a Request) -> (Self::Layers<'a>, &'a mut S::Innermost) {
        let (inner, innermost) = self.inner.begin_in_place(request);
        (InPlace { inner }, innermost)
    }
}

/// What a [`CircuitBreaker`] keeps of a call in place: nothing.
#[derive(Debug)]
pub struct InPlace<L> {
    inner: L,
}

impl<L: PollInPlace> PollInPlace for InPlace<L> {
    type Answer = L::Answer;
    type Failure = L::Failure;
    type Response = L::Response;
    type Error = CircuitError<L::Error>;

    #[inline(always)]
    fn poll_in_place<F>(
        &mut self,
        call: Pin<&mut Option<F>>,
        response: &mut L::Response,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Self::Error>>
    where
        F: Future<Output = Result<L::Answer, L::Failure>>,
    {
        Poll::Ready(ready!(self.inner.poll_in_place(call, response, context)).map_err(CircuitError::Inner))
    }
}
