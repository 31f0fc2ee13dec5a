use std::time::Duration;

use tokio::time::sleep;
use tower_failover::{Event, Verdict};

use super::stage::{Stage, next, until};

#[tokio::test(start_paused = true)]
async fn b44_a_silent_connection_is_asked_four_times_a_second() {
    let stage = Stage::new().await;
    let mut pubsub = stage.client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    let before = stage.london.control.commands("ping");
    sleep(Duration::from_secs(4)).await;
    let asked = stage.london.control.commands("ping") - before;
    // A timer may be a little late; a few more are the health checks'.
    assert!((15..=20).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn b44_messages_make_asking_needless() {
    let stage = Stage::new().await;
    let mut pubsub = stage.client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    let before = stage.london.control.commands("ping");
    for _ in 0..40 {
        sleep(Duration::from_millis(100)).await;
        stage.london.publish("news", "1").await;
        next(&mut pubsub).await;
    }
    let asked = stage.london.control.commands("ping") - before;
    assert!(asked < 5, "{asked}");
}

#[tokio::test(start_paused = true)]
async fn b44_a_connection_that_hangs_alone_is_dialled_anew_and_evicts_nothing() {
    let stage = Stage::new().await;
    let mut events = stage.client.events();
    let mut pubsub = stage.client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    // Only this connection hangs: the probes' answer.
    stage.london.hang_last_connection();
    assert_eq!(next(&mut pubsub).await, "london > london");
    stage.london.publish("news", "1").await;
    assert_eq!(next(&mut pubsub).await, "1");
    assert_eq!(stage.active(), "london");
    let view = stage.client.snapshot().unwrap().member("london").unwrap().view.clone();
    assert_eq!(view.verdict, Verdict::Healthy);
    let told = futures_util::FutureExt::now_or_never(futures_util::StreamExt::next(&mut events)).flatten();
    assert!(!matches!(told, Some(Event::ActiveChanged { .. })), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn b44_a_silent_connection_makes_the_database_suspected() {
    let stage = Stage::new().await;
    let mut pubsub = stage.client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    sleep(Duration::from_secs(1)).await;
    stage.london.control.freeze();
    sleep(Duration::from_millis(275)).await;
    let suspected = || stage.client.snapshot().unwrap().member("london").unwrap().view.suspected;
    assert!(suspected());
    stage.london.control.thaw();
    until(async || !suspected()).await;
    assert_eq!(stage.active(), "london");
}
