use std::{
    future::{Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use pin_project_lite::pin_project;
use tower_failover::deadline::DeadlineError;
use tower_failover::{Classify, Kinds};
use tower_service::Service;

use crate::command::Command;
use crate::connection::{ConnectionError, Dedicated};
use crate::reply::{RedisOutcome, Reply};

/// How a call to a database ended.
pub(super) type Outcome = Result<Reply, DeadlineError<ConnectionError>>;

/// Runs blocking commands on dedicated connections, past the deadline. Of those the failure detector is told the
/// outcome only: how long they took, and that a caller gave one up, says nothing about the database. All others go on
/// to the shared connection.
///
/// # Clone
/// Clones both services.
#[derive(Clone)]
pub(super) struct Apart<S, D> {
    /// Detector, deadline and shared connection.
    pub(super) shared: S,
    /// The same detector over [`Settled`].
    pub(super) counted: D,
    /// Where the kind of database has them.
    pub(super) dedicated: Option<Dedicated>,
}

impl<'a, S, D> Service<Command<'a>> for Apart<S, D>
where
    S: Service<Command<'a>, Response = Reply, Error = DeadlineError<ConnectionError>>,
    D: Service<Outcome, Response = Reply, Error = S::Error, Future: Send> + Clone + Send + 'static,
{
    type Response = Reply;
    type Error = S::Error;
    type Future = ApartFuture<'a, S::Future>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.shared.poll_ready(context)
    }

    #[inline(always)]
    fn call(&mut self, command: Command<'a>) -> Self::Future {
        match &self.dedicated {
            Some(dedicated) if command.blocking().is_some() => {
                let (dedicated, mut counted) = (dedicated.clone(), self.counted.clone());
                let call = async move {
                    let outcome = run(&dedicated, command).await;
                    counted.call(outcome).await
                };
                ApartFuture::Dedicated { call: Box::pin(call) }
            }
            _ => ApartFuture::Shared { call: self.shared.call(command) },
        }
    }
}

async fn run(dedicated: &Dedicated, command: Command<'_>) -> Outcome {
    let shape = command.shape();
    let value = dedicated.run(command).await.map_err(DeadlineError::Inner)?;
    Ok(Reply::of(value, shape))
}

/// As [`RedisOutcome`], where each call has a connection of its own: those that are lost are not lost together.
#[derive(Clone, Copy)]
pub(super) struct EachOnItsOwn;

impl Classify<Reply, DeadlineError<ConnectionError>> for EachOnItsOwn {
    fn classify(&self, result: Result<&Reply, &DeadlineError<ConnectionError>>) -> tower_failover::Outcome {
        match RedisOutcome.classify(result) {
            tower_failover::Outcome::Lost => tower_failover::Outcome::Failure,
            outcome => outcome,
        }
    }

    fn kinds(&self, result: Result<&Reply, &DeadlineError<ConnectionError>>) -> Kinds {
        RedisOutcome.kinds(result)
    }

    fn causes(&self, result: Result<&Reply, &DeadlineError<ConnectionError>>) -> Kinds {
        RedisOutcome.causes(result)
    }
}

/// A call that is over already.
#[derive(Clone, Copy)]
pub(super) struct Settled;

impl Service<Outcome> for Settled {
    type Response = Reply;
    type Error = DeadlineError<ConnectionError>;
    type Future = Ready<Outcome>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, outcome: Outcome) -> Self::Future {
        ready(outcome)
    }
}

pin_project! {
    /// The response of [`Apart`].
    #[project = Projected]
    pub(super) enum ApartFuture<'a, F> {
        Shared { #[pin] call: F },
        Dedicated { call: BoxFuture<'a, Outcome> },
    }
}

impl<F> Future for ApartFuture<'_, F>
where
    F: Future<Output = Outcome>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Shared { call } => call.poll(context),
            Projected::Dedicated { call } => call.as_mut().poll(context),
        }
    }
}
