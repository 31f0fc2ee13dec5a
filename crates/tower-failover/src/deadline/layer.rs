//! The layer of [`Deadline`].

use std::fmt;
use std::sync::Arc;

use tokio::time::Duration;
use tower_layer::Layer;

use super::member::Member;
use super::sweeper::Sweeper;
use super::timeout::UsualTimeout;
use super::{Deadline, Limits};
use crate::availability::{Availability, Suspicion};
use crate::local::Local;

/// Gives every call a [`Deadline`].
///
/// # Clone
/// Clones with a sweeper, and the services they make, share the slots of their member.
#[derive(Clone)]
pub struct DeadlineLayer<H = UsualTimeout> {
    timeout: Duration,
    timeout_of: H,
    pub(super) member: Option<Arc<Member>>,
}

impl DeadlineLayer {
    /// Calls may take this long. Without a [`sweeper`](Self::sweeper), each that does not answer at once has a tokio
    /// timer.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, timeout_of: UsualTimeout, member: None }
    }
}

impl<H> DeadlineLayer<H> {
    /// Calls are watched by this sweeper instead of by timers, as calls to this member: while they wait, a silence
    /// is noticed and raises suspicion (B17), and when it is left for hanging, they are woken (B35).
    #[must_use]
    pub fn sweeper(self, sweeper: &Sweeper, availability: &Availability, suspicion: Suspicion) -> Self {
        Self { member: Some(Member::new(sweeper, availability, suspicion)), ..self }
    }

    /// Asks for each request's limit, instead of taking the layer's for all.
    #[must_use]
    pub fn timeout_of<G>(self, timeout_of: G) -> DeadlineLayer<G> {
        DeadlineLayer { timeout: self.timeout, timeout_of, member: self.member }
    }
}

impl<H> DeadlineLayer<H> {
    /// Tells whether calls are in flight. `None` without a [`sweeper`](Self::sweeper), which is who sees them.
    #[must_use]
    pub fn calls(&self) -> Option<CallsInFlight> {
        self.member.clone().map(CallsInFlight)
    }
}

/// The calls of one member that wait for their answers.
///
/// # Clone
/// Clones see the same calls.
#[derive(Clone)]
pub struct CallsInFlight(Arc<Member>);

impl CallsInFlight {
    /// Whether there are any now.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.in_flight()
    }
}

impl fmt::Debug for CallsInFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallsInFlight").field(&self.any()).finish()
    }
}

impl<S, H: Clone> Layer<S> for DeadlineLayer<H> {
    type Service = Deadline<S, H>;

    fn layer(&self, inner: S) -> Self::Service {
        let limits = Limits {
            timeout: self.timeout,
            timeout_of: self.timeout_of.clone(),
            member: self.member.clone().map(Local::new),
        };
        Deadline { inner, limits }
    }
}

impl<H> fmt::Debug for DeadlineLayer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadlineLayer").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
