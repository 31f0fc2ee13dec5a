//! While nothing goes wrong, a call through all layers allocates nothing.

#![allow(clippy::unwrap_used, reason = "a broken set-up fails the test")]

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake};

use allocation_counter::AllocationInfo;
use tokio::time::Duration;
use tower::{Layer, Service};
use tower_failover::balance::fixed;
use tower_failover::failure_detector::Detectors;
use tower_failover::retry::Assessment;
use tower_failover::{
    Availability, Circuit, CircuitBreakerLayer, CircuitSettings, DeadlineLayer, Events, FailoverConfig,
    FailureDetectorLayer, Member, RetryLayer, RetryPolicy, Suspicion, Sweeper, Weight,
    WeightedFailoverBalance,
};

/// Answers at once, or at the second look as a connection does: then its waker is registered and woken.
#[derive(Clone)]
struct Noop {
    pending_once: bool,
}

struct Answer {
    looked: bool,
}

impl Service<u64> for Noop {
    type Response = ();
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: u64) -> Answer {
        Answer { looked: !self.pending_once }
    }
}

impl Future for Answer {
    type Output = Result<(), Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::replace(&mut self.looked, true) {
            return Poll::Ready(Ok(()));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[derive(Clone)]
struct Failures;

impl<E> RetryPolicy<u64, (), E> for Failures {
    fn assess(&self, result: Result<&(), &E>) -> Assessment {
        if result.is_ok() { Assessment::Final } else { Assessment::Ambiguous }
    }

    fn repeatable(&self, _: &u64) -> bool {
        true
    }

    fn clone_request(&self, request: &u64) -> Option<u64> {
        Some(*request)
    }
}

/// Two members behind all layers in their default settings, and what counts the first one's calls.
async fn stack(pending_once: bool) -> (impl Service<u64, Response = ()>, Detectors) {
    let (events, sweeper) = (Events::default(), Sweeper::spawn());
    let member = |name: &'static str, weight: f64| {
        let availability = Availability::new(name, events.clone());
        let circuit = Circuit::new(availability.clone(), CircuitSettings::default()).unwrap();
        let detector = FailureDetectorLayer::new(availability.clone()).clock(sweeper.clock());
        let detectors = detector.detectors();
        let deadline = DeadlineLayer::new(Duration::from_millis(500)).sweeper(
            &sweeper,
            &availability,
            Suspicion::default(),
        );
        let service =
            CircuitBreakerLayer::new(circuit).layer(detector.layer(deadline.layer(Noop { pending_once })));
        (Member::new(service, availability).weight(Weight::new(weight).unwrap()), detectors)
    };
    let (primary, detectors) = member("eu-west", 1.0);
    let (secondary, _) = member("us-east", 0.5);
    let balance =
        WeightedFailoverBalance::new(fixed([primary, secondary]), FailoverConfig::default()).unwrap();
    let mut service = RetryLayer::new(Failures).route(balance.route()).layer(balance);
    // The first call finds who serves, and the slots; before the second, this clone takes a clone of that member's
    // service.
    for _ in 0..2 {
        poll_fn(|context| service.poll_ready(context)).await.unwrap_or_else(|_| unreachable!());
        service.call(0).await.unwrap_or_else(|_| unreachable!());
    }
    (service, detectors)
}

struct Idle;

impl Wake for Idle {
    fn wake(self: Arc<Self>) {}
}

/// Makes calls on this thread alone; the tasks of the stack run on others and are not counted.
fn allocations(
    service: &mut impl Service<u64, Response = ()>,
    pending_once: bool,
    calls: u64,
) -> AllocationInfo {
    let waker = Arc::new(Idle).into();
    let mut context = Context::from_waker(&waker);
    allocation_counter::measure(|| {
        for request in 0..calls {
            assert!(matches!(service.poll_ready(&mut context), Poll::Ready(Ok(()))));
            let mut call = pin!(service.call(request));
            assert!(!pending_once || call.as_mut().poll(&mut context).is_pending());
            assert!(matches!(call.as_mut().poll(&mut context), Poll::Ready(Ok(()))));
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_call_through_all_layers_allocates_nothing() {
    for pending_once in [false, true] {
        let (mut service, detectors) = stack(pending_once).await;
        let before = detectors.counts().successes;
        let counted = allocations(&mut service, pending_once, 1000);
        assert_eq!((counted.count_total, counted.bytes_total), (0, 0), "pending once: {pending_once}");
        assert_eq!(detectors.counts().successes - before, 1000, "every call was counted");
    }
}
