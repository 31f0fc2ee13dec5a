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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn b31_the_limit_is_the_base_doubled_so_often_and_no_more_than_the_cap(
            base in 0_u64..5_000,
            cap in 0_u64..10_000_000,
            repeat in 0_u32..80,
            seed: u64,
        ) {
            let backoff = Backoff::new(Duration::from_millis(base), Duration::from_millis(cap));
            let doubled = (0..repeat).fold(u128::from(base), |limit, _| (limit * 2).min(u128::from(cap)));
            let limit = backoff.limit(repeat);
            prop_assert_eq!(limit.as_millis(), doubled.min(u128::from(cap)));
            prop_assert!(backoff.limit(repeat + 1) >= limit);
            prop_assert!(backoff.delay(repeat, &Chance::seeded(seed)) <= limit);
        }

        #[test]
        fn b31_the_jitter_is_full_whatever_the_seed(seed: u64, repeat in 0_u32..10) {
            let backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));
            let chance = Chance::seeded(seed);
            let mut tenths = [0_u32; 10];
            for _ in 0..1000 {
                let share = backoff.delay(repeat, &chance).as_secs_f64() / backoff.limit(repeat).as_secs_f64();
                tenths[((share * 10.0) as usize).min(9)] += 1;
            }
            prop_assert!(tenths.iter().all(|&draws| (40..=200).contains(&draws)), "{:?}", tenths);
        }
    }
}
