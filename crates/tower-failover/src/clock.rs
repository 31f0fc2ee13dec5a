//! The one clock of the hot path: milliseconds since the client began.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::{Duration, Instant};

/// Milliseconds since a [`Clock`]'s origin.
pub type Millis = u64;

/// How late something may be noticed before it was we who stood still, and not they (B57).
pub(crate) const STALL: Duration = Duration::from_millis(50);

/// A clock that counts milliseconds since its origin.
///
/// A *precise* clock reads tokio's clock each time (25–59 ns, measured). A *coarse* one is a number that the
/// [`Sweeper`](crate::deadline::Sweeper) publishes while calls are in flight, and costs one load; it is never
/// more than a sweep behind while it is needed. It counts the time in which this process was awake: a stall that
/// the sweeper noticed is not in it, so that nobody is charged for it (B57).
///
/// # Clone
/// Clones share the origin and the published number.
#[derive(Debug, Clone)]
pub struct Clock {
    shared: Arc<Shared>,
    coarse: bool,
}

#[derive(Debug)]
struct Shared {
    origin: Instant,
    published: AtomicU64,
    /// What was taken out of the count, for good.
    stalled: AtomicU64,
}

impl Clock {
    /// A clock that reads tokio's clock at every look. Its origin is now.
    #[must_use]
    pub fn precise() -> Self {
        Self {
            shared: Arc::new(Shared {
                origin: Instant::now(),
                published: AtomicU64::new(0),
                stalled: AtomicU64::new(0),
            }),
            coarse: false,
        }
    }

    /// The same clock as a published number, which whoever holds it must [`publish`](Self::publish).
    pub(crate) fn coarse(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), coarse: true }
    }

    /// Milliseconds since the origin.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Millis {
        if self.coarse { self.published() } else { self.millis(Instant::now()) }
    }

    /// A present or coming instant as milliseconds since the origin; 0 for one before it.
    #[must_use]
    pub fn millis(&self, instant: Instant) -> Millis {
        let since_origin = as_millis(instant.saturating_duration_since(self.shared.origin));
        since_origin.saturating_sub(self.shared.stalled.load(Ordering::Relaxed))
    }

    /// Publishes `now` to the coarse clones. It never goes back.
    pub(crate) fn publish(&self, now: Instant) -> Millis {
        let millis = self.millis(now);
        self.shared.published.fetch_max(millis, Ordering::Relaxed).max(millis)
    }

    /// Publishes `now`, which should be no more than `step` after what was published last. If it is more than that
    /// by over [`STALL`], we stood still: the excess is taken out of the count. The answer is how long that was.
    pub(crate) fn advance(&self, now: Instant, step: Duration) -> Duration {
        let excess = self.millis(now).saturating_sub(self.published().saturating_add(as_millis(step)));
        let stalled = if excess > as_millis(STALL) { excess } else { 0 };
        self.shared.stalled.fetch_add(stalled, Ordering::Relaxed);
        self.publish(now);
        Duration::from_millis(stalled)
    }

    #[inline]
    fn published(&self) -> Millis {
        self.shared.published.load(Ordering::Relaxed)
    }
}

/// A duration in whole milliseconds, saturating.
pub(crate) fn as_millis(duration: Duration) -> Millis {
    duration.as_secs().saturating_mul(1000).saturating_add(duration.subsec_millis().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(25);

    #[tokio::test(start_paused = true)]
    async fn b57_a_stall_does_not_count_and_lateness_within_reason_does() {
        let clock = Clock::precise();
        let coarse = clock.coarse();
        let start = Instant::now();

        assert_eq!(clock.advance(start + STEP, STEP), Duration::ZERO);
        let late = clock.advance(start + STEP * 2 + STALL, STEP);
        assert_eq!(late, Duration::ZERO, "50 ms late is late, and no stall");
        assert_eq!(coarse.now(), 100);

        assert_eq!(clock.advance(start + Duration::from_secs(5), STEP), Duration::from_millis(4875));
        assert_eq!(coarse.now(), 125, "one step of the 4.9 s counts");
        assert_eq!(clock.advance(start + Duration::from_secs(5) + STEP, STEP), Duration::ZERO);
        assert_eq!(coarse.now(), 150);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_published_never_goes_back() {
        let clock = Clock::precise();
        let now = Instant::now();
        assert_eq!(clock.publish(now + STEP), 25);
        assert_eq!(clock.publish(now), 25);
    }
}
