//! What retries did so far.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::availability::{CallCounts, Tally};

/// Counts what retries did. A call whose first attempt succeeds touches none of it.
///
/// # Clone
/// Clones read the same numbers.
#[derive(Debug, Clone, Default)]
pub struct RetryCounters(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    retries: AtomicU64,
    ended: AtomicU64,
    ambiguous: AtomicU64,
    refused: AtomicU64,
    uncharged: Tally,
}

impl RetryCounters {
    /// Attempts that repeated a failed one.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.0.retries.load(Ordering::Relaxed)
    }

    /// Attempts that were ended because their member hung, and ran again on another (B35).
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.0.ended.load(Ordering::Relaxed)
    }

    /// Attempts that failed and may have been applied: of requests that can change something (B33).
    #[must_use]
    pub fn ambiguous(&self) -> u64 {
        self.0.ambiguous.load(Ordering::Relaxed)
    }

    /// Repeats that the budget refused (B34).
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Of all these, what no member is [charged with](crate::Availability::call_counts): it is not known where they ran.
    #[must_use]
    pub fn uncharged(&self) -> CallCounts {
        self.0.uncharged.counts()
    }

    pub(super) fn uncharged_tally(&self) -> &Tally {
        &self.0.uncharged
    }

    pub(super) fn retried(&self) {
        self.0.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn was_ended(&self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn was_ambiguous(&self) {
        self.0.ambiguous.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn was_refused(&self) {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
    }
}
