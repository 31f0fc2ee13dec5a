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
