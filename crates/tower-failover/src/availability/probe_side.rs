//! The probe loop's end of a member's cell.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Availability, Finding, Signal, ring_all};
use crate::bell::Bell;
use crate::sync::atomic::Ordering;

/// Held by a probe loop while it watches a member. When the last one is dropped, the member counts as not checked.
///
/// An ended loop is dropped by the runtime when it gets to it, so that its successor may attach first.
pub(crate) struct ProbeSide {
    availability: Availability,
    bell: Arc<Bell>,
}

impl ProbeSide {
    pub(super) fn attach(availability: Availability) -> Self {
        let bell = Arc::new(Bell::default());
        availability.change(|state| state.probe_loops.push(Arc::clone(&bell)));
        // What was wanted of a loop before this one is wanted still.
        bell.ring();
        // What the circuit waits for depends on whether checks run.
        availability.signal(Signal::Tick);
        Self { availability, bell }
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
        self.availability.cell.suspected.store(false, Ordering::Release);
        state.end_trouble_if_well();
        let listeners = state.live_listeners();
        drop(state);
        ring_all(&listeners);
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
            if !state.checked() {
                state.next_probe_at = None;
                state.round_waiters.clear();
                cell.suspected.store(false, Ordering::Release);
                state.end_trouble_if_well();
            }
        });
        self.availability.signal(Signal::Tick);
    }
}
