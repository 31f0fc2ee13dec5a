//! A call and its attempts.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::Shared;
use super::error::RetryError;
use super::policy::{Assessment, RetryPolicy};
use super::wait::{Over, Wait};
use crate::availability::Tally;
use crate::local::Held;
use crate::route::Route;
use crate::timer::Timer;

pin_project! {
    /// The response future of [`Retry`](super::Retry).
    ///
    /// # Cancellation
    /// Dropping it drops the attempt that runs. Nothing is repeated after that.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<P, S, R, Req>
    where
        S: Service<Req>,
        R: Route,
    {
        #[pin]
        stage: Stage<S, S::Future, R::Changed, Result<S::Response, S::Error>>,
        call: Call<P, S, R, Req>,
        deadline: Option<Pin<Box<Timer>>>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<S, F, C, T> {
        Attempt {
            #[pin]
            attempt: F,
        },
        Waiting {
            wait: Pin<Box<Wait<C, T>>>,
        },
        Preparing {
            service: S,
        },
    }
}

/// What is known of a call, whatever its stage.
struct Call<P, S, R, Req> {
    shared: Held<Shared<P, S, R>>,
    last: Attempted<Req>,
    repeats: u32,
    may_have_been_applied: bool,
}

/// What an attempt was made with.
pub(super) struct Attempted<Req> {
    /// To repeat it with.
    request: Option<Req>,
    /// The route's version, read before the attempt was made.
    version: u64,
}

impl<Req> Attempted<Req> {
    /// An attempt that was made, or is about to be, at this version.
    #[inline]
    pub(super) fn new<P, S, R>(shared: &Shared<P, S, R>, request: &Req, version: u64) -> Self
    where
        P: RetryPolicy<Req, S::Response, S::Error>,
        S: Service<Req>,
    {
        Self { request: shared.policy.clone_request(request), version }
    }

    /// Whether it waits for a member that was left because it hangs, and may be made again (B35).
    #[inline]
    pub(super) fn hangs<P, S, R>(&self, shared: &Shared<P, S, R>) -> bool
    where
        P: RetryPolicy<Req, S::Response, S::Error>,
        S: Service<Req>,
        R: Route,
    {
        shared.route.version() != self.version && self.may_be_left(shared)
    }

    #[cold]
    fn may_be_left<P, S, R>(&self, shared: &Shared<P, S, R>) -> bool
    where
        P: RetryPolicy<Req, S::Response, S::Error>,
        S: Service<Req>,
        R: Route,
    {
        shared.route.hung(self.version) && self.is_repeatable(shared)
    }

    fn is_repeatable<P, S, R>(&self, shared: &Shared<P, S, R>) -> bool
    where
        P: RetryPolicy<Req, S::Response, S::Error>,
        S: Service<Req>,
    {
        self.request.as_ref().is_some_and(|request| shared.policy.repeatable(request))
    }
}

impl<P, S, R, Req> ResponseFuture<P, S, R, Req>
where
    P: RetryPolicy<Req, S::Response, S::Error>,
    S: Service<Req> + Clone,
    R: Route,
{
    #[inline]
    pub(super) fn start(inner: &mut S, shared: Held<Shared<P, S, R>>, request: Req) -> Self {
        let deadline = shared.policy.deadline(&request).map(Timer::start);
        let last = Attempted::new(&shared, &request, shared.route.version());
        let call = Call { last, repeats: 0, may_have_been_applied: false, shared };
        Self { stage: Stage::Attempt { attempt: inner.call(request) }, call, deadline }
    }

    /// Goes on after a first attempt that was made elsewhere, and was not the last word. It hangs if it has no result.
    ///
    /// # Errors
    /// With what the call ends with, if nothing follows.
    #[cold]
    pub(super) fn go_on(
        shared: Held<Shared<P, S, R>>,
        last: Attempted<Req>,
        end: Option<(Assessment, ResultOf<S, Req>)>,
    ) -> Result<Self, Result<S::Response, RetryError<S::Error>>> {
        let mut call = Call { last, repeats: 0, may_have_been_applied: false, shared };
        let stage = match end {
            Some((assessment, result)) => call.wait_or_give_up(assessment, result),
            None => Ok(call.leave()),
        };
        match stage {
            Ok(stage) => Ok(Self { stage, call, deadline: None }),
            Err(result) => Err(call.give_up(result)),
        }
    }

    #[inline]
    fn poll_stages(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<S::Response, RetryError<S::Error>>> {
        let this = self.project();
        let (mut stage, call) = (this.stage, this.call);
        loop {
            let next = match stage.as_mut().project() {
                StageProjection::Attempt { attempt } => match attempt.poll(context) {
                    Poll::Ready(result) => match call.shared.policy.assess(result.as_ref()) {
                        Assessment::Final => {
                            return Poll::Ready(result.map_err(|error| call.failed(error)));
                        }
                        assessment => call.wait_or_give_up(assessment, result),
                    },
                    Poll::Pending if call.last.hangs(&call.shared) => Ok(call.leave()),
                    Poll::Pending => return Poll::Pending,
                },
                StageProjection::Waiting { wait } => {
                    let over = ready!(call.poll_wait(wait.as_mut(), context));
                    call.repeat_or_give_up(over, wait.as_mut())
                }
                StageProjection::Preparing { service } => match ready!(service.poll_ready(context)) {
                    Ok(()) => Ok(call.attempt(service)),
                    // What was never sent was not applied.
                    Err(error) => match call.shared.policy.assess(Err(&error)) {
                        Assessment::Final => Err(Err(error)),
                        _ => call.wait_or_give_up(Assessment::NotApplied, Err(error)),
                    },
                },
            };
            match next {
                Ok(next) => stage.set(next),
                Err(result) => return Poll::Ready(call.give_up(result)),
            }
        }
    }
}

/// The next stage, or the result the call ends with.
type Next<S, Req, R> = Result<StageOf<S, Req, R>, ResultOf<S, Req>>;
pub(super) type ResultOf<S, Req> = Result<<S as Service<Req>>::Response, <S as Service<Req>>::Error>;
type StageOf<S, Req, R> = Stage<S, <S as Service<Req>>::Future, <R as Route>::Changed, ResultOf<S, Req>>;
type WaitOf<S, Req, R> = Wait<<R as Route>::Changed, ResultOf<S, Req>>;

impl<P, S, R, Req> Call<P, S, R, Req>
where
    P: RetryPolicy<Req, S::Response, S::Error>,
    S: Service<Req> + Clone,
    R: Route,
{
    /// After a failure that a repeat might have mended. An answer that says that its attempt was not applied says nothing
    /// of those before it.
    fn give_up(&self, result: ResultOf<S, Req>) -> Result<S::Response, RetryError<S::Error>> {
        match result {
            Ok(_) if self.is_in_doubt() => Err(RetryError::InDoubt),
            result => result.map_err(|error| self.failed(error)),
        }
    }

    fn failed(&self, error: S::Error) -> RetryError<S::Error> {
        RetryError::Failed { error, may_have_been_applied: self.is_in_doubt() }
    }

    fn is_in_doubt(&self) -> bool {
        self.may_have_been_applied && self.changes()
    }

    /// What was not kept may change anything.
    fn changes(&self) -> bool {
        self.last.request.as_ref().is_none_or(|request| self.shared.policy.changes(request))
    }

    /// After a failed attempt (B31–B33).
    #[cold]
    fn wait_or_give_up(&mut self, assessment: Assessment, result: ResultOf<S, Req>) -> Next<S, Req, R> {
        let is_ambiguous = assessment == Assessment::Ambiguous;
        if is_ambiguous {
            self.may_have_been_applied = true;
            if self.changes() {
                self.shared.counters.was_ambiguous();
                self.charge(Tally::was_ambiguous);
            }
        }
        let may_be_repeated =
            if is_ambiguous { self.last.is_repeatable(&self.shared) } else { self.last.request.is_some() };
        if may_be_repeated && self.repeats < self.shared.settings.retries {
            Ok(Stage::Waiting { wait: Wait::start(&self.shared.route, result) })
        } else {
            Err(result)
        }
    }

    fn poll_wait(&self, wait: Pin<&mut WaitOf<S, Req, R>>, context: &mut Context<'_>) -> Poll<Over> {
        let Shared { route, settings, chance, .. } = &*self.shared;
        wait.poll_over(route, self.last.version, || settings.backoff.delay(self.repeats, chance), context)
    }

    /// After a wait: a repeat on the same member needs the budget's leave, one on another is free (B34).
    fn repeat_or_give_up(&mut self, over: Over, wait: Pin<&mut WaitOf<S, Req, R>>) -> Next<S, Req, R> {
        let is_refused = over == Over::SameMember && self.is_refused();
        if let Some(failed) = is_refused.then(|| wait.take_failed()).flatten() {
            return Err(failed);
        }
        self.repeats += 1;
        self.shared.counters.retried();
        self.charge(Tally::retried);
        Ok(self.prepare())
    }

    fn is_refused(&self) -> bool {
        let is_refused = !self.shared.budget.withdraw();
        if is_refused {
            self.shared.counters.was_refused();
            self.shared.refusals.happened();
        }
        is_refused
    }

    fn leave(&mut self) -> StageOf<S, Req, R> {
        self.may_have_been_applied = true;
        self.shared.counters.was_ended();
        self.charge(Tally::was_ended);
        self.prepare()
    }

    /// To the member that the last attempt ran on.
    fn charge(&self, what: impl Fn(&Tally)) {
        match self.shared.route.served_by(self.last.version) {
            Some(member) => what(member.tally()),
            None => what(self.shared.counters.uncharged_tally()),
        }
    }

    fn prepare(&self) -> StageOf<S, Req, R> {
        Stage::Preparing { service: self.shared.pristine.clone() }
    }

    #[expect(clippy::expect_used, reason = "a call is repeated only if its request was kept")]
    fn attempt(&mut self, service: &mut S) -> StageOf<S, Req, R> {
        let request = self.last.request.take().expect("the request of a repeat");
        self.last = Attempted::new(&self.shared, &request, self.shared.route.version());
        Stage::Attempt { attempt: service.call(request) }
    }
}

impl<P, S, R, Req> Future for ResponseFuture<P, S, R, Req>
where
    P: RetryPolicy<Req, S::Response, S::Error>,
    S: Service<Req> + Clone,
    R: Route,
{
    type Output = Result<S::Response, RetryError<S::Error>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(result) = self.as_mut().poll_stages(context) {
            return Poll::Ready(result);
        }
        let this = self.project();
        let Some(deadline) = this.deadline else { return Poll::Pending };
        let limit = ready!(deadline.as_mut().poll_elapsed(context));
        let is_in_doubt = this.call.may_have_been_applied
            || matches!(this.stage.project(), StageProjection::Attempt { .. });
        let may_have_been_applied = is_in_doubt && this.call.changes();
        Poll::Ready(Err(RetryError::DeadlineElapsed { limit, may_have_been_applied }))
    }
}

impl<P, S, R, Req> fmt::Debug for ResponseFuture<P, S, R, Req>
where
    S: Service<Req>,
    R: Route,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("repeats", &self.call.repeats).finish_non_exhaustive()
    }
}
