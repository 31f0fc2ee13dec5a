//! Calls with a deadline, in place.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Deadline;
use super::error::DeadlineError;
use super::future::Watch;
use super::member::Member;
use super::timeout::TimeoutOf;
use crate::in_place::{CallInPlace, PollInPlace};

impl<S, H, Req> CallInPlace<Req> for Deadline<S, H>
where
    S: CallInPlace<Req>,
    H: TimeoutOf<Req>,
{
    type Innermost = S::Innermost;
    type Layers<'a>
        = InPlace<'a, S::Layers<'a>>
    where
        Self: 'a,
        Req: 'a;

    #[inline(always)]
    fn admit_in_place(&mut self, request: &Req) -> bool {
        self.inner.admit_in_place(request)
    }

    #[inline(always)]
    fn begin_in_place<'a>(&'a mut self, request: &'a Req) -> (Self::Layers<'a>, &'a mut S::Innermost) {
        let watch = self.limits.watch(request, Deref::deref);
        let (inner, innermost) = self.inner.begin_in_place(request);
        (InPlace { inner, watch }, innermost)
    }
}

/// What a [`Deadline`] keeps of a call in place.
pub struct InPlace<'a, L> {
    inner: L,
    watch: Watch<&'a Member>,
}

impl<L: PollInPlace> PollInPlace for InPlace<'_, L> {
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
        let Self { inner, watch } = self;
        watch.poll(|context| inner.poll_in_place(call, response, context), context)
    }
}

impl<L> fmt::Debug for InPlace<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlace").finish_non_exhaustive()
    }
}
