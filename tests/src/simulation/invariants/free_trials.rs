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
