//! The failure detector's window, through the handle that counts what passes beside the layer.

use std::convert::Infallible;
use std::hint::black_box;

use tokio::time::Duration;
use tower_failover::failure_detector::Detectors;
use tower_failover::{ErrorsAreFailures, FailureDetectorLayer, Sweeper, Thresholds};

use super::{Piece, Work, runtime};
use crate::stack::MemberLayers;

pub(super) const PIECES: [Piece; 3] = [
    Piece::new("count a success", || {
        counting(|detectors| detectors.begin().end(&ErrorsAreFailures, Ok::<_, &Infallible>(&())))
    }),
    // Compared with the thresholds each time, and never above them.
    Piece::new("count a failure", || {
        counting(|detectors| detectors.begin().end(&ErrorsAreFailures, Err::<&(), _>(&"it failed")))
    }),
    Piece::new("read the counts", || {
        counting(|detectors| {
            black_box(detectors.counts());
        })
    }),
];

/// With the clock of a sweeper, as in a client; and so many failures wanted that they never open a circuit.
fn counting(count: impl Fn(&Detectors) + 'static) -> Work {
    let runtime = runtime();
    let (layers, clock) = runtime.block_on(async {
        let sweeper = Sweeper::spawn();
        (MemberLayers::new("active", &sweeper), sweeper.clock())
    });
    let never = Thresholds::new(u64::MAX, 0.1, Duration::from_secs(2)).expect("thresholds");
    let detectors = FailureDetectorLayer::new(layers.availability.clone())
        .clock(clock)
        .thresholds(never)
        .suspect_on_failure(false)
        .detectors();
    Box::new(move |calls| {
        let _kept = (&runtime, &layers);
        for _ in 0..calls {
            count(black_box(&detectors));
        }
    })
}
