use std::time::Duration;

use tokio::time::sleep;

use super::stage::{Stage, next, nothing, until};
use crate::PubSubSettings;

#[tokio::test(start_paused = true)]
async fn b43_a_subscriber_moves_by_itself_when_its_database_dies() {
    for warm in [false, true] {
        let stage = Stage::new().await;
        let mut pubsub = stage.client.pubsub_with(PubSubSettings::new().warm(warm)).await.unwrap();
        pubsub.subscribe("news").await.unwrap();
        pubsub.psubscribe("wea*").await.unwrap();
        stage.london.publish("news", "1").await;
        assert_eq!(next(&mut pubsub).await, "1");

        stage.london.control.kill();
        assert_eq!(next(&mut pubsub).await, "london > paris");
        assert_eq!(stage.paris.publish("news", "2").await, 1);
        assert_eq!(stage.paris.publish("weather", "3").await, 1);
        assert_eq!([next(&mut pubsub).await, next(&mut pubsub).await], ["2", "3"]);
    }
}

#[tokio::test(start_paused = true)]
async fn b43_a_subscriber_moves_by_itself_when_its_database_hangs() {
    for warm in [false, true] {
        let stage = Stage::new().await;
        let mut pubsub = stage.client.pubsub_with(PubSubSettings::new().warm(warm)).await.unwrap();
        pubsub.subscribe("news").await.unwrap();
        stage.london.control.freeze();
        let frozen = tokio::time::Instant::now();
        assert_eq!(next(&mut pubsub).await, "london > paris");
        // Silence, doubt, the suspicion's probe.
        assert!(frozen.elapsed() <= Duration::from_millis(250 + 10 + 1000 + 25), "{:?}", frozen.elapsed());
        stage.paris.publish("news", "1").await;
        assert_eq!(next(&mut pubsub).await, "1");
    }
}

#[tokio::test(start_paused = true)]
async fn b43_a_subscriber_follows_every_choice() {
    for warm in [false, true] {
        let stage = Stage::new().await;
        let mut pubsub = stage.client.pubsub_with(PubSubSettings::new().warm(warm)).await.unwrap();
        pubsub.subscribe("news").await.unwrap();
        for _ in 0..3 {
            stage.choose("paris").await;
            assert_eq!(next(&mut pubsub).await, "london > paris");
            assert_eq!(stage.paris.publish("news", "1").await, 1);
            assert_eq!(next(&mut pubsub).await, "1");
            stage.choose("london").await;
            assert_eq!(next(&mut pubsub).await, "paris > london");
            assert_eq!(stage.london.publish("news", "2").await, 1);
            assert_eq!(next(&mut pubsub).await, "2");
        }
        let elsewhere = usize::from(warm);
        until(async || stage.paris.subscribers().await == elsewhere).await;
    }
}

#[tokio::test(start_paused = true)]
async fn b45_a_lost_connection_is_a_gap_from_the_database_to_itself() {
    let stage = Stage::new().await;
    let mut pubsub = stage.client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    for _ in 0..20 {
        stage.london.kill_subscribers().await;
        assert_eq!(next(&mut pubsub).await, "london > london");
        stage.london.publish("news", "1").await;
        assert_eq!(next(&mut pubsub).await, "1");
    }
    assert_eq!(stage.active(), "london");
    assert_eq!(stage.client.snapshot().unwrap().switches.len(), 1, "the first choice");
}

#[tokio::test(start_paused = true)]
async fn b43_what_was_ended_is_not_subscribed_anew() {
    let stage = Stage::new().await;
    let mut pubsub = stage.client.pubsub().await.unwrap();
    pubsub.subscribe(&["a", "b"]).await.unwrap();
    pubsub.unsubscribe("a").await.unwrap();
    stage.choose("paris").await;
    assert_eq!(next(&mut pubsub).await, "london > paris");
    assert_eq!(stage.paris.publish("a", "1").await, 0);
    assert_eq!(stage.paris.publish("b", "2").await, 1);
    assert_eq!(next(&mut pubsub).await, "2");
}

#[tokio::test(start_paused = true)]
async fn b43_a_subscriber_dials_until_it_works_and_evicts_nothing() {
    let stage = Stage::new().await;
    let mut pubsub = stage.client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    // Its connection is lost and no other is to be had, while those of commands and probes live on.
    stage.london.refuse_connections(true);
    stage.london.kill_subscribers().await;
    nothing(&mut pubsub).await;
    assert_eq!(stage.active(), "london");
    assert!(stage.london.refused() > 10, "{}", stage.london.refused());
    assert!(stage.london.refused() < 100, "{}", stage.london.refused());

    stage.london.refuse_connections(false);
    assert_eq!(next(&mut pubsub).await, "london > london");
    assert_eq!(stage.active(), "london");
}

#[tokio::test(start_paused = true)]
async fn b43_after_an_outage_the_subscriber_is_where_the_client_is() {
    let stage = Stage::new().await;
    let mut pubsub = stage.client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    stage.london.control.kill();
    stage.paris.control.kill();
    nothing(&mut pubsub).await;
    stage.london.restart();
    assert_eq!(next(&mut pubsub).await, "london > london");
    stage.london.publish("news", "1").await;
    assert_eq!(next(&mut pubsub).await, "1");
}

#[tokio::test(start_paused = true)]
async fn b45_at_a_choice_the_former_database_is_heard_until_the_new_one_is() {
    let stage = Stage::new().await;
    let mut pubsub = stage.client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();
    stage.paris.refuse_connections(true);
    stage.client.handle().unwrap().force_active("paris", None).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    stage.london.publish("news", "1").await;
    assert_eq!(next(&mut pubsub).await, "1");
    stage.paris.refuse_connections(false);
    assert_eq!(next(&mut pubsub).await, "london > paris");
    assert_eq!(stage.london.publish("news", "late").await, 0);
    stage.paris.publish("news", "2").await;
    assert_eq!(next(&mut pubsub).await, "2");
}
