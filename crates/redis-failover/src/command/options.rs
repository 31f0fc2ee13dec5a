use std::time::Duration;

use super::Repeat;

/// Which commands may be sent again after a failure that leaves open whether they were applied.
///
/// Each level includes the ones before it. A failure *known not to have been applied* is retried whatever
/// this says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RetrySafety {
    /// Only commands that change nothing.
    ReadOnly,
    /// Also commands with the same effect **and** the same reply when applied twice, as `SET` or `MSET`.
    #[default]
    Idempotent,
    /// Also commands with the same effect but perhaps another reply, as `DEL`, `SADD`, or `SET NX`.
    ///
    /// The reply is then that of the repeat: `SET NX` may answer nil though this caller took the lock.
    SameEffect,
    /// Every command, `INCR` and scripts included: the effect may come twice.
    All,
}

impl RetrySafety {
    /// Whether a command with this cost of a repeat may be repeated.
    pub fn allows(self, repeat: Repeat) -> bool {
        match self {
            Self::ReadOnly => repeat <= Repeat::ReadOnly,
            Self::Idempotent => repeat <= Repeat::Idempotent,
            Self::SameEffect => repeat <= Repeat::SameEffect,
            Self::All => true,
        }
    }
}

/// What a caller may say of a single call.
///
/// ```
/// use std::time::Duration;
/// use redis_failover::command::{CallOptions, RetrySafety};
///
/// let options = CallOptions::new().safety(RetrySafety::SameEffect).deadline(Duration::from_millis(300));
/// assert_eq!(options.time_limit(), Some(Duration::from_millis(300)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    safety: Option<RetrySafety>,
    deadline: Option<Duration>,
}

impl CallOptions {
    /// No wishes: the client's defaults hold.
    pub const fn new() -> Self {
        Self { safety: None, deadline: None }
    }

    /// Overrides the client's [`RetrySafety`] for this call.
    #[must_use]
    pub const fn safety(mut self, safety: RetrySafety) -> Self {
        self.safety = Some(safety);
        self
    }

    /// A limit for the whole call, counted from its start and covering all attempts. None by default.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The [`RetrySafety`] of this call, if it has its own.
    pub const fn retry_safety(&self) -> Option<RetrySafety> {
        self.safety
    }

    /// The limit of this call, if it has one.
    pub const fn time_limit(&self) -> Option<Duration> {
        self.deadline
    }
}
