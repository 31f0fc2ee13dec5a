//! A member that answers, but cannot serve requests of some kind (B59). The core is pure.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::availability::Epoch;
use crate::classify::Kinds;
use crate::clock::Millis;

/// However little patience there is, a member is sent away no more than once in this time: if it is the last one, it
/// is taken back at once (B7).
const PACE: Millis = 1000;

/// How long refusals are borne.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// As long as nothing of the same kind was served.
    pub(super) unserviceable_after: Millis,
    /// How long a member that was sent away is on probation when it serves again.
    pub(super) probation: Millis,
}

/// The refusals of one member, on a cache line that nothing writes to while there are none.
#[repr(align(64))]
pub(super) struct Refusals {
    watched: AtomicU8,
    record: Mutex<Record>,
}

impl Refusals {
    pub(super) fn new(patience: Patience) -> Self {
        Self { watched: AtomicU8::new(0), record: Mutex::new(Record::new(patience)) }
    }

    /// The kinds of which it is of interest whether they are served: one relaxed load.
    #[inline]
    pub(super) fn watched(&self) -> Kinds {
        Kinds::from_bits(self.watched.load(Ordering::Relaxed))
    }

    pub(super) fn served(&self, kinds: Kinds, now: Millis) {
        self.change(|record| record.served(kinds, now));
    }

    /// Whether the member is to be left.
    pub(super) fn refused(&self, kinds: Kinds, epoch: Epoch, now: Millis) -> bool {
        self.change(|record| record.refused(kinds, epoch, now))
    }

    fn change<R>(&self, change: impl FnOnce(&mut Record) -> R) -> R {
        // Only whole values are written under it.
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut record);
        self.watched.store(record.watched().bits(), Ordering::Relaxed);
        result
    }
}

/// What is remembered of each kind.
struct Record {
    patience: Patience,
    epoch: Epoch,
    kinds: [Standing; Kinds::COUNT],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Served,
    RefusedSince(Millis),
    /// The member was left for it.
    SentAway(Millis),
    /// The member is back and has served since; until then the first refusal sends it away again.
    OnProbation(Millis),
}

impl Record {
    fn new(patience: Patience) -> Self {
        Self { patience, epoch: Epoch::default(), kinds: [Standing::Served; Kinds::COUNT] }
    }

    fn watched(&self) -> Kinds {
        let is_watched =
            |standing: &Standing| matches!(standing, Standing::RefusedSince(_) | Standing::SentAway(_));
        let watched = self.kinds.iter().enumerate().filter(|(_, standing)| is_watched(standing));
        watched.fold(Kinds::NONE, |kinds, (number, _)| kinds.with(Kinds::number(number)))
    }

    fn served(&mut self, kinds: Kinds, now: Millis) {
        for number in kinds.numbers() {
            let standing = &mut self.kinds[number];
            *standing = match *standing {
                Standing::RefusedSince(_) => Standing::Served,
                Standing::SentAway(_) => Standing::OnProbation(now.saturating_add(self.patience.probation)),
                other => other,
            };
        }
    }

    fn refused(&mut self, kinds: Kinds, epoch: Epoch, now: Millis) -> bool {
        if self.epoch != epoch {
            // What was borne before it was left, for whatever reason, is over.
            self.epoch = epoch;
            self.each(|standing| match standing {
                Standing::RefusedSince(_) => Standing::Served,
                other => other,
            });
        }
        let mut is_enough = false;
        for number in kinds.numbers() {
            is_enough |= self.is_enough(number, now);
        }
        if is_enough {
            self.each(|standing| match standing {
                Standing::RefusedSince(_) => Standing::SentAway(now),
                other => other,
            });
        }
        is_enough
    }

    fn is_enough(&mut self, number: usize, now: Millis) -> bool {
        let standing = &mut self.kinds[number];
        let since = match *standing {
            Standing::RefusedSince(since) => since,
            Standing::Served => now,
            Standing::OnProbation(until) if until <= now => now,
            // Sent away a moment ago: an answer on its way, or the last member, taken back.
            Standing::SentAway(at) if now < at.saturating_add(PACE) => return false,
            // Taken back before its time, for want of a better one: it is borne as before.
            Standing::SentAway(at) if now < at.saturating_add(self.patience.probation) => now,
            Standing::OnProbation(_) | Standing::SentAway(_) => {
                *standing = Standing::RefusedSince(now);
                return true;
            }
        };
        *standing = Standing::RefusedSince(since);
        now >= since.saturating_add(self.patience.unserviceable_after)
    }

    fn each(&mut self, change: impl Fn(Standing) -> Standing) {
        self.kinds = self.kinds.map(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITES: Kinds = Kinds::number(0);
    const KEYED: Kinds = Kinds::number(1);
    const SECOND: Millis = 1000;
    const FIRST: Epoch = Epoch(0);
    const NEXT: Epoch = Epoch(2);

    fn record(unserviceable_after: Millis) -> Record {
        Record::new(Patience { unserviceable_after, probation: 60 * SECOND })
    }

    #[test]
    fn b59_refusals_are_enough_when_they_have_lasted_with_nothing_of_the_kind_served() {
        let mut record = record(10 * SECOND);
        assert!(record.watched().is_empty(), "nothing is of interest while all is well");
        assert!(!record.refused(WRITES, FIRST, 0));
        assert_eq!(record.watched(), WRITES);
        for second in 1..10 {
            record.served(KEYED, second * SECOND);
            assert!(!record.refused(WRITES, FIRST, second * SECOND), "after {second} s");
        }
        assert!(!record.refused(WRITES, FIRST, 10 * SECOND - 1));
        assert!(record.refused(WRITES, FIRST, 10 * SECOND));
    }

    #[test]
    fn b59_one_that_was_served_begins_it_anew() {
        let mut record = record(10 * SECOND);
        record.refused(WRITES, FIRST, 0);
        record.served(WRITES.with(KEYED), 9 * SECOND);
        assert!(record.watched().is_empty());
        assert!(!record.refused(WRITES, FIRST, 11 * SECOND));
        assert!(!record.refused(WRITES, FIRST, 20 * SECOND));
        assert!(record.refused(WRITES, FIRST, 21 * SECOND));
    }

    #[test]
    fn b59_what_calls_tell_of_a_kind_is_remembered_for_all_of_them() {
        let refusals = Refusals::new(Patience { unserviceable_after: 10 * SECOND, probation: 60 * SECOND });
        assert!(!refusals.refused(WRITES, FIRST, 0));
        assert_eq!(refusals.watched(), WRITES);
        refusals.served(WRITES, 9 * SECOND);
        assert!(refusals.watched().is_empty());
        assert!(!refusals.refused(WRITES, FIRST, 11 * SECOND));
        assert!(refusals.refused(WRITES, FIRST, 21 * SECOND));
    }

    #[test]
    fn b59_zero_bears_none() {
        assert!(record(0).refused(KEYED, FIRST, 0));
    }

    #[test]
    fn b59_who_comes_back_is_on_probation_for_one_grace_from_its_first_service() {
        for (served_at, refused_at, sent_away) in
            [(None, 70, true), (None, 100, true), (Some(100), 159, true), (Some(100), 161, false)]
        {
            let mut record = record(10 * SECOND);
            record.refused(WRITES, FIRST, 0);
            assert!(record.refused(WRITES, FIRST, 10 * SECOND));
            assert_eq!(record.watched(), WRITES, "its first service is waited for");
            if let Some(served_at) = served_at {
                record.served(WRITES, served_at * SECOND);
                assert!(record.watched().is_empty(), "and then costs nothing");
            }
            assert_eq!(record.refused(WRITES, NEXT, refused_at * SECOND), sent_away, "{served_at:?}");
        }
    }

    #[test]
    fn b59_the_last_member_taken_back_at_once_is_borne_as_before() {
        let mut record = record(10 * SECOND);
        record.refused(WRITES, FIRST, 0);
        assert!(record.refused(WRITES, FIRST, 10 * SECOND));
        let sent_away = (11..40).filter(|second| record.refused(WRITES, NEXT, second * SECOND));
        assert_eq!(sent_away.collect::<Vec<_>>(), [21, 32]);
    }

    #[test]
    fn b59_the_last_member_is_sent_away_no_more_than_once_a_second_even_without_patience() {
        let mut record = record(0);
        let sent_away = (0..30).filter(|tenth| record.refused(WRITES, Epoch(2 * tenth), tenth * 100));
        assert_eq!(sent_away.collect::<Vec<_>>(), [0, 10, 20]);
    }

    #[test]
    fn b59_what_was_borne_before_another_outage_is_over() {
        let mut record = record(10 * SECOND);
        record.refused(WRITES, FIRST, 0);
        assert!(!record.refused(WRITES, NEXT, 100 * SECOND));
        assert!(!record.refused(WRITES, NEXT, 109 * SECOND));
        assert!(record.refused(WRITES, NEXT, 110 * SECOND));
    }
}
