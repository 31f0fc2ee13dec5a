//! Who serves: B1 to B5, B7, B57.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::advance;
use tower_failover::availability::OpenReason;
use tower_failover::balance::{Candidate, Strategy};
use tower_failover::{Circuit, CircuitSettings, Event, Signal, SwitchReason, Weight};

use super::stage::{Region, Stage, active, ask, pass, settled};

#[tokio::test(start_paused = true)]
async fn b1_the_heaviest_serves_from_the_first_choice_on() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    assert_eq!(ask(&balance).await, Ok("heavy"));
    assert_eq!(stage.switches(), [("heavy".into(), SwitchReason::Initial)]);
}

#[tokio::test(start_paused = true)]
async fn b1_between_choices_the_active_one_stays() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.heavy.falls();
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("middle"));
    stage.heavy.rises();
    pass(Duration::from_secs(3600)).await;
    stage.heavy.circuit.close();
    settled().await;
    assert!(stage.heavy.availability().view().is_available());
    assert_eq!(ask(&balance).await, Ok("middle"));
    assert_eq!(stage.switches().len(), 2);
}

#[test]
fn b2_a_weight_is_finite_and_greater_than_zero() {
    for wrong in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = Weight::new(wrong).expect_err("no weight");
        assert!(error.to_string().contains("not a finite number greater than 0"), "{error}");
    }
    assert!((Weight::default().get() - 1.0).abs() < f64::EPSILON);
    assert!(Weight::new(f64::MIN_POSITIVE).is_ok());
}

#[tokio::test(start_paused = true)]
async fn b3_of_equals_the_first_is_chosen_and_then_stays() {
    let stage = Stage::new();
    let [first, second] = ["first", "second"].map(|name| Region::new(name, 1.0, &stage.events));
    let members = tower_failover::balance::fixed([first.member(), second.member()]);
    let balance = super::stage::Balance::new(members, stage.config()).expect("a valid configuration");
    assert_eq!(ask(&balance).await, Ok("first"));
    first.falls();
    assert_eq!(ask(&balance).await, Ok("first"), "the driver has not seen it yet");
    settled().await;
    assert_eq!(ask(&balance).await, Ok("second"));
    first.rises();
    first.circuit.close();
    balance.handle().set_weight("first", Weight::default()).await.expect("a new choice");
    assert_eq!(ask(&balance).await, Ok("second"));
}

#[tokio::test(start_paused = true)]
async fn b4_a_switch_needs_no_traffic() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.heavy.falls();
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("middle"));
    let lost = SwitchReason::Unavailable(OpenReason::HealthCheck);
    assert_eq!(stage.switches(), [("heavy".into(), SwitchReason::Initial), ("middle".into(), lost)]);
}

#[tokio::test(start_paused = true)]
async fn b4_many_first_calls_make_one_choice() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    let calls = (0..100).map(|_| ask(&balance));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer, Ok("heavy"));
    }
    assert_eq!(stage.switches().len(), 1);
}

/// Takes the lightest.
struct Lightest;

impl Strategy for Lightest {
    fn choose(&self, candidates: &[Candidate]) -> usize {
        let weight = |index: &usize| candidates[*index].weight.get();
        (0..candidates.len()).min_by(|one, other| weight(one).total_cmp(&weight(other))).expect("a candidate")
    }
}

struct Panics;

impl Strategy for Panics {
    fn choose(&self, _candidates: &[Candidate]) -> usize {
        panic!("a strategy's own fault");
    }
}

struct OutOfRange;

impl Strategy for OutOfRange {
    fn choose(&self, candidates: &[Candidate]) -> usize {
        candidates.len()
    }
}

#[tokio::test(start_paused = true)]
async fn b5_an_own_strategy_chooses_among_the_available() {
    let stage = Stage::new();
    let mut config = stage.config();
    config.strategy = Arc::new(Lightest);
    let balance = stage.balance(config);
    assert_eq!(ask(&balance).await, Ok("light"));
    stage.light.falls();
    settled().await;
    assert_eq!(ask(&balance).await, Ok("middle"));
}

#[tokio::test(start_paused = true)]
async fn b5_a_broken_strategy_is_told_and_the_default_chooses() {
    let broken: [Arc<dyn Strategy>; 2] = [Arc::new(Panics), Arc::new(OutOfRange)];
    for strategy in broken {
        let mut stage = Stage::new();
        let mut config = stage.config();
        config.strategy = strategy;
        let balance = stage.balance(config);
        assert_eq!(ask(&balance).await, Ok("heavy"));
        stage.heavy.falls();
        settled().await;
        assert_eq!(ask(&balance).await, Ok("middle"));
        assert!(stage.told().iter().any(|event| matches!(event, Event::Panicked { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn b7_the_heaviest_that_only_grace_keeps_away_is_the_last_resort() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.heavy.falls();
    pass(Duration::from_secs(20)).await;
    stage.middle.falls();
    settled().await;
    stage.heavy.rises();
    stage.middle.rises();
    assert_eq!(ask(&balance).await, Ok("light"));
    stage.light.falls();
    settled().await;
    assert_eq!(ask(&balance).await, Ok("heavy"), "although its grace is not over");
    assert!(stage.heavy.availability().view().is_available());
}

#[tokio::test(start_paused = true)]
async fn b7_neither_forced_open_nor_drained_is_a_last_resort() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    for region in [&stage.heavy, &stage.middle, &stage.light] {
        region.rises();
    }
    let handle = balance.handle();
    handle.force_open("heavy").await.expect("a known member");
    handle.drain("middle", None).await.expect("a known member");
    assert_eq!(ask(&balance).await, Ok("light"));
    let epoch = stage.light.availability().gate().epoch;
    stage.light.availability().signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
    settled().await;
    assert_eq!(ask(&balance).await, Ok("light"), "alive, and the only one that is wanted");
    stage.light.falls();
    settled().await;
    assert!(ask(&balance).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn b57_a_driver_that_wakes_late_leaves_nobody_for_that() {
    let mut stage = Stage::new();
    let patient = CircuitSettings::default().down_after(Duration::from_secs(5));
    stage.heavy.circuit = Circuit::new(stage.heavy.availability().clone(), patient).expect("valid settings");
    let balance = stage.balance(stage.config());
    settled().await;

    stage.heavy.falls();
    settled().await;
    // This process stands still.
    advance(Duration::from_secs(60)).await;
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"), "nobody could say that it lives");
    stage.heavy.rises();
    pass(Duration::from_secs(10)).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));

    stage.heavy.falls();
    settled().await;
    advance(Duration::from_secs(60)).await;
    settled().await;
    pass(Duration::from_secs(5)).await;
    assert_eq!(active(&balance).as_deref(), Some("middle"), "it has held for as long, under our eyes");
}
