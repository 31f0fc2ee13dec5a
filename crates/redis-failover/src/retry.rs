//! Which commands are repeated, and after which failures (B32, B33).

use std::time::Duration;

use tower_failover::deadline::DeadlineError;
use tower_failover::retry::{Assessment, RetryPolicy};
use tower_failover::{CircuitError, FailoverError};

use crate::classify::ReplyClass;
use crate::command::{Command, RetrySafety};
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
        CircuitError::Inner(DeadlineError::Inner(error)) => assess_class(class_of(error)),
        CircuitError::Inner(_) => Assessment::Ambiguous,
        _ => Assessment::NotApplied,
    }
}
