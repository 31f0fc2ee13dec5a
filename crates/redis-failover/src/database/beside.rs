//! Calls on connections of their own, as the failure detector is told of them.

use redis::Value;
use tower_failover::Kinds;
use tower_failover::failure_detector::{CallBeside, Detectors, WatchedKinds};

use crate::classify::Shape;
use crate::command::Command;
use crate::connection::ConnectionError;
use crate::reply::{RedisOutcome, Reply};

/// Tells the failure detector of calls that do not pass through it: of their outcome only. How long they took, and that a
/// caller gave one up, says nothing about the database.
///
/// # Clone
/// Clones tell the same detector.
#[derive(Clone)]
pub(crate) struct Beside {
    detectors: Detectors,
    watched: WatchedKinds,
}

impl Beside {
    pub(super) fn new(detectors: Detectors, watched: WatchedKinds) -> Self {
        Self { detectors, watched }
    }

    /// A call is made now. What becomes of it is to be told, unless it is given up.
    pub(crate) fn begin(&self, command: &Command<'_>) -> RunningBeside {
        let (call, served) = (self.detectors.begin(), Reply::watched(command, &self.watched));
        RunningBeside { call, shape: command.shape(), served }
    }
}

/// A call on a connection of its own.
pub(crate) struct RunningBeside {
    call: CallBeside,
    /// Of its reply.
    shape: Shape,
    /// Which kinds it shows to be served if it succeeds.
    served: Kinds,
}

impl RunningBeside {
    /// It has ended like this.
    pub(crate) fn end(self, end: Result<Value, ConnectionError>) -> Result<Reply, ConnectionError> {
        let end = end.map(|value| Reply::of(value, self.shape).serving(self.served));
        self.call.end(&RedisOutcome, end.as_ref());
        end
    }
}
