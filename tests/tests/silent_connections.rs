//! Connections that a router has forgotten: nobody closes them, nothing comes through, and new ones work.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;

use failover_testkit::{proxy::FaultProxy, server::AnyServer};
use redis::AsyncCommands;
use redis_failover::MultiDbClient;
use tests::{Load, PATIENCE, becomes_active, config, switches};
use tokio::time::{Instant, sleep};

/// A primary behind a router.
async fn routed() -> (AnyServer, AnyServer, FaultProxy, MultiDbClient) {
    let primary = AnyServer::start().await.unwrap();
    let secondary = AnyServer::start().await.unwrap();
    let router = FaultProxy::start(primary.addr()).await.unwrap();
    let client = MultiDbClient::new(config(&router.url(), &secondary.url())).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    (primary, secondary, router, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b57_a_router_that_forgets_all_connections_moves_nobody_and_fails_no_command_that_may_be_repeated() {
    let (_primary, _secondary, router, client) = routed().await;
    let load = Load::start(&client, 4);
    load.goes_on().await;

    router.control().forget_connections();
    sleep(Duration::from_secs(5)).await;

    load.goes_on().await;
    let tally = load.end().await;
    assert_eq!(switches(&client), Vec::<String>::new());
    assert!(tally.errors.is_empty(), "{} answered, {:?}", tally.answered, tally.errors);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b57_an_idle_client_whose_connections_were_forgotten_answers_its_next_command() {
    let (_primary, _secondary, router, client) = routed().await;
    client.clone().set::<_, _, ()>("key", "value").await.unwrap();
    router.control().forget_connections();

    let begun = Instant::now();
    let value: String = client.clone().get("key").await.unwrap();
    assert_eq!(value, "value");
    assert!(begun.elapsed() < PATIENCE, "far sooner than the kernel would give up: {:?}", begun.elapsed());
    assert_eq!(switches(&client), Vec::<String>::new());
}
