//! Clusters as databases, on real servers.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod apart;
mod commands;
mod failover;
mod health;
mod mixed;
mod secure;

use std::time::Duration;

use failover_testkit::server::{RealCluster, RealClusterBuilder, RealServer};
use redis::AsyncCommands;
use redis_failover::{Backoff, DatabaseConfig, MultiDbClient, MultiDbConfig};
use tests::{PATIENCE, becomes_active};
use tokio::time::{sleep, timeout};

/// A key in each of three shards, in their order.
const KEYS: [&str; 3] = ["b", "c", "a"];

/// `None` on a machine without servers.
async fn cluster_of(builder: RealClusterBuilder) -> Option<RealCluster> {
    let Some(_) = RealServer::find() else {
        eprintln!("skipped: there is no Redis server here");
        return None;
    };
    Some(builder.start().await.unwrap())
}

async fn cluster() -> Option<RealCluster> {
    cluster_of(RealCluster::builder()).await
}

fn database(cluster: &RealCluster) -> DatabaseConfig {
    DatabaseConfig::cluster(cluster.urls()).unwrap().name("primary").weight(1.0)
}

fn secondary(server: &RealServer) -> DatabaseConfig {
    DatabaseConfig::from_url(&server.url()).unwrap().name("secondary").weight(0.5)
}

/// Comes back soon from whatever happens, so that a story is over soon.
fn brisk(config: MultiDbConfig) -> MultiDbConfig {
    config
        .grace_period(Duration::from_millis(200))
        .health_check_interval(Duration::from_millis(300))
        .health_check_delay(Duration::from_millis(20))
        .redial_backoff(Backoff::new(Duration::from_millis(50), Duration::from_millis(200)))
        .redial_spread(Duration::from_millis(100))
        .flap_window(Duration::ZERO)
        .auto_fallback_interval(Some(Duration::from_millis(500)))
}

async fn connected(databases: impl IntoIterator<Item = DatabaseConfig>) -> MultiDbClient {
    let client = MultiDbClient::new(brisk(MultiDbConfig::new(databases))).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    client
}

/// Tries until it succeeds.
async fn set(client: &mut MultiDbClient, key: &str, value: i64) {
    let setting = async {
        while let Err(error) = client.set::<_, _, ()>(key, value).await {
            eprintln!("not yet: {error}");
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, setting).await.unwrap();
}
