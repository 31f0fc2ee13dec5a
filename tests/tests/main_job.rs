//! The main job, on real servers where there are any: a primary dies, hangs, comes back.

use std::time::Duration;

use futures_util::StreamExt;
use redis::AsyncCommands;
use redis_failover::{Error, Event, MultiDbClient};
use tests::{PATIENCE, active, becomes_active, pair};
use tokio::time::{Instant, timeout};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_commands_initialise_the_client_and_survive_the_primarys_death() {
    let (primary, _secondary, config) = pair().await;
    let mut client = MultiDbClient::new(config).unwrap();
    assert!(client.snapshot().is_none(), "new does no I/O");

    client.set::<_, _, ()>("key", "on the primary").await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("primary"));

    primary.kill().unwrap();
    let dead_since = Instant::now();
    while dead_since.elapsed() < Duration::from_secs(1) {
        // Commands that may be repeated see nothing of it.
        client.set::<_, _, ()>("key", "anywhere").await.unwrap();
        let _: Option<String> = client.get("key").await.unwrap();
    }
    assert_eq!(active(&client).as_deref(), Some("secondary"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_an_idle_client_leaves_a_killed_primary() {
    let (primary, _secondary, config) = pair().await;
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b17_a_silent_primary_is_left_and_commands_that_may_be_repeated_move() {
    let (primary, _secondary, config) = pair().await;
    let mut client = MultiDbClient::new(config).unwrap();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    primary.freeze().unwrap();
    let moved = timeout(PATIENCE, async {
        while active(&client).as_deref() != Some("secondary") {
            client.set::<_, _, ()>("key", 2).await.unwrap();
        }
    });
    moved.await.unwrap();
    primary.thaw().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b37_the_client_returns_to_the_primary_when_it_is_back() {
    let (primary, _secondary, config) = pair().await;
    let config = config
        .auto_fallback_interval(Some(Duration::from_secs(1)))
        .grace_period(Duration::from_millis(200))
        .health_check_interval(Duration::from_millis(300))
        .health_check_delay(Duration::from_millis(20));
    let mut client = MultiDbClient::new(config).unwrap();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    primary.restart().await.unwrap();
    becomes_active(&client, "primary").await;
    client.set::<_, _, ()>("key", 2).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b28_with_all_databases_down_commands_fail_at_once_and_work_again_later() {
    let (primary, secondary, config) = pair().await;
    let config = config
        .health_check_interval(Duration::from_millis(300))
        .health_check_delay(Duration::from_millis(20));
    let mut client = MultiDbClient::new(config).unwrap();
    let mut stream = client.events();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    primary.kill().unwrap();
    secondary.kill().unwrap();
    timeout(PATIENCE, async { while stream.next().await != Some(Event::OutageBegan) {} }).await.unwrap();
    let error = client.get::<_, Option<i64>>("key").await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::TemporarilyUnavailable(_))), "{error:?}");

    secondary.restart().await.unwrap();
    becomes_active(&client, "secondary").await;
    client.set::<_, _, ()>("key", 3).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b42_after_close_a_call_is_a_clear_error() {
    let (_primary, _secondary, config) = pair().await;
    let mut client = MultiDbClient::new(config).unwrap();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    client.close(Duration::from_secs(1)).await;
    let error = client.get::<_, Option<i64>>("key").await.unwrap_err();
    assert!(matches!(Error::of(&error), Some(Error::Closed)), "{error:?}");
}
