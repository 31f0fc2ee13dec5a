//! What is told of the databases of a running client: B40.

use redis::AsyncCommands;
use redis_failover::{DatabaseSnapshot, MultiDbClient, PubSubSettings};
use tests::{PATIENCE, becomes_active, plain, until};
use tower_failover::Verdict;

use super::{by_one_probe, database};

fn told(client: &MultiDbClient, name: &str) -> DatabaseSnapshot {
    let mut databases = client.databases().into_iter();
    databases.find(|database| &*database.member.name == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b40_what_is_told_of_a_database_names_its_connections() {
    let ((eu_server, eu), (us_server, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = MultiDbClient::new(by_one_probe([eu, us])).unwrap();
    assert!(client.databases().is_empty(), "it is not started");
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "eu").await;
    until("connections for commands", async || {
        client.databases().iter().all(|database| database.connections.commands == Some(true))
    })
    .await;
    let eu = told(&client, "eu");
    assert_eq!(
        (eu.member.view.verdict, eu.member.active, eu.connections.subscribers),
        (Verdict::Healthy, true, 0)
    );

    let mut cold = client.pubsub().await.unwrap();
    cold.subscribe("news").await.unwrap();
    let mut warm = client.pubsub_with(PubSubSettings::default().warm(true)).await.unwrap();
    warm.subscribe("news").await.unwrap();
    until("subscribers", async || {
        let subscribers = |name| told(&client, name).connections.subscribers;
        (subscribers("eu"), subscribers("us")) == (2, 1)
    })
    .await;
    drop((cold, warm));

    let mut popping = client.clone();
    let popping =
        tokio::spawn(async move { popping.blpop::<_, (String, i64)>("list", PATIENCE.as_secs_f64()).await });
    until("a call on a connection of its own", async || {
        told(&client, "eu").connections.dedicated_in_use == 1
    })
    .await;
    let _: u64 = plain(&eu_server.url()).await.lpush("list", 1).await.unwrap();
    popping.await.unwrap().unwrap();
    until("one that is kept, and nobody who listens", async || {
        let connections = told(&client, "eu").connections;
        (connections.dedicated_in_use, connections.dedicated_idle, connections.subscribers) == (0, 1, 0)
    })
    .await;

    us_server.kill().unwrap();
    until("a connection that is lost", async || told(&client, "us").connections.commands == Some(false))
        .await;
    until("what led to it", async || told(&client, "us").member.last_error.is_some()).await;
    client.close(PATIENCE).await;
    assert_eq!(told(&client, "eu").connections.commands, None);
}

#[tokio::test]
async fn b40_what_is_told_is_written_down_without_secrets() {
    let (server, _) = database("eu", 1.0).await;
    let url = format!("redis://:planted-secret@{}", server.addr());
    let eu = redis_failover::DatabaseConfig::from_url(&url).unwrap().name("eu");
    // The server knows no password, and refuses it: that is told, and not which.
    let client = MultiDbClient::new(by_one_probe([eu])).unwrap();
    assert!(client.connect(PATIENCE).await.is_err());
    let written = serde_json::to_value(client.databases()).unwrap();
    assert_eq!(written[0]["member"]["name"], "eu");
    assert!(written[0]["connections"]["commands"].is_boolean(), "{written:#}");
    let connections: Vec<_> = written[0]["connections"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(connections.len(), 4, "{connections:?}");
    let error = &written[0]["member"]["last_error"]["evidence"];
    assert!(error.as_str().is_some_and(|error| error.contains("misconfigured")), "{written:#}");
    let whole = serde_json::to_string(&client.snapshot()).unwrap() + &written.to_string();
    assert!(!whole.contains("planted-secret"), "{whole}");
}
