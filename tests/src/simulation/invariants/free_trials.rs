//! A half-open circuit that is tried by calls has room for one when there is none.

use std::collections::BTreeSet;

use super::{Findings, Told};
use crate::simulation::history::{Millis, What};

/// How long nobody must have called: what was shown is then what is.
const QUIET: Millis = 40;

/// Looks at the moments before a call in which no other was there.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut in_flight = BTreeSet::new();
    let mut quiet_since = 0;
    let mut full = None;
    for record in told.records {
        match &record.what {
            What::Called(call) => {
                if in_flight.is_empty() && record.at >= quiet_since + QUIET {
                    findings.expect(full.is_none(), record.at, || {
                        format!(
                            "nobody has called since {quiet_since}, and yet all trials of {full:?} are taken"
                        )
                    });
                }
                in_flight.insert(call.id);
            }
            What::Settled(id, _) | What::Abandoned(id) => {
                in_flight.remove(id);
                quiet_since = record.at;
            }
            What::Woke(_) => quiet_since = record.at,
            What::Seen(seen) => {
                full = seen.members.iter().find(|member| member.free_trials == Some(0)).cloned();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::history::*, *};
    use crate::simulation::history::{Kind, Seen, SeenMember};
    use tower_failover::{Verdict, availability::CircuitState};

    fn shown(free: u32) -> What {
        let member = SeenMember {
            name: "a".into(),
            active: true,
            verdict: Verdict::Unknown,
            circuit: CircuitState::HalfOpen,
            epoch: 3,
            free_trials: Some(free),
            forced: false,
            drained: false,
        };
        What::Seen(Seen { members: vec![member], ..Seen::default() })
    }

    #[test]
    fn a_trial_that_has_ended_makes_room_for_another() {
        let story = |free, next| {
            let first = [(0, called(1, Kind::Echo, 100)), (5, shown(0)), (20, What::Abandoned(1))];
            first.into_iter().chain([(30, shown(free)), (next, called(2, Kind::Echo, 100))])
        };
        assert!(broken(check, story(1, 100)).is_empty());
        assert_eq!(broken(check, story(0, 100)).len(), 1);
        assert!(broken(check, story(0, 40)).is_empty(), "too early to be seen");
    }
}
