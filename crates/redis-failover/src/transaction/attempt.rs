//! One attempt at a transaction, and what its closure sees of it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, Value};
use tokio::time::Duration;

use crate::adapter::replies;
use crate::classify::ReplyClass;
#[cfg(feature = "cluster")]
use crate::command::Slots;
use crate::command::{Command, Refused};
use crate::connection::{ConnectionError, Dedicated, Lease};
use crate::database::Beside;
use crate::error::Error;
use crate::reply::class_of;

/// A connection while keys are watched on it. Dropping it ends the connection, and with it the watch.
pub(super) struct Attempt {
    lease: Lease,
    beside: Beside,
    /// Of all its keys, in a cluster.
    slot: Option<u16>,
    /// A call on it failed in a way that ends the attempt, whatever the closure makes of that.
    lost: AtomicBool,
}

impl Attempt {
    /// In a cluster, on the node that has the slot.
    pub(super) async fn begin(
        dedicated: &Dedicated,
        beside: Beside,
        slot: Option<u16>,
    ) -> Result<Arc<Self>, ConnectionError> {
        // On the heap: futures of callers shall not be as deep as a dial.
        let lease = Box::pin(dedicated.lease(slot)).await?;
        Ok(Arc::new(Self { lease, beside, slot, lost: AtomicBool::new(false) }))
    }

    /// Runs a command for as long as the database is the active one.
    pub(super) async fn run(&self, command: &Command<'_>) -> Result<Value, ConnectionError> {
        self.check_slot(command)?;
        let call = self.beside.begin(command);
        let reply = tokio::select! {
            biased;
            reply = self.lease.run(command) => reply,
            () = self.lease.dedicated().left() => Err(ConnectionError::DatabaseLeft),
        };
        let reply = call.end(reply).map(Value::from);
        if reply.as_ref().is_err_and(is_lost) {
            self.lost.store(true, Ordering::Release);
        }
        reply
    }

    /// Whether the node that has the watched keys has those of this command too.
    pub(super) fn check_slot(&self, command: &Command<'_>) -> Result<(), ConnectionError> {
        self.lease.dedicated().place().check_slot(self.slot, command)
    }

    /// Whether a slot is on its way to another node, so that nothing was applied.
    pub(super) fn was_redirected(&self, reply: Result<&Value, &ConnectionError>) -> bool {
        self.lease.dedicated().place().was_redirected(reply)
    }

    /// Runs the transaction itself, which is left to finish wherever it was sent.
    pub(super) async fn execute(
        &self,
        pipeline: &Pipeline,
        limit: Duration,
    ) -> Result<Value, ConnectionError> {
        let command = Command::pipeline(pipeline, pipeline.len() + 1, 1);
        let call = self.beside.begin(&command);
        let reply = self.lease.run_within(&command, Some(limit)).await;
        call.end(reply).map(Value::from)
    }

    /// Whether what is sent now can still be applied in the right place.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire) || self.lease.is_over() || !self.lease.dedicated().is_active()
    }

    /// Counts it for the database.
    pub(super) fn was_ambiguous(&self) {
        self.lease.dedicated().availability().was_ambiguous();
    }

    pub(super) fn response_timeout(&self) -> Duration {
        self.lease.dedicated().settings().response_timeout
    }

    /// Keeps the connection for others; nothing may be watched any more.
    pub(super) fn end(self: Arc<Self>) {
        // A clone of the closure's connection with a call in flight ends it.
        if let Some(attempt) = Arc::into_inner(self) {
            attempt.lease.give_back();
        }
    }

    /// As [`end`](Self::end), with the watch still to be ended.
    pub(super) async fn unwatch(self: Arc<Self>) {
        let unwatch = redis::cmd("UNWATCH");
        if !self.is_lost() && self.run(&Command::from(&unwatch)).await.is_ok() {
            self.end();
        }
    }
}

/// The slot that all watched keys have to be of.
#[cfg(feature = "cluster")]
pub(super) fn slot_to_watch(dedicated: &Dedicated, watch: &Command<'_>) -> Result<Option<u16>, Error> {
    if !dedicated.place().has_slots() {
        return Ok(None);
    }
    match watch.slots() {
        Slots::One(slot) => Ok(Some(slot)),
        Slots::None => Err(Error::NoKeyToWatch),
        Slots::Several => Err(Error::CrossSlot { command: "WATCH" }),
    }
}

/// Whether nothing more is to be had of the connection.
pub(super) fn is_lost(error: &ConnectionError) -> bool {
    match error {
        ConnectionError::NotConnected(_)
        | ConnectionError::NoDedicated(_)
        | ConnectionError::DatabaseLeft => true,
        error => {
            matches!(
                class_of(error),
                ReplyClass::Unreachable | ReplyClass::ConnectionLost | ReplyClass::TimedOut
            )
        }
    }
}

/// The connection on which the closure of a [`transaction`](crate::MultiDbClient::transaction) reads what it watches.
///
/// It is a redis-rs connection to one database, and to no other. Commands that would change it are refused with
/// [`Error::ConnectionState`], and so are atomic pipelines, which would end the watch: return them from the closure.
/// Once the database is no longer the active one, its calls fail, and the closure is run again elsewhere.
///
/// # Clone
/// Clones are the same connection. With the end of the attempt it is gone: [`Error::TransactionEnded`].
#[derive(Clone)]
pub struct TransactionConnection {
    attempt: Weak<Attempt>,
    database: i64,
}

impl TransactionConnection {
    pub(super) fn new(attempt: &Arc<Attempt>, database: i64) -> Self {
        Self { attempt: Arc::downgrade(attempt), database }
    }

    pub(crate) async fn call(&self, command: Command<'_>) -> Result<Value, Error> {
        if command.is_atomic() {
            let instead = "return the pipeline from the closure of the transaction";
            return Err(Refused { command: "MULTI", instead }.into());
        }
        let command = command.admitted()?;
        let attempt = self.attempt.upgrade().ok_or(Error::TransactionEnded)?;
        Ok(attempt.run(&command).await?)
    }

    /// Whether the attempt can still succeed.
    #[cfg(feature = "blocking")]
    pub(crate) fn is_open(&self) -> bool {
        self.attempt.upgrade().is_some_and(|attempt| !attempt.is_lost())
    }
}

impl ConnectionLike for TransactionConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move { Ok(self.call(Command::from(command)).await?) })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move { replies(self.call(Command::pipeline(pipeline, offset, count)).await?) })
    }

    fn get_db(&self) -> i64 {
        self.database
    }
}

impl fmt::Debug for TransactionConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionConnection").field("database", &self.database).finish_non_exhaustive()
    }
}
