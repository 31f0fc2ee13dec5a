//! No transaction overwrites another: each adds one to a counter that it has read and watched, so no two leave the same.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Told};
use crate::simulation::{
    fault::Fault,
    history::{Kind, Outcome, What},
    workload::counter_of,
};

/// Compares what transactions left behind, at each server, as long as it keeps its data.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut wiped: BTreeMap<usize, u64> = BTreeMap::new();
    let mut transactions = BTreeSet::new();
    let mut committed = BTreeMap::new();
    let mut left = BTreeSet::new();
    for record in told.records {
        match &record.what {
            What::Begun(Fault::Wipe, Some(server), _) => *wiped.entry(*server).or_default() += 1,
            What::Called(call) if call.kind == Kind::Transaction => drop(transactions.insert(call.id)),
            What::Ran { server, call, .. } if transactions.contains(call) => {
                committed.insert(*call, (*server, wiped.get(server).copied()));
            }
            What::Settled(id, Outcome::Answered { own: true, reply, .. }) if transactions.contains(id) => {
                let place = (committed.get(id).copied(), counter_of(*id), reply.clone());
                findings.expect(left.insert(place), record.at, || {
                    format!("transaction {id} left {reply}, as another one did")
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::history::*, *};
    use crate::simulation::fault::Phase;

    fn left(id: u64, count: &str) -> [(u64, What); 3] {
        let answered = Outcome::Answered { own: true, by: Some(0), reply: count.into() };
        [(0, called(id, Kind::Transaction, 100)), (1, ran(0, "rpush", id)), (2, What::Settled(id, answered))]
    }

    #[test]
    fn two_transactions_that_leave_the_same_are_found() {
        assert!(broken(check, left(2, "1").into_iter().chain(left(4, "2"))).is_empty());
        assert_eq!(broken(check, left(2, "1").into_iter().chain(left(4, "1"))).len(), 1);
        assert!(broken(check, left(2, "1").into_iter().chain(left(3, "1"))).is_empty(), "other counters");
    }

    #[test]
    fn an_emptied_server_counts_anew() {
        let wiped = [(3, What::Begun(Fault::Wipe, Some(0), Phase::Steady))];
        assert!(broken(check, left(2, "1").into_iter().chain(wiped).chain(left(4, "1"))).is_empty());
    }
}
