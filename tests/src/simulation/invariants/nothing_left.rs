//! After the client was closed, nothing is left of it: no task, no connection, and no event.

use redis_failover::Event;

use super::{Findings, Told};
use crate::simulation::history::What;

/// Looks at what happens after the end.
pub(super) fn check(told: &Told<'_>, findings: &mut Findings) {
    let mut closed = false;
    for record in told.records {
        match &record.what {
            What::Closed => closed = true,
            What::Left { tasks, connections } => {
                findings.expect(*tasks + *connections == 0, record.at, || {
                    format!("{tasks} tasks and {connections} connections are left")
                })
            }
            What::Told(event) if closed => {
                let is_switch = matches!(event, Event::ActiveChanged { .. });
                findings.expect(!is_switch, record.at, || format!("after the end: {event:?}"));
            }
            _ => {}
        }
    }
}
