//! The probe loop's end of a member's cell.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Availability, Cell, Finding, Signal, Suspicion, ring_all};
use crate::bell::Bell;
use crate::sync::atomic::Ordering;

/// Held by a probe loop while it watches a member. When the last one is dropped, the member counts as not checked.
///
/// An ended loop is dropped by the runtime when it gets to it, so that its successor may attach first.
pub(crate) struct ProbeSide {
    availability: Availability,
    bell: Arc<Bell>,
    /// Whether it asks on suspicion.
    suspects: bool,
}

impl ProbeSide {
    pub(super) fn attach(availability: Availability, suspicion: Suspicion) -> Self {
        let (bell, suspects) = (Arc::new(Bell::default()), !suspicion.is_off());
        availability.change(|state| {
            state.probe_loops.push(Arc::clone(&bell));
            state.suspicious_loops += usize::from(suspects);
        });
        // What was wanted of a loop before this one is wanted still.
        bell.ring();
        // What the circuit waits for depends on whether checks run.
        availability.signal(Signal::Tick);
        Self { availability, bell, suspects }
    }

    pub(crate) fn availability(&self) -> &Availability {
        &self.availability
    }

    /// Rung when the member is suspected, and whenever [`round_wanted`](Self::round_wanted) may have changed.
    pub(crate) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Whether a choice or a half-open circuit waits for one full round.
    pub(crate) fn round_wanted(&self) -> bool {
        let state = self.availability.lock();
        let half_open = state.machine.as_ref().is_some_and(|machine| machine.status().wants_round);
        half_open || !state.round_waiters.is_empty()
    }

    /// The loop's next round is due then.
    pub(crate) fn next_round_at(&self, at: Option<Instant>) {
        self.availability.lock().next_probe_at = at;
    }

    /// A full round ended: everybody who asked for one hears of it.
    pub(crate) fn round_ended(&self, finding: &Finding) {
        let waiters = std::mem::take(&mut self.availability.lock().round_waiters);
        self.availability.signal(Signal::Verdict(finding.clone()));
        for waiter in waiters {
            // Whoever asked may have gone since.
            let _ = waiter.send(finding.clone());
        }
    }

    /// The suspicion is settled, by this finding if its probe failed. Those who wait for it look up.
    pub(crate) fn suspicion_settled(&self, failed: Option<Finding>) {
        if let Some(finding) = failed {
            self.availability.signal(Signal::Verdict(Finding { on_suspicion: true, ..finding }));
        }
        let mut state = self.availability.lock();
        // Under the lock: the next suspicion, and its trouble, begin after it.
        self.availability.cell.settle_suspicion();
        state.end_trouble_if_well();
        let listeners = state.live_listeners();
        drop(state);
        ring_all(&listeners);
    }
}

impl Cell {
    fn settle_suspicion(&self) {
        self.suspected.store(false, Ordering::Release);
        self.loss_counted.store(false, Ordering::Release);
    }
}

impl Availability {
    /// When the next round of one of its checks is due; past, while one runs that was due or asked for. `None` before
    /// the first has ended, and without checks.
    #[must_use]
    pub fn next_probe_at(&self) -> Option<Instant> {
        self.lock().next_probe_at
    }
}

impl Drop for ProbeSide {
    fn drop(&mut self) {
        let cell = &self.availability.cell;
        self.availability.change(|state| {
            state.probe_loops.retain(|bell| !Arc::ptr_eq(bell, &self.bell));
            state.suspicious_loops -= usize::from(self.suspects);
            if state.suspicious_loops == 0 {
                cell.settle_suspicion();
                state.end_trouble_if_well();
            }
            if !state.checked() {
                state.next_probe_at = None;
                state.round_waiters.clear();
            }
        });
        self.availability.signal(Signal::Tick);
    }
}
