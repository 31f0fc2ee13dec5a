//! Circuits of one's own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tower_failover::availability::{CircuitStatus, Machine};
use tower_failover::{
    Availability, Circuit, CircuitSettings, Event, circuit_breaker::InvalidCircuitSettings,
};

use super::DatabaseConfig;

/// Makes the circuit of a database.
///
/// # Clone
/// Clones make the same kind of circuit.
#[derive(Clone)]
pub(crate) struct MakeCircuit(Arc<dyn Fn(Availability) -> Circuit + Send + Sync>);

impl DatabaseConfig {
    /// A circuit breaker of one's own for this database, in place of the usual one (B8); see [`Circuit::own`]. `make` is
    /// given the status of a closed circuit whenever the database is opened, and a panic of it or of the machine ends in
    /// the usual one. It must not wait for a change of the client that the database joins.
    ///
    /// redis-py has each database bring a breaker that a command passes through. Here calls pass through a gate that
    /// costs one load, and the machine behind it is told what happened: trips of the failure detectors, verdicts of the
    /// health checks, orders by hand. So it decides when its database is left and when it may be back, and never sees a
    /// call. `grace_period`, `half_open_timeout`, `trial_calls`, `flap_window` and `max_grace_factor` say nothing to it.
    /// To watch a circuit, or to switch it by hand: [`MultiDbClient::circuit`](crate::MultiDbClient::circuit).
    #[must_use]
    pub fn circuit<M: Machine + 'static>(
        mut self,
        make: impl Fn(CircuitStatus) -> M + Send + Sync + 'static,
    ) -> Self {
        let make = move |availability: Availability| Circuit::own(availability, &make);
        self.circuit = Some(MakeCircuit(Arc::new(make)));
        self
    }

    /// The circuit before this database: its own, or the usual one with these settings.
    pub(crate) fn circuit_of(
        &self,
        availability: &Availability,
        settings: CircuitSettings,
    ) -> Result<Circuit, InvalidCircuitSettings> {
        if let Some(MakeCircuit(make)) = &self.circuit {
            // What a panic leaves broken is the maker's own.
            if let Ok(circuit) = catch_unwind(AssertUnwindSafe(|| make(availability.clone()))) {
                return Ok(circuit);
            }
            let what = format!("maker of the circuit of {}", availability.name());
            availability.events().emit(Event::Panicked { what: what.into() });
        }
        Circuit::new(availability.clone(), settings)
    }
}
