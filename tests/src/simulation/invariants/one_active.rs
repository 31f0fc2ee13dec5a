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
