//! The books on every INCR, and the audit of both databases at the end.

/// How many counters there are.
pub(crate) const COUNTERS: usize = 32;

/// What the callers were told about their INCRs.
#[derive(Debug, Clone)]
pub(crate) struct Ledger([Entry; COUNTERS]);

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    acknowledged: u64,
    /// Those that failed and may have been applied.
    ambiguous: u64,
}

/// What the databases say to the books.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Audit {
    /// Applied more often than acknowledged and ambiguous INCRs explain.
    pub(crate) applied_twice: u64,
    /// Acknowledged, and nowhere to be found.
    pub(crate) lost: u64,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self([Entry::default(); COUNTERS])
    }

    pub(crate) fn acknowledge(&mut self, counter: usize) {
        self.0[counter].acknowledged += 1;
    }

    pub(crate) fn doubt(&mut self, counter: usize) {
        self.0[counter].ambiguous += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (entry, other) in self.0.iter_mut().zip(&other.0) {
            entry.acknowledged += other.acknowledged;
            entry.ambiguous += other.ambiguous;
        }
    }

    /// Compares with the sums of the counters of *both* databases: an INCR may have been applied to either.
    ///
    /// Each sum must lie between what was acknowledged and that plus what is ambiguous.
    pub(crate) fn audit(&self, sums: &[u64; COUNTERS]) -> Audit {
        let mut audit = Audit::default();
        for (entry, sum) in self.0.iter().zip(sums) {
            audit.applied_twice += sum.saturating_sub(entry.acknowledged + entry.ambiguous);
            audit.lost += entry.acknowledged.saturating_sub(*sum);
        }
        audit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books() -> Ledger {
        let mut ledger = Ledger::new();
        ledger.acknowledge(0);
        ledger.acknowledge(0);
        ledger.doubt(0);
        ledger
    }

    fn sums(first: u64) -> [u64; COUNTERS] {
        let mut sums = [0; COUNTERS];
        sums[0] = first;
        sums
    }

    #[test]
    fn an_ambiguous_increment_may_have_been_applied_or_not() {
        assert_eq!(books().audit(&sums(2)), Audit::default());
        assert_eq!(books().audit(&sums(3)), Audit::default());
    }

    #[test]
    fn what_is_beyond_the_books_was_applied_twice() {
        assert_eq!(books().audit(&sums(5)), Audit { applied_twice: 2, lost: 0 });
    }

    #[test]
    fn what_was_acknowledged_and_is_not_there_is_lost() {
        assert_eq!(books().audit(&sums(1)), Audit { applied_twice: 0, lost: 1 });
    }

    #[test]
    fn counters_do_not_make_up_for_one_another() {
        let mut ledger = books();
        ledger.acknowledge(1);
        assert_eq!(ledger.audit(&sums(4)), Audit { applied_twice: 1, lost: 1 });
    }
}
