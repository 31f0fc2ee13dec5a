//! The handle of a scripted service: what it is to do, and what it was asked.

use std::{
    collections::VecDeque,
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    task::{Context, Poll, Waker},
};

use super::{
    future::{Counts, ResponseFuture},
    step::Step,
};

type Decide<Request, Response, Error> = dyn Fn(&Request) -> Step<Response, Error> + Send + Sync;

/// Tells a [`ScriptedService`](super::ScriptedService) what to do and shows what was asked of it.
///
/// # Clone
///
/// Clones are handles of the same service.
pub struct Script<Request, Response, Error>(Arc<Shared<Request, Response, Error>>);

struct Shared<Request, Response, Error> {
    decide: Arc<Decide<Request, Response, Error>>,
    state: Mutex<State<Request, Response, Error>>,
    counts: Arc<Counts>,
}

struct State<Request, Response, Error> {
    steps: VecDeque<Step<Response, Error>>,
    calls: Vec<Request>,
    readiness: Readiness<Error>,
    waiting: Vec<Waker>,
}

#[derive(Clone)]
enum Readiness<Error> {
    Ready,
    Pending,
    Failed(Error),
}

impl<Request, Response, Error> Script<Request, Response, Error> {
    pub(super) fn new(decide: Arc<Decide<Request, Response, Error>>) -> Self {
        let state = State {
            steps: VecDeque::new(),
            calls: Vec::new(),
            readiness: Readiness::Ready,
            waiting: Vec::new(),
        };
        Self(Arc::new(Shared { decide, state: Mutex::new(state), counts: Arc::default() }))
    }

    /// The next call without a step gets this one; the closure is asked when there is none left.
    pub fn next(&self, step: Step<Response, Error>) {
        self.state().steps.push_back(step);
    }

    /// The service is ready, as it is at first; those who wait for it are woken.
    pub fn ready(&self) {
        self.set(Readiness::Ready);
    }

    /// The service is not ready.
    pub fn pending(&self) {
        self.set(Readiness::Pending);
    }

    /// The service fails when it is asked whether it is ready.
    pub fn fail_readiness(&self, error: Error) {
        self.set(Readiness::Failed(error));
    }

    /// The requests so far, in the order of their calls.
    #[must_use]
    pub fn calls(&self) -> Vec<Request>
    where
        Request: Clone,
    {
        self.state().calls.clone()
    }

    /// Calls that have neither been answered nor dropped.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.counts.in_flight.load(Ordering::SeqCst)
    }

    /// Calls that were answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.0.counts.answered.load(Ordering::SeqCst)
    }

    /// Calls whose futures were dropped before the answer.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.0.counts.dropped.load(Ordering::SeqCst)
    }

    fn set(&self, readiness: Readiness<Error>) {
        let waiting = {
            let mut state = self.state();
            state.readiness = readiness;
            mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(super) fn poll_ready(&self, context: &Context<'_>) -> Poll<Result<(), Error>>
    where
        Error: Clone,
    {
        let mut state = self.state();
        match state.readiness.clone() {
            Readiness::Ready => Poll::Ready(Ok(())),
            Readiness::Failed(error) => Poll::Ready(Err(error)),
            Readiness::Pending => {
                state.waiting.push(context.waker().clone());
                Poll::Pending
            }
        }
    }

    pub(super) fn answer(&self, request: Request) -> ResponseFuture<Response, Error>
    where
        Request: Clone,
    {
        let told = {
            let mut state = self.state();
            state.calls.push(request.clone());
            state.steps.pop_front()
        };
        let step = told.unwrap_or_else(|| (self.0.decide)(&request));
        ResponseFuture::new(step, &self.0.counts)
    }

    fn state(&self) -> MutexGuard<'_, State<Request, Response, Error>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Request, Response, Error> Clone for Script<Request, Response, Error> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Request, Response, Error> fmt::Debug for Script<Request, Response, Error> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Script").field("counts", &self.0.counts).finish_non_exhaustive()
    }
}
