//! Which commands are repeated, and after which failures (B32, B33).

use std::time::Duration;

use tower_failover::deadline::DeadlineError;
use tower_failover::retry::{Assessment, RetryPolicy};
use tower_failover::{CircuitError, FailoverError};

use crate::classify::ReplyClass;
use crate::command::{Command, Repeat, RetrySafety};
use crate::connection::ConnectionError;
use crate::reply::{Reply, class_of};

/// The client's retry policy.
///
/// An attempt that never reached a live connection, or that a database refused as a whole, is repeated for every
/// command. One whose fate is not known is repeated only for commands that may be applied twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CommandPolicy {
    safety: RetrySafety,
}

impl CommandPolicy {
    /// Repeats what `safety` allows, where the command's own options do not say otherwise.
    #[must_use]
    pub fn new(safety: RetrySafety) -> Self {
        Self { safety }
    }
}

type AttemptError = FailoverError<CircuitError<DeadlineError<ConnectionError>>>;

impl<'a> RetryPolicy<Command<'a>, Reply, AttemptError> for CommandPolicy {
    #[inline]
    fn assess(&self, result: Result<&Reply, &AttemptError>) -> Assessment {
        match result {
            Ok(reply) if reply.class == ReplyClass::Answered => Assessment::Final,
            Ok(reply) => assess_class(reply.class),
            Err(error) => assess_error(error),
        }
    }

    fn repeatable(&self, command: &Command<'a>) -> bool {
        command.may_repeat(self.safety)
    }

    fn changes(&self, command: &Command<'a>) -> bool {
        command.repeat() != Repeat::ReadOnly
    }

    #[inline]
    fn clone_request(&self, command: &Command<'a>) -> Option<Command<'a>> {
        Some(command.clone())
    }

    #[inline]
    fn deadline(&self, command: &Command<'a>) -> Option<Duration> {
        command.options().time_limit()
    }
}

fn assess_class(class: ReplyClass) -> Assessment {
    match class {
        class if class.known_not_applied() => Assessment::NotApplied,
        ReplyClass::Unreachable | ReplyClass::TimedOut | ReplyClass::ConnectionLost => Assessment::Ambiguous,
        _ => Assessment::Final,
    }
}

#[cold]
fn assess_error(error: &AttemptError) -> Assessment {
    let FailoverError::Inner(error) = error else { return Assessment::Final };
    match error {
        CircuitError::Inner(DeadlineError::Inner(
            ConnectionError::NotConnected(_) | ConnectionError::NoDedicated(_),
        )) => Assessment::NotApplied,
        CircuitError::Inner(DeadlineError::Inner(ConnectionError::DatabaseLeft)) => Assessment::Ambiguous,
        #[cfg(feature = "cluster")]
        CircuitError::Inner(DeadlineError::Inner(ConnectionError::PartlyApplied(_))) => Assessment::Ambiguous,
        CircuitError::Inner(DeadlineError::Inner(error)) => assess_class(class_of(error)),
        CircuitError::Inner(_) => Assessment::Ambiguous,
        _ => Assessment::NotApplied,
    }
}

#[cfg(test)]
mod tests {
    use std::future::Ready;
    use std::io;
    use std::sync::Arc;
    use std::task::{Context, Poll};

    use redis::RedisError;
    use tower_failover::availability::Evidence;
    use tower_failover::{
        Availability, Circuit, CircuitBreakerLayer, CircuitSettings, Events, Finding, Signal,
    };
    use tower_layer::Layer;
    use tower_service::Service;

    use super::*;
    use crate::command::CallOptions;

    fn assess(error: &AttemptError) -> Assessment {
        RetryPolicy::<Command<'_>, Reply, AttemptError>::assess(&CommandPolicy::default(), Err(error))
    }

    fn of_the_connection(error: ConnectionError) -> AttemptError {
        FailoverError::Inner(CircuitError::Inner(DeadlineError::Inner(error)))
    }

    /// A service behind an open circuit.
    struct NotCalled;

    impl Service<()> for NotCalled {
        type Response = ();
        type Error = DeadlineError<ConnectionError>;
        type Future = Ready<Result<(), Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            unreachable!("its circuit is open")
        }
    }

    fn broken(kind: io::ErrorKind) -> RedisError {
        io::Error::from(kind).into()
    }

    #[test]
    fn b32_what_found_no_live_connection_was_not_applied() {
        for kind in [io::ErrorKind::ConnectionRefused, io::ErrorKind::TimedOut, io::ErrorKind::NotConnected] {
            let error = of_the_connection(ConnectionError::NotConnected(Arc::new(broken(kind))));
            assert_eq!(assess(&error), Assessment::NotApplied, "{error:?}");
        }
    }

    #[test]
    fn b32_a_reply_that_refused_the_command_is_no_final_answer() {
        let assess = |error: &[u8]| {
            let value = redis::parse_redis_value(error).unwrap();
            let reply = Reply::of(value, crate::classify::Shape::Single);
            RetryPolicy::<Command<'_>, Reply, AttemptError>::assess(&CommandPolicy::default(), Ok(&reply))
        };
        assert_eq!(assess(b"-READONLY it is a replica\r\n"), Assessment::NotApplied);
        assert_eq!(assess(b"-LOADING it reads its data\r\n"), Assessment::NotApplied);
        assert_eq!(assess(b"-WRONGTYPE it is a list\r\n"), Assessment::Final);
        assert_eq!(assess(b"+OK\r\n"), Assessment::Final);
    }

    #[tokio::test]
    async fn b32_what_the_breaker_refused_was_not_applied() {
        let availability = Availability::new("london", Events::default());
        let circuit = Circuit::new(availability.clone(), CircuitSettings::default()).unwrap();
        availability.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
        let refused = CircuitBreakerLayer::new(circuit).layer(NotCalled).call(()).await.unwrap_err();
        assert!(refused.is_open(), "{refused:?}");
        assert_eq!(assess(&FailoverError::Inner(refused)), Assessment::NotApplied);
    }

    #[test]
    fn b33_what_was_handed_to_a_live_connection_may_have_been_applied() {
        for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof]
        {
            let error = of_the_connection(ConnectionError::Redis(broken(kind)));
            assert_eq!(assess(&error), Assessment::Ambiguous, "{error:?}");
        }
        let elapsed = DeadlineError::Elapsed { after: Duration::from_millis(500) };
        assert_eq!(assess(&FailoverError::Inner(CircuitError::Inner(elapsed))), Assessment::Ambiguous);
    }

    #[test]
    fn b33_what_was_left_behind_or_applied_in_part_may_have_been_applied() {
        assert_eq!(assess(&of_the_connection(ConnectionError::DatabaseLeft)), Assessment::Ambiguous);
        #[cfg(feature = "cluster")]
        {
            let refused = redis::parse_redis_value(b"-READONLY it is a replica\r\n").unwrap();
            let partly = Arc::new(refused.extract_error().unwrap_err());
            assert_eq!(
                assess(&of_the_connection(ConnectionError::PartlyApplied(partly))),
                Assessment::Ambiguous
            );
        }
    }

    #[test]
    fn b32_an_error_that_the_database_answered_with_is_judged_like_its_reply() {
        let answered = |error: &[u8]| {
            let error = redis::parse_redis_value(error).unwrap().extract_error().unwrap_err();
            assess(&of_the_connection(ConnectionError::Redis(error)))
        };
        assert_eq!(answered(b"-READONLY it is a replica\r\n"), Assessment::NotApplied);
        assert_eq!(answered(b"-WRONGTYPE it is a list\r\n"), Assessment::Final);
    }

    #[test]
    fn b33_the_command_and_its_options_say_what_is_repeated_and_for_how_long() {
        type Policy<'a> = dyn RetryPolicy<Command<'a>, Reply, AttemptError>;
        let policy: &Policy<'_> = &CommandPolicy::new(RetrySafety::Idempotent);
        let limit = Duration::from_millis(5);
        for (name, is_repeatable, changes) in
            [("GET", true, false), ("SETEX", true, true), ("INCR", false, true)]
        {
            let plain = Command::from(redis::cmd(name));
            assert_eq!(policy.repeatable(&plain), is_repeatable, "{name}");
            assert_eq!(policy.changes(&plain), changes, "{name}");
            assert_eq!(policy.deadline(&plain), None);
            let limited = plain.with(CallOptions::new().deadline(limit));
            assert_eq!(policy.deadline(&limited), Some(limit));
            let again = policy.clone_request(&limited).expect("every command can be sent again");
            assert_eq!((again.name(), again.options().time_limit()), (name, Some(limit)));
        }
    }
}
