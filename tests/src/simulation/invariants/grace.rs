//! A circuit is tried again only when its database has been healthy without a break for the grace period; without checks,
//! when its circuit has been open for so long.

use std::collections::BTreeMap;

use redis_failover::Event;
use tower_failover::availability::CircuitState;

use super::{Findings, Told, states::States};
use crate::simulation::history::{What, millis};

/// Looks at each circuit that becomes half-open. A failed probe that changes no verdict begins the grace anew as well; of
/// that the events do not tell, so it may last longer than is asked for here.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut states = States::default();
    let grace = millis(told.plan.settings.grace);
    // When all go at once there is no grace (B58): then nothing is asked of the circuits that are open.
    let (mut last_outage, mut left_closed) = (None, BTreeMap::new());
    for record in told.records {
        let What::Told(event) = &record.what else { continue };
        match event {
            Event::OutageBegan => last_outage = Some(record.at),
            Event::CircuitChanged { member, to: CircuitState::HalfOpen, .. } => {
                let Some(state) = states.members.get(member) else { continue };
                let since = state.moved_at.max(state.judged_at);
                let waited = record.at - since;
                let waived = last_outage >= left_closed.get(member).copied();
                findings.expect(waived || waited >= grace, record.at, || {
                    format!("{member} was tried after {waited} ms of a grace of {grace}: {state:?}")
                });
            }
            Event::CircuitChanged { member, from: CircuitState::Closed, .. } => {
                left_closed.insert(member.clone(), record.at);
            }
            _ => {}
        }
        states.take(event, record.at);
    }
}

#[cfg(test)]
mod tests {
    use tower_failover::Verdict::{Healthy, Unhealthy};
    use tower_failover::availability::CircuitState::{Closed, HalfOpen, Open};

    use super::{super::history::*, *};

    fn story(healthy_at: u64, tried_at: u64) -> Vec<(u64, What)> {
        vec![
            (0, added("a")),
            (100, judged("a", Unhealthy)),
            (100, moved("a", Closed, Open)),
            (healthy_at, judged("a", Healthy)),
            (tried_at, moved("a", Open, HalfOpen)),
        ]
    }

    #[test]
    fn grace_begins_with_health() {
        assert!(broken(check, story(800, 1800)).is_empty());
        assert_eq!(broken(check, story(800, 1799)).len(), 1);
    }

    #[test]
    fn when_all_go_at_once_there_is_none() {
        let mut story = story(800, 801);
        story.insert(3, (100, What::Told(Event::OutageBegan)));
        assert!(broken(check, story).is_empty());
    }
}
