//! A client nobody uses: no commands, no subscriber. It moves all the same.

use std::time::Duration;

use redis_failover::MultiDbClient;
use tests::{PATIENCE, active, becomes_active, pair};
use tokio::time::Instant;

/// What a slow machine may add to a limit that holds for the client alone.
const MACHINE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_an_idle_client_leaves_a_killed_primary_without_waiting_for_a_health_check() {
    let (primary, _secondary, config) = pair().await;
    // The next round of health checks is far away; the lost connection alone must tell.
    let client = MultiDbClient::new(config.health_check_interval(Duration::from_secs(600))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;

    primary.kill().unwrap();
    let killed = Instant::now();
    becomes_active(&client, "secondary").await;
    assert!(killed.elapsed() < MACHINE, "it took {:?}", killed.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b19_an_idle_client_leaves_a_silent_primary_within_one_interval_and_one_probe() {
    let interval = Duration::from_secs(2);
    let probe_timeout = Duration::from_secs(1);
    let (primary, _secondary, config) = pair().await;
    let config = config.health_check_interval(interval).health_check_probe_timeout(probe_timeout);
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;

    primary.freeze().unwrap();
    let silent = Instant::now();
    becomes_active(&client, "secondary").await;
    // The interval varies by a tenth.
    let limit = interval.mul_f64(1.1) + probe_timeout + MACHINE;
    assert!(silent.elapsed() < limit, "it took {:?}, not {limit:?}", silent.elapsed());
    primary.thaw().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_an_idle_client_stays_where_nothing_happens() {
    let (_primary, _secondary, config) = pair().await;
    let client = MultiDbClient::new(config.health_check_interval(Duration::from_millis(50))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(active(&client).as_deref(), Some("primary"));
    assert_eq!(tests::switches(&client), Vec::<String>::new());
}
