//! Weights, choices and drills by name: B38, B40, B61.

use std::time::Duration;

use redis::AsyncCommands;
use redis_failover::{ConfigError, Error, MultiDbClient};
use tests::{PATIENCE, active, becomes_active};
use tower_failover::{
    availability::{CircuitState, OpenReason},
    balance::ManageError,
};

use super::{by_one_probe, database, names, started};

#[tokio::test]
async fn b40_a_weight_counts_at_once() {
    let ((_eu, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = started(by_one_probe([eu, us])).await;
    client.update_database_weight("us", 2.0).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("us"));
    client.update_database_weight("us", 0.9).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("eu"));
    for weight in [0.0, -1.0, f64::INFINITY] {
        let error = client.update_database_weight("us", weight).await.unwrap_err();
        let expected = ConfigError::Weight { database: "us".into(), weight };
        assert!(matches!(&error, Error::Config(error) if *error == expected), "{error:?}");
    }
    let error = client.update_database_weight("asia", 1.0).await.unwrap_err();
    assert!(matches!(&error, Error::Manage(ManageError::UnknownMember(name)) if &**name == "asia"));
    assert_eq!(active(&client).as_deref(), Some("eu"));
    let weight = client.snapshot().unwrap().member("us").unwrap().weight.get();
    assert!((weight - 0.9).abs() < f64::EPSILON, "what was refused has changed nothing: {weight}");
}

#[tokio::test]
async fn b38_a_database_is_promoted_and_drained_by_name_before_the_first_command() {
    let ((_eu, eu), (us_server, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let mut client = MultiDbClient::new(by_one_probe([eu, us])).unwrap();
    client.set_active_database("us").await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("us"));
    client.release_active_database().await.unwrap();
    client.drain_database("us", None).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("eu"));
    client.undrain_database("us").await.unwrap();

    us_server.kill().unwrap();
    let error = client.set_active_database("us").await.unwrap_err();
    assert!(matches!(&error, Error::Manage(ManageError::Unhealthy { .. })), "{error:?}");
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(names(&client), ["eu", "us"]);
}

#[tokio::test]
async fn b61_a_drill_is_as_in_earnest_and_ends_by_hand() {
    let ((_eu, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let config = by_one_probe([eu, us]).auto_fallback_interval(Some(Duration::from_millis(100)));
    let mut client = started(config).await;
    client.trip_database("eu", PATIENCE).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("us"));
    client.set::<_, _, ()>("key", 1).await.unwrap();
    let circuit = client.circuit("eu").unwrap();
    assert_eq!((circuit.state(), circuit.status().reason), (CircuitState::Open, Some(OpenReason::Drill)));
    client.release_database("eu").await.unwrap();
    becomes_active(&client, "eu").await;
}

#[tokio::test]
async fn b11_the_circuit_of_a_database_can_be_watched_and_held_open() {
    let ((_eu, eu), (_us, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let client = MultiDbClient::new(by_one_probe([eu, us])).unwrap();
    assert!(client.circuit("eu").is_none(), "it is not started");
    client.connect(PATIENCE).await.unwrap();
    assert!(client.circuit("asia").is_none());
    let circuit = client.circuit("eu").unwrap();
    let mut changes = circuit.availability().changes();
    circuit.force_open();
    tokio::time::timeout(PATIENCE, changes.next()).await.unwrap();
    assert_eq!(circuit.state(), CircuitState::Open);
    becomes_active(&client, "us").await;
}
