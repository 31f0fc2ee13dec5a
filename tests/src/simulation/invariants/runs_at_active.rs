//! A call runs at a database that served after it began: no clone goes on with a former one.

use std::collections::BTreeMap;

use redis_failover::Event;

use super::{Findings, Told};
use crate::simulation::{history::What, plan::server_of};

/// Compares where each command was run with who has served since its call began.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut active = None;
    let mut served: BTreeMap<u64, Vec<Option<usize>>> = BTreeMap::new();
    let mut in_flight = Vec::new();
    for record in told.records {
        match &record.what {
            What::Told(Event::ActiveChanged { to, .. }) => {
                active = server_of(to);
                for call in &in_flight {
                    served.entry(*call).or_default().push(active);
                }
            }
            What::Called(call) => {
                served.insert(call.id, vec![active]);
                in_flight.push(call.id);
            }
            What::Settled(id, _) | What::Abandoned(id) => in_flight.retain(|call| call != id),
            // What was sent may arrive long after its call has ended.
            What::Ran { server, command, call } => {
                let since = served.get(call);
                let is_one = since.is_some_and(|since| since.contains(&Some(*server)));
                findings.expect(is_one, record.at, || {
                    format!("{command} of call {call} ran at {server}, and those who served are {since:?}")
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
    fn a_call_that_runs_at_a_former_database_is_found() {
        let story = |server| {
            [
                (0, switched(None, "a", 2)),
                (1, switched(Some("a"), "b", 3)),
                (2, called(1, Kind::Set, 100)),
                (3, ran(server, "set", 1)),
            ]
        };
        assert!(broken(check, story(1)).is_empty());
        assert_eq!(broken(check, story(0)).len(), 1);
    }

    #[test]
    fn a_call_that_began_before_a_switch_may_run_at_either() {
        let story = |server| {
            [
                (0, switched(None, "a", 2)),
                (1, called(1, Kind::Set, 100)),
                (2, switched(Some("a"), "b", 3)),
                (3, ran(server, "set", 1)),
            ]
        };
        assert!(broken(check, story(0)).is_empty() && broken(check, story(1)).is_empty());
    }
}
