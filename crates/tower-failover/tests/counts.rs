//! What is counted of a member, and how long a failover took: B52.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::time::sleep;
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_failover::availability::{CallCounts, CircuitState, Evidence};
use tower_failover::balance::{FailoverHandle, Switch, fixed};
use tower_failover::retry::{Assessment, RetryLayer, RetryPolicy};
use tower_failover::{
    Availability, Circuit, CircuitSettings, DeadlineLayer, Event, Events, FailoverConfig,
    FailureDetectorLayer, Finding, Member, Signal, Suspicion, Sweeper, SwitchReason, Thresholds, Weight,
    WeightedFailoverBalance,
};

/// Of requests that fail in doubt, `GET`s are repeated.
#[derive(Clone)]
struct Gets;

impl<T, E> RetryPolicy<&'static str, T, E> for Gets {
    fn assess(&self, result: Result<&T, &E>) -> Assessment {
        if result.is_ok() { Assessment::Final } else { Assessment::Ambiguous }
    }

    fn repeatable(&self, request: &&'static str) -> bool {
        *request != "INCR"
    }

    fn changes(&self, request: &&'static str) -> bool {
        *request == "INCR"
    }

    fn clone_request(&self, request: &&'static str) -> Option<&'static str> {
        Some(*request)
    }
}

/// A heavy member that breaks whatever it is asked, or hangs at `SLEEP`, and a light one that works.
struct Stage {
    heavy: Availability,
    handle: FailoverHandle,
    service: BoxCloneSyncService<&'static str, &'static str, String>,
}

impl Stage {
    fn new() -> Self {
        let events = Events::default();
        let sweeper = Sweeper::spawn();
        let member = |name: &'static str, weight| {
            let availability = Availability::new(name, events.clone());
            let _circuit = Circuit::new(availability.clone(), CircuitSettings::default()).unwrap();
            let service = service_fn(move |request: &'static str| async move {
                match (name, request) {
                    ("heavy", "SLEEP") => pending().await,
                    ("heavy", _) => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                    _ => Ok(name),
                }
            });
            let deadline = DeadlineLayer::new(Duration::from_secs(60));
            let deadline = deadline.sweeper(&sweeper, &availability, Suspicion::off());
            let member = Member::new(deadline.layer(service), availability.clone());
            (member.weight(Weight::new(weight).unwrap()), availability)
        };
        let ((heavy_member, heavy), (light_member, _)) = (member("heavy", 1.0), member("light", 0.5));
        let mut config = FailoverConfig::default();
        config.events = events;
        let members = fixed([heavy_member, light_member]);
        let balance = WeightedFailoverBalance::new(members, config).unwrap();
        let handle = balance.handle();
        let retry = RetryLayer::new(Gets).route(balance.route()).layer(balance);
        let service = BoxCloneSyncService::new(retry.map_err(|error| error.to_string()));
        Self { heavy, handle, service }
    }

    async fn ask(&self, request: &'static str) -> Result<&'static str, String> {
        self.service.clone().ready().await?.call(request).await
    }

    fn counts(&self, name: &str) -> CallCounts {
        self.handle.snapshot().member(name).unwrap().calls
    }

    fn last_switch(&self) -> Switch {
        self.handle.snapshot().switches.last().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn b52_calls_that_fail_are_charged_to_the_member_that_ran_them() {
    let stage = Stage::new();
    stage.ask("INCR").await.unwrap_err();
    let counts = stage.counts("heavy");
    assert_eq!((counts.ambiguous, counts.retries, counts.ended), (1, 0, 0));

    stage.ask("GET").await.unwrap_err();
    let counts = stage.counts("heavy");
    assert_eq!((counts.ambiguous, counts.retries, counts.ended), (1, 3, 0), "a GET is in no doubt");

    stage.handle.drain("heavy", None).await.unwrap();
    assert_eq!(stage.ask("INCR").await.unwrap(), "light");
    stage.handle.undrain("heavy").await.unwrap();
    assert_eq!(stage.counts("light"), CallCounts::default());
}

#[tokio::test(start_paused = true)]
async fn b52_a_call_that_is_ended_is_charged_to_the_member_that_hung() {
    let stage = Stage::new();
    let hanging = tokio::spawn(stage.service.clone().oneshot("SLEEP"));
    sleep(Duration::from_millis(10)).await;
    stage.heavy.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    assert_eq!(hanging.await.unwrap().unwrap(), "light");
    let counts = stage.counts("heavy");
    assert_eq!((counts.ambiguous, counts.retries, counts.ended), (0, 0, 1));
    assert_eq!(stage.counts("light"), CallCounts::default());
}

#[tokio::test(start_paused = true)]
async fn b52_a_failover_takes_from_the_first_sign_of_failure_to_the_switch() {
    let stage = Stage::new();
    stage.ask("SLEEPLESS").await.unwrap_err();
    assert_eq!(stage.last_switch().took, None, "the first choice is no failover");

    // A probe that failed in a round that passed is forgotten.
    stage.heavy.signal(Signal::ProbeFailed);
    sleep(Duration::from_secs(7)).await;
    stage.heavy.signal(Signal::Verdict(Finding::healthy()));
    sleep(Duration::from_secs(7)).await;

    stage.heavy.signal(Signal::ProbeFailed);
    sleep(Duration::from_millis(1500)).await;
    stage.heavy.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    sleep(Duration::from_millis(10)).await;
    let switch = stage.last_switch();
    assert!(matches!(switch.reason, SwitchReason::Unavailable(_)), "{switch:?}");
    assert_eq!(switch.took, Some(Duration::from_millis(1500)));
    assert_eq!(switch.version, stage.handle.snapshot().version);
}

#[tokio::test(start_paused = true)]
async fn b52_a_switch_by_hand_has_no_duration() {
    let stage = Stage::new();
    stage.ask("GET").await.unwrap_err();
    stage.handle.set_active("light", None).await.unwrap();
    let switch = stage.last_switch();
    assert_eq!((switch.reason, switch.took), (SwitchReason::Manual, None));
}

/// A subscriber that hears of a switch finds it in the snapshot.
#[tokio::test(start_paused = true)]
async fn b52_an_event_names_the_version_of_its_switch() {
    use futures_util::StreamExt;
    let stage = Stage::new();
    stage.ask("GET").await.unwrap_err();
    let mut events = stage.heavy.events().subscribe();
    stage.heavy.signal(Signal::Force { until: None, drill: true });
    while let Some(event) = events.next().await {
        if let Event::ActiveChanged { version, .. } = event {
            return assert_eq!(stage.last_switch().version, version);
        }
    }
    panic!("no switch was told");
}

/// A member whose circuit opens at its first failure, and which fails after a second if it is told to.
fn late(name: &'static str, weight: f64, events: &Events) -> (Late, Circuit) {
    let availability = Availability::new(name, events.clone());
    let circuit = Circuit::new(availability.clone(), CircuitSettings::default()).unwrap();
    let service = service_fn(move |fails: bool| async move {
        if !fails {
            return Ok(name);
        }
        sleep(Duration::from_secs(1)).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    let detector = FailureDetectorLayer::new(availability.clone());
    let detector = detector.thresholds(Thresholds::new(1, 0.0, Duration::from_secs(1)).unwrap());
    let stack = BoxCloneSyncService::new(detector.layer(service));
    (Member::new(stack, availability).weight(Weight::new(weight).unwrap()), circuit)
}

type Late = Member<BoxCloneSyncService<bool, &'static str, io::Error>>;

#[tokio::test(start_paused = true)]
async fn b15_a_failure_that_lands_after_a_switch_is_charged_to_the_member_that_ran_the_call() {
    let events = Events::default();
    let ((heavy, of_heavy), (light, of_light)) = (late("heavy", 1.0, &events), late("light", 0.5, &events));
    let members = fixed([heavy, light]);
    let balance = WeightedFailoverBalance::new(members, FailoverConfig::default()).unwrap();
    let fails = tokio::spawn(balance.clone().oneshot(true));
    sleep(Duration::from_millis(500)).await;
    balance.handle().set_active("light", None).await.unwrap();
    fails.await.unwrap().unwrap_err();
    assert_eq!((of_heavy.state(), of_light.state()), (CircuitState::Open, CircuitState::Closed));
    assert_eq!(balance.clone().oneshot(false).await.unwrap(), "light");
}
