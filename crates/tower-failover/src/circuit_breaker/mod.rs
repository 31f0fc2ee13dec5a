//! A circuit breaker: admits calls or refuses them, and never counts.
//!
//! Whoever knows something about the member, a failure detector, its health checks or a person, says so to its
//! [`Availability`]. The circuit that lives there opens and closes by that and by the clock; the
//! [`CircuitBreaker`] merely obeys it. Put a [`FailureDetector`](crate::FailureDetector) below it if
//! calls are to open it, and to settle its trial calls where no health check runs.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tower::{Layer, ServiceExt};
//! use tower_failover::{Availability, Circuit, CircuitBreakerLayer, CircuitSettings, Events};
//! use tower_test::mock;
//!
//! let availability = Availability::new("eu-west", Events::default());
//! let circuit = Circuit::new(availability, CircuitSettings::default())?;
//! let (service, mut handle) = mock::pair::<&str, &str>();
//! let breaker = CircuitBreakerLayer::new(circuit.clone()).layer(service);
//!
//! tokio::spawn(async move {
//!     let (_request, respond) = handle.next_request().await.unwrap();
//!     respond.send_response("pong");
//! });
//! assert_eq!(breaker.clone().oneshot("ping").await.unwrap(), "pong");
//!
//! circuit.force_open();
//! let error = breaker.oneshot("ping").await.unwrap_err();
//! assert_eq!(error.to_string(), "the circuit of eu-west is open");
//! # Ok(()) }
//! ```

mod circuit;
pub mod error;
mod flap;
pub mod future;
mod in_place;
mod layer;
#[cfg(all(test, failover_loom))]
mod loom;
mod machine;
mod own;
mod permit;
mod settings;
mod waiting;

use std::fmt;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::availability::{Availability, Epoch};
use future::ResponseFuture;
use permit::{Permit, Refusal};
use waiting::Waiting;

pub use circuit::Circuit;
pub use error::{CircuitError, OpenCircuit};
pub use in_place::InPlace;
pub use layer::CircuitBreakerLayer;
pub use settings::{CircuitSettings, InvalidCircuitSettings};

/// Calls the inner service while its circuit lets calls pass.
///
/// # Readiness
/// Ready is a reservation: in a half-open circuit it holds one of the few trial calls. A reservation of an older
/// epoch is void, and the call asks again. While the circuit is open, the service is ready and its calls fail with
/// [`CircuitError::Open`]; one that [waits](CircuitBreakerLayer::wait_while_open) is pending until the circuit
/// moves. The inner service is asked for its readiness only when the circuit admits.
///
/// # Cancellation
/// Dropping the service, or the future of a call, gives its trial call back.
///
/// # Clone
/// Clones obey the same circuit. A new clone holds no reservation.
pub struct CircuitBreaker<S> {
    inner: S,
    availability: Availability,
    wait_while_open: bool,
    /// The reservation in a closed circuit, which costs nobody anything: the epoch that it holds in.
    usual: Option<Epoch>,
    /// What is rarely there is on the heap: a call touches all of a clone's lines of memory.
    admission: Option<Result<Box<Permit>, Refusal>>,
    waiting: Waiting,
}

impl<S> CircuitBreaker<S> {
    fn new(inner: S, availability: Availability, wait_while_open: bool) -> Self {
        let waiting = Waiting::default();
        Self { inner, availability, wait_while_open, usual: None, admission: None, waiting }
    }

    /// Whether there is a reservation that holds, or a new one.
    #[inline]
    fn is_admitted(&mut self) -> bool {
        self.usual = Permit::usual(&self.availability);
        if self.admission.is_none() && self.usual.is_some() { true } else { self.is_admitted_closely() }
    }

    #[cold]
    fn is_admitted_closely(&mut self) -> bool {
        if let Some(Ok(permit)) = &self.admission
            && permit.is_current(&self.availability)
        {
            return true;
        }
        if self.usual.is_some() {
            self.admission = None;
            return true;
        }
        self.admission.insert(Permit::ask(&self.availability).map(Box::new)).is_ok()
    }

    /// Whether a call needs no reservation, and there is none.
    #[inline]
    fn is_closed(&self) -> bool {
        self.admission.is_none() && Permit::usual(&self.availability).is_some()
    }

    /// Takes the usual reservation, if that is what there is, and it still holds.
    #[inline(always)]
    fn take_usual(&mut self) -> bool {
        self.usual.take().is_some_and(|epoch| epoch == self.availability.gate().epoch)
    }

    #[cold]
    fn take_admission(&mut self) -> Result<Permit, Refusal> {
        match self.admission.take().map(|admission| admission.map(|permit| *permit)) {
            Some(Ok(permit)) if !permit.is_current(&self.availability) => Permit::ask(&self.availability),
            // A refusal stands even if the circuit has closed since: the inner service was not made ready.
            Some(admission) => admission,
            None => Permit::ask(&self.availability),
        }
    }
}

impl<S, Request> Service<Request> for CircuitBreaker<S>
where
    S: Service<Request>,
{
    type Response = S::Response;
    type Error = CircuitError<S::Error>;
    type Future = ResponseFuture<S::Future, S::Error>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        loop {
            let registered = self.waiting.is_registered();
            if self.is_admitted() {
                if let Poll::Ready(result) = self.inner.poll_ready(context) {
                    self.waiting.end();
                    let Err(error) = result else { return Poll::Ready(Ok(())) };
                    (self.usual, self.admission) = (None, None);
                    return Poll::Ready(Err(CircuitError::Inner(error)));
                }
            } else if !self.wait_while_open {
                self.waiting.end();
                return Poll::Ready(Ok(()));
            }
            // Pending only after a look that followed the registration: a move in between is not lost.
            if self.waiting.poll_moved(&self.availability, context).is_pending() && registered {
                return Poll::Pending;
            }
        }
    }

    #[inline(always)]
    fn call(&mut self, request: Request) -> Self::Future {
        if self.take_usual() {
            return ResponseFuture::admitted(self.inner.call(request), None);
        }
        match self.take_admission() {
            Ok(permit) => ResponseFuture::admitted(self.inner.call(request), permit.spend()),
            Err(refusal) => ResponseFuture::refused(refusal.into_error(&self.availability)),
        }
    }
}

impl<S: Clone> Clone for CircuitBreaker<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.availability.clone(), self.wait_while_open)
    }
}

impl<S: fmt::Debug> fmt::Debug for CircuitBreaker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("inner", &self.inner)
            .field("availability", &self.availability)
            .field("wait_while_open", &self.wait_while_open)
            .finish_non_exhaustive()
    }
}
