//! The layers, in their default settings.

use tower_failover::{Member, RetryLayer, Sweeper};
use tower_layer::Layer;
use tower_service::Service;

use super::{Piece, Work, call, runtime};
use crate::noop::Noop;
use crate::stack::{Failures, MemberLayers, all_layers, balance};

pub(super) const PIECES: [Piece; 7] = [
    Piece::new("no layer", || called(|| Noop::<true>)),
    Piece::new("all layers", || called(|| all_layers::<true>(2).0)),
    Piece::new("retry", || called(|| RetryLayer::new(Failures).layer(Noop::<true>))),
    Piece::new("balance", || {
        called(|| {
            let availability = MemberLayers::new("active", &Sweeper::spawn()).availability;
            balance(vec![Member::new(Noop::<true>, availability)])
        })
    }),
    Piece::new("breaker", || called(|| member().breaker.layer(Noop::<true>))),
    Piece::new("detector", || called(|| member().detector.layer(Noop::<true>))),
    Piece::new("deadline", || called(|| member().deadline.layer(Noop::<true>))),
];

fn member() -> MemberLayers {
    MemberLayers::new("active", &Sweeper::spawn())
}

/// Calls a service that is made within a runtime, and called once there, so that all that goes on behind it has begun.
fn called<S: Service<()> + 'static>(make: impl FnOnce() -> S) -> Work {
    let runtime = runtime();
    let mut service = runtime.block_on(async {
        let mut service = make();
        let ready = std::future::poll_fn(|context| service.poll_ready(context)).await;
        assert!(ready.is_ok() && service.call(()).await.is_ok(), "the first call failed");
        service
    });
    Box::new(move |calls| {
        let _within = runtime.enter();
        call(&mut service, calls);
    })
}
