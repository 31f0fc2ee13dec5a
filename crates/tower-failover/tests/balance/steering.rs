//! By hand: B38, B40, B61.

use std::time::Duration;

use tower_failover::availability::{CircuitState, Evidence, OpenReason};
use tower_failover::balance::{ManageError, fixed};
use tower_failover::{Availability, Finding, Health, Member, Signal, SwitchReason};

use super::stage::{Answers, Balance, Stage, active, ask, pass, settled, weighing};

#[tokio::test(start_paused = true)]
async fn b38_a_choice_by_hand_asks_first_and_refuses_with_the_reason() {
    let mut stage = Stage::new();
    let check = stage.light.watched();
    let balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    check.is_cut();
    let refused = balance.handle().set_active("light", None).await.expect_err("it is cut");
    let evidence = Some(Evidence::Unreachable("cut".into()));
    assert_eq!(refused, ManageError::Unhealthy { member: "light".into(), evidence });
    assert!(refused.to_string().contains("cut"), "{refused}");
    assert_eq!(ask(&balance).await, Ok("heavy"));

    check.says(Health::Healthy);
    let asked = check.probes();
    balance.handle().set_active("light", None).await.expect("a round passes");
    assert!(check.probes() > asked, "it was asked");
    assert_eq!(active(&balance).as_deref(), Some("light"), "at once, and its circuit is closed");
    assert_eq!(stage.switches().last(), Some(&("light".into(), SwitchReason::Manual)));
}

#[tokio::test(start_paused = true)]
async fn b38_force_goes_without_asking() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.light.falls();
    settled().await;
    balance.handle().force_active("light", None).await.expect("no question");
    assert_eq!(active(&balance).as_deref(), Some("light"));
    assert_eq!(stage.light.circuit.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn b11_b38_nothing_is_forced_without_a_circuit() {
    let stage = Stage::new();
    let bare = Availability::new("bare", stage.events.clone());
    let members = [stage.heavy.member(), Member::new(Answers("bare"), bare.clone())];
    let balance = Balance::new(fixed(members), stage.config()).expect("a valid configuration");
    let handle = balance.handle();
    settled().await;
    let refused = Err(ManageError::NoCircuit("bare".into()));

    bare.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
    assert_eq!(handle.force_active("bare", None).await, refused);
    assert_eq!(handle.snapshot().pinned, None, "no choice stands that was refused");
    assert_eq!(ask(&balance).await, Ok("heavy"));

    bare.signal(Signal::Verdict(Finding::healthy()));
    handle.force_active("bare", None).await.expect("nothing speaks against it");
    assert_eq!(ask(&balance).await, Ok("bare"));
    assert_eq!(handle.force_open("bare").await, refused);
    assert_eq!(handle.trip("bare", Duration::from_secs(1)).await, refused);
    assert_eq!(ask(&balance).await, Ok("bare"), "nothing was there to open");
}

#[tokio::test(start_paused = true)]
async fn b38_a_choice_stands_and_is_taken_again_until_it_is_released() {
    let stage = Stage::new();
    let mut config = stage.config();
    config.auto_fallback_interval = Some(Duration::from_secs(120));
    let balance = stage.balance(config);
    let handle = balance.handle();
    handle.set_active("light", None).await.expect("nothing speaks against it");
    pass(Duration::from_secs(600)).await;
    assert_eq!(active(&balance).as_deref(), Some("light"), "no fallback away from it");
    assert_eq!(handle.snapshot().pinned.as_deref(), Some("light"));

    stage.light.falls();
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"), "others serve meanwhile");
    stage.light.rises();
    stage.light.circuit.close();
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("light"), "taken again");

    handle.release_choice().await.expect("an order");
    assert_eq!(active(&balance).as_deref(), Some("light"), "until the next fallback");
    pass(Duration::from_secs(150)).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
}

#[tokio::test(start_paused = true)]
async fn b38_a_choice_ends_when_its_time_is_up() {
    let stage = Stage::new();
    let mut config = stage.config();
    config.auto_fallback_interval = Some(Duration::from_secs(120));
    let balance = stage.balance(config);
    let handle = balance.handle();
    handle.set_active("light", Some(Duration::from_secs(300))).await.expect("nothing speaks against it");
    pass(Duration::from_secs(298)).await;
    assert_eq!(active(&balance).as_deref(), Some("light"));
    pass(Duration::from_secs(150)).await;
    assert_eq!(handle.snapshot().pinned, None);
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
}

#[tokio::test(start_paused = true)]
async fn b38_a_drained_member_is_never_chosen_until_its_time_is_up() {
    let mut stage = Stage::new();
    let mut config = stage.config();
    config.auto_fallback_interval = Some(Duration::from_secs(10));
    let balance = stage.balance(config);
    let handle = balance.handle();
    settled().await;
    handle.drain("heavy", Some(Duration::from_secs(100))).await.expect("a known member");
    assert_eq!(ask(&balance).await, Ok("middle"));
    assert_eq!(stage.switches().last(), Some(&("middle".into(), SwitchReason::Drained)));
    assert!(handle.snapshot().member("heavy").is_some_and(|member| member.drained));
    pass(Duration::from_secs(95)).await;
    assert_eq!(active(&balance).as_deref(), Some("middle"));
    pass(Duration::from_secs(20)).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"));
}

#[tokio::test(start_paused = true)]
async fn b38_the_later_order_counts() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    let handle = balance.handle();
    settled().await;
    handle.drain("light", None).await.expect("a known member");
    handle.force_open("light").await.expect("a known member");
    handle.set_active("light", None).await.expect("nothing speaks against it");
    assert_eq!(ask(&balance).await, Ok("light"));
    handle.drain("light", None).await.expect("a known member");
    assert_eq!(ask(&balance).await, Ok("heavy"));
    handle.undrain("light").await.expect("a known member");
    assert_eq!(ask(&balance).await, Ok("light"), "the choice stood all the while");
}

#[tokio::test(start_paused = true)]
async fn b40_orders_to_a_balance_that_is_gone_are_errors() {
    let stage = Stage::new();
    let handle = stage.balance(stage.config()).handle();
    settled().await;
    assert_eq!(handle.release_choice().await, Err(ManageError::DriverGone));
    assert_eq!(handle.set_active("light", None).await, Err(ManageError::DriverGone));
    assert_eq!(handle.drain("light", None).await, Err(ManageError::DriverGone));
}

#[tokio::test(start_paused = true)]
async fn b40_a_new_weight_counts_at_once() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    let handle = balance.handle();
    settled().await;
    handle.set_weight("light", weighing(7.0)).await.expect("a known member");
    assert_eq!(ask(&balance).await, Ok("light"));
    assert_eq!(stage.switches().last(), Some(&("light".into(), SwitchReason::Weight)));
    handle.set_weight("light", weighing(0.1)).await.expect("a known member");
    assert_eq!(ask(&balance).await, Ok("heavy"));
    assert_eq!(handle.snapshot().member("light").expect("a member").weight, weighing(0.1));
}

#[tokio::test(start_paused = true)]
async fn b40_orders_for_nobody_are_refused_by_name() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    let handle = balance.handle();
    let reason = ManageError::UnknownMember("mars".into());
    assert!(reason.to_string().starts_with("no member is named mars"), "{reason}");
    let unknown = Err(reason);
    assert_eq!(handle.undrain("mars").await, unknown);
    assert_eq!(handle.trip("mars", Duration::from_secs(1)).await, unknown);
    assert_eq!(handle.force_open("mars").await, unknown);
    assert_eq!(handle.release("mars").await, unknown);
    assert_eq!(handle.set_active("mars", None).await, unknown);
    assert_eq!(handle.force_active("mars", None).await, unknown);
    assert_eq!(handle.drain("mars", None).await, unknown);
    assert_eq!(handle.set_weight("mars", weighing(1.0)).await, unknown);
}

#[tokio::test(start_paused = true)]
async fn b40_the_last_64_switches_are_remembered() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    let handle = balance.handle();
    for turn in 0..100 {
        let name = if turn % 2 == 0 { "light" } else { "heavy" };
        handle.force_active(name, None).await.expect("a known member");
    }
    let switches = handle.snapshot().switches;
    assert_eq!(switches.len(), 64);
    assert_eq!(&*switches.last().expect("a switch").to, "heavy");
    assert_eq!(switches.last().expect("a switch").from.as_deref(), Some("light"));
}

#[tokio::test(start_paused = true)]
async fn b61_a_drill_is_labelled_and_ends_by_itself() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    let handle = balance.handle();
    settled().await;
    handle.trip("heavy", Duration::from_secs(30)).await.expect("a known member");
    assert_eq!(ask(&balance).await, Ok("middle"));
    let drilled = SwitchReason::Unavailable(OpenReason::Drill);
    assert_eq!(stage.switches().last(), Some(&("middle".into(), drilled)));
    assert!(drilled.is_manual());
    pass(Duration::from_secs(31)).await;
    assert!(!stage.heavy.circuit.status().forced, "released by the clock");
}

#[tokio::test(start_paused = true)]
async fn b61_the_last_member_drilled_is_an_outage_in_earnest() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    let handle = balance.handle();
    for name in ["light", "middle", "heavy"] {
        handle.trip(name, Duration::from_secs(30)).await.expect("a known member");
    }
    assert!(ask(&balance).await.is_err());
    handle.release("middle").await.expect("a known member");
    stage.middle.rises();
    settled().await;
    assert_eq!(ask(&balance).await, Ok("middle"), "the last resort");
}

#[tokio::test(start_paused = true)]
async fn b40_an_order_given_before_the_first_choice_finds_its_member() {
    let mut stage = Stage::new();
    let balance = stage.balance(stage.config());
    balance.handle().drain("heavy", None).await.expect("a configured member");
    assert_eq!(ask(&balance).await, Ok("middle"));
    assert_eq!(stage.switches(), [("middle".into(), SwitchReason::Initial)]);
}

/// On several threads, too, whoever gave an order sees it carried out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b40_an_order_is_answered_once_calls_follow_it() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    let handle = balance.handle();
    for turn in 0..500 {
        let name = ["light", "heavy"][turn % 2];
        handle.force_active(name, None).await.expect("a known member");
        assert_eq!(active(&balance).as_deref(), Some(name));
        assert_eq!(ask(&balance).await, Ok(name));
    }
}
