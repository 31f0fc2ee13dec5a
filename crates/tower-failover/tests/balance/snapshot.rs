//! What snapshots tell: B40.

use std::time::Duration;

use tower_failover::availability::{Evidence, OpenReason};
use tower_failover::balance::MemberSnapshot;
use tower_failover::{Health, Signal, SwitchReason};

use super::stage::{Balance, GRACE, Stage, pass, settled};

const MINUTE: Duration = Duration::from_secs(60);

fn member(balance: &Balance, name: &str) -> MemberSnapshot {
    balance.handle().snapshot().member(name).expect("a member").clone()
}

#[tokio::test(start_paused = true)]
async fn b40_a_snapshot_tells_what_was_ordered_and_for_how_long() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    let handle = balance.handle();
    handle.set_active("middle", Some(MINUTE)).await.expect("nothing speaks against it");
    handle.drain("heavy", Some(2 * MINUTE)).await.expect("a member");
    handle.trip("light", 3 * MINUTE).await.expect("a circuit");

    let snapshot = handle.snapshot();
    assert_eq!(snapshot.pinned.as_deref(), Some("middle"));
    assert_eq!(snapshot.pinned_until, Some(snapshot.taken_at + MINUTE));
    let middle = member(&balance, "middle");
    assert!(middle.active && middle.pinned && !middle.drained);
    let heavy = member(&balance, "heavy");
    assert!(!heavy.active && !heavy.pinned && heavy.drained);
    assert_eq!(heavy.drained_until, Some(snapshot.taken_at + 2 * MINUTE));
    let light = member(&balance, "light");
    assert_eq!((light.forced_left(), light.grace_left()), (Some(3 * MINUTE), None));

    handle.set_active("middle", None).await.expect("nothing speaks against it");
    handle.drain("heavy", None).await.expect("a member");
    handle.force_open("light").await.expect("a circuit");
    assert_eq!(handle.snapshot().pinned_until, None);
    assert_eq!(member(&balance, "heavy").drained_until, None);
    assert!(member(&balance, "light").view.circuit.forced);
    assert_eq!(member(&balance, "light").forced_left(), None);
}

#[tokio::test(start_paused = true)]
async fn b40_a_snapshot_tells_the_last_error_the_grace_left_and_the_next_probe() {
    let stage = Stage::new();
    let checks = stage.heavy.watched();
    let balance = stage.balance(stage.config());
    pass(Duration::from_secs(3)).await;
    let heavy = member(&balance, "heavy");
    assert!(heavy.active);
    assert_eq!((&heavy.last_error, heavy.grace_left()), (&None, None));
    let wait = heavy.next_probe_at.expect("a next round") - heavy.taken_at;
    assert!(wait <= Duration::from_millis(5500), "{wait:?}");
    assert_eq!(member(&balance, "light").next_probe_at, None, "it has no checks");

    checks.is_cut();
    pass(Duration::from_secs(10)).await;
    let heavy = member(&balance, "heavy");
    let error = heavy.last_error.clone().expect("an error");
    assert_eq!(
        (error.reason, error.evidence),
        (OpenReason::HealthCheck, Some(Evidence::Unreachable("cut".into())))
    );
    assert!(error.at > heavy.taken_at - Duration::from_secs(10));
    assert_eq!(heavy.grace_left(), None, "it begins when it is healthy");

    checks.says(Health::Healthy);
    pass(Duration::from_secs(10)).await;
    let heavy = member(&balance, "heavy");
    let left = heavy.grace_left().expect("its grace");
    assert!(left < GRACE && left > GRACE - Duration::from_secs(10), "{left:?}");
    assert!(heavy.last_error.is_some(), "also while it is well");
}

#[tokio::test(start_paused = true)]
async fn b40_what_the_detector_found_is_an_error_too() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    let heavy = stage.heavy.availability();
    let epoch = heavy.gate().epoch;
    let trip = |epoch| Signal::Trip { epoch, reason: OpenReason::FailureDetector };
    heavy.signal(trip(epoch.next()));
    assert_eq!(member(&balance, "heavy").last_error, None, "of another epoch");
    heavy.signal(trip(epoch));
    let error = member(&balance, "heavy").last_error.expect("an error");
    assert_eq!((error.reason, error.evidence), (OpenReason::FailureDetector, None));
}

#[tokio::test(start_paused = true)]
async fn b52_a_failover_of_a_member_without_checks_begins_with_its_own_trip() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    let (heavy, handle) = (stage.heavy.availability(), balance.handle());
    let trip = || {
        let epoch = heavy.gate().epoch;
        heavy.signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
    };
    let last_took = || handle.snapshot().switches.last().expect("a switch").took;
    trip();
    settled().await;
    assert_eq!(last_took(), Some(Duration::ZERO));

    pass(GRACE).await;
    for _ in 0..3 {
        let epoch = heavy.gate().epoch;
        heavy.signal(Signal::Outcome { epoch, success: true });
    }
    handle.set_active("heavy", None).await.expect("nothing speaks against it");
    pass(60 * MINUTE).await;
    trip();
    settled().await;
    assert_eq!(handle.snapshot().active.as_deref(), Some("middle"));
    assert_eq!(last_took(), Some(Duration::ZERO), "it was well for an hour");
}

#[tokio::test(start_paused = true)]
async fn b52_a_switch_that_ends_an_outage_took_as_long_as_that() {
    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    stage.all_fall();
    pass(MINUTE).await;
    stage.light.rises();
    pass(MINUTE).await;
    let last = balance.handle().snapshot().switches.last().cloned().expect("a switch");
    assert_eq!(last.reason, SwitchReason::Recovered);
    let took = last.took.expect("it began with the outage");
    assert!((MINUTE..MINUTE * 2).contains(&took), "{took:?}");
}

#[cfg(feature = "serde")]
#[tokio::test(start_paused = true)]
async fn b40_a_snapshot_is_written_down_with_all_that_it_tells() {
    use serde_json::json;

    let stage = Stage::new();
    let balance = stage.balance(stage.config());
    settled().await;
    tokio::time::advance(Duration::from_secs(5)).await;
    stage.heavy.falls();
    stage.heavy.availability().was_ambiguous();
    settled().await;
    tokio::time::advance(Duration::from_secs(2)).await;
    let handle = balance.handle();
    handle.drain("light", Some(MINUTE)).await.expect("a member");
    handle.set_active("middle", None).await.expect("nothing speaks against it");

    let well = |name: &str, weight: f64| {
        json!({
            "name": name, "weight": weight, "active": false, "available": true, "unavailable_for_ms": null,
            "unavailable_because": null, "pinned": false, "drained": false, "drained_left_ms": null,
            "verdict": "unknown", "evidence": null, "checked": false, "suspected": false, "next_probe_in_ms": null,
            "circuit": { "state": "closed", "for_ms": 7000, "reason": null, "forced": false },
            "grace_left_ms": null, "forced_left_ms": null, "last_error": null,
            "calls": { "retries": 0, "ended": 0, "ambiguous": 0 }, "open_connections": 0,
        })
    };
    let mut light = well("light", 0.25);
    light["drained"] = true.into();
    light["drained_left_ms"] = 60_000.into();
    let mut middle = well("middle", 0.5);
    middle["active"] = true.into();
    middle["pinned"] = true.into();
    // It was closed anew when it was chosen by hand.
    middle["circuit"]["for_ms"] = 0.into();
    let _connection = stage.middle.availability().connections().opened();
    middle["open_connections"] = 1.into();
    let mut heavy = well("heavy", 1.0);
    heavy["available"] = false.into();
    heavy["unavailable_for_ms"] = 2000.into();
    heavy["unavailable_because"] = "health_check".into();
    heavy["verdict"] = "unhealthy".into();
    heavy["evidence"] = "unreachable: cut".into();
    heavy["circuit"] = json!({ "state": "open", "for_ms": 2000, "reason": "health_check", "forced": false });
    heavy["grace_left_ms"] = 58_000.into();
    heavy["calls"]["ambiguous"] = 1.into();
    heavy["last_error"] = json!({ "reason": "health_check", "evidence": "unreachable: cut", "ago_ms": 2000 });
    let expected = json!({
        "active": "middle", "version": 3, "pinned": "middle", "pinned_left_ms": null, "outage": null,
        "members": [light, middle, heavy],
        "switches": [
            { "from": null, "to": "heavy", "reason": "initial", "unavailable_because": null, "ago_ms": 7000,
              "version": 2, "took_ms": null },
            { "from": "heavy", "to": "middle", "reason": "unavailable", "unavailable_because": "health_check",
              "ago_ms": 2000, "version": 3, "took_ms": 0 },
        ],
    });
    assert_eq!(serde_json::to_value(handle.snapshot()).expect("it can be written"), expected);

    for region in [&stage.middle, &stage.heavy] {
        region.circuit.force_open();
    }
    settled().await;
    let written = serde_json::to_value(handle.snapshot()).expect("it can be written");
    let outage = json!({ "lasted_ms": 0, "attempt": 1, "retry_in_ms": 12_000, "is_permanent": false });
    assert_eq!((&written["active"], &written["outage"]), (&json!(null), &outage));
}
