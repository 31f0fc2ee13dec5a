//! An outage: since when nobody can serve, and when that counts as permanent. Pure.

use tokio::time::{Duration, Instant};

/// How an outage looks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutageStatus {
    /// How long it has lasted.
    pub lasted: Duration,
    /// Which of the `failover_attempts` this is, counted from 1, by the clock and not by calls (B28).
    pub attempt: u32,
    /// When the next attempt begins; trying sooner is of little use, and does no harm.
    pub retry_after: Duration,
    /// Whether all attempts have passed.
    pub is_permanent: bool,
}

/// An outage's clock: `attempts` of `delay` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outage {
    pub(super) since: Instant,
    pub(super) attempts: u32,
    pub(super) delay: Duration,
}

impl Outage {
    pub(super) fn escalates_at(&self) -> Instant {
        self.since + self.delay.saturating_mul(self.attempts)
    }

    pub(super) fn status(&self, now: Instant) -> OutageStatus {
        let lasted = now.saturating_duration_since(self.since);
        let delay = self.delay.as_nanos();
        let (passed, into) = match delay {
            0 => (u128::from(self.attempts), 0),
            delay => (lasted.as_nanos() / delay, lasted.as_nanos() % delay),
        };
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        let into = Duration::from_nanos(u64::try_from(into).unwrap_or(u64::MAX));
        OutageStatus {
            lasted,
            attempt: passed.saturating_add(1).min(self.attempts),
            retry_after: self.delay.saturating_sub(into),
            is_permanent: passed >= self.attempts,
        }
    }
}
