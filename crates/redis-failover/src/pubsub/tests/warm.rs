use std::time::Duration;

use tokio::time::sleep;
use tower_failover::Chance;

use super::stage::{Stage, next, nothing, until};
use crate::PubSubSettings;
use crate::pubsub::PubSub;

async fn warm() -> (Stage, PubSub) {
    let stage = Stage::new().await;
    let mut pubsub = stage.client.pubsub_with(PubSubSettings::new().warm(true)).await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    until(async || stage.paris.subscribers().await == 1).await;
    (stage, pubsub)
}

#[tokio::test(start_paused = true)]
async fn b46_only_the_active_database_is_heard() {
    let (stage, mut pubsub) = warm().await;
    assert_eq!(stage.paris.publish("news", "unheard").await, 1);
    nothing(&mut pubsub).await;
    stage.london.publish("news", "1").await;
    assert_eq!(next(&mut pubsub).await, "1");

    stage.choose("paris").await;
    assert_eq!(next(&mut pubsub).await, "london > paris");
    stage.london.publish("news", "late").await;
    stage.paris.publish("news", "2").await;
    assert_eq!(next(&mut pubsub).await, "2");
    nothing(&mut pubsub).await;
}

#[tokio::test(start_paused = true)]
async fn b46_a_switch_subscribes_nothing() {
    let (stage, mut pubsub) = warm().await;
    let asked = || stage.paris.control.commands("subscribe");
    let accepted = || stage.paris.control.connections_accepted();
    let before = (asked(), accepted());
    stage.london.control.kill();
    assert_eq!(next(&mut pubsub).await, "london > paris");
    assert_eq!((asked(), accepted()), before);
}

#[tokio::test(start_paused = true)]
async fn b46_what_publishers_sent_to_the_new_database_before_we_moved_is_not_lost() {
    let (stage, mut pubsub) = warm().await;
    stage.london.publish("news", "1").await;
    stage.london.control.freeze();
    // Publishers of other clients are faster than we are.
    sleep(Duration::from_millis(100)).await;
    stage.paris.publish("news", "2").await;
    sleep(Duration::from_millis(600)).await;
    stage.paris.publish("news", "3").await;
    assert_eq!(stage.active(), "london");
    assert_eq!(
        [next(&mut pubsub).await, next(&mut pubsub).await, next(&mut pubsub).await, next(&mut pubsub).await],
        ["1", "london > paris", "2", "3"]
    );
}

#[tokio::test(start_paused = true)]
async fn b46_a_standby_that_comes_back_is_subscribed_again() {
    let (stage, mut pubsub) = warm().await;
    stage.paris.control.kill();
    sleep(Duration::from_secs(30)).await;
    stage.paris.restart();
    until(async || stage.paris.subscribers().await == 1).await;
    pubsub.subscribe("more").await.unwrap();
    stage.london.control.kill();
    assert_eq!(next(&mut pubsub).await, "london > paris");
    stage.paris.publish("more", "1").await;
    assert_eq!(next(&mut pubsub).await, "1");
}

#[tokio::test(start_paused = true)]
async fn b36_a_lost_standby_is_dialled_within_the_spread_and_at_once_when_it_serves() {
    let hour = Duration::from_secs(3600);
    let stage = Stage::with("redis://", |config| config.redial_spread(hour).chance(Chance::seeded(1))).await;
    let mut pubsub = stage.client.pubsub_with(PubSubSettings::new().warm(true)).await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    until(async || stage.paris.subscribers().await == 1).await;
    stage.paris.kill_subscribers().await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(stage.paris.subscribers().await, 0);

    stage.choose("paris").await;
    let chosen = tokio::time::Instant::now();
    assert_eq!(next(&mut pubsub).await, "london > paris");
    assert!(chosen.elapsed() < Duration::from_secs(1), "{:?}", chosen.elapsed());
}
