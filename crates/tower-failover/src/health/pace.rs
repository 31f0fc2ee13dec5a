//! When the rounds of several members begin.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// Lets the rounds of several members begin together, as far as their jitter allows.
///
/// Whoever rests may begin its next round at any moment that its jitter leaves it; one of them that another member's
/// round begins at is as random, and wakes the process once for both. Ten idle databases then cost less than a third of
/// as many PINGs that come one by one (P10 in `docs/performance.md`), and a client that compares databases has asked them
/// at the same time. Different clients still ask at different times.
///
/// # Clone
/// Clones keep the same pace.
#[derive(Debug, Clone, Default)]
pub struct Pace(Arc<Mutex<Option<Instant>>>);

impl Pace {
    /// The last begin that was chosen, if it lies within these bounds; else this one, from now on.
    pub(super) fn join(&self, own: Instant, bounds: RangeInclusive<Instant>) -> Instant {
        let mut chosen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = chosen.filter(|chosen| bounds.contains(chosen)).unwrap_or(own);
        *chosen = Some(begin);
        begin
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Duration;

    use super::*;

    #[test]
    fn a_begin_is_joined_as_long_as_it_suits() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let pace = Pace::default();
        assert_eq!(pace.join(at(5), at(4)..=at(6)), at(5), "the first chooses");
        assert_eq!(pace.clone().join(at(6), at(5)..=at(7)), at(5));
        assert_eq!(pace.join(at(7), at(6)..=at(8)), at(7), "too soon for this one");
        assert_eq!(pace.join(at(5), at(4)..=at(6)), at(5), "too late for this one");
    }
}
