//! The handle to one circuit.

use tokio::time::{Duration, Instant};

use super::machine::CircuitMachine;
use super::settings::{CircuitSettings, InvalidCircuitSettings};
use crate::availability::{Availability, CircuitState, CircuitStatus, Signal};

/// A circuit breaker's state, to look at and to switch by hand.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_failover::availability::CircuitState;
/// use tower_failover::{Availability, Circuit, CircuitSettings, Events};
///
/// let availability = Availability::new("eu-west", Events::default());
/// let circuit = Circuit::new(availability.clone(), CircuitSettings::default())?;
///
/// circuit.force_open();
/// assert_eq!(circuit.state(), CircuitState::Open);
/// assert!(!availability.view().is_available());
///
/// circuit.release(); // The rules decide again.
/// circuit.close();
/// assert_eq!(circuit.state(), CircuitState::Closed);
/// # Ok(()) }
/// ```
///
/// # Clone
/// Clones are handles to the same circuit.
#[derive(Debug, Clone)]
pub struct Circuit {
    pub(super) availability: Availability,
}

impl Circuit {
    /// Puts a closed circuit before the member that `availability` speaks for. A verdict that is already known
    /// counts; a circuit that was there before is replaced.
    ///
    /// # Errors
    /// If the settings are not [valid](CircuitSettings::validate).
    pub fn new(
        availability: Availability,
        settings: CircuitSettings,
    ) -> Result<Self, InvalidCircuitSettings> {
        settings.validate()?;
        let epoch = availability.gate().epoch;
        availability.guard(CircuitMachine::new(settings, epoch, Instant::now()));
        Ok(Self { availability })
    }

    /// The cell of the member behind this circuit.
    #[must_use]
    pub fn availability(&self) -> &Availability {
        &self.availability
    }

    /// Opens it until [`release`](Self::release), whatever calls and checks say (B11).
    pub fn force_open(&self) {
        self.availability.signal(Signal::Force { until: None, drill: false });
    }

    /// A drill (B61): opens it by force for `ttl`, or until [`release`](Self::release). Without effect while it is
    /// forced open in earnest.
    pub fn trip(&self, ttl: Duration) {
        let until = Instant::now().checked_add(ttl);
        self.availability.signal(Signal::Force { until, drill: true });
    }

    /// It is not held open by hand any more. It closes by the rules: the grace period began when it was forced
    /// open, or with the first healthy verdict since.
    pub fn release(&self) {
        self.availability.signal(Signal::Release);
    }

    /// Closes it with a fresh window, also if it is closed already. Without effect while it is forced open.
    pub fn close(&self) {
        self.availability.signal(Signal::Close);
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        self.status().state
    }

    /// All that it says of itself.
    #[must_use]
    pub fn status(&self) -> CircuitStatus {
        self.availability.view().circuit
    }
}
