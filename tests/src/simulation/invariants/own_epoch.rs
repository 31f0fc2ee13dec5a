//! What counts against a database happened since its circuit last moved.

use redis_failover::Event;

use super::{Findings, Told, states::States};
use crate::simulation::{
    history::{Millis, What, millis},
    plan::NAMES,
};

/// A clock that is published every 25 ms says when attempts began and ended.
const COARSE: Millis = 50;

/// Compares each failure that was counted with when the circuit last moved. Time in which we stood still is not in its
/// length, so an attempt can only have begun earlier than it seems.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut states = States::default();
    for record in told.records {
        match &record.what {
            What::Told(event @ Event::CircuitChanged { .. } | event @ Event::MemberAdded { .. }) => {
                states.take(event, record.at);
            }
            What::Counted { server, epoch, took, .. } => {
                let Some(state) = states.members.get(NAMES[*server]) else { continue };
                let began = record.at.saturating_sub(millis(*took));
                findings.expect(began + COARSE >= state.moved_at, record.at, || {
                    format!(
                        "an attempt at {} that began at {began} was counted in epoch {epoch}: {state:?}",
                        NAMES[*server]
                    )
                });
            }
            _ => {}
        }
    }
}
