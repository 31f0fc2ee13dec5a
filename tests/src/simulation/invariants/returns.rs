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

#[cfg(test)]
mod tests {
    use super::{super::history::*, *};
    use crate::simulation::history::Seen;

    #[test]
    fn who_does_not_return_in_time_is_found() {
        let seen = |name: &str| What::Seen(Seen { active: Some(name.into()), ..Seen::default() });
        let bound = millis(plan().settings.return_within());
        let story = |at| [(0, seen("b")), (100, What::AllHealed), (at, seen("a")), (at + 1, What::Closed)];
        assert!(broken(check, story(100 + bound)).is_empty());
        assert_eq!(broken(check, story(101 + bound)).len(), 1);
        assert_eq!(broken(check, [(0, seen("b")), (100, What::AllHealed), (200, What::Closed)]).len(), 1);
    }
}
