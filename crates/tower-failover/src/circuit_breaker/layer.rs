//! The layer of the circuit breaker.

use tower_layer::Layer;

use super::{Circuit, CircuitBreaker};

/// Puts a [`CircuitBreaker`] before a service.
///
/// # Clone
/// Clones, and all services of one layer, obey the same circuit.
#[derive(Debug, Clone)]
pub struct CircuitBreakerLayer {
    circuit: Circuit,
    wait_while_open: bool,
}

impl CircuitBreakerLayer {
    /// Calls pass while `circuit` lets them, and fail at once when it does not.
    #[must_use]
    pub fn new(circuit: Circuit) -> Self {
        Self { circuit, wait_while_open: false }
    }

    /// Makes a service that is not ready while the circuit is open, instead of one whose calls fail.
    #[must_use]
    pub fn wait_while_open(self) -> Self {
        Self { wait_while_open: true, ..self }
    }
}

impl<S> Layer<S> for CircuitBreakerLayer {
    type Service = CircuitBreaker<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CircuitBreaker::new(inner, self.circuit.availability().clone(), self.wait_while_open)
    }
}
