use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use pin_project_lite::pin_project;
use tower_failover::CallInPlace;
use tower_failover::deadline::DeadlineError;
use tower_service::Service;

use super::Beside;
use crate::command::Command;
use crate::connection::{ConnectionError, Dedicated};
use crate::reply::Reply;

/// How a call to a database ended.
type End = Result<Reply, DeadlineError<ConnectionError>>;

/// Runs blocking commands on dedicated connections, past the deadline, and tells the failure detector how they ended.
/// All others go on to the shared connection.
///
/// # Clone
/// Clones the service.
#[derive(Clone)]
pub(crate) struct Apart<S> {
    /// Detector, deadline and shared connection.
    pub(super) shared: S,
    /// The same detector.
    pub(super) beside: Beside,
    /// Where the kind of database has them.
    pub(super) dedicated: Option<Dedicated>,
}

impl<'a, S> Service<Command<'a>> for Apart<S>
where
    S: Service<Command<'a>, Response = Reply, Error = DeadlineError<ConnectionError>>,
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
                let (dedicated, running) = (dedicated.clone(), self.beside.begin(&command));
                let call =
                    async move { running.end(dedicated.run(command).await).map_err(DeadlineError::Inner) };
                ApartFuture::Dedicated { call: Box::pin(call) }
            }
            _ => ApartFuture::Shared { call: self.shared.call(command) },
        }
    }
}

impl<'a, S> CallInPlace<Command<'a>> for Apart<S>
where
    S: CallInPlace<Command<'a>, Response = Reply, Error = DeadlineError<ConnectionError>>,
{
    type Innermost = S::Innermost;
    type Layers<'l>
        = S::Layers<'l>
    where
        Self: 'l,
        Command<'a>: 'l;

    #[inline(always)]
    fn admit_in_place(&mut self, command: &Command<'a>) -> bool {
        (command.blocking().is_none() || self.dedicated.is_none()) && self.shared.admit_in_place(command)
    }

    #[inline(always)]
    fn begin_in_place<'l>(
        &'l mut self,
        command: &'l Command<'a>,
    ) -> (Self::Layers<'l>, &'l mut S::Innermost) {
        self.shared.begin_in_place(command)
    }
}

pin_project! {
    /// The response of [`Apart`].
    #[project = Projected]
    pub(crate) enum ApartFuture<'a, F> {
        Shared { #[pin] call: F },
        Dedicated { call: BoxFuture<'a, End> },
    }
}

impl<F> Future for ApartFuture<'_, F>
where
    F: Future<Output = End>,
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
