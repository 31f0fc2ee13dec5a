//! The layers of `tower-failover`: together, and each alone.

use benches::{Failures, MemberLayers, Noop, Subject, all_layers, balance};
use tower_failover::{Member, RetryLayer, Sweeper};
use tower_layer::Layer;

/// Retry, balance over two members, breaker, detector and deadline.
pub(crate) fn together<const PENDING_ONCE: bool>() -> Subject {
    let (service, active) = all_layers::<PENDING_ONCE>(2);
    active.counted(Subject::new("all layers", service))
}

/// Each layer alone on the no-op service.
pub(crate) fn apart<const PENDING_ONCE: bool>() -> [Subject; 5] {
    let noop = Noop::<PENDING_ONCE>;
    let sweeper = Sweeper::spawn();
    let layers = MemberLayers::new("active", &sweeper);
    let member = Member::new(noop, layers.availability.clone());
    let breaker = Subject::new("  breaker alone", layers.breaker.layer(noop));
    let detector = Subject::new("  detector alone", layers.detector.layer(noop));
    let deadline = Subject::new("  deadline alone", layers.deadline.layer(noop));
    [
        Subject::new("  retry alone", RetryLayer::new(Failures).layer(noop)),
        Subject::new("  balance alone", balance(vec![member])),
        breaker,
        layers.counted(detector),
        deadline,
    ]
}
