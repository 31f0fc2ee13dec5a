//! A cluster in one region, a single server in another: the cluster loses a shard, and is left until it is whole again.
//!
//! `cargo run --example cluster` starts both by itself, for which `redis-server` or `valkey-server` has to be installed.
//! It takes about ten seconds.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use failover_testkit::server::{RealCluster, RealServer};
use futures_util::StreamExt;
use redis::AsyncCommands;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis_failover::{DatabaseConfig, Event, EventStream, MultiDbClient, MultiDbConfig};
use tokio::time::{Instant, timeout};

type BoxError = Box<dyn Error + Send + Sync>;

/// One key of each shard.
const KEYS: [&str; 3] = ["b", "c", "a"];

async fn tell() -> Result<(), BoxError> {
    let (cluster, single) = (RealCluster::start().await?, RealServer::start().await?);
    println!("a cluster of three shards, and one server: {}", single.describe());
    let mut client = MultiDbClient::new(
        MultiDbConfig::new([
            // Some of its nodes would do: they know the others.
            DatabaseConfig::cluster(cluster.urls())?.name("cluster").weight(1.0),
            DatabaseConfig::from_url(&single.url())?.name("single").weight(0.5),
        ])
        .health_check_interval(Duration::from_millis(500))
        .grace_period(Duration::from_secs(1))
        .auto_fallback_interval(Some(Duration::from_secs(1))),
    )?;
    client.connect(Duration::from_secs(10)).await?;
    let mut events = client.events();

    for (value, key) in KEYS.into_iter().enumerate() {
        client.set::<_, _, ()>(key, value).await?;
    }
    let values: Vec<i64> = client.mget(&KEYS).await?;
    println!("one key of each shard: {values:?}");
    let primaries = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    println!("keys of each shard: {:?}", client.route_command(redis::cmd("DBSIZE"), primaries).await?);

    println!("a shard is killed");
    let killed = Instant::now();
    cluster.nodes()[1].kill()?;
    turns_to(&mut events, "single").await?;
    println!("after {:?}, the single server serves", killed.elapsed());
    client.set::<_, _, ()>("c", "while the shard was down").await?;

    println!("the shard is started again");
    cluster.restart().await?;
    turns_to(&mut events, "cluster").await?;
    println!("the cluster serves again");
    // What was written meanwhile is on the other database: nobody has copied it.
    let value: Option<String> = client.get("c").await?;
    if value.is_some() {
        return Err("the shard lost its data, and nobody has written there since".into());
    }
    client.close(Duration::from_secs(1)).await;
    Ok(())
}

/// Waits until another database serves, and it is this one.
async fn turns_to(events: &mut EventStream, name: &str) -> Result<(), BoxError> {
    let turning = async {
        while let Some(event) = events.next().await {
            if let Event::ActiveChanged { to, reason, .. } = event {
                println!("  {to} is active: {reason:?}");
                if &*to == name {
                    return;
                }
            }
        }
    };
    Ok(timeout(Duration::from_secs(10), turning)
        .await
        .map_err(|_| format!("{name} did not become active"))?)
}

#[tokio::main]
async fn main() -> ExitCode {
    if RealServer::find().is_none() {
        eprintln!("a cluster needs redis-server or valkey-server, and neither is installed here");
        return ExitCode::FAILURE;
    }
    match tell().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
