//! An acknowledged write is on the database that acknowledged it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Told};
use crate::simulation::history::{Kind, Outcome, What};

/// Compares each acknowledged write with what the servers had run by then.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut kinds: BTreeMap<u64, Kind> = BTreeMap::new();
    let mut applied: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
    for record in told.records {
        match &record.what {
            What::Called(call) => drop(kinds.insert(call.id, call.kind)),
            What::Ran { server, command, call }
                if kinds.get(call).and_then(|kind| kind.applied_by()) == Some(command) =>
            {
                applied.entry(*call).or_default().insert(*server);
            }
            What::Settled(id, Outcome::Answered { own: true, by, .. })
                if kinds.get(id).is_some_and(|kind| kind.applied_by().is_some()) =>
            {
                let at = applied.get(id);
                let is_there = match by {
                    Some(server) => at.is_some_and(|at| at.contains(server)),
                    // Nobody said who it was; somebody has it.
                    None => at.is_some(),
                };
                findings.expect(is_there, record.at, || {
                    format!("{:?} {id} was acknowledged by {by:?}, and is at {at:?}", kinds[id])
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::history::*, *};

    #[test]
    fn a_write_is_where_it_was_acknowledged() {
        let story = |by| [(0, called(1, Kind::Atomic, 100)), (1, ran(1, "incrby", 1)), (2, answered(1, by))];
        assert!(broken(check, story(Some(1))).is_empty() && broken(check, story(None)).is_empty());
        assert_eq!(broken(check, story(Some(0))).len(), 1);
    }

    #[test]
    fn a_write_that_is_applied_after_it_was_acknowledged_was_not_there() {
        let story = [(0, called(1, Kind::Set, 100)), (1, answered(1, None)), (2, ran(0, "set", 1))];
        assert_eq!(broken(check, story).len(), 1);
    }
}
