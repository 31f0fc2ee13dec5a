//! The answer of a scripted service on its way.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::time::{Sleep, sleep};

use super::step::Step;

/// The response future of a [`ScriptedService`](super::ScriptedService).
///
/// # Cancellation
///
/// Dropped before its answer, it is counted by [`Script::dropped`](super::Script::dropped).
pub struct ResponseFuture<Response, Error> {
    latency: Option<Pin<Box<Sleep>>>,
    answer: Option<Result<Response, Error>>,
    call: Call,
}

impl<Response, Error> ResponseFuture<Response, Error> {
    pub(super) fn new(step: Step<Response, Error>, counts: &Arc<Counts>) -> Self {
        let latency = (!step.latency.is_zero()).then(|| Box::pin(sleep(step.latency)));
        Self { latency, answer: step.answer, call: Call::begin(counts) }
    }
}

// Nothing in it is pinned in place: the timer is boxed.
impl<Response, Error> Unpin for ResponseFuture<Response, Error> {}

impl<Response, Error> Future for ResponseFuture<Response, Error> {
    type Output = Result<Response, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(latency) = &mut self.latency {
            ready!(latency.as_mut().poll(context));
            self.latency = None;
        }
        match self.answer.take() {
            Some(answer) => {
                self.call.answered = true;
                Poll::Ready(answer)
            }
            None => Poll::Pending,
        }
    }
}

impl<Response, Error> fmt::Debug for ResponseFuture<Response, Error> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ResponseFuture").field("call", &self.call).finish_non_exhaustive()
    }
}

/// What became of the calls.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) in_flight: AtomicUsize,
    pub(super) answered: AtomicUsize,
    pub(super) dropped: AtomicUsize,
}

/// One call, settled exactly once: by its drop, answered or not.
#[derive(Debug)]
struct Call {
    counts: Arc<Counts>,
    answered: bool,
}

impl Call {
    fn begin(counts: &Arc<Counts>) -> Self {
        counts.in_flight.fetch_add(1, Ordering::SeqCst);
        Self { counts: Arc::clone(counts), answered: false }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let settled = if self.answered { &self.counts.answered } else { &self.counts.dropped };
        settled.fetch_add(1, Ordering::SeqCst);
        self.counts.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
