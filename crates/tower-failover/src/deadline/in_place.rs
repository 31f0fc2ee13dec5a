//! Calls with a deadline, in place.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::error::DeadlineError;
use super::future::Keeper;
use super::member::Member;
use super::timeout::TimeoutOf;
use super::{Deadline, Limits};
use crate::in_place::{CallInPlace, PollInPlace};

impl<S, H, Req> CallInPlace<Req> for Deadline<S, H>
where
    S: CallInPlace<Req>,
    H: TimeoutOf<Req>,
{
    type Innermost = S::Innermost;
    type Layers<'a>
        = InPlace<'a, S::Layers<'a>, H, Req>
    where
        Self: 'a,
        Req: 'a;

    #[inline(always)]
    fn admit_in_place(&mut self, request: &Req) -> bool {
        self.inner.admit_in_place(request)
    }

    #[inline(always)]
    fn begin_in_place<'a>(&'a mut self, request: &'a Req) -> (Self::Layers<'a>, &'a mut S::Innermost) {
        let Self { inner, limits } = self;
        limits.call_begins();
        let (inner, innermost) = inner.begin_in_place(request);
        (InPlace { inner, limits, request, keeper: None }, innermost)
    }
}

/// What a [`Deadline`] keeps of a call in place.
pub struct InPlace<'a, L, H, Req> {
    inner: L,
    limits: &'a Limits<H>,
    request: &'a Req,
    /// From the first look at the call on.
    keeper: Option<Keeper<&'a Member>>,
}

impl<L, H, Req> PollInPlace for InPlace<'_, L, H, Req>
where
    L: PollInPlace,
    H: TimeoutOf<Req>,
{
    type Answer = L::Answer;
    type Failure = L::Failure;
    type Response = L::Response;
    type Error = DeadlineError<L::Error>;

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
        let Self { inner, limits, request, keeper } = self;
        let poll_call = |context: &mut Context<'_>| inner.poll_in_place(call, response, context);
        let keeper = keeper.get_or_insert_with(|| limits.keeper(Deref::deref));
        keeper.poll(poll_call, || limits.patience(request), context)
    }
}

impl<L, H, Req> fmt::Debug for InPlace<'_, L, H, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlace").finish_non_exhaustive()
    }
}
