//! A reply with what it says about the database, classified once where it arrives.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use redis::Value;
use tower_failover::deadline::DeadlineError;
use tower_failover::failure_detector::WatchedKinds;
use tower_failover::in_place::PollInPlace;
use tower_failover::{CallInPlace, Classify, Kinds, Outcome};
use tower_service::Service;

use crate::classify::{ReplyClass, Shape, Unserviceable, failures};
use crate::command::Command;
use crate::connection::ConnectionError;

/// What a database answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The reply as redis-rs gives it: server errors inside, a pipeline's as an array.
    pub value: Value,
    /// What it says about the database.
    pub class: ReplyClass,
    /// Of the kinds that are watched, those that this shows to be served.
    served: Kinds,
}

impl Reply {
    /// Classifies the reply to a command of this shape.
    #[must_use]
    #[inline]
    pub fn of(value: Value, shape: Shape) -> Self {
        let class = ReplyClass::of(Ok(&value), shape);
        Self { value, class, served: Kinds::NONE }
    }

    /// As a reply that shows these kinds to be served, if it is no failure.
    pub(crate) fn serving(self, served: Kinds) -> Self {
        Self { served, ..self }
    }

    /// Of the kinds that were refused before, those of this command: else a relaxed load is all.
    #[inline]
    pub(crate) fn watched(command: &Command<'_>, watched: &WatchedKinds) -> Kinds {
        match watched.now() {
            watched if watched.is_empty() => watched,
            watched => kinds_of(command).and(watched),
        }
    }
}

/// What a read-only or unsafe database refuses (B59).
const WRITES: Kinds = Kinds::number(0);
/// What a database without its data refuses.
const KEYED: Kinds = Kinds::number(1);

fn kinds_of(command: &Command<'_>) -> Kinds {
    let writes = if command.is_write() { WRITES } else { Kinds::NONE };
    if command.is_keyed() { writes.with(KEYED) } else { writes }
}

/// The kinds that a failure shows to be refused.
fn refused(class: ReplyClass) -> Kinds {
    let Some(why) = class.unserviceable() else { return Kinds::NONE };
    match why {
        Unserviceable::ReadOnly | Unserviceable::NoReplicas | Unserviceable::Misconf => WRITES,
        // The elements that were served had keys as well.
        _ if matches!(class, ReplyClass::PartlyUnserviceable(_)) => Kinds::NONE,
        Unserviceable::Loading | Unserviceable::MasterDown | Unserviceable::ClusterDown => KEYED,
    }
}

/// `nil`.
impl Default for Reply {
    fn default() -> Self {
        Self { value: Value::Nil, class: ReplyClass::Answered, served: Kinds::NONE }
    }
}

impl From<Reply> for Value {
    fn from(reply: Reply) -> Self {
        reply.value
    }
}

/// A connection whose replies are classified.
///
/// # Clone
/// Clones the connection.
#[derive(Debug, Clone)]
pub struct Classified<S> {
    connection: S,
    watched: Option<WatchedKinds>,
}

impl<S> Classified<S> {
    /// Classifies the replies of this connection. A layer by `ServiceBuilder::layer_fn(Classified::new)`.
    pub fn new(connection: S) -> Self {
        Self { connection, watched: None }
    }

    /// Tells a [`FailureDetector`](tower_failover::FailureDetector) which kinds of commands are served again after
    /// they were refused, so that it heeds what goes on being refused (B59).
    #[must_use]
    pub fn watching(self, watched: WatchedKinds) -> Self {
        Self { watched: Some(watched), ..self }
    }

    #[inline]
    fn kinds_of(&self, command: &Command<'_>) -> Kinds {
        self.watched.as_ref().map_or(Kinds::NONE, |watched| Reply::watched(command, watched))
    }
}

impl<'a, S> Service<Command<'a>> for Classified<S>
where
    S: Service<Command<'a>, Response = Value, Error = ConnectionError>,
{
    type Response = Reply;
    type Error = ConnectionError;
    type Future = ClassifiedFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connection.poll_ready(context)
    }

    #[inline]
    fn call(&mut self, command: Command<'a>) -> Self::Future {
        let (shape, served) = (command.shape(), self.kinds_of(&command));
        ClassifiedFuture { call: self.connection.call(command), shape, served }
    }
}

impl<'a, S> CallInPlace<Command<'a>> for Classified<S>
where
    S: CallInPlace<Command<'a>, Response = Value, Error = ConnectionError>,
{
    type Innermost = S::Innermost;
    type Layers<'l>
        = ClassifiedInPlace<S::Layers<'l>>
    where
        Self: 'l,
        Command<'a>: 'l;

    #[inline(always)]
    fn admit_in_place(&mut self, command: &Command<'a>) -> bool {
        self.connection.admit_in_place(command)
    }

    #[inline(always)]
    fn begin_in_place<'l>(
        &'l mut self,
        command: &'l Command<'a>,
    ) -> (Self::Layers<'l>, &'l mut S::Innermost) {
        let (shape, served) = (command.shape(), self.kinds_of(command));
        let (inner, innermost) = self.connection.begin_in_place(command);
        (ClassifiedInPlace { inner, shape, served }, innermost)
    }
}

/// What a [`Classified`] keeps of a call in place.
#[derive(Debug)]
pub struct ClassifiedInPlace<L> {
    inner: L,
    shape: Shape,
    served: Kinds,
}

impl<L> PollInPlace for ClassifiedInPlace<L>
where
    L: PollInPlace<Response = Value, Error = ConnectionError>,
{
    type Answer = L::Answer;
    type Failure = L::Failure;
    type Response = Reply;
    type Error = ConnectionError;

    #[inline(always)]
    fn poll_in_place<F>(
        &mut self,
        call: Pin<&mut Option<F>>,
        reply: &mut Reply,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ConnectionError>>
    where
        F: Future<Output = Result<L::Answer, L::Failure>>,
    {
        ready!(self.inner.poll_in_place(call, &mut reply.value, context))?;
        reply.class = ReplyClass::of(Ok(&reply.value), self.shape);
        reply.served = self.served;
        Poll::Ready(Ok(()))
    }
}

pin_project! {
    /// The response of [`Classified`].
    pub struct ClassifiedFuture<F> {
        #[pin]
        call: F,
        shape: Shape,
        served: Kinds,
    }
}

impl<F> Future for ClassifiedFuture<F>
where
    F: Future<Output = Result<Value, ConnectionError>>,
{
    type Output = Result<Reply, ConnectionError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let value = ready!(this.call.poll(context))?;
        let reply = Reply::of(value, *this.shape);
        Poll::Ready(Ok(reply.serving(*this.served)))
    }
}

/// What a failed call says about the database, and whether it can have been applied.
pub(crate) fn class_of(error: &ConnectionError) -> ReplyClass {
    match error {
        ConnectionError::NotConnected(_) => ReplyClass::Unreachable,
        ConnectionError::Redis(error) => ReplyClass::of(Err(error), Shape::Single),
        #[cfg(feature = "cluster")]
        ConnectionError::PartlyApplied(error) => match ReplyClass::of(Err(error), Shape::Single) {
            ReplyClass::Unserviceable(why) => ReplyClass::PartlyUnserviceable(why),
            class => class,
        },
        _ => ReplyClass::Ours,
    }
}

/// What counts for the failure detector (B14).
#[derive(Debug, Clone, Copy, Default)]
pub struct RedisOutcome;

/// Behind a deadline.
impl Classify<Reply, DeadlineError<ConnectionError>> for RedisOutcome {
    #[inline]
    fn classify(&self, result: Result<&Reply, &DeadlineError<ConnectionError>>) -> Outcome {
        End::of_deadline(result).outcome()
    }

    #[inline]
    fn kinds(&self, result: Result<&Reply, &DeadlineError<ConnectionError>>) -> Kinds {
        End::of_deadline(result).kinds()
    }

    fn causes(&self, result: Result<&Reply, &DeadlineError<ConnectionError>>) -> Kinds {
        failures::of(End::of_deadline(result).class)
    }
}

/// Without one.
impl Classify<Reply, ConnectionError> for RedisOutcome {
    fn classify(&self, result: Result<&Reply, &ConnectionError>) -> Outcome {
        End::of(result).outcome()
    }

    fn kinds(&self, result: Result<&Reply, &ConnectionError>) -> Kinds {
        End::of(result).kinds()
    }

    fn causes(&self, result: Result<&Reply, &ConnectionError>) -> Kinds {
        failures::of(End::of(result).class)
    }
}

/// How a call ended, as far as it counts.
#[derive(Clone, Copy)]
struct End {
    class: ReplyClass,
    /// Of the kinds that are watched, those that a success shows to be served.
    served: Kinds,
}

impl End {
    #[inline(always)]
    fn of(result: Result<&Reply, &ConnectionError>) -> Self {
        match result {
            Ok(reply) => Self { class: reply.class, served: reply.served },
            Err(error) => Self { class: class_of(error), served: Kinds::NONE },
        }
    }

    #[inline(always)]
    fn of_deadline(result: Result<&Reply, &DeadlineError<ConnectionError>>) -> Self {
        match result {
            Ok(reply) => Self::of(Ok(reply)),
            Err(DeadlineError::Inner(error)) => Self::of(Err(error)),
            Err(_) => Self { class: ReplyClass::TimedOut, served: Kinds::NONE },
        }
    }

    #[inline(always)]
    fn outcome(self) -> Outcome {
        match self.class {
            ReplyClass::Answered => Outcome::Success,
            ReplyClass::ConnectionLost => Outcome::Lost,
            class if class.is_failure() => Outcome::Failure,
            _ => Outcome::Neutral,
        }
    }

    #[inline(always)]
    fn kinds(self) -> Kinds {
        if self.class == ReplyClass::Answered { self.served } else { refused(self.class) }
    }
}

#[cfg(test)]
mod tests;
