//! What a look at the circuit gives: a permit, or a refusal.

use tokio::time::Instant;

use super::error::{CircuitError, OpenCircuit};
use crate::availability::{Availability, CircuitState, CircuitStatus, Epoch, Phase, Signal};

/// One call may pass, in this epoch.
pub(super) struct Permit {
    epoch: Epoch,
    slot: Option<TrialSlot>,
}

impl Permit {
    /// The epoch of a closed circuit, which has a permit for everybody: one Acquire load.
    #[inline]
    pub(super) fn usual(availability: &Availability) -> Option<Epoch> {
        let gate = availability.gate();
        matches!(gate.phase, Phase::Admit | Phase::Watch).then_some(gate.epoch)
    }

    /// Asks the circuit.
    pub(super) fn ask(availability: &Availability) -> Result<Self, Refusal> {
        match Self::usual(availability) {
            Some(epoch) => Ok(Self { epoch, slot: None }),
            None => Self::ask_closely(availability),
        }
    }

    #[cold]
    fn ask_closely(availability: &Availability) -> Result<Self, Refusal> {
        let mut status = availability.view().circuit;
        // Without a driver nobody else sees to it that time passes.
        if status.next_change_at.is_some_and(|due| due <= Instant::now()) {
            availability.signal(Signal::Tick);
            status = availability.view().circuit;
        }
        match status.phase {
            Phase::Admit | Phase::Watch => Ok(Self { epoch: status.epoch, slot: None }),
            Phase::Trial => availability
                .try_trial()
                .map(|epoch| TrialSlot { availability: availability.clone(), epoch })
                .map(|slot| Self { epoch: slot.epoch, slot: Some(slot) })
                .ok_or_else(|| Refusal(Box::new(status))),
            Phase::Refuse => Err(Refusal(Box::new(status))),
        }
    }

    /// Whether the circuit has not moved since.
    #[inline]
    pub(super) fn is_current(&self, availability: &Availability) -> bool {
        self.epoch == availability.gate().epoch
    }

    /// Spends the permit: what is left is to be held until the call has ended.
    #[inline]
    pub(super) fn spend(self) -> Option<TrialSlot> {
        self.slot
    }
}

/// One of the few places in a half-open circuit, given back on drop.
pub(super) struct TrialSlot {
    availability: Availability,
    epoch: Epoch,
}

impl Drop for TrialSlot {
    fn drop(&mut self) {
        self.availability.signal(Signal::TrialEnded { epoch: self.epoch });
    }
}

/// The call may not pass; the circuit's status says why. Boxed, because every permit is moved in the same place, and
/// should not be as large.
pub(super) struct Refusal(Box<CircuitStatus>);

impl Refusal {
    pub(super) fn into_error<E>(self, availability: &Availability) -> CircuitError<E> {
        let CircuitStatus { state, reason, since, next_change_at, .. } = *self.0;
        CircuitError::Open(Box::new(OpenCircuit {
            member: availability.name().clone(),
            reason,
            since,
            retry_at: next_change_at.filter(|_| state == CircuitState::Open),
        }))
    }
}
