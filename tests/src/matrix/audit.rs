//! What the servers know of the calls, compared with what was said of them.

use std::collections::{BTreeMap, BTreeSet};

use super::clients::Worked;
use super::ground::{counts, listed};
use super::journal::{Answer, End, Place};
use super::work::{DONE, QUEUE};
use super::{Journal, Stage, Workload};
use crate::NAMES;
use crate::messages::{Comparison, Ledger, PUBLISHED, Read};

/// How the calls were applied.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// How often each, by its number and in each region.
    counts: BTreeMap<u64, [u64; 2]>,
    /// Those that a server listed after later ones.
    late: BTreeSet<u64>,
}

/// What does not fit.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Findings {
    /// Calls that were acknowledged, and of which no server knows.
    pub lost: usize,
    /// Calls that were applied more than once, though that makes a difference.
    pub applied_twice: usize,
    /// Calls that were applied, though they failed and it was not said that they may have been.
    pub untold: usize,
    /// What the reader of messages read.
    pub messages: Comparison,
}

impl Applied {
    /// Asks all servers.
    pub(super) async fn look_up(stage: &Stage, worked: &Worked) -> Self {
        let mut applied = Self::default();
        for place in 0..NAMES.len() {
            let lists: &[&str] = match worked.workload {
                Workload::Reads | Workload::Scans => continue,
                Workload::Blocking => &[QUEUE, DONE],
                Workload::Messages => &[PUBLISHED],
                _ => &[],
            };
            if lists.is_empty() {
                let numbers: Vec<u64> = worked.journal.numbers();
                let keys: Vec<String> = numbers.iter().map(|number| worked.workload.key(*number)).collect();
                for (number, count) in numbers.iter().zip(counts(stage, place, &keys).await) {
                    applied.add(*number, place, count);
                }
            } else {
                applied.take(place, &listed(stage, place, lists).await);
            }
        }
        applied
    }

    fn add(&mut self, number: u64, place: Place, count: u64) {
        if count > 0 {
            self.counts.entry(number).or_default()[place] += count;
        }
    }

    /// Takes what the servers of a region have listed; where two have listed a number, the one that did so more often.
    fn take(&mut self, place: Place, servers: &[Vec<u64>]) {
        let mut most = BTreeMap::<u64, u64>::new();
        for listed in servers {
            let mut here = BTreeMap::<u64, u64>::new();
            let mut last = 0;
            for &number in listed {
                *here.entry(number).or_default() += 1;
                if number < last {
                    self.late.insert(number);
                }
                last = last.max(number);
            }
            for (number, count) in here {
                let most = most.entry(number).or_default();
                *most = count.max(*most);
            }
        }
        for (number, count) in most {
            self.add(number, place, count);
        }
    }

    fn times(&self, number: u64) -> u64 {
        self.counts.get(&number).map_or(0, |counts| counts.iter().sum())
    }

    /// From where an answer came: as it says itself, or as the one server says that applied what it tells of.
    #[must_use]
    pub(super) fn place_of(&self, answer: &Answer) -> Option<Place> {
        answer.from.or_else(|| self.taken_by(answer.tells_of?))
    }

    /// The first server that applied this.
    fn taken_by(&self, number: u64) -> Option<Place> {
        self.counts.get(&number)?.iter().position(|count| *count > 0)
    }

    /// Compares.
    #[must_use]
    pub(super) fn compare(&self, worked: &Worked) -> Findings {
        // A SET may be repeated: it makes no difference how often it is applied.
        let applied_twice = if worked.workload == Workload::Writes { 0 } else { self.twice() };
        let mut findings = Findings { applied_twice, ..Findings::default() };
        for call in worked.journal.calls() {
            match call.end {
                End::Answered(Answer { tells_of: Some(number), .. }) => {
                    findings.lost += usize::from(self.times(number) == 0);
                }
                End::Failed(_) => findings.untold += usize::from(self.times(call.number) > 0),
                End::Answered(_) | End::InDoubt => {}
            }
        }
        if worked.workload == Workload::Messages {
            let late = self.late_in_doubt(worked);
            let in_time = |read: &&Read| !matches!(read, Read::Number(number) if late.contains(number));
            let read: Vec<Read> = worked.read.iter().filter(in_time).cloned().collect();
            findings.messages = self.ledger(&worked.journal, &late).compare(NAMES[0], &read);
        }
        findings
    }

    fn twice(&self) -> usize {
        self.counts.keys().filter(|number| self.times(**number) > 1).count()
    }

    /// Messages that were on their way for longer than their publisher waited, and that their server published after
    /// later ones, of its own or of the other server's: they have no place in the order.
    fn late_in_doubt(&self, worked: &Worked) -> BTreeSet<u64> {
        let read_late = self.read_after_later(&worked.read);
        let calls = worked.journal.calls().into_iter();
        let in_doubt = calls.filter(|call| matches!(call.end, End::InDoubt)).map(|call| call.number);
        in_doubt.filter(|number| self.late.contains(number) || read_late.contains(number)).collect()
    }

    /// Those that were read after later ones, at the very server that had taken them.
    fn read_after_later(&self, items: &[Read]) -> BTreeSet<u64> {
        let (mut late, mut at, mut last) = (BTreeSet::new(), NAMES[0], 0);
        for item in items {
            match item {
                Read::Gap(_, to) => at = to,
                Read::Number(number) if *number > last => last = *number,
                Read::Number(number) => {
                    if self.taken_by(*number).is_some_and(|place| NAMES[place] == at) {
                        late.insert(*number);
                    }
                }
            }
        }
        late
    }

    /// Which server took which number.
    fn ledger(&self, journal: &Journal, late: &BTreeSet<u64>) -> Ledger {
        let mut ledger = Ledger::default();
        for number in self.counts.keys().filter(|number| !late.contains(number)) {
            if let Some(place) = self.taken_by(*number) {
                ledger.taken.insert(*number, NAMES[place].to_owned());
            }
        }
        ledger.unanswered =
            journal.calls().iter().filter(|call| !matches!(call.end, End::Answered(_))).count() as u64;
        ledger
    }
}

#[cfg(test)]
mod tests {
    use redis_failover::Error;

    use super::*;

    fn worked(workload: Workload, results: Vec<Result<Answer, Error>>) -> Worked {
        let journal = Journal::default();
        for result in results {
            let number = journal.begin();
            journal.end(number, result);
        }
        Worked {
            workload,
            journal: journal.into(),
            switches: Vec::new(),
            active: None,
            read: Vec::new(),
            heard: Vec::new(),
        }
    }

    fn applied(counts: &[(u64, [u64; 2])]) -> Applied {
        Applied { counts: counts.iter().copied().collect(), ..Applied::default() }
    }

    #[test]
    fn what_was_acknowledged_and_is_nowhere_is_lost() {
        let worked = worked(Workload::Increments, vec![Ok(Answer::of(1)), Ok(Answer::of(2))]);
        let findings = applied(&[(1, [1, 0])]).compare(&worked);
        assert_eq!(findings, Findings { lost: 1, ..Findings::default() });
    }

    #[test]
    fn what_is_there_twice_was_applied_twice_wherever() {
        let worked = worked(Workload::Increments, vec![Ok(Answer::of(1)), Ok(Answer::of(2))]);
        let findings = applied(&[(1, [1, 1]), (2, [0, 2])]).compare(&worked);
        assert_eq!(findings, Findings { applied_twice: 2, ..Findings::default() });
    }

    #[test]
    fn to_write_the_same_twice_makes_no_difference() {
        let worked = worked(Workload::Writes, vec![Ok(Answer::of(1))]);
        assert_eq!(applied(&[(1, [1, 1])]).compare(&worked), Findings::default());
    }

    #[test]
    fn only_who_was_told_of_a_doubt_may_find_it_applied() {
        let worked =
            worked(Workload::Increments, vec![Err(Error::MayHaveBeenApplied(None)), Err(Error::CircuitOpen)]);
        let findings = applied(&[(1, [1, 0]), (2, [1, 0])]).compare(&worked);
        assert_eq!(findings, Findings { untold: 1, ..Findings::default() });
    }

    #[test]
    fn a_message_that_came_late_has_no_place_in_the_order_if_its_publisher_was_told_of_the_doubt() {
        let in_doubt = || Err(Error::MayHaveBeenApplied(None));
        for (end, unreported) in [(in_doubt(), 0), (Ok(Answer::of(2)), 1)] {
            let mut worked = worked(Workload::Messages, vec![Ok(Answer::of(1)), end, Ok(Answer::of(3))]);
            worked.read = [1, 3, 2].map(Read::Number).into();
            let mut applied = Applied::default();
            applied.take(0, &[vec![1, 3, 2]]);
            assert_eq!(applied.compare(&worked).messages.unreported(), unreported);
        }
    }

    #[test]
    fn nor_has_one_that_was_still_on_its_way_when_another_server_had_published_later_ones() {
        let [first, second] = NAMES.map(str::to_owned);
        let away = || Read::Gap(first.clone(), second.clone());
        let back = || Read::Gap(second.clone(), first.clone());
        let number = Read::Number;
        let in_doubt = || Err(Error::MayHaveBeenApplied(None));
        for (end, read, unreported) in [
            (in_doubt(), vec![number(1), away(), number(3), back(), number(2)], 0),
            (Ok(Answer::of(2)), vec![number(1), away(), number(3), back(), number(2)], 1),
            // What the former server published is not to be read after the gap, in doubt or not.
            (in_doubt(), vec![number(1), away(), number(3), number(2)], 1),
        ] {
            let mut worked = worked(Workload::Messages, vec![Ok(Answer::of(1)), end, Ok(Answer::of(3))]);
            worked.read = read;
            let mut applied = Applied::default();
            applied.take(0, &[vec![1, 2]]);
            applied.take(1, &[vec![3]]);
            assert_eq!(applied.compare(&worked).messages.unreported(), unreported);
        }
    }
}
