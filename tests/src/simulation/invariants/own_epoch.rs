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
            What::Told(event @ (Event::CircuitChanged { .. } | Event::MemberAdded { .. })) => {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tower_failover::availability::CircuitState::{Closed, Open};

    use super::{super::history::*, *};

    #[test]
    fn a_straggler_that_is_counted_is_found() {
        let story = |took| {
            let counted = What::Counted { server: 0, epoch: 1, took: Duration::from_millis(took) };
            [(0, added("a")), (1000, moved("a", Open, Closed)), (1500, counted)]
        };
        assert!(broken(check, story(400)).is_empty());
        assert_eq!(broken(check, story(700)).len(), 1);
    }
}
