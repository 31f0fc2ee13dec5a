use std::time::Duration;

use tower_failover::Backoff;

/// How often, and after which waits, a transaction is attempted.
///
/// ```
/// use std::time::Duration;
/// use redis_failover::{Backoff, TransactionSettings};
///
/// let settings = TransactionSettings::default()
///     .attempts(10)
///     .backoff(Backoff::new(Duration::from_millis(5), Duration::from_millis(50)));
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct TransactionSettings {
    pub(super) attempts: u32,
    pub(super) backoff: Backoff,
}

impl TransactionSettings {
    /// How many attempts there are at most (100); one is the least.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The waits between two attempts (1 ms doubling to 100 ms, full jitter).
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }
}

impl Default for TransactionSettings {
    fn default() -> Self {
        Self { attempts: 100, backoff: Backoff::new(Duration::from_millis(1), Duration::from_millis(100)) }
    }
}
