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
