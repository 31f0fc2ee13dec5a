//! After the last fault has healed, the heaviest database serves again within the bound that follows from the settings.

use super::{Findings, Told};
use crate::simulation::history::{What, millis};

/// Looks for the first time after the last fault at which the heaviest serves.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let healed = told.records.iter().find(|record| matches!(record.what, What::AllHealed));
    let Some(healed) = healed.map(|record| record.at) else { return };
    let heaviest = told.plan.names()[0];
    let (mut serves, mut since) = (None, None);
    for record in told.records {
        if let What::Seen(seen) = &record.what {
            serves = seen.active.clone();
        }
        if record.at >= healed && since.is_none() && serves.as_deref() == Some(heaviest) {
            since = Some(record.at);
        }
        if matches!(record.what, What::Closed) {
            break;
        }
    }
    let bound = millis(told.plan.settings.return_within());
    let took = since.map(|since| since - healed);
    findings.expect(took.is_some_and(|took| took <= bound), healed + bound, || {
        format!(
            "{heaviest} served {took:?} ms after the last fault, at the end {serves:?}; the bound is {bound}"
        )
    });
}
