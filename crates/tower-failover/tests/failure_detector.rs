//! Stories of the failure detector layer, told from outside.

#![allow(clippy::expect_used, reason = "a broken set-up fails the test")]

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::time::{advance, sleep};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_failover::availability::{CircuitState, OpenReason};
use tower_failover::failure_detector::{Counts, Observation};
use tower_failover::retry::{Assessment, RetryPolicy};
use tower_failover::{
    Availability, Circuit, CircuitSettings, Classify, Clock, DeadlineLayer, Event, EventStream, Events,
    FailureDetectorLayer, Kinds, Outcome, RetryLayer, Signal, Suspicion, Sweeper, Thresholds,
};
use tower_test::mock;

const WINDOW: Duration = Duration::from_secs(2);

fn guarded() -> (Availability, Circuit) {
    guarded_by(CircuitSettings::default())
}

fn guarded_by(settings: CircuitSettings) -> (Availability, Circuit) {
    let availability = Availability::new("eu-west", Events::default());
    let circuit = Circuit::new(availability.clone(), settings).expect("valid settings");
    (availability, circuit)
}

fn at_failures(min_num_failures: u64) -> Thresholds {
    Thresholds::new(min_num_failures, 0.0, WINDOW).expect("valid thresholds")
}

/// Calls a service that answers as it is asked to.
async fn call(layer: &FailureDetectorLayer, answer: Result<(), &'static str>) {
    let echo = service_fn(|answer: Result<(), &'static str>| async move { answer });
    assert_eq!(layer.layer(echo).oneshot(answer).await, answer, "results pass through unchanged");
}

fn counts(successes: u64, failures: u64) -> Counts {
    Counts { successes, failures }
}

fn told(events: &mut EventStream) -> Vec<Event> {
    std::iter::from_fn(|| events.next().now_or_never().flatten()).collect()
}

#[tokio::test(start_paused = true)]
async fn b12_the_window_slides_by_the_clock() {
    let (availability, circuit) = guarded();
    let thresholds = Thresholds::new(3, 0.1, Duration::from_millis(300)).expect("valid thresholds");
    let layer = FailureDetectorLayer::new(availability).thresholds(thresholds);
    for _ in 0..3 {
        call(&layer, Err("reset")).await;
        advance(Duration::from_millis(160)).await;
    }
    assert_eq!(circuit.state(), CircuitState::Closed, "three failures, but never within the window");
    call(&layer, Err("reset")).await;
    call(&layer, Err("reset")).await;
    assert_eq!(circuit.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn b13_it_trips_when_there_are_enough_failures_and_a_high_enough_rate() {
    let (availability, circuit) = guarded();
    let thresholds = Thresholds::new(10, 0.5, WINDOW).expect("valid thresholds");
    let layer = FailureDetectorLayer::new(availability).thresholds(thresholds);
    for _ in 0..5 {
        call(&layer, Ok(())).await;
        call(&layer, Err("reset")).await;
    }
    assert_eq!(layer.counts(), counts(5, 5));
    assert_eq!(circuit.state(), CircuitState::Closed);
    for _ in 0..5 {
        call(&layer, Err("reset")).await;
    }
    assert_eq!(circuit.state(), CircuitState::Open);
    assert_eq!(layer.counts(), counts(0, 0), "a new epoch has a fresh window");
}

#[tokio::test(start_paused = true)]
async fn b13_the_defaults_bear_a_thousand_failures() {
    let (availability, circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability);
    for _ in 0..999 {
        call(&layer, Err("reset")).await;
    }
    assert_eq!(circuit.state(), CircuitState::Closed);
    call(&layer, Err("reset")).await;
    assert_eq!(circuit.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn b14_the_classifier_decides_what_counts() {
    let (availability, circuit) = guarded();
    let classify = |result: Result<&u16, &&str>| match result {
        Ok(500) => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Neutral,
    };
    let layer = FailureDetectorLayer::new(availability).classify(classify).thresholds(at_failures(2));
    let mut service = layer.layer(service_fn(|answer: Result<u16, &'static str>| async move { answer }));
    for answer in [Ok(200), Err("our queue is full"), Ok(500), Err("cancelled")] {
        assert_eq!(service.call(answer).await, answer);
    }
    assert_eq!(layer.counts(), counts(1, 1));
    assert_eq!(service.call(Ok(500)).await, Ok(500));
    assert_eq!(circuit.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn b14_a_call_given_up_late_is_a_failure_and_one_given_up_soon_is_nothing() {
    let (availability, _circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability);
    let (mut service, _handle) = mock::spawn_layer::<(), (), _>(layer.clone());

    assert_ready_ok!(service.poll_ready());
    let never_polled = service.call(());
    drop(never_polled);
    assert_ready_ok!(service.poll_ready());
    let soon = service.call(());
    advance(Duration::from_millis(100)).await;
    drop(soon);
    assert_eq!(layer.counts(), counts(0, 0));

    assert_ready_ok!(service.poll_ready());
    let late = service.call(());
    advance(Duration::from_millis(101)).await;
    drop(late);
    assert_eq!(layer.counts(), counts(0, 1));
}

#[tokio::test(start_paused = true)]
async fn b14_a_call_that_panics_is_settled_as_abandoned() {
    let (availability, _circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability).clock(Clock::precise());
    let mut service = layer.layer(service_fn(|waits: u64| async move {
        tokio::time::sleep(Duration::from_millis(waits)).await;
        if waits > 0 { panic!("on purpose") } else { Ok::<_, ()>(()) }
    }));
    tokio::spawn(service.call(200)).await.expect_err("a panic");
    assert_eq!(layer.counts(), counts(0, 1));
    tokio::spawn(service.call(50)).await.expect_err("a panic");
    assert_eq!(layer.counts(), counts(0, 1));
}

#[tokio::test(start_paused = true)]
async fn b14_every_call_is_settled_once() {
    let (availability, _circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability);
    let (mut service, mut handle) = mock::spawn_layer::<(), (), _>(layer.clone());
    assert_ready_ok!(service.poll_ready());
    let mut call = tokio_test::task::spawn(service.call(()));
    assert_pending!(call.poll());
    handle.next_request().await.expect("a request").1.send_response(());
    advance(Duration::from_millis(500)).await;
    assert_ready_ok!(call.poll());
    drop(call);
    assert_eq!(layer.counts(), counts(1, 0));
}

#[tokio::test(start_paused = true)]
async fn b14_an_error_of_the_readiness_counts() {
    let (availability, circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability).thresholds(at_failures(1));
    let (mut service, mut handle) = mock::spawn_layer::<(), (), _>(layer);
    handle.send_error("connection gone");
    assert_eq!(assert_ready_err!(service.poll_ready()).to_string(), "connection gone");
    assert_eq!(circuit.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn b10_a_straggler_counts_for_nothing() {
    let (availability, circuit) = guarded_by(CircuitSettings::default().trial_calls(1));
    let layer = FailureDetectorLayer::new(availability).thresholds(at_failures(1));
    let (mut service, mut handle) = mock::spawn_layer::<(), (), _>(layer.clone());
    let stragglers: Vec<_> = (0..3)
        .map(|_| {
            assert_ready_ok!(service.poll_ready());
            tokio::spawn(service.call(()))
        })
        .collect();
    circuit.trip(Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(60)).await;
    circuit.availability().signal(Signal::Tick);
    assert_eq!(circuit.state(), CircuitState::HalfOpen);

    for answer in [Ok(()), Err("reset"), Err("reset")] {
        let (_, respond) = handle.next_request().await.expect("a request");
        match answer {
            Ok(()) => respond.send_response(()),
            Err(error) => respond.send_error(error),
        }
    }
    for straggler in stragglers {
        let _ = straggler.await.expect("no panic");
    }
    assert_eq!(circuit.state(), CircuitState::HalfOpen, "neither closed nor opened by the past");
    assert_eq!(layer.counts(), counts(0, 0));
}

#[tokio::test(start_paused = true)]
async fn b8_with_down_after_an_answered_call_clears_what_tripped() {
    let (availability, circuit) = guarded_by(CircuitSettings::default().down_after(Duration::from_secs(5)));
    let layer = FailureDetectorLayer::new(availability).thresholds(at_failures(2));
    call(&layer, Err("reset")).await;
    call(&layer, Err("reset")).await;
    assert_eq!(circuit.state(), CircuitState::Closed);
    assert!(circuit.status().next_change_at.is_some(), "it waits for down_after");
    call(&layer, Ok(())).await;
    assert_eq!(circuit.status().next_change_at, None);

    advance(WINDOW).await;
    call(&layer, Err("reset")).await;
    call(&layer, Err("reset")).await;
    advance(Duration::from_secs(5)).await;
    call(&layer, Err("reset")).await;
    assert_eq!(circuit.state(), CircuitState::Open, "it trips again, and nothing cleared it");
}

/// Repeats whatever fails.
#[derive(Clone)]
struct Always;

impl<T, E> RetryPolicy<(), T, E> for Always {
    fn assess(&self, result: Result<&T, &E>) -> Assessment {
        if result.is_ok() { Assessment::Final } else { Assessment::NotApplied }
    }

    fn repeatable(&self, (): &()) -> bool {
        true
    }

    fn clone_request(&self, (): &()) -> Option<()> {
        Some(())
    }
}

#[tokio::test(start_paused = true)]
async fn b15_every_attempt_of_a_call_counts_once() {
    let (availability, _circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability);
    let attempts = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&attempts);
    let third_works = service_fn(move |()| {
        let attempt = counter.fetch_add(1, Ordering::Relaxed);
        async move { if attempt < 2 { Err("reset") } else { Ok(()) } }
    });
    RetryLayer::new(Always).layer(layer.layer(third_works)).oneshot(()).await.expect("the third attempt");
    assert_eq!(attempts.load(Ordering::Relaxed), 3);
    assert_eq!(layer.counts(), counts(1, 2));
}

#[tokio::test(start_paused = true)]
async fn b16_own_detectors_see_every_call_and_trip() {
    let (availability, circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability)
        .watch(|observation: &Observation| observation.took >= Duration::from_secs(1));
    let seen = Arc::new(AtomicU64::new(0));
    let mut service = layer.layer(service_fn(|seconds: u64| async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok::<_, ()>(())
    }));
    service.call(0).await.expect("an answer");
    assert_eq!(circuit.state(), CircuitState::Closed);

    let counter = Arc::clone(&seen);
    layer.detectors().add(move |_: &Observation| {
        counter.fetch_add(1, Ordering::Relaxed);
        false
    });
    service.call(0).await.expect("an answer");
    assert_eq!(seen.load(Ordering::Relaxed), 1, "added while calls are running");
    service.call(1).await.expect("an answer");
    assert_eq!(circuit.state(), CircuitState::Open, "slow, though it never failed");
    service.call(0).await.expect("a detector never gates");
    assert_eq!(seen.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn b16_a_detector_that_panics_is_disabled_with_an_event() {
    let (availability, circuit) = guarded();
    let mut events = availability.events().subscribe();
    let asked = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&asked);
    let layer = FailureDetectorLayer::new(availability).thresholds(at_failures(3)).watch(
        move |_: &Observation| -> bool {
            counter.fetch_add(1, Ordering::Relaxed);
            panic!("on purpose")
        },
    );
    call(&layer, Ok(())).await;
    call(&layer, Ok(())).await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let told = told(&mut events);
    assert!(
        matches!(&told[..], [Event::Panicked { what }] if what.ends_with("of eu-west")),
        "one event: {told:?}"
    );

    for _ in 0..3 {
        call(&layer, Err("reset")).await;
    }
    assert_eq!(circuit.state(), CircuitState::Open, "the others go on");
}

#[tokio::test(start_paused = true)]
async fn b51_failed_calls_are_told_at_most_once_a_second() {
    let availability = Availability::new("eu-west", Events::default());
    let mut events = availability.events().subscribe();
    let layer = FailureDetectorLayer::new(availability);
    let failed = |count| Event::CallsFailed { member: "eu-west".into(), count };
    for _ in 0..10 {
        call(&layer, Err("reset")).await;
    }
    assert_eq!(told(&mut events), [failed(1)]);
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(told(&mut events), [failed(9)], "the last ones, too, without a call");
}

#[test]
fn b12_the_counts_equal_the_calls_made_on_many_threads() {
    const TASKS: u64 = 8;
    const CALLS: u64 = 2_000;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let availability = Availability::new("eu-west", Events::default());
        let hour = Thresholds::new(u64::MAX, 0.1, Duration::from_secs(3600)).expect("valid thresholds");
        let layer = FailureDetectorLayer::new(availability).thresholds(hour);
        let service = layer.layer(service_fn(|fails: bool| async move {
            tokio::task::yield_now().await;
            if fails { Err(()) } else { Ok(()) }
        }));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let mut service = service.clone();
                tokio::spawn(async move {
                    for number in 0..CALLS {
                        poll_fn(|context| Service::<bool>::poll_ready(&mut service, context))
                            .await
                            .expect("ready");
                        let _ = service.call(number % 5 == 0).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        assert_eq!(layer.counts(), counts(TASKS * CALLS * 4 / 5, TASKS * CALLS / 5));
    });
}

#[tokio::test(start_paused = true)]
async fn the_order_of_the_settings_does_not_matter() {
    let (availability, circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability)
        .watch(|observation: &Observation| observation.outcome == Outcome::Failure)
        .abandoned_after(Duration::from_secs(1))
        .thresholds(at_failures(1000))
        .clock(Clock::precise())
        .suspect_on_failure(false);
    call(&layer, Err("reset")).await;
    assert_eq!(circuit.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn b14_a_quiet_time_before_a_call_is_no_part_of_it() {
    let (availability, _circuit) = guarded();
    let sweeper = Sweeper::spawn();
    let longest = Arc::new(AtomicU64::new(0));
    let noted = Arc::clone(&longest);
    let layer = FailureDetectorLayer::new(availability.clone()).clock(sweeper.clock()).watch(
        move |observation: &Observation| {
            noted.fetch_max(observation.took.as_secs(), Ordering::Relaxed);
            false
        },
    );
    let deadline = DeadlineLayer::new(WINDOW).sweeper(&sweeper, &availability, Suspicion::off());
    let service = layer.layer(deadline.layer(service_fn(|()| async {
        sleep(Duration::from_millis(10)).await;
        Ok::<_, &'static str>(())
    })));
    for _ in 0..2 {
        sleep(Duration::from_secs(60)).await;
        assert_eq!(service.clone().oneshot(()).await, Ok(()));
    }
    assert_eq!(longest.load(Ordering::Relaxed), 0, "it took 10 ms");

    sleep(Duration::from_secs(60)).await;
    assert!(service.oneshot(()).now_or_never().is_none(), "given up at once");
    assert_eq!(layer.counts().failures, 0, "that says nothing");
}

#[derive(Clone, Copy)]
struct Broken;

impl Classify<(), &'static str> for Broken {
    fn classify(&self, result: Result<&(), &&'static str>) -> Outcome {
        if result.is_ok() { Outcome::Success } else { Outcome::Lost }
    }
}

#[tokio::test(start_paused = true)]
async fn b13_calls_that_are_lost_with_one_connection_are_one_failure() {
    let (availability, circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability.clone()).thresholds(at_failures(3)).classify(Broken);
    let mut told = availability.events().subscribe();
    let lose = async |calls: usize| {
        for _ in 0..calls {
            let echo = service_fn(|answer: Result<(), &'static str>| async move { answer });
            layer.layer(echo).oneshot(Err("reset")).await.expect_err("it is lost");
        }
    };
    let first = availability.watch_connection();
    lose(100).await;
    assert_eq!(layer.counts(), counts(0, 1));
    drop(first);
    let _second = availability.watch_connection();
    lose(100).await;
    assert_eq!(layer.counts(), counts(0, 2), "each connection is one");
    assert_eq!(circuit.state(), CircuitState::Closed);

    sleep(Duration::from_secs(2)).await;
    let failed =
        std::iter::from_fn(|| told.next().now_or_never().flatten()).filter_map(|event| match event {
            Event::CallsFailed { count, .. } => Some(count),
            _ => None,
        });
    assert_eq!(failed.sum::<u64>(), 200, "each call has failed nevertheless");
}

#[tokio::test(start_paused = true)]
async fn b13_where_nobody_tells_of_connections_each_lost_call_counts() {
    let (availability, circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability).thresholds(at_failures(3)).classify(Broken);
    for _ in 0..3 {
        assert_eq!(circuit.state(), CircuitState::Closed);
        let echo = service_fn(|answer: Result<(), &'static str>| async move { answer });
        layer.layer(echo).oneshot(Err("reset")).await.expect_err("it is lost");
    }
    assert_eq!(circuit.state(), CircuitState::Open);
}

const WRITES: Kinds = Kinds::number(0);

/// Writes may be refused; reads never are.
#[derive(Clone, Copy)]
struct Replica;

impl Classify<(), &'static str> for Replica {
    fn classify(&self, result: Result<&(), &&'static str>) -> Outcome {
        if result.is_ok() { Outcome::Success } else { Outcome::Failure }
    }

    fn kinds(&self, result: Result<&(), &&'static str>) -> Kinds {
        if result.is_ok() { Kinds::NONE } else { WRITES }
    }
}

#[tokio::test(start_paused = true)]
async fn b59_what_goes_on_being_refused_opens_the_circuit_however_little_it_is() {
    let (availability, circuit) = guarded_by(CircuitSettings::default().down_after(Duration::from_secs(60)));
    let layer =
        FailureDetectorLayer::new(availability).unserviceable_after(Duration::from_secs(3)).classify(Replica);
    let watched = layer.watched_kinds();
    assert!(watched.now().is_empty());
    for second in 0..=3 {
        assert_eq!(circuit.state(), CircuitState::Closed, "after {second} s");
        for answer in [Ok(()), Err("read only")] {
            let echo = service_fn(|answer: Result<(), &'static str>| async move { answer });
            assert_eq!(layer.layer(echo).oneshot(answer).await, answer);
        }
        assert_eq!(watched.now(), WRITES);
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!(circuit.status().reason, Some(OpenReason::Unserviceable));
}

#[tokio::test(start_paused = true)]
async fn b59_a_call_beside_the_layer_counts_as_one_through_it() {
    let (availability, circuit) = guarded();
    let layer = FailureDetectorLayer::new(availability).unserviceable_after(Duration::ZERO);
    let _watched = layer.watched_kinds();
    let detectors = layer.detectors();
    detectors.begin().end(&Replica, Ok(&()));
    drop(detectors.begin());
    assert_eq!((detectors.counts(), circuit.state()), (counts(1, 0), CircuitState::Closed));
    detectors.begin().end(&Replica, Err(&"read only"));
    assert_eq!(circuit.status().reason, Some(OpenReason::Unserviceable));
}

#[tokio::test(start_paused = true)]
async fn b10_a_call_beside_the_layer_that_began_before_an_outage_counts_for_nothing_after_it() {
    let (availability, circuit) = guarded_by(CircuitSettings::default().grace_period(Duration::ZERO));
    let layer = FailureDetectorLayer::new(availability.clone());
    let straggler = layer.detectors().begin();
    circuit.trip(Duration::ZERO);
    (0..2).for_each(|_| availability.signal(Signal::Tick));
    assert_eq!(circuit.state(), CircuitState::HalfOpen);
    straggler.end(&Replica, Err(&"reset"));
    assert_eq!((layer.counts(), circuit.state()), (counts(0, 0), CircuitState::HalfOpen));
}
