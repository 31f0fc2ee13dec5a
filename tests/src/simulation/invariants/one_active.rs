//! One database serves at a time, each switch begins where the last one ended, and whoever is chosen can be.

use redis_failover::Event;
use tower_failover::{Verdict, availability::CircuitState};

use super::{Findings, Told, states::States};
use crate::simulation::history::What;

/// Looks at each switch, and at each snapshot.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut states = States::default();
    let heaviest = told.plan.names()[0];
    for record in told.records {
        match &record.what {
            What::Told(event) => {
                if let Event::ActiveChanged { from, to, version, .. } = event {
                    findings.expect(*from == states.active, record.at, || {
                        format!("a switch from {from:?} to {to}, though {:?} served", states.active)
                    });
                    findings.expect(*version > states.version, record.at, || {
                        format!("version {version} after {}", states.version)
                    });
                    let Some(state) = states.members.get(to) else { continue };
                    let is_checked = told.plan.settings.heaviest_checked || **to != *heaviest;
                    let can_be = match state.circuit {
                        CircuitState::Closed => state.verdict != Verdict::Unhealthy,
                        CircuitState::HalfOpen => !is_checked,
                        CircuitState::Open => false,
                    };
                    findings.expect(can_be, record.at, || format!("{to} was chosen, and is {state:?}"));
                }
                states.take(event, record.at);
            }
            What::Seen(seen) => {
                let shown = seen.members.iter().filter(|member| member.active).map(|member| &member.name);
                findings.expect(shown.eq(seen.active.iter()), record.at, || {
                    format!("{:?} serves, and the members say {:?}", seen.active, seen.members)
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tower_failover::Verdict::{Healthy, Unhealthy};

    use super::{super::history::*, *};
    use crate::simulation::history::Seen;

    #[test]
    fn switches_join_and_lead_to_who_can_be_chosen() {
        let begun =
            || [(0, added("a")), (0, added("b")), (1, judged("a", Healthy)), (2, judged("b", Healthy))];
        let story = |more: [(u64, What); 2]| begun().into_iter().chain(more);
        let first = || (3, switched(None, "a", 2));
        assert!(broken(check, story([first(), (4, switched(Some("a"), "b", 3))])).is_empty());
        assert_eq!(broken(check, story([first(), (4, switched(Some("b"), "a", 3))])).len(), 1);
        assert_eq!(broken(check, story([first(), (4, switched(Some("a"), "b", 2))])).len(), 1);
        assert_eq!(broken(check, story([(3, judged("a", Unhealthy)), first()])).len(), 1);
        let opened = moved("a", CircuitState::Closed, CircuitState::Open);
        assert_eq!(broken(check, story([(3, opened), first()])).len(), 1);
    }

    #[test]
    fn a_snapshot_shows_one_that_serves() {
        let nobody = Seen { active: Some("a".into()), ..Seen::default() };
        assert_eq!(broken(check, [(0, What::Seen(nobody))]).len(), 1);
    }
}
