//! What was written is there.

use failover_testkit::server::RealServer;
use futures_util::StreamExt;
use redis::AsyncCommands;
use redis_failover::{MultiDbClient, PubSubItem};
use tests::{PATIENCE, becomes_active, config, plain, real_server, until};
use tokio::time::timeout;

use super::brisk;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b35_what_was_written_before_and_after_a_failover_is_all_there_once_it_is_replicated() {
    let Some(_) = real_server() else { return };
    let primary = RealServer::start().await.unwrap();
    // It takes what the primary has, and what it is given itself.
    let port = primary.addr().port().to_string();
    let replica = ["--replicaof", "127.0.0.1", &port, "--replica-read-only", "no"];
    let secondary = RealServer::builder().args(replica).start().await.unwrap();
    let client = MultiDbClient::new(brisk(config(&primary.url(), &secondary.url()))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    let mut pubsub = client.pubsub().await.unwrap();
    pubsub.subscribe("news").await.unwrap();

    let mut calls = client.clone();
    for key in 0..100 {
        calls.set::<_, _, ()>(key, format!("before {key}")).await.unwrap();
    }
    let there = plain(&secondary.url()).await;
    until("replication", async || {
        redis::cmd("DBSIZE").query_async::<u32>(&mut there.clone()).await.unwrap() == 100
    })
    .await;
    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    for key in 100..150 {
        calls.set::<_, _, ()>(key, format!("after {key}")).await.unwrap();
    }
    for key in 0..150 {
        let expected = if key < 100 { format!("before {key}") } else { format!("after {key}") };
        assert_eq!(calls.get::<_, String>(key).await.unwrap(), expected);
    }

    let gap = timeout(PATIENCE, pubsub.next()).await.unwrap();
    assert!(matches!(gap, Some(PubSubItem::Gap { .. })), "{gap:?}");
    for number in 0..5 {
        assert_eq!(calls.publish::<_, _, u32>("news", number).await.unwrap(), 1);
    }
    for number in 0..5_u32 {
        let item = timeout(PATIENCE, pubsub.next()).await.unwrap().unwrap();
        assert_eq!(item.into_message().unwrap().get_payload::<u32>().unwrap(), number);
    }
}
