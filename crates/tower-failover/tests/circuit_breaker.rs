//! Stories of the circuit breaker layer, told from outside.

#![allow(clippy::expect_used, reason = "a broken set-up fails the test")]

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, advance};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};
use tower::{Layer, Service, ServiceBuilder};
use tower_failover::availability::{CircuitState, Evidence, OpenReason};
use tower_failover::failure_detector::Counts;
use tower_failover::{
    Availability, Circuit, CircuitBreaker, CircuitBreakerLayer, CircuitError, CircuitSettings, Events,
    FailureDetectorLayer, Finding, Signal, Thresholds,
};
use tower_test::mock::{self, Handle, Mock, Spawn};

const GRACE: Duration = Duration::from_secs(60);

type Breaker = Spawn<CircuitBreaker<Mock<&'static str, &'static str>>>;

fn circuit(settings: CircuitSettings) -> Circuit {
    Circuit::new(Availability::new("eu-west", Events::default()), settings).expect("valid settings")
}

fn failing_fast(circuit: &Circuit) -> (Breaker, Handle<&'static str, &'static str>) {
    mock::spawn_layer(CircuitBreakerLayer::new(circuit.clone()))
}

fn waiting(circuit: &Circuit) -> (Breaker, Handle<&'static str, &'static str>) {
    mock::spawn_layer(CircuitBreakerLayer::new(circuit.clone()).wait_while_open())
}

fn trip(circuit: &Circuit) {
    let epoch = circuit.availability().gate().epoch;
    circuit.availability().signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
}

#[tokio::test(start_paused = true)]
async fn b8_closed_passes_calls_and_their_errors() {
    let (mut breaker, mut handle) = failing_fast(&circuit(CircuitSettings::default()));
    for answer in [Ok("pong"), Err("reset")] {
        assert_ready_ok!(breaker.poll_ready());
        let mut call = tokio_test::task::spawn(breaker.call("ping"));
        assert_pending!(call.poll());
        let (request, respond) = handle.next_request().await.expect("a request");
        assert_eq!(request, "ping");
        match answer {
            Ok(answer) => {
                respond.send_response(answer);
                assert_eq!(assert_ready_ok!(call.poll()), answer);
            }
            Err(error) => {
                respond.send_error(error);
                let error = assert_ready_err!(call.poll());
                assert!(!error.is_open());
                assert_eq!(error.into_inner().expect("the inner error").to_string(), "reset");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b8_open_fails_at_once_and_says_why_and_until_when() {
    let circuit = circuit(CircuitSettings::default());
    let (mut breaker, mut handle) = failing_fast(&circuit);
    handle.allow(0);
    trip(&circuit);

    assert_ready_ok!(breaker.poll_ready(), "ready, although the inner service is not");
    let error = assert_ready_err!(tokio_test::task::spawn(breaker.call("ping")).poll());
    assert_eq!(error.to_string(), "the circuit of eu-west is open");
    let CircuitError::Open(open) = error else {
        panic!("an inner error: {error:?}");
    };
    assert_eq!(&*open.member, "eu-west");
    assert_eq!(open.reason, Some(OpenReason::FailureDetector));
    assert_eq!(open.since, Instant::now());
    assert_eq!(open.retry_at, Some(open.since + GRACE));
    assert_pending!(handle.poll_request(), "nothing reached the inner service");
}

#[tokio::test(start_paused = true)]
async fn b9_without_a_driver_it_ticks_when_looked_at() {
    let circuit = circuit(CircuitSettings::default());
    let (mut breaker, _handle) = failing_fast(&circuit);
    trip(&circuit);
    advance(GRACE).await;
    assert_eq!(circuit.state(), CircuitState::Open, "nobody has looked");
    assert_ready_ok!(breaker.poll_ready());
    assert_eq!(circuit.state(), CircuitState::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn b9_whoever_waits_is_woken_by_the_clock_alone() {
    let circuit = circuit(CircuitSettings::default());
    let (mut breaker, _handle) = waiting(&circuit);
    trip(&circuit);
    assert_pending!(breaker.poll_ready());
    assert!(!breaker.is_woken(), "it does not wake itself");
    advance(GRACE - Duration::from_millis(1)).await;
    assert!(!breaker.is_woken());
    advance(Duration::from_millis(1)).await;
    assert!(breaker.is_woken());
    assert_ready_ok!(breaker.poll_ready());
    assert_eq!(circuit.state(), CircuitState::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn b8_whoever_waits_is_woken_by_the_transition() {
    let circuit = circuit(CircuitSettings::default());
    let (mut breaker, _handle) = waiting(&circuit);
    circuit.force_open();
    assert_pending!(breaker.poll_ready());
    assert_pending!(breaker.poll_ready());
    assert!(!breaker.is_woken());
    circuit.release();
    assert!(breaker.is_woken(), "what is waited for has changed");
    assert_pending!(breaker.poll_ready());
    circuit.close();
    assert!(breaker.is_woken());
    assert_ready_ok!(breaker.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn b10_ready_is_a_reservation() {
    let circuit = circuit(CircuitSettings::default().trial_calls(1));
    let (mut first, mut handle) = waiting(&circuit);
    let mut second = first.clone();
    trip(&circuit);
    advance(GRACE).await;

    assert_ready_ok!(first.poll_ready());
    assert_pending!(second.poll_ready(), "the only trial is reserved");
    assert_pending!(first.clone().poll_ready(), "a new clone carries no reservation");
    assert_ready_ok!(first.poll_ready(), "the reservation holds");

    let mut call = tokio_test::task::spawn(first.call("ping"));
    assert_pending!(call.poll());
    let (_, respond) = handle.next_request().await.expect("a request");
    assert_pending!(second.poll_ready());
    respond.send_response("pong");
    assert_ready_ok!(call.poll());
    assert!(second.is_woken(), "the slot is free, although the finished future is still there");
    assert_ready_ok!(second.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn b10_a_dropped_trial_gives_its_slot_back() {
    let circuit = circuit(CircuitSettings::default().trial_calls(1));
    let (mut first, _handle) = waiting(&circuit);
    let mut second = first.clone();
    trip(&circuit);
    advance(GRACE).await;

    assert_ready_ok!(first.poll_ready());
    assert_pending!(second.poll_ready());
    let call = first.call("ping");
    assert!(!second.is_woken());
    drop(call);
    assert!(second.is_woken());
    assert_ready_ok!(second.poll_ready());

    assert_pending!(first.poll_ready());
    drop(second);
    assert!(first.is_woken(), "a dropped service gives its reservation back");
    assert_ready_ok!(first.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn b10_a_permit_of_an_older_epoch_is_void() {
    let circuit = circuit(CircuitSettings::default());
    let (mut breaker, mut handle) = failing_fast(&circuit);
    assert_ready_ok!(breaker.poll_ready());
    circuit.force_open();
    assert!(assert_ready_err!(tokio_test::task::spawn(breaker.call("ping")).poll()).is_open());
    assert_pending!(handle.poll_request());

    circuit.release();
    circuit.close();
    assert_ready_ok!(breaker.poll_ready());
    circuit.close();
    let _call = breaker.call("ping");
    assert!(assert_ready!(handle.poll_request()).is_some(), "closed anew: the call asked again and may pass");
}

#[tokio::test(start_paused = true)]
async fn b10_a_refusal_stands_because_the_inner_service_was_not_made_ready() {
    let circuit = circuit(CircuitSettings::default());
    let (mut breaker, mut handle) = failing_fast(&circuit);
    handle.allow(0);
    circuit.force_open();
    assert_ready_ok!(breaker.poll_ready());
    circuit.release();
    circuit.close();
    assert!(assert_ready_err!(tokio_test::task::spawn(breaker.call("ping")).poll()).is_open());
    assert_pending!(breaker.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn b8_a_service_that_hangs_in_its_readiness_is_left_when_the_circuit_opens() {
    let circuit = circuit(CircuitSettings::default());
    let (mut breaker, mut handle) = failing_fast(&circuit);
    handle.allow(0);
    assert_pending!(breaker.poll_ready());
    assert!(!breaker.is_woken());
    circuit.force_open();
    assert!(breaker.is_woken());
    assert_ready_ok!(breaker.poll_ready());
    assert!(assert_ready_err!(tokio_test::task::spawn(breaker.call("ping")).poll()).is_open());
}

#[tokio::test(start_paused = true)]
async fn b10_an_error_of_the_inner_readiness_gives_the_trial_back() {
    let circuit = circuit(CircuitSettings::default().trial_calls(1));
    let (mut breaker, mut handle) = failing_fast(&circuit);
    trip(&circuit);
    advance(GRACE).await;
    handle.send_error("gone");
    assert_eq!(assert_ready_err!(breaker.poll_ready()).to_string(), "gone");
    assert_eq!(circuit.status().free_trials, 1);
}

#[tokio::test(start_paused = true)]
async fn b9_trial_calls_settle_it_where_no_check_runs() {
    let circuit = circuit(CircuitSettings::default().trial_calls(2));
    let layer = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(circuit.clone()))
        .layer(FailureDetectorLayer::new(circuit.availability().clone()));
    let (mut stack, mut handle) = mock::spawn_layer::<&str, &str, _>(layer);
    trip(&circuit);
    advance(GRACE).await;

    for expected in [CircuitState::HalfOpen, CircuitState::Closed] {
        assert_ready_ok!(stack.poll_ready());
        let call = stack.call("ping");
        let (_, respond) = handle.next_request().await.expect("a request");
        respond.send_response("pong");
        call.await.expect("an answer");
        assert_eq!(circuit.state(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn b15_what_the_breaker_refuses_is_not_counted() {
    let circuit = circuit(CircuitSettings::default());
    let detector = FailureDetectorLayer::new(circuit.availability().clone())
        .thresholds(Thresholds::new(1, 0.0, Duration::from_secs(2)).expect("valid thresholds"));
    let layer =
        ServiceBuilder::new().layer(CircuitBreakerLayer::new(circuit.clone())).layer(detector.clone());
    let (mut stack, _handle) = mock::spawn_layer::<&str, &str, _>(layer);
    circuit.force_open();
    for _ in 0..3 {
        assert_ready_ok!(stack.poll_ready());
        stack.call("ping").await.expect_err("refused");
    }
    assert_eq!(detector.counts(), Counts::default());
}

#[tokio::test(start_paused = true)]
async fn b8_a_verdict_that_came_before_the_circuit_counts() {
    let availability = Availability::new("eu-west", Events::default());
    availability.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    let circuit = Circuit::new(availability, CircuitSettings::default()).expect("valid settings");
    assert_eq!(circuit.state(), CircuitState::Open);
}

/// Is not ready, and opens the circuit after the breaker has looked at it.
struct OpensMeanwhile(Circuit);

impl Service<()> for OpensMeanwhile {
    type Response = ();
    type Error = Infallible;
    type Future = Ready<Result<(), Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.force_open();
        Poll::Pending
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn b8_a_move_between_the_look_and_the_wait_is_not_lost() {
    let circuit = circuit(CircuitSettings::default());
    let layer = CircuitBreakerLayer::new(circuit.clone());
    let mut failing_fast = mock::Spawn::new(layer.layer(OpensMeanwhile(circuit.clone())));
    assert_ready_ok!(failing_fast.poll_ready::<()>());

    circuit.release();
    circuit.close();
    let mut waiting = mock::Spawn::new(layer.wait_while_open().layer(OpensMeanwhile(circuit.clone())));
    assert_pending!(waiting.poll_ready::<()>());
    assert!(!waiting.is_woken());
    circuit.release();
    assert!(waiting.is_woken());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let settings = CircuitSettings::default().half_open_timeout(Duration::ZERO);
    let availability = Availability::new("eu-west", Events::default());
    let error = Circuit::new(availability, settings).expect_err("no time to be tried");
    assert_eq!(error.to_string(), "half_open_timeout must be more than zero");
}

/// A request that borrows from its caller.
struct Borrowed<'a>(&'a str);

#[derive(Clone)]
struct Length;

impl<'a> Service<Borrowed<'a>> for Length {
    type Response = usize;
    type Error = Infallible;
    type Future = Ready<Result<usize, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Borrowed<'a>) -> Self::Future {
        ready(Ok(request.0.len()))
    }
}

async fn ask<S>(mut service: S, text: &str) -> usize
where
    S: for<'a> Service<Borrowed<'a>, Response = usize>,
{
    poll_fn(|context| service.poll_ready(context)).await.ok().expect("ready");
    service.call(Borrowed(text)).await.ok().expect("an answer")
}

#[tokio::test(start_paused = true)]
async fn requests_may_borrow() {
    let circuit = circuit(CircuitSettings::default());
    let detector = FailureDetectorLayer::new(circuit.availability().clone());
    let stack = CircuitBreakerLayer::new(circuit).layer(detector.layer(Length));
    let text = String::from("not static");
    assert_eq!(ask(stack, &text).await, 10);
}
