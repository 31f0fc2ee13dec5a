//! Members come and go: B40.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream};
use tokio::sync::mpsc;
use tower::discover::Change;
use tower_failover::balance::ManageError;
use tower_failover::{Event, Member, SwitchReason};

use super::stage::{Answers, Balance, Region, Stage, active, ask, pass, settled};

type Changes = mpsc::UnboundedSender<Result<Change<u8, Member<Answers>>, std::io::Error>>;

/// A balance whose members the test sends.
fn open_balance(stage: &Stage) -> (Changes, Balance) {
    let (changes, received) = mpsc::unbounded_channel();
    let discover = stream::unfold(received, |mut received: mpsc::UnboundedReceiver<_>| async move {
        received.recv().await.map(|change| (change, received))
    });
    (changes, Balance::new(Box::pin(discover), stage.config()).expect("a valid configuration"))
}

fn add(changes: &Changes, key: u8, member: Member<Answers>) {
    changes.send(Ok(Change::Insert(key, member))).expect("a driver");
}

#[tokio::test(start_paused = true)]
async fn b40_a_heavier_member_that_joins_takes_over_at_once() {
    let mut stage = Stage::new();
    let (changes, balance) = open_balance(&stage);
    add(&changes, 1, stage.middle.member());
    assert_eq!(ask(&balance).await, Ok("middle"));
    add(&changes, 2, stage.light.member());
    settled().await;
    assert_eq!(ask(&balance).await, Ok("middle"));
    add(&changes, 3, stage.heavy.member());
    settled().await;
    assert_eq!(ask(&balance).await, Ok("heavy"));
    assert_eq!(stage.switches().last(), Some(&("heavy".into(), SwitchReason::Weight)));
}

#[tokio::test(start_paused = true)]
async fn b40_a_member_that_joins_is_judged_before_it_takes_over() {
    let stage = Stage::new();
    let (changes, balance) = open_balance(&stage);
    let _middle = stage.middle.watched();
    add(&changes, 1, stage.middle.member());
    pass(Duration::from_secs(3)).await;
    let _heavy = stage.heavy.watched();
    add(&changes, 2, stage.heavy.member());
    settled().await;
    assert_eq!(active(&balance).as_deref(), Some("middle"));
    pass(Duration::from_secs(2)).await;
    assert_eq!(active(&balance).as_deref(), Some("heavy"), "by its first round, and not by the fallback");
}

#[tokio::test(start_paused = true)]
async fn b40_the_active_member_that_leaves_is_switched_away_from() {
    let mut stage = Stage::new();
    let (changes, balance) = open_balance(&stage);
    add(&changes, 1, stage.middle.member());
    add(&changes, 2, stage.heavy.member());
    assert_eq!(ask(&balance).await, Ok("heavy"));
    changes.send(Ok(Change::Remove(2))).expect("a driver");
    settled().await;
    assert_eq!(ask(&balance).await, Ok("middle"));
    let told = stage.told();
    assert!(told.contains(&Event::MemberRemoved { member: "heavy".into() }));
    assert!(matches!(told.last(), Some(Event::ActiveChanged { reason: SwitchReason::Removed, .. })));
    assert_eq!(balance.handle().snapshot().members.len(), 1);
    changes.send(Ok(Change::Remove(9))).expect("a driver");
    settled().await;
    assert_eq!(stage.told(), [], "nobody left");
}

#[tokio::test(start_paused = true)]
async fn b40_a_second_member_of_the_same_name_is_refused() {
    let mut stage = Stage::new();
    let (changes, balance) = open_balance(&stage);
    add(&changes, 1, stage.heavy.member());
    let impostor = Region::new("heavy", 5.0, &stage.events);
    add(&changes, 2, Member::new(Answers("impostor"), impostor.availability().clone()));
    settled().await;
    assert_eq!(ask(&balance).await, Ok("heavy"));
    assert_eq!(balance.handle().snapshot().members.len(), 1);
    let refused =
        |event: &Event| matches!(event, Event::DiscoverFailed { detail } if detail.contains("heavy"));
    assert!(stage.told().iter().any(refused));
}

#[tokio::test(start_paused = true)]
async fn b40_the_active_member_inserted_anew_serves_with_its_new_service() {
    let stage = Stage::new();
    let (changes, balance) = open_balance(&stage);
    add(&changes, 1, stage.heavy.member());
    assert_eq!(ask(&balance).await, Ok("heavy"));
    let renewed = Region::new("heavy", 1.0, &stage.events);
    add(&changes, 1, Member::new(Answers("renewed"), renewed.availability().clone()));
    settled().await;
    assert_eq!(ask(&balance).await, Ok("renewed"));
    renewed.falls();
    settled().await;
    assert!(ask(&balance).await.is_err(), "its new availability is listened to");
}

#[tokio::test(start_paused = true)]
async fn b40_nothing_is_told_of_a_member_that_has_left_unless_it_joins_again() {
    let stage = Stage::new();
    let (changes, balance) = open_balance(&stage);
    for (key, region) in [(1, &stage.heavy), (2, &stage.middle), (3, &stage.light)] {
        add(&changes, key, region.member());
    }
    assert_eq!(ask(&balance).await, Ok("heavy"));
    let mut seen = stage.events.subscribe();
    let mut told_of = |name: &str| -> Vec<Event> {
        let told = std::iter::from_fn(|| seen.next().now_or_never().flatten());
        told.filter(|event| format!("{event:?}").contains(name)).collect()
    };
    balance.handle().remove("light").await.expect("not the last");
    stage.light.falls();
    assert_eq!(told_of("light"), [Event::MemberRemoved { member: "light".into() }]);

    changes.send(Ok(Change::Remove(2))).expect("a driver");
    settled().await;
    stage.middle.falls();
    assert_eq!(told_of("middle"), [Event::MemberRemoved { member: "middle".into() }]);
    add(&changes, 2, stage.middle.member());
    settled().await;
    stage.middle.rises();
    assert!(
        told_of("middle").iter().any(|event| matches!(event, Event::VerdictChanged { .. })),
        "it is back"
    );

    let renewed = Region::new("middle", 0.5, &stage.events);
    for (region, is_told) in [(&renewed, true), (&stage.middle, false)] {
        add(&changes, 2, renewed.member());
        settled().await;
        told_of("middle");
        region.falls();
        assert_eq!(!told_of("middle").is_empty(), is_told);
    }
}

#[tokio::test(start_paused = true)]
async fn a_discover_that_fails_or_ends_is_told_and_the_members_stay() {
    let mut stage = Stage::new();
    let (changes, balance) = open_balance(&stage);
    add(&changes, 1, stage.heavy.member());
    changes.send(Err(std::io::Error::other("the registry is away"))).expect("a driver");
    settled().await;
    assert_eq!(ask(&balance).await, Ok("heavy"));
    let failed =
        |event: &Event| matches!(event, Event::DiscoverFailed { detail } if detail.contains("registry"));
    assert!(stage.told().iter().any(failed));
    add(&changes, 2, stage.middle.member());
    drop(changes);
    settled().await;
    stage.heavy.falls();
    settled().await;
    assert_eq!(ask(&balance).await, Ok("middle"));
}

#[tokio::test(start_paused = true)]
async fn without_any_member_calls_are_told_after_the_start() {
    let stage = Stage::new();
    let (_changes, balance) = open_balance(&stage);
    assert!(ask(&balance).await.is_err());
    assert!(balance.handle().snapshot().outage.is_some());
}

#[tokio::test(start_paused = true)]
async fn b38_a_choice_by_hand_ends_when_its_member_leaves() {
    let stage = Stage::new();
    let (changes, balance) = open_balance(&stage);
    add(&changes, 1, stage.light.member());
    add(&changes, 2, stage.heavy.member());
    settled().await;
    balance.handle().set_active("light", None).await.expect("nothing speaks against it");
    changes.send(Ok(Change::Remove(1))).expect("a driver");
    settled().await;
    assert_eq!(balance.handle().snapshot().pinned, None);
    add(&changes, 1, stage.light.member());
    settled().await;
    assert_eq!(ask(&balance).await, Ok("heavy"), "it was another one that was chosen");
}

#[tokio::test(start_paused = true)]
async fn b40_a_member_is_removed_by_hand_and_the_last_one_is_not() {
    let mut stage = Stage::new();
    let (changes, balance) = open_balance(&stage);
    add(&changes, 1, stage.light.member());
    add(&changes, 2, stage.heavy.member());
    settled().await;
    stage.told();
    let handle = balance.handle();
    assert_eq!(handle.remove("mars").await, Err(ManageError::UnknownMember("mars".into())));
    assert_eq!(handle.remove("heavy").await, Ok(()));
    assert_eq!(ask(&balance).await, Ok("light"), "before the order is answered");
    let told = stage.told();
    assert_eq!(told[0], Event::MemberRemoved { member: "heavy".into() });
    assert!(matches!(&told[1], Event::ActiveChanged { reason: SwitchReason::Removed, .. }), "{told:?}");
    assert_eq!(handle.remove("light").await, Err(ManageError::LastMember("light".into())));
    assert_eq!(ask(&balance).await, Ok("light"));
    add(&changes, 2, stage.heavy.member());
    settled().await;
    assert_eq!(ask(&balance).await, Ok("heavy"), "it has joined again");
}

#[tokio::test(start_paused = true)]
async fn b38_a_drained_member_inserted_anew_stays_drained() {
    let stage = Stage::new();
    let (changes, balance) = open_balance(&stage);
    add(&changes, 1, stage.heavy.member());
    add(&changes, 2, stage.middle.member());
    balance.handle().drain("heavy", None).await.expect("a member");
    assert_eq!(ask(&balance).await, Ok("middle"));
    add(&changes, 1, stage.heavy.member());
    settled().await;
    assert_eq!(ask(&balance).await, Ok("middle"), "nobody ended the drain");
    balance.handle().undrain("heavy").await.expect("a member");
    balance.handle().drain("middle", None).await.expect("a member");
    assert_eq!(ask(&balance).await, Ok("heavy"));
}
