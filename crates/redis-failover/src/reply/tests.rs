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
    let unreachable =
        || ConnectionError::NotConnected(Arc::new(io::Error::from(io::ErrorKind::ConnectionRefused).into()));
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
