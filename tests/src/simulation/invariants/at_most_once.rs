//! What must not be applied twice is applied at most once, and what is said not to have been applied was not.

use std::collections::BTreeMap;

use super::{Findings, Told};
use crate::simulation::history::{Call, Outcome, What};

/// Compares what the callers were told with what the servers ran, whenever they ran it.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut applied: BTreeMap<u64, u64> = BTreeMap::new();
    let mut calls: BTreeMap<u64, &Call> = BTreeMap::new();
    for record in told.records {
        match &record.what {
            What::Called(call) => drop(calls.insert(call.id, call)),
            What::Ran { command, call, .. }
                if calls.get(call).is_some_and(|call| call.kind.applied_by() == Some(command)) =>
            {
                *applied.entry(*call).or_default() += 1;
            }
            _ => {}
        }
    }
    let times = |id: &u64| applied.get(id).copied().unwrap_or(0);
    for record in told.records {
        match &record.what {
            What::Called(call) if call.kind.is_once() => {
                findings.expect(times(&call.id) <= 1, record.at, || {
                    format!("{:?} {} was applied {} times", call.kind, call.id, times(&call.id))
                });
            }
            What::Settled(id, Outcome::Failed(error)) if calls[id].kind.writes() => {
                findings.expect(times(id) == 0, record.at, || {
                    format!("{:?} {id} was applied, and yet failed: {error}", calls[id].kind)
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::history::*, *};
    use crate::simulation::history::Kind;

    #[test]
    fn an_increment_is_applied_once_wherever_and_whenever() {
        let increment = || (0, called(1, Kind::Increment, 100));
        assert!(broken(check, [increment(), (1, ran(0, "incr", 1)), (2, answered(1, None))]).is_empty());
        let twice = [increment(), (1, ran(0, "incr", 1)), (2, answered(1, None)), (900, ran(1, "incr", 1))];
        assert_eq!(broken(check, twice), ["Increment 1 was applied 2 times"]);
        let set = [(0, called(1, Kind::Set, 100)), (1, ran(0, "set", 1)), (2, ran(1, "set", 1))];
        assert!(broken(check, set).is_empty(), "a SET may be");
    }

    #[test]
    fn what_failed_was_not_applied_later_either() {
        let story = [(0, called(1, Kind::Set, 100)), (1, failed(1)), (900, ran(0, "set", 1))];
        assert_eq!(broken(check, story).len(), 1);
    }
}
