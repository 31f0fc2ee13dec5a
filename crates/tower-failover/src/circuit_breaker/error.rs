//! What a circuit breaker adds to the errors of the service behind it.

use std::error::Error;
use std::fmt;

use tokio::time::Instant;

use crate::availability::OpenReason;
use crate::event::Name;

/// The error of a [`CircuitBreaker`](super::CircuitBreaker). It is an [`Error`] if the service's own is one, which a
/// `Box<dyn Error>` is not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CircuitError<E> {
    /// The circuit is not closed, and the request was not handed to the service. Boxed, because every result that
    /// passes a breaker has room for it.
    Open(Box<OpenCircuit>),
    /// The service's own error.
    Inner(E),
}

/// Which circuit refused a call, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenCircuit {
    /// Whose circuit.
    pub member: Name,
    /// Why it opened.
    pub reason: Option<OpenReason>,
    /// Since when it refuses calls, in its present state.
    pub since: Instant,
    /// When it may be tried again, if time alone decides that.
    pub retry_at: Option<Instant>,
}

impl<E> CircuitError<E> {
    /// Whether the breaker refused the call, so that it was certainly not applied.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// The service's own error; `None` if the breaker refused the call.
    #[must_use]
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Open(_) => None,
            Self::Inner(error) => Some(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for CircuitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(open) => write!(f, "the circuit of {} is open", open.member),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: Error> Error for CircuitError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Open(_) => None,
            // Its message is ours already.
            Self::Inner(error) => error.source(),
        }
    }
}
