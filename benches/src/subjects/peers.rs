//! What else there is, each in its default settings.

use failsafe::futures::CircuitBreaker as _;
use tower::balance::p2c::Balance;
use tower::buffer::Buffer;
use tower::discover::ServiceList;
use tower::load::Constant;
use tower::service_fn;
use tower_layer::Layer;
use tower_resilience_circuitbreaker::{CircuitBreakerError, CircuitBreakerLayer};
use tower_resilience_retry::RetryLayer;

use crate::noop::{Answer, Noop};
use crate::subject::Subject;

/// Retry over circuit breaker.
pub(super) fn tower_resilience<const PENDING_ONCE: bool>() -> Subject {
    let breaker = CircuitBreakerLayer::builder().build().expect("the default settings");
    let retry = RetryLayer::<(), (), CircuitBreakerError<_>>::builder().build();
    Subject::new("tower-resilience", retry.layer(breaker.layer(Noop::<PENDING_ONCE>)))
}

/// A circuit breaker.
pub(super) fn failsafe<const PENDING_ONCE: bool>() -> Subject {
    let breaker = failsafe::Config::new().build();
    Subject::new("failsafe", service_fn(move |()| breaker.call(Answer::<PENDING_ONCE>::default())))
}

/// Tower's own way to many clones of one balance. A constant load is the least that p2c can be asked to look at.
pub(super) fn buffer_over_p2c<const PENDING_ONCE: bool>() -> Subject {
    let members = [Constant::new(Noop::<PENDING_ONCE>, 1), Constant::new(Noop::<PENDING_ONCE>, 1)];
    Subject::new("Buffer over p2c", Buffer::new(Balance::new(ServiceList::new(members)), 1024))
}
