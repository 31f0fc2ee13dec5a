//! Calls and clones across a switch: B4, B6, B35, and a driver that is gone.

use std::time::Duration;

use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Service, ServiceExt};
use tower_failover::availability::{Evidence, OpenReason};
use tower_failover::balance::fixed;
use tower_failover::{
    CircuitBreakerLayer, Events, FailoverConfig, FailoverError, Member, Route, WeightedFailoverBalance,
};
use tower_failover::{Finding, Signal};
use tower_layer::Layer;
use tower_test::mock;

use super::stage::{Answers, GRACE, Region, Stage, active, ask, pass, settled};

#[tokio::test(start_paused = true)]
async fn b6_a_call_made_ready_on_the_old_member_runs_on_the_new_one() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    let mut ready = balance.clone();
    ready.ready().await.expect("ready");
    stage.heavy.falls();
    settled().await;
    assert_eq!(ready.call(()).await, Ok("middle"));
}

#[tokio::test(start_paused = true)]
async fn b6_a_call_made_ready_in_an_outage_runs_if_it_has_ended() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.all_fall();
    settled().await;
    let mut ready = balance.clone();
    ready.ready().await.expect("ready, to answer at once");
    stage.heavy.rises();
    settled().await;
    assert_eq!(ready.call(()).await, Ok("heavy"));
}

#[tokio::test(start_paused = true)]
async fn b6_who_waits_for_readiness_is_woken_by_a_switch() {
    let events = Events::default();
    let [first, second] = ["first", "second"].map(|name| Region::new(name, 1.0, &events));
    let (busy, mut busy_handle) = mock::pair::<(), &str>();
    let (free, mut free_handle) = mock::pair::<(), &str>();
    busy_handle.allow(0);
    let members = [(busy, &first), (free, &second)].map(|(service, region)| {
        let layer = CircuitBreakerLayer::new(region.circuit.clone());
        Member::new(layer.layer(service), region.availability().clone())
    });
    let mut balance = WeightedFailoverBalance::new(fixed(members), FailoverConfig::default())
        .expect("a valid configuration");
    settled().await;

    let mut readiness = task::spawn(());
    let mut other = balance.clone();
    readiness.enter(|context, _| assert!(balance.poll_ready(context).is_pending()));
    first.falls();
    settled().await;
    assert!(readiness.is_woken());
    readiness.enter(|context, _| assert!(balance.poll_ready(context).is_ready()));
    let mut call = task::spawn(balance.call(()));
    assert_pending!(call.poll());
    free_handle.next_request().await.expect("a request").1.send_response("second");
    assert_eq!(assert_ready_ok!(call.poll()), "second");
    other.ready().await.expect("the clone is as free");
}

#[tokio::test(start_paused = true)]
async fn b6_a_thousand_clones_agree() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    let mut clones: Vec<_> = (0..1000).map(|_| balance.clone()).collect();
    for turn in ["heavy", "middle", "light"] {
        settled().await;
        for clone in &mut clones {
            assert_eq!(clone.ready().await.expect("ready").call(()).await, Ok(turn));
        }
        match turn {
            "heavy" => stage.heavy.falls(),
            _ => stage.middle.falls(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b35_calls_in_flight_finish_after_a_choice_and_only_a_hang_marks_them() {
    let events = Events::default();
    let [first, second] = ["first", "second"].map(|name| Region::new(name, 1.0, &events));
    let (service, mut handle) = mock::pair::<(), &str>();
    let members = [&first, &second].map(|region| Member::new(service.clone(), region.availability().clone()));
    let balance = WeightedFailoverBalance::new(fixed(members), FailoverConfig::default())
        .expect("a valid configuration");
    settled().await;
    let route = balance.route();
    let before = route.version();
    let mut call = task::spawn(balance.clone().oneshot(()));
    assert_pending!(call.poll());
    let (_, respond) = handle.next_request().await.expect("a request");
    balance.handle().set_active("second", None).await.expect("nothing speaks against it");
    assert_eq!(active_name(&balance.handle()), "second");
    assert!(route.version() > before);
    assert!(!route.hung(before), "a choice leaves them to finish");
    respond.send_response("late");
    assert_eq!(assert_ready_ok!(call.poll()), "late");

    let before = route.version();
    second.availability().signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    settled().await;
    assert_eq!(active_name(&balance.handle()), "first");
    assert!(route.hung(before), "nobody will answer there");
    assert!(!route.hung(route.version()));
}

#[tokio::test(start_paused = true)]
async fn b1_the_route_tells_who_serves_with_the_version_of_that_choice() {
    let events = Events::default();
    let [first, second] = ["first", "second"].map(|name| Region::new(name, 1.0, &events));
    let (service, _handle) = mock::pair::<(), &str>();
    let members = [&first, &second].map(|region| Member::new(service.clone(), region.availability().clone()));
    let balance = WeightedFailoverBalance::new(fixed(members), FailoverConfig::default())
        .expect("a valid configuration");
    let route = balance.route();
    assert_eq!(route.active().1, None, "the first choice is still to be made");
    settled().await;
    let (version, active) = route.active();
    assert_eq!((version, active.as_deref()), (route.version(), Some("first")));

    let changed = route.changed();
    balance.handle().set_active("second", None).await.expect("nothing speaks against it");
    changed.await;
    let (later, active) = route.active();
    assert_eq!((later, active.as_deref()), (route.version(), Some("second")));
    assert!(later > version);
}

fn active_name(handle: &tower_failover::FailoverHandle) -> String {
    handle.snapshot().active.expect("an active member").to_string()
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_is_told_to_waiting_and_later_calls() {
    let stage = Stage::new();
    let members = fixed([stage.heavy.member()]);
    let (balance, driver) =
        super::stage::Balance::pair(members, stage.config()).expect("a valid configuration");
    let mut waiting = task::spawn(balance.clone().oneshot(()));
    assert_pending!(waiting.poll());
    drop(driver);
    assert!(waiting.is_woken());
    assert_eq!(waiting.await, Err(FailoverError::DriverGone));
    assert_eq!(ask(&balance).await, Err(FailoverError::DriverGone));
    assert!(balance.handle().drain("heavy", None).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_driver_ends_with_the_last_clone() {
    let stage = Stage::new();
    let members = fixed([stage.heavy.member()]);
    let (balance, driver) =
        super::stage::Balance::pair(members, stage.config()).expect("a valid configuration");
    let driver = tokio::spawn(driver);
    let (handle, route, clone) = (balance.handle(), balance.route(), balance.clone());
    drop(balance);
    settled().await;
    assert_eq!(active(&clone).as_deref(), Some("heavy"));
    assert!(!driver.is_finished());
    drop(clone);
    tokio::time::timeout(Duration::from_secs(1), driver).await.expect("in time").expect("no panic");
    assert!(handle.force_active("heavy", None).await.is_err(), "a handle keeps nothing alive");
    assert_ne!(route.version(), 0);
}

/// A clone that was made ready on a half-open member holds one of its few trial calls.
#[tokio::test(start_paused = true)]
async fn b10_a_call_that_moves_gives_its_trial_on_the_old_member_back() {
    let events = Events::default();
    let [tried, other] = ["tried", "other"].map(|name| Region::new(name, 1.0, &events));
    let members = [&tried, &other].map(|region| {
        let layer = CircuitBreakerLayer::new(region.circuit.clone());
        Member::new(layer.layer(Answers(region.name)), region.availability().clone())
    });
    let balance = WeightedFailoverBalance::new(fixed(members), FailoverConfig::default())
        .expect("a valid configuration");
    let handle = balance.handle();
    let epoch = tried.availability().gate().epoch;
    tried.availability().signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
    pass(GRACE).await;
    handle.drain("other", None).await.expect("a known member");
    assert_eq!(handle.snapshot().active.as_deref(), Some("tried"));
    let free = || tried.circuit.status().free_trials;
    let all = free();
    assert!(all > 0, "it is half-open");

    let mut ready = balance.clone();
    ready.ready().await.expect("ready");
    assert_eq!(free(), all - 1);
    handle.undrain("other").await.expect("a known member");
    handle.drain("tried", None).await.expect("a known member");
    assert_eq!(ready.call(()).await.expect("an answer"), "other");
    assert_eq!(free(), all, "while the clone lives on");
    drop(ready);
}
