//! Stories of deadlines and the sweeper.

mod limits;
mod silence;
mod slots;
mod stalls;
mod suspicion;
mod sweeping;

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::time::{Instant, sleep, timeout};
use tokio_test::{assert_pending, assert_ready};
use tower::{Layer, ServiceExt, service_fn};
use tower_test::mock;

use super::*;
use crate::availability::{Availability, Suspicion};
use crate::clock::Clock;
use crate::event::Events;

const LIMIT: Duration = Duration::from_millis(500);
/// Two sweeps: what a deadline may be late on a paused clock.
const GRAIN: Duration = Duration::from_millis(50);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn member() -> Availability {
    Availability::new("member", Events::default())
}

fn watched(sweeper: &Sweeper, availability: &Availability) -> DeadlineLayer {
    DeadlineLayer::new(LIMIT).sweeper(sweeper, availability, Suspicion::default())
}

/// Answers after the time that the request says.
fn answers_after() -> impl Service<Duration, Response = (), Error = &'static str, Future: Send> + Clone + Send
{
    service_fn(|wait: Duration| async move {
        sleep(wait).await;
        Ok::<_, &'static str>(())
    })
}

async fn parked(sweeper: &Sweeper) {
    loop {
        let before = sweeper.sweeps();
        sleep(millis(100)).await;
        if sweeper.sweeps() == before {
            return;
        }
    }
}
