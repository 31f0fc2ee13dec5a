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
                });
            }
            What::Told(event) if closed => {
                let is_switch = matches!(event, Event::ActiveChanged { .. });
                findings.expect(!is_switch, record.at, || format!("after the end: {event:?}"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::history::*, *};

    #[test]
    fn whatever_is_left_is_found() {
        let end = |tasks, connections| [(0, What::Closed), (1000, What::Left { tasks, connections })];
        assert!(broken(check, end(0, 0)).is_empty());
        assert_eq!(broken(check, end(1, 0)).len() + broken(check, end(0, 1)).len(), 2);
        assert_eq!(broken(check, [(0, What::Closed), (1, switched(None, "a", 2))]).len(), 1);
    }
}
