//! Every call settles exactly once, and by its deadline.

use std::collections::BTreeMap;

use super::{Findings, Told};
use crate::simulation::history::{Call, Millis, What, millis};

/// How late a deadline may be noticed: it is looked at every 25 ms, and its caller is woken within a tick.
const SLACK: Millis = 50;

struct Open<'a> {
    call: &'a Call,
    since: Millis,
    /// Whether we stood still meanwhile: then the deadline was noticed when we woke.
    stalled: bool,
}

/// Follows each call from its beginning to its end.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut open: BTreeMap<u64, Open<'_>> = BTreeMap::new();
    let mut last = 0;
    for record in told.records {
        last = record.at;
        match &record.what {
            What::Called(call) => {
                let is_new = open.insert(call.id, Open { call, since: record.at, stalled: false }).is_none();
                findings.expect(is_new, record.at, || format!("call {} began twice", call.id));
            }
            What::Woke(_) => open.values_mut().for_each(|open| open.stalled = true),
            What::Abandoned(id) => {
                let was_open = open.remove(id).is_some();
                findings.expect(was_open, record.at, || format!("call {id} was given up after it had ended"));
            }
            What::Settled(id, outcome) => {
                let Some(Open { call, since, stalled }) = open.remove(id) else {
                    findings.expect(false, record.at, || format!("call {id} ended twice: {outcome:?}"));
                    continue;
                };
                let took = record.at - since;
                findings.expect(stalled || took <= millis(call.limit) + SLACK, record.at, || {
                    format!("{call:?} took {took} ms: {outcome:?}")
                });
            }
            _ => {}
        }
    }
    for Open { call, since, .. } in open.values() {
        findings.expect(false, last, || format!("{call:?} began at {since} and never ended"));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::history::*, *};
    use crate::simulation::history::Kind;

    #[test]
    fn a_call_ends_once_and_in_time() {
        let call = || (0, called(1, Kind::Echo, 100));
        assert!(broken(check, [call(), (100, answered(1, None))]).is_empty());
        assert_eq!(broken(check, [call(), (151, answered(1, None))]).len(), 1, "late");
        assert_eq!(broken(check, [call()]).len(), 1, "never");
        assert_eq!(broken(check, [call(), (1, answered(1, None)), (2, failed(1))]).len(), 1, "twice");
        let woke = What::Woke(Duration::from_secs(1));
        assert!(broken(check, [call(), (1000, woke), (1010, failed(1))]).is_empty(), "we stood still");
    }
}
