//! The layers of `tower-failover`: together, and each alone.

use tower_failover::{Member, RetryLayer, Sweeper};
use tower_layer::Layer;

use crate::noop::Noop;
use crate::stack::{Failures, MemberLayers, all_layers, balance};
use crate::subject::Subject;

/// Retry, balance over two members, breaker, detector and deadline.
pub(super) fn together<const PENDING_ONCE: bool>() -> Subject {
    let (service, active) = all_layers::<PENDING_ONCE>(2);
    active.counted(Subject::new(super::ALL_LAYERS, service))
}

/// Each layer alone on the no-op service.
pub(super) fn apart<const PENDING_ONCE: bool>() -> [Subject; 5] {
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
