//! A failure detector: classifies the outcome of each call and counts it, and never gates.
//!
//! Too many failures within a sliding window of time open the circuit of the member (B12, B13). A failure also
//! raises a suspicion, so that a member with little traffic is asked at once instead of never tripping (B17). A member
//! that answers, but goes on refusing requests of some kind, is left however few they are (B59).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use tower::{Layer, ServiceExt};
//! use tower_failover::availability::CircuitState;
//! use tower_failover::{
//!     Availability, Circuit, CircuitSettings, Events, FailureDetectorLayer, Thresholds,
//! };
//! use tower_test::mock;
//!
//! let availability = Availability::new("eu-west", Events::default());
//! let circuit = Circuit::new(availability.clone(), CircuitSettings::default())?;
//! let layer = FailureDetectorLayer::new(availability)
//!     .thresholds(Thresholds::new(2, 0.1, Duration::from_secs(2))?);
//! let (service, mut handle) = mock::pair::<&str, &str>();
//! let service = layer.layer(service);
//!
//! tokio::spawn(async move {
//!     while let Some((_request, respond)) = handle.next_request().await {
//!         respond.send_error("connection reset");
//!     }
//! });
//! assert!(service.clone().oneshot("ping").await.is_err());
//! assert_eq!(layer.counts().failures, 1);
//! assert!(service.oneshot("ping").await.is_err());
//! assert_eq!(circuit.state(), CircuitState::Open);
//! # Ok(()) }
//! ```

mod detector;
pub mod future;
mod in_place;
mod layer;
mod limited;
#[cfg(all(test, failover_loom))]
mod loom;
mod rate;
mod refusals;
mod shared;
mod threshold;
mod window;

use std::fmt;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::classify::{Classify, ErrorsAreFailures};
use crate::local::Local;
use future::{ResponseFuture, Token};
use shared::{End, Shared};

pub use detector::{CallBeside, Detector, Detectors, Observation};
pub use in_place::InPlace;
pub use layer::{FailureDetectorLayer, WatchedKinds};
pub use limited::Limited;
pub use rate::FailureRate;
pub use threshold::{InvalidThresholds, Thresholds};
pub use window::Counts;

/// Counts the outcomes of the inner service's calls.
///
/// Every call is settled exactly once: with its result, or as abandoned when its future is dropped, be it by its
/// caller or because the inner future panicked. It is charged to the epoch of the circuit that it was made in.
///
/// # Readiness
/// That of the inner service. An error from there is classified and counted as if a call had ended with it.
///
/// # Cancellation
/// A call that is dropped after it has waited [for long](FailureDetectorLayer::abandoned_after) is a failure; one
/// that is dropped earlier is not counted.
///
/// # Clone
/// Clones count into the same window. A clone allocates once, so that calls of different clones do not wait for each
/// other.
#[derive(Clone)]
pub struct FailureDetector<S, C = ErrorsAreFailures> {
    inner: S,
    classify: C,
    shared: Local<Shared>,
}

impl<S, C, Request> Service<Request> for FailureDetector<S, C>
where
    S: Service<Request>,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, C>;

    #[inline]
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(|error| {
            let end = End::of(&self.classify, Err(&error));
            self.shared.settle(self.shared.begin(self.shared.epoch()), end);
            error
        })
    }

    #[inline(always)]
    fn call(&mut self, request: Request) -> Self::Future {
        let epoch = self.shared.epoch();
        let inner = self.inner.call(request);
        // A coarse clock stands while no calls are made. It is right from here on, and was not before.
        let token = Token::begin(self.shared.hold(), epoch);
        ResponseFuture::new(inner, self.classify.clone(), token)
    }
}

impl<S: fmt::Debug, C> fmt::Debug for FailureDetector<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailureDetector").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};
    use tokio::time::Duration;
    use tower::{Layer, ServiceExt, service_fn};

    use super::*;
    use crate::availability::{Availability, CircuitState, Signal, Suspicion};
    use crate::circuit_breaker::{Circuit, CircuitSettings};
    use crate::classify::{Kinds, Outcome};
    use crate::deadline::{DeadlineLayer, Sweeper};
    use crate::event::{Event, Events};

    #[tokio::test(start_paused = true)]
    async fn b14_the_time_in_which_nothing_was_in_flight_is_no_calls_waiting_time() {
        let minute = tokio::time::Duration::from_secs(60);
        let availability = Availability::new("eu-west", Events::default());
        let sweeper = Sweeper::spawn();
        let layer = FailureDetectorLayer::new(availability.clone()).clock(sweeper.clock());
        let deadline = DeadlineLayer::new(minute).sweeper(&sweeper, &availability, Suspicion::default());
        let service = layer.layer(deadline.layer(service_fn(|()| std::future::pending::<Result<(), ()>>())));

        tokio::time::sleep(minute).await;
        let mut call = tokio_test::task::spawn(service.oneshot(()));
        assert!(call.poll().is_pending());
        drop(call);
        assert_eq!(layer.counts().failures, 0, "it was given up at once");
    }

    fn lost(_: Result<&(), &()>) -> Outcome {
        Outcome::Lost
    }

    #[tokio::test(start_paused = true)]
    async fn b57_a_call_whose_connection_alone_was_lost_counts_for_nothing() {
        let availability = Availability::new("eu-west", Events::default());
        let layer = FailureDetectorLayer::new(availability.clone());
        let traffic = availability.traffic();
        // Those that are lost with the connection of all count once.
        let _watch = availability.watch_connection();
        for (asked_since, failures) in [(true, 0), (false, 1), (false, 2)] {
            let earlier = traffic.probe_begins();
            let call = layer.detectors().begin();
            traffic.probe_passed(if asked_since { traffic.probe_begins() } else { earlier });
            call.end(&lost, Err(&()));
            assert_eq!(layer.counts().failures, failures);
        }
    }

    /// As when an operator kills all connections of a member that lives.
    #[tokio::test(start_paused = true)]
    async fn b57_connections_of_their_own_that_are_lost_at_once_are_one_failure_until_a_probe_tells() {
        let events = Events::default();
        let mut told = events.subscribe();
        let availability = Availability::new("eu-west", events);
        let probes = availability.attach_probes(Suspicion::default());
        let circuit = Circuit::new(availability.clone(), CircuitSettings::default()).unwrap();
        let layer = FailureDetectorLayer::new(availability.clone())
            .thresholds(Thresholds::new(3, 0.0, Duration::from_secs(1)).unwrap())
            .suspect_on_failure(false);
        let _watch = availability.watch_connection();
        for (killed, failures) in [("once", 1), ("once more", 2)] {
            let calls = [(); 3].map(|()| layer.detectors().begin());
            for call in calls {
                availability.suspect();
                call.end(&lost, Err(&()));
            }
            assert_eq!(layer.counts().failures, failures, "{killed}");
            assert_eq!(circuit.state(), CircuitState::Closed);
            probes.suspicion_settled(None);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let counted = std::iter::from_fn(|| told.next().now_or_never().flatten());
        let failed = counted.filter_map(|event| match event {
            Event::CallsFailed { count, .. } => Some(count),
            _ => None,
        });
        assert_eq!(failed.sum::<u64>(), 6, "each call has failed nevertheless");
    }

    #[tokio::test(start_paused = true)]
    async fn b17_a_failure_raises_suspicion_unless_told_otherwise() {
        for suspects in [true, false] {
            let availability = Availability::new("eu-west", Events::default());
            let _probes = availability.attach_probes(Suspicion::default());
            let layer = FailureDetectorLayer::new(availability.clone()).suspect_on_failure(suspects);
            let service = layer.layer(service_fn(|answer: Result<(), ()>| async move { answer }));
            assert_eq!(service.clone().oneshot(Ok(())).await, Ok(()));
            assert!(!availability.is_suspected());
            assert_eq!(service.oneshot(Err(())).await, Err(()));
            assert_eq!(availability.is_suspected(), suspects);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn b17_a_failure_that_does_not_count_is_told_and_raises_suspicion_all_the_same() {
        let events = Events::default();
        let mut told = events.subscribe();
        let availability = Availability::new("eu-west", events);
        let _probes = availability.attach_probes(Suspicion::default());
        let circuit = Circuit::new(availability.clone(), CircuitSettings::default()).unwrap();
        let layer = FailureDetectorLayer::new(availability.clone())
            .thresholds(Thresholds::new(1, 0.0, Duration::from_secs(1)).unwrap())
            .only(Kinds::number(0));
        let service = layer.layer(service_fn(|answer: Result<(), ()>| async move { answer }));
        assert_eq!(service.oneshot(Err(())).await, Err(()));
        assert_eq!((layer.counts().failures, circuit.state()), (0, CircuitState::Closed));
        assert!(availability.is_suspected());
        let failed = Event::CallsFailed { member: "eu-west".into(), count: 1 };
        assert_eq!(told.next().now_or_never().flatten(), Some(failed));
    }

    #[tokio::test(start_paused = true)]
    async fn b9_a_trial_that_fails_in_a_way_that_does_not_count_opens_the_circuit_again() {
        let availability = Availability::new("eu-west", Events::default());
        let settings = CircuitSettings::default().grace_period(Duration::ZERO);
        let circuit = Circuit::new(availability.clone(), settings).unwrap();
        let layer = FailureDetectorLayer::new(availability.clone()).only(Kinds::number(0));
        circuit.trip(Duration::ZERO);
        (0..2).for_each(|_| availability.signal(Signal::Tick));
        assert_eq!(circuit.state(), CircuitState::HalfOpen);
        let service = layer.layer(service_fn(|answer: Result<(), ()>| async move { answer }));
        assert_eq!(service.oneshot(Err(())).await, Err(()));
        assert_eq!(circuit.state(), CircuitState::Open);
    }
}
