//! A client that is changed while it runs: it begins with one database, and ends with another.
//!
//! `cargo run --example runtime_management` needs no server: its databases live in this process. All the while a caller
//! counts, and must not notice anything.

use std::time::Duration;

use failover_testkit::embedded::EmbeddedRedis;
use redis::AsyncCommands;
use redis_failover::{
    AddDatabaseOptions, DatabaseConfig, Error, HealthCheck, MultiDbClient, MultiDbConfig, classify::failures,
};
use tokio::time::{sleep, timeout};
use tower_failover::Thresholds;
use tower_failover::failure_detector::{Detector, FailureRate};

type BoxError = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let [eu, us, asia] =
        [EmbeddedRedis::start().await?, EmbeddedRedis::start().await?, EmbeddedRedis::start().await?];
    let at = |server: &EmbeddedRedis, name: &str, weight: f64| -> Result<DatabaseConfig, BoxError> {
        Ok(DatabaseConfig::from_url(&server.url())?.name(name).weight(weight))
    };

    println!("The client begins with one database.");
    let config = MultiDbConfig::new([at(&eu, "eu-west", 1.0)?])
        // Waits shorter than in earnest, for a demonstration must not take minutes.
        .health_check_delay(Duration::from_millis(50))
        .grace_period(Duration::from_millis(500))
        .auto_fallback_interval(Some(Duration::from_millis(500)));
    let client = MultiDbClient::new(config)?;
    client.connect(Duration::from_secs(10)).await?;
    let caller = tokio::spawn(count(client.clone()));
    show(&client, "eu-west").await?;

    println!("A second one joins as a standby, and a third only if it is healthy.");
    client.add_database(at(&us, "us-east", 0.5)?).await?;
    let only_if_healthy = AddDatabaseOptions::new().skip_initial_health_check(false);
    client.add_database_with(only_if_healthy, at(&asia, "ap-south", 0.2)?).await?;
    show(&client, "eu-west").await?;

    println!("One that nobody can reach is refused, and nothing of it stays.");
    let dead = EmbeddedRedis::start().await?;
    dead.control().kill();
    match client.add_database_with(only_if_healthy, at(&dead, "sa-east", 0.1)?).await {
        Err(error @ Error::Unhealthy { .. }) => println!("    {error}"),
        other => return Err(format!("it was not refused: {other:?}").into()),
    }

    println!(
        "All are watched more closely: they must be masters, and five timeouts in a second are too many."
    );
    client.add_health_check(HealthCheck::role()).await?;
    let timeouts = Thresholds::new(5, 0.0, Duration::from_secs(1))?;
    client.add_failure_detector(move || FailureRate::new(timeouts).only(failures::TIMED_OUT)).await?;

    println!("A weight makes the second one the heaviest: it serves at once.");
    client.update_database_weight("us-east", 2.0).await?;
    show(&client, "us-east").await?;

    println!("The third is promoted by hand, and stays until it is released.");
    client.set_active_database("ap-south").await?;
    show(&client, "ap-south").await?;
    client.release_active_database().await?;

    println!("It is drained for maintenance: its calls in flight finish, and no others are sent there.");
    client.drain_database("ap-south", Some(Duration::from_secs(600))).await?;
    show(&client, "us-east").await?;
    client.undrain_database("ap-south").await?;

    println!("A drill: the second one is held to be dead until it is released, and then taken back.");
    client.trip_database("us-east", Duration::from_secs(60)).await?;
    show(&client, "eu-west").await?;
    client.release_database("us-east").await?;
    show(&client, "us-east").await?;

    println!("The one that all began with is removed, with its connections.");
    client.remove_database("eu-west").await?;
    show(&client, "us-east").await?;
    let gone = async {
        while eu.control().connections_open() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(5), gone).await?;

    client.close(Duration::from_secs(1)).await;
    let counted = caller.await??;
    println!("{counted} calls were made meanwhile, and none failed.");
    if let Some(snapshot) = client.snapshot() {
        for switch in &snapshot.switches {
            println!(
                "    {} -> {}: {:?}",
                switch.from.as_deref().unwrap_or("none"),
                switch.to,
                switch.reason
            );
        }
    }
    Ok(())
}

/// Shows all databases as soon as this one serves.
async fn show(client: &MultiDbClient, expected: &str) -> Result<(), BoxError> {
    let serves = async {
        while client.snapshot().and_then(|snapshot| snapshot.active).as_deref() != Some(expected) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), serves).await.map_err(|_| format!("{expected} does not serve"))?;
    sleep(Duration::from_millis(100)).await;
    for database in client.databases() {
        let member = &database.member;
        let serves = if member.active { "serves" } else { "stands by" };
        let drained = if member.drained { ", drained" } else { "" };
        let (verdict, circuit) = (member.view.verdict, member.view.circuit.state);
        println!(
            "    {:9} {serves:9} weight {}, {verdict:?}, {circuit:?}{drained}",
            member.name,
            member.weight.get()
        );
    }
    Ok(())
}

/// Counts until the client is closed, or something goes wrong.
async fn count(mut client: MultiDbClient) -> Result<u64, redis::RedisError> {
    let mut counted = 0;
    loop {
        match client.set::<_, _, ()>("counted", counted).await {
            Ok(()) => counted += 1,
            Err(error) if matches!(Error::of(&error), Some(Error::Closed)) => return Ok(counted),
            Err(error) => return Err(error),
        }
        sleep(Duration::from_millis(1)).await;
    }
}
