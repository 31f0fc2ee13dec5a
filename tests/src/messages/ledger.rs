//! The ledger, and what a reader read compared with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::RangeInclusive,
};

use super::Read;

/// Which server took which number.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Number to server: as the server answered, or has listed.
    pub taken: BTreeMap<u64, String>,
    /// How many got no answer. They were published or not: a server's own list knows it, as long as it is not lost.
    pub unanswered: u64,
}

/// What a comparison of a reader with a ledger found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// The gaps that were read.
    pub gaps: usize,
    /// Numbers that were read.
    pub read: usize,
    /// Numbers that came from another server than the gap before them says.
    pub stale: usize,
    /// Numbers that came twice or out of order, and gaps that begin elsewhere than the last one ended.
    pub disordered: usize,
    /// Numbers that a server took, that were not read, and that no gap stands for.
    pub unmarked: usize,
    /// Numbers that a gap stands for: those that the server before it took.
    pub lost_before: usize,
    /// Numbers that a gap stands for: those that the server after it took.
    pub lost_after: usize,
}

impl Comparison {
    /// Whether every message came in order and from where the gaps say, and every gap is marked.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.unreported() == 0
    }

    /// Messages that are missing or out of their place, without a gap that says so.
    #[must_use]
    pub const fn unreported(&self) -> usize {
        self.stale + self.disordered + self.unmarked
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gaps, read, stale, disordered, unmarked, lost_before, lost_after } = self;
        write!(
            f,
            "{read} read, {gaps} gaps marked, {unmarked} not marked, {stale} of the former database after a gap, \
             {disordered} out of order, {lost_after} of the new database lost, {lost_before} of the former one"
        )
    }
}

impl Ledger {
    /// Compares what a subscriber read, who was subscribed at `first` before number 1 was published and read on until
    /// the last one was.
    #[must_use]
    pub fn compare(&self, first: &str, items: &[Read]) -> Comparison {
        let numbers: BTreeSet<u64> = items.iter().filter_map(Read::number).collect();
        let mut found = Comparison::default();
        let mut place = Place { at: first, gap: Gap::None };
        let mut last = 0;
        for item in items {
            match item {
                Read::Gap(from, to) => {
                    found.gaps += 1;
                    found.disordered += usize::from(from != place.at);
                    place.pass(from, to);
                }
                Read::Number(number) => {
                    found.read += 1;
                    if *number <= last {
                        found.disordered += 1;
                        continue;
                    }
                    found.stale +=
                        usize::from(self.taken.get(number).is_some_and(|server| server != place.at));
                    self.missing(last + 1..=*number, &numbers, &place, &mut found);
                    last = *number;
                    place.gap = Gap::None;
                }
            }
        }
        self.missing(last + 1..=u64::MAX, &numbers, &place, &mut found);
        found
    }

    fn missing(
        &self,
        range: RangeInclusive<u64>,
        numbers: &BTreeSet<u64>,
        place: &Place<'_>,
        found: &mut Comparison,
    ) {
        for (_, server) in self.taken.range(range).filter(|(number, _)| !numbers.contains(number)) {
            match place.gap {
                Gap::None => found.unmarked += 1,
                Gap::Between if server == place.at => found.lost_after += 1,
                Gap::Between | Gap::Reconnect => found.lost_before += 1,
            }
        }
    }
}

/// Where a reader is, and what it has read since the last number.
struct Place<'a> {
    at: &'a str,
    gap: Gap,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    /// The connection was lost, and made anew at the same server.
    Reconnect,
    /// From one server to another.
    Between,
}

impl<'a> Place<'a> {
    fn pass(&mut self, from: &str, to: &'a str) {
        self.at = to;
        self.gap = if from == to && self.gap != Gap::Between { Gap::Reconnect } else { Gap::Between };
    }
}

impl Read {
    const fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Gap(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One to four at `a`, the others at `b`.
    fn ledger() -> Ledger {
        let server = |number| if number <= 4 { "a" } else { "b" };
        Ledger { taken: (1..=8).map(|number| (number, server(number).into())).collect(), unanswered: 0 }
    }

    fn gap(from: &str, to: &str) -> Read {
        Read::Gap(from.into(), to.into())
    }

    fn compared(before: &[u64], gaps: &[Read], after: &[u64]) -> Comparison {
        let numbers = |numbers: &[u64]| numbers.iter().copied().map(Read::Number).collect();
        let items: [Vec<Read>; 3] = [numbers(before), gaps.to_vec(), numbers(after)];
        ledger().compare("a", &items.concat())
    }

    #[test]
    fn a_gap_stands_for_what_is_missing() {
        let found = compared(&[1, 2, 3], &[gap("a", "b")], &[6, 7, 8]);
        let expected =
            Comparison { gaps: 1, read: 6, lost_before: 1, lost_after: 1, ..Comparison::default() };
        assert_eq!(found, expected);
        assert!(found.is_sound());
    }

    #[test]
    fn without_a_gap_nothing_may_be_missing() {
        for (before, after) in [(&[1, 3, 4], [5, 6, 7, 8]), (&[2, 3, 4], [5, 6, 7, 8])] {
            assert_eq!(compared(before, &[gap("a", "b")], &after).unmarked, 1, "{before:?}");
        }
        assert_eq!(compared(&[1, 2, 3, 4], &[gap("a", "b")], &[5, 6, 7]).unmarked, 1);
        assert!(compared(&[1, 2, 3, 4], &[gap("a", "b")], &[5, 6, 7, 8]).is_sound());
    }

    #[test]
    fn after_a_gap_nothing_of_the_former_server_comes() {
        assert_eq!(compared(&[1, 2, 3], &[gap("a", "b")], &[4, 5, 6, 7, 8]).stale, 1);
        assert_eq!(compared(&[1, 2, 3, 4], &[], &[5, 6, 7, 8]).stale, 4);
    }

    #[test]
    fn nothing_comes_twice_and_gaps_join() {
        assert_eq!(compared(&[1, 2, 2, 3, 4], &[gap("a", "b")], &[5, 6, 7, 8]).disordered, 1);
        assert_eq!(compared(&[1, 2, 3, 4], &[gap("b", "b")], &[5, 6, 7, 8]).disordered, 1);
    }

    #[test]
    fn a_lost_connection_loses_nothing_of_a_new_server() {
        let found = compared(&[1, 2], &[gap("a", "a")], &[4]);
        assert_eq!((found.lost_before, found.lost_after), (1, 0));
    }
}
