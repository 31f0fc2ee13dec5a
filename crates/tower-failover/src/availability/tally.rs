//! Numbers about a member that nobody decides by: for people, snapshots and metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What became of a member's calls that did not go well. The numbers only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallCounts {
    /// Attempts that failed here and were repeated, here or elsewhere.
    pub retries: u64,
    /// Attempts that hung here, were ended, and ran again elsewhere (B35).
    pub ended: u64,
    /// Attempts that failed here and may have been applied: of requests that can change something (B33).
    pub ambiguous: u64,
}

/// The counters behind [`CallCounts`], and how many connections there are.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    retries: AtomicU64,
    ended: AtomicU64,
    ambiguous: AtomicU64,
    connections: ConnectionCount,
}

impl Tally {
    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn was_ended(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn was_ambiguous(&self) {
        self.ambiguous.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> CallCounts {
        CallCounts {
            retries: self.retries.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
            ambiguous: self.ambiguous.load(Ordering::Relaxed),
        }
    }

    pub(super) fn connections(&self) -> &ConnectionCount {
        &self.connections
    }
}

/// How many connections to a member are open, as far as those who open them say so.
///
/// ```
/// use tower_failover::{Availability, Events};
///
/// let availability = Availability::new("eu-west", Events::default());
/// let connection = availability.connections().opened();
/// assert_eq!(availability.connections().count(), 1);
/// drop(connection);
/// assert_eq!(availability.connections().count(), 0);
/// ```
///
/// # Clone
/// Clones count together.
#[derive(Debug, Clone, Default)]
pub struct ConnectionCount(Arc<AtomicUsize>);

impl ConnectionCount {
    /// One more, until what this returns is dropped.
    pub fn opened(&self) -> OpenConnection {
        self.0.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self.clone())
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection that is counted as long as this lives.
#[derive(Debug)]
#[must_use = "the connection is counted as long as this lives"]
pub struct OpenConnection(ConnectionCount);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
