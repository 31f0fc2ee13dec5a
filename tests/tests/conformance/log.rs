//! What happened in a phase besides events: how calls and orders ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tower::ServiceExt;
use tower_failover::balance::ManageError;
use tower_failover::deadline::DeadlineError;
use tower_failover::retry::RetryError;
use tower_failover::{CircuitError, FailoverError};

use crate::client::{Client, Error};
use crate::scripted::{Reply, Request, Trouble};

#[derive(Debug, Default, Clone)]
pub(crate) struct Log(Arc<Mutex<Ends>>);

#[derive(Debug, Default)]
pub(crate) struct Ends {
    pub(crate) calls: BTreeMap<String, i64>,
    pub(crate) ambiguous: i64,
    pub(crate) slowest: Duration,
    pub(crate) orders: Vec<String>,
    pub(crate) in_flight: i64,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap()
    }

    /// What was noted since the last time; calls in flight stay.
    pub(crate) fn take(&self) -> Ends {
        let mut ends = self.lock();
        let in_flight = ends.in_flight;
        std::mem::replace(&mut *ends, Ends { in_flight, ..Ends::default() })
    }

    /// Starts a call, which ends when it does.
    pub(crate) fn call(&self, client: &Client, request: Request, given_up_after: Option<Duration>) {
        let (log, call) = (self.clone(), client.clone().oneshot(request));
        self.lock().in_flight += 1;
        drop(tokio::spawn(async move {
            let began = Instant::now();
            let result = match given_up_after {
                Some(limit) => timeout(limit, call).await.ok(),
                None => Some(call.await),
            };
            log.ended(result.as_ref(), began.elapsed());
        }));
    }

    fn ended(&self, result: Option<&Result<Reply, RetryError<Error>>>, took: Duration) {
        let mut ends = self.lock();
        ends.in_flight -= 1;
        ends.slowest = ends.slowest.max(took);
        let how = match result {
            Some(Ok(reply)) => reply.member.clone(),
            Some(Err(error)) => {
                ends.ambiguous += i64::from(error.may_have_been_applied());
                ended_with(error).into()
            }
            None => "given_up".into(),
        };
        *ends.calls.entry(how).or_default() += 1;
    }

    /// Waits for an order's end beside the story.
    pub(crate) fn order(&self, order: impl Future<Output = Result<(), ManageError>> + Send + 'static) {
        let log = self.clone();
        drop(tokio::spawn(async move {
            let result = order.await;
            log.ordered(match result {
                Ok(()) => "done",
                Err(ManageError::UnknownMember(_)) => "unknown_member",
                Err(ManageError::LastMember(_)) => "last_member",
                Err(ManageError::Unhealthy { .. }) => "unhealthy",
                Err(ManageError::NoCircuit(_)) => "no_circuit",
                Err(_) => "other",
            });
        }));
    }

    pub(crate) fn ordered(&self, how: &str) {
        self.lock().orders.push(how.into());
    }
}

fn ended_with(error: &RetryError<Error>) -> &'static str {
    let RetryError::Failed { error, .. } = error else { return "deadline_elapsed" };
    match error {
        FailoverError::TemporarilyUnavailable(_) => "temporarily_unavailable",
        FailoverError::NoValidMember(_) => "no_valid_member",
        FailoverError::Inner(CircuitError::Open(_)) => "rejected",
        FailoverError::Inner(CircuitError::Inner(DeadlineError::Elapsed { .. })) => "timed_out",
        FailoverError::Inner(CircuitError::Inner(DeadlineError::Inner(trouble))) => match trouble {
            Trouble::Unreachable => "unreachable",
            Trouble::Broken | Trouble::Lost => "failed",
            Trouble::Refused(_) => "refused",
            Trouble::ErrorReply => "error_reply",
            Trouble::BadCall => "bad_call",
        },
        _ => "other",
    }
}
