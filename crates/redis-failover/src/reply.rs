//! A reply with what it says about the database, classified once where it arrives.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use redis::Value;
use tower_failover::deadline::DeadlineError;
use tower_failover::failure_detector::WatchedKinds;
use tower_failover::{Classify, Kinds, Outcome};
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
    #[inline]
    fn of(result: Result<&Reply, &ConnectionError>) -> Self {
        match result {
            Ok(reply) => Self { class: reply.class, served: reply.served },
            Err(error) => Self { class: class_of(error), served: Kinds::NONE },
        }
    }

    #[inline]
    fn of_deadline(result: Result<&Reply, &DeadlineError<ConnectionError>>) -> Self {
        match result {
            Ok(reply) => Self::of(Ok(reply)),
            Err(DeadlineError::Inner(error)) => Self::of(Err(error)),
            Err(_) => Self { class: ReplyClass::TimedOut, served: Kinds::NONE },
        }
    }

    #[inline]
    fn outcome(self) -> Outcome {
        match self.class {
            ReplyClass::Answered => Outcome::Success,
            ReplyClass::ConnectionLost => Outcome::Lost,
            class if class.is_failure() => Outcome::Failure,
            _ => Outcome::Neutral,
        }
    }

    #[inline]
    fn kinds(self) -> Kinds {
        if self.class == ReplyClass::Answered { self.served } else { refused(self.class) }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};
    use std::io;
    use std::sync::Arc;

    use redis::RedisError;
    use tower_failover::failure_detector::Counts;
    use tower_failover::{Availability, Events, FailureDetectorLayer};
    use tower_layer::Layer;

    use super::*;

    /// A connection on which every call ends alike.
    struct Ends(Result<Value, io::ErrorKind>);

    impl<'a> Service<Command<'a>> for Ends {
        type Response = Reply;
        type Error = DeadlineError<ConnectionError>;
        type Future = Ready<Result<Reply, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, command: Command<'a>) -> Self::Future {
            ready(match &self.0 {
                Ok(value) => Ok(Reply::of(value.clone(), command.shape())),
                Err(kind) => Err(DeadlineError::Inner(RedisError::from(io::Error::from(*kind)).into())),
            })
        }
    }

    /// What a pipeline of three commands that ends like this counts for.
    async fn counts(end: Result<Value, io::ErrorKind>) -> (u64, u64) {
        let availability = Availability::new("london", Events::default());
        let layer = FailureDetectorLayer::new(availability).classify(RedisOutcome);
        let mut pipeline = redis::pipe();
        pipeline.cmd("PING").cmd("PING").cmd("PING");
        let call = layer.layer(Ends(end)).call(Command::pipeline(&pipeline, 0, 3));
        // What it ends with is not the question.
        let _ = call.await;
        let Counts { successes, failures, .. } = layer.counts();
        (successes, failures)
    }

    #[tokio::test]
    async fn b15_a_pipeline_counts_once_and_fails_if_its_transport_failed() {
        let pong = || Value::SimpleString("PONG".into());
        assert_eq!(counts(Ok(Value::Array(vec![pong(), pong(), pong()]))).await, (1, 0));
        assert_eq!(counts(Err(io::ErrorKind::BrokenPipe)).await, (0, 1));
        assert_eq!(counts(Err(io::ErrorKind::TimedOut)).await, (0, 1));
    }

    #[test]
    fn b59_a_database_refuses_writes_or_whatever_has_keys() {
        let neither = Kinds::NONE;
        for (name, kinds) in [
            ("SET", WRITES.with(KEYED)),
            ("GET", KEYED),
            ("FLUSHALL", WRITES),
            ("PING", neither),
            ("NOSUCHCOMMAND", neither),
        ] {
            assert_eq!(kinds_of(&Command::from(redis::cmd(name))), kinds, "{name}");
        }
        for (why, kinds, of_some) in [
            (Unserviceable::ReadOnly, WRITES, WRITES),
            (Unserviceable::NoReplicas, WRITES, WRITES),
            (Unserviceable::Misconf, WRITES, WRITES),
            // The others of the pipeline had keys, and were served.
            (Unserviceable::Loading, KEYED, neither),
            (Unserviceable::MasterDown, KEYED, neither),
            (Unserviceable::ClusterDown, KEYED, neither),
        ] {
            assert_eq!(refused(ReplyClass::Unserviceable(why)), kinds, "{why:?}");
            assert_eq!(refused(ReplyClass::Aborted(why)), kinds, "{why:?}");
            assert_eq!(refused(ReplyClass::PartlyUnserviceable(why)), of_some, "{why:?}");
        }
        assert_eq!(refused(ReplyClass::TimedOut), neither);
    }

    #[test]
    fn b14_an_end_counts_alike_with_and_without_a_deadline() {
        let io = |kind| ConnectionError::from(RedisError::from(io::Error::from(kind)));
        let refused = || Reply::of(redis::parse_redis_value(b"-READONLY no\r\n").unwrap(), Shape::Single);
        let served = || Reply::of(Value::Okay, Shape::Single).serving(WRITES);
        let unreachable = || {
            ConnectionError::NotConnected(Arc::new(io::Error::from(io::ErrorKind::ConnectionRefused).into()))
        };
        let ends = [
            (Ok(served()), Outcome::Success, WRITES, Kinds::NONE),
            (Ok(refused()), Outcome::Failure, WRITES, failures::UNSERVICEABLE),
            (Err(io(io::ErrorKind::BrokenPipe)), Outcome::Lost, Kinds::NONE, failures::CONNECTION_LOST),
            (Err(io(io::ErrorKind::TimedOut)), Outcome::Failure, Kinds::NONE, failures::TIMED_OUT),
            (Err(unreachable()), Outcome::Failure, Kinds::NONE, failures::UNREACHABLE),
            (Err(ConnectionError::DatabaseLeft), Outcome::Neutral, Kinds::NONE, Kinds::NONE),
        ];
        for (end, outcome, kinds, causes) in ends {
            let end = end.as_ref();
            let told = (RedisOutcome.classify(end), RedisOutcome.kinds(end), RedisOutcome.causes(end));
            assert_eq!(told, (outcome, kinds, causes), "{end:?}");
        }
        for (end, outcome, kinds, causes) in [
            (Ok(served()), Outcome::Success, WRITES, Kinds::NONE),
            (Ok(refused()), Outcome::Failure, WRITES, failures::UNSERVICEABLE),
            (Err(DeadlineError::Inner(unreachable())), Outcome::Failure, Kinds::NONE, failures::UNREACHABLE),
            (
                Err(DeadlineError::Elapsed { after: std::time::Duration::from_millis(1) }),
                Outcome::Failure,
                Kinds::NONE,
                failures::TIMED_OUT,
            ),
        ] {
            let end = end.as_ref();
            let told = (RedisOutcome.classify(end), RedisOutcome.kinds(end), RedisOutcome.causes(end));
            assert_eq!(told, (outcome, kinds, causes), "{end:?}");
        }
    }

    /// A connection that is closed for good.
    struct Closed;

    impl<'a> Service<Command<'a>> for Closed {
        type Response = Value;
        type Error = ConnectionError;
        type Future = Ready<Result<Value, ConnectionError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
            Poll::Ready(Err(ConnectionError::Closed))
        }

        fn call(&mut self, _: Command<'a>) -> Self::Future {
            unreachable!("it is closed")
        }
    }

    #[tokio::test]
    async fn b59_an_answer_tells_of_the_kinds_that_were_refused_before_and_of_no_others() {
        let availability = Availability::new("london", Events::default());
        let layer = FailureDetectorLayer::new(availability).classify(RedisOutcome);
        let watched = layer.watched_kinds();
        let served = |name| Reply::watched(&Command::from(redis::cmd(name)), &watched);
        assert_eq!(served("SET"), Kinds::NONE, "nothing was refused yet");

        let refusal = redis::parse_redis_value(b"-READONLY no\r\n").unwrap();
        let reply = layer.layer(Ends(Ok(refusal))).call(redis::cmd("SET").into()).await.unwrap();
        assert!(reply.class.is_failure());
        assert_eq!((served("SET"), served("GET")), (WRITES, Kinds::NONE));

        let answers = tower::service_fn(|_: Command<'static>| ready(Ok::<_, ConnectionError>(Value::Okay)));
        let reply = Classified::new(answers).watching(watched).call(redis::cmd("SET").into()).await.unwrap();
        let kinds = Classify::<_, ConnectionError>::kinds(&RedisOutcome, Ok(&reply));
        assert_eq!((kinds, Value::from(reply)), (WRITES, Value::Okay));
    }

    #[tokio::test]
    async fn a_connection_that_is_not_ready_is_not_so_for_being_classified() {
        let mut closed = Classified::new(Closed);
        let ready = std::future::poll_fn(|context| Service::<Command<'_>>::poll_ready(&mut closed, context));
        assert!(matches!(ready.await, Err(ConnectionError::Closed)));
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn b32_a_part_that_was_refused_says_nothing_of_the_others() {
        let refused = redis::parse_redis_value(b"-READONLY no\r\n").unwrap().extract_error().unwrap_err();
        let class = class_of(&ConnectionError::PartlyApplied(Arc::new(refused)));
        assert_eq!(class, ReplyClass::PartlyUnserviceable(Unserviceable::ReadOnly));
        assert!(!class.known_not_applied());
    }
}
