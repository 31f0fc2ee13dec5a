//! Events tell the same story as snapshots.

use super::{Findings, Told, states::States};
use crate::simulation::history::What;

/// Compares each snapshot with the state that follows from the events before it.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut states = States::default();
    for record in told.records {
        match &record.what {
            What::Told(event) => states.take(event, record.at),
            What::Seen(seen) => {
                findings.expect(seen.active == states.active, record.at, || {
                    format!("{:?} serves, and {:?} by the events", seen.active, states.active)
                });
                for member in &seen.members {
                    let state = states.members.get(&member.name);
                    let is_same = state.is_some_and(|state| {
                        (state.verdict, state.circuit) == (member.verdict, member.circuit)
                    });
                    findings
                        .expect(is_same, record.at, || format!("{member:?}, and by the events {state:?}"));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::history::*, *};
    use crate::simulation::history::Seen;

    #[test]
    fn a_snapshot_that_events_do_not_explain_is_found() {
        let seen = || (2, What::Seen(Seen { active: Some("a".into()), ..Seen::default() }));
        assert!(broken(check, [(0, added("a")), (1, switched(None, "a", 2)), seen()]).is_empty());
        assert_eq!(broken(check, [(0, added("a")), seen()]).len(), 1);
    }
}
