//! Databases that join: B40.

use std::time::Duration;

use failover_testkit::server::AnyServer;
use futures_util::{FutureExt, StreamExt};
use redis::AsyncCommands;
use redis_failover::{AddDatabaseOptions, ConfigError, DatabaseConfig, Error, Event, MultiDbClient};
use tests::{PATIENCE, active, plain, until};
use tokio::{runtime::Handle, time::timeout};

use super::{at, by_one_probe, connections, database, names, started};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b40_a_heavier_database_that_is_added_serves_when_add_returns() {
    let ((_eu, eu), (us_server, us)) = (database("eu", 0.5).await, database("us", 1.0).await);
    let mut client = started(by_one_probe([eu])).await;
    let mut idle = client.clone();
    client.set::<_, _, ()>("key", "of eu").await.unwrap();
    client.add_database(us).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("us"));
    idle.set::<_, _, ()>("key", "of us").await.unwrap();
    let value: String = plain(&us_server.url()).await.get("key").await.unwrap();
    assert_eq!(value, "of us", "a clone that knew eu alone");
    assert_eq!(names(&client), ["eu", "us"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b40_a_lighter_database_stands_by_warm_and_serves_when_the_first_is_lost() {
    let ((eu_server, eu), (us_server, us)) = (database("eu", 1.0).await, database("us", 0.5).await);
    let mut client = started(by_one_probe([eu])).await;
    client.add_database(us).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("eu"));
    until("a warm standby", async || connections(&us_server).await == 2).await;
    eu_server.kill().unwrap();
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("us"));
}

#[tokio::test]
async fn b40_a_database_can_be_added_before_the_first_command() {
    let ((_eu, eu), (_us, us)) = (database("eu", 0.5).await, database("us", 1.0).await);
    let mut client = MultiDbClient::new(by_one_probe([eu])).unwrap();
    client.add_database(us).await.unwrap();
    assert_eq!(names(&client), ["eu", "us"]);
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("us"));
}

#[tokio::test]
async fn b40_a_database_that_is_there_already_is_refused_and_so_is_one_that_cannot_be_used() {
    let (server, eu) = database("eu", 1.0).await;
    let client = started(by_one_probe([eu])).await;
    let elsewhere = AnyServer::start().await.unwrap();
    let refused = async |database| match client.add_database(database).await {
        Err(Error::Config(error)) => error,
        other => panic!("{other:?}"),
    };
    let same_name = refused(at(&elsewhere, "eu", 0.5)).await;
    assert_eq!(same_name, ConfigError::DuplicateName { database: "eu".into() });
    let same_address = refused(at(&server, "us", 0.5)).await;
    assert_eq!(same_address, ConfigError::DuplicateAddress { database: "us".into() });
    let weightless = refused(at(&elsewhere, "us", 0.0)).await;
    assert_eq!(weightless, ConfigError::Weight { database: "us".into(), weight: 0.0 });
    let hasty = refused(at(&elsewhere, "us", 0.5).health_check_interval(Duration::ZERO)).await;
    assert!(matches!(&hasty, ConfigError::DatabaseOption { database, .. } if database == "us"), "{hasty}");
    assert_eq!(names(&client), ["eu"]);
    assert_eq!(connections(&elsewhere).await, 0);
    client.add_database(at(&elsewhere, "us", 0.5)).await.unwrap();
}

/// A database that nobody listens for.
fn nobody() -> DatabaseConfig {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    DatabaseConfig::from_url(&format!("redis://{free}")).unwrap().name("nobody").weight(5.0)
}

#[tokio::test]
async fn b40_a_database_joins_unasked_and_is_not_chosen_before_it_is_healthy() {
    let (_eu, eu) = database("eu", 1.0).await;
    let mut client = started(by_one_probe([eu])).await;
    client.add_database(nobody()).await.unwrap();
    assert_eq!(names(&client), ["eu", "nobody"]);
    assert_eq!(active(&client).as_deref(), Some("eu"));
    client.set::<_, _, ()>("key", 1).await.unwrap();
}

#[tokio::test]
async fn b40_one_that_must_be_healthy_to_join_and_is_not_leaves_nothing_behind() {
    let (_eu, eu) = database("eu", 1.0).await;
    let client = started(by_one_probe([eu])).await;
    let (tasks, mut events) = (Handle::current().metrics().num_alive_tasks(), client.events());
    let demanding = AddDatabaseOptions::new().skip_initial_health_check(false);
    let error = client.add_database_with(demanding, nobody()).await.unwrap_err();
    assert!(matches!(&error, Error::Unhealthy { database, evidence: Some(_) } if &**database == "nobody"));
    assert!(error.to_string().contains("skip_initial_health_check"), "{error}");
    assert_eq!(names(&client), ["eu"]);
    assert_eq!(client.circuit("nobody").map(|circuit| circuit.state()), None);
    until("no task of it", async || Handle::current().metrics().num_alive_tasks() == tasks).await;
    let told = events.next().now_or_never();
    assert!(told.is_none(), "{told:?}");
    // Its name is free.
    client.add_database(nobody()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b40_one_that_must_be_healthy_to_join_and_is_serves_at_once() {
    let ((_eu, eu), (us_server, us)) = (database("eu", 0.5).await, database("us", 1.0).await);
    let client = started(by_one_probe([eu])).await;
    let mut events = client.events();
    let demanding = AddDatabaseOptions::new().skip_initial_health_check(false);
    client.add_database_with(demanding, us).await.unwrap();
    assert_eq!(active(&client).as_deref(), Some("us"));
    until("the connections that stay", async || connections(&us_server).await == 2).await;
    let joined = async {
        while let Some(event) = events.next().await {
            if event == (Event::MemberAdded { member: "us".into() }) {
                return;
            }
        }
    };
    timeout(PATIENCE, joined).await.unwrap();
}

#[tokio::test]
async fn b42_close_ends_an_addition_that_is_under_way() {
    let (_eu, eu) = database("eu", 1.0).await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    let client = started(by_one_probe([eu])).await;
    let silent = AnyServer::start().await.unwrap();
    silent.freeze().unwrap();
    let patient = at(&silent, "silent", 2.0).health_check_probe_timeout(PATIENCE);
    let additions = [true, false].map(|demanding| {
        let (client, patient) = (client.clone(), patient.clone());
        let options = AddDatabaseOptions::new().skip_initial_health_check(!demanding);
        tokio::spawn(async move { client.add_database_with(options, patient).await })
    });
    until("one that has joined", async || names(&client).len() == 2).await;
    client.close(Duration::ZERO).await;
    drop(client);
    for addition in additions {
        let ended = timeout(PATIENCE, addition).await.unwrap().unwrap();
        assert!(matches!(ended, Err(Error::Closed)), "{ended:?}");
    }
    until("no task", async || Handle::current().metrics().num_alive_tasks() == tasks).await;
}
