//! Exponential backoff with full jitter.

use tokio::time::Duration;

use crate::chance::Chance;

/// Waits that double from `base` up to `cap`, each drawn between zero and that limit ("full jitter", so that a
/// fleet does not come back in step).
///
/// ```
/// use std::time::Duration;
/// use tower_failover::Backoff;
///
/// let backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));
/// assert_eq!(backoff.limit(0), Duration::from_millis(10));
/// assert_eq!(backoff.limit(3), Duration::from_millis(80));
/// assert_eq!(backoff.limit(60), Duration::from_secs(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// Waits of up to `base` at first, of up to `cap` in the end.
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The longest wait before repeat number `repeat`, counted from 0.
    #[must_use]
    pub fn limit(&self, repeat: u32) -> Duration {
        let factor = 1_u32.checked_shl(repeat).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// A wait before repeat number `repeat`, counted from 0.
    #[must_use]
    pub fn delay(&self, repeat: u32, chance: &Chance) -> Duration {
        chance.up_to(self.limit(repeat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b31_waits_double_up_to_their_cap_with_full_jitter() {
        let backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));
        let chance = Chance::seeded(7);
        for (repeat, limit) in [(0, 10), (1, 20), (2, 40), (6, 640), (7, 1000), (40, 1000)] {
            let limit = Duration::from_millis(limit);
            let delays: Vec<_> = (0..1000).map(|_| backoff.delay(repeat, &chance)).collect();
            assert!(delays.iter().all(|delay| *delay <= limit), "repeat {repeat}");
            // From next to nothing to nearly all of it.
            assert!(delays.iter().any(|delay| *delay < limit / 10), "repeat {repeat}");
            assert!(delays.iter().any(|delay| *delay > limit / 10 * 9), "repeat {repeat}");
        }
    }
}
