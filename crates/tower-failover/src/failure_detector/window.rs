//! A sliding time window of successes and failures, in constant memory and without a lock.

use tokio::time::Duration;

use crate::availability::Epoch;
use crate::clock::{Millis, as_millis};
use crate::sync::atomic::{AtomicU64, Ordering};

const BUCKETS: u64 = 10;
const COUNT_BITS: u32 = 28;
const TICK_BITS: u32 = 24;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
const TICK_MASK: u64 = (1 << TICK_BITS) - 1;
const EPOCH_MASK: u64 = (1 << (u64::BITS - COUNT_BITS - TICK_BITS)) - 1;
/// How many ticks a thread may be late with an outcome and still be known to be late. A bucket that seems further
/// ahead than that is an old one, seen across the wrap of the ticks.
const LATE_TICKS: u64 = 1024;

/// How many calls ended, and how, within the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Calls that the member answered.
    pub successes: u64,
    /// Calls that it did not.
    pub failures: u64,
}

/// Ten buckets on a ring, each stamped with the epoch and the tick that it counts.
///
/// A bucket with another stamp is stale and counts for nothing, so that nothing is ever cleared: neither by a timer
/// nor when the circuit moves on. The window forgets nothing younger than nine tenths of its length, and counts
/// nothing older than its length.
#[derive(Debug)]
pub(super) struct Window {
    buckets: [Bucket; BUCKETS as usize],
    tick_millis: Millis,
}

#[derive(Debug, Default)]
struct Bucket {
    successes: AtomicU64,
    failures: AtomicU64,
}

/// An epoch and a tick, as far as a word has room for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(u64);

impl Window {
    /// A window of this length, which is at least a millisecond a bucket.
    pub(super) fn new(length: Duration) -> Self {
        Self { buckets: Default::default(), tick_millis: (as_millis(length) / BUCKETS).max(1) }
    }

    /// The shortest length that a window keeps to.
    pub(super) const SHORTEST: Duration = Duration::from_millis(BUCKETS);

    /// Counts one outcome of a call that was admitted in `epoch`.
    #[inline]
    pub(super) fn record(&self, epoch: Epoch, now: Millis, success: bool) {
        let bucket = &self.buckets[((now / self.tick_millis) % BUCKETS) as usize];
        let word = if success { &bucket.successes } else { &bucket.failures };
        let stamp = self.stamp(epoch, now);
        let mut seen = word.load(Ordering::Relaxed);
        while let Some(next) = stamp.count_one_more(seen) {
            // Release, and Acquire on the side that reads: whoever passes a threshold sees all that led to it.
            match word.compare_exchange_weak(seen, next, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(moved) => seen = moved,
            }
        }
    }

    /// What the window holds now of `epoch`.
    pub(super) fn counts(&self, epoch: Epoch, now: Millis) -> Counts {
        let stamp = self.stamp(epoch, now);
        let count = |word: &AtomicU64| stamp.count_within_window(word.load(Ordering::Acquire));
        self.buckets.iter().fold(Counts::default(), |counts, bucket| Counts {
            successes: counts.successes + count(&bucket.successes),
            failures: counts.failures + count(&bucket.failures),
        })
    }

    /// The stamp of what happens now; another one with every bucket and every epoch.
    #[inline]
    pub(super) fn stamp(&self, epoch: Epoch, now: Millis) -> Stamp {
        Stamp((epoch.number() & EPOCH_MASK) << TICK_BITS | (now / self.tick_millis) & TICK_MASK)
    }
}

impl Stamp {
    /// A number that no other stamp has.
    pub(super) fn number(self) -> u64 {
        self.0
    }

    fn tick(self) -> u64 {
        self.0 & TICK_MASK
    }

    fn epoch(self) -> u64 {
        self.0 >> TICK_BITS
    }

    /// The word with one more outcome of this stamp; `None` if it is full, or belongs to something later.
    #[inline]
    fn count_one_more(self, word: u64) -> Option<u64> {
        let (seen, count) = (Self(word >> COUNT_BITS), word & COUNT_MASK);
        if seen == self {
            (count < COUNT_MASK).then_some(word + 1)
        } else if count > 0 && seen.is_later_than(self) {
            None
        } else {
            Some(self.0 << COUNT_BITS | 1)
        }
    }

    /// Both numbers wrap, so that only a distance can be compared.
    fn is_later_than(self, other: Self) -> bool {
        let ticks_ahead = self.tick().wrapping_sub(other.tick()) & TICK_MASK;
        if ticks_ahead == 0 {
            let epochs_ahead = self.epoch().wrapping_sub(other.epoch()) & EPOCH_MASK;
            (1..EPOCH_MASK / 2).contains(&epochs_ahead)
        } else {
            ticks_ahead <= LATE_TICKS
        }
    }

    /// What the word counts of this stamp's epoch, in the ticks of a window that ends with this stamp.
    fn count_within_window(self, word: u64) -> u64 {
        let seen = Self(word >> COUNT_BITS);
        let age = self.tick().wrapping_sub(seen.tick()) & TICK_MASK;
        if seen.epoch() == self.epoch() && age < BUCKETS { word & COUNT_MASK } else { 0 }
    }
}

#[cfg(test)]
mod tests;
