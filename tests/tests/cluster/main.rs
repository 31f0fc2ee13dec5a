//! Clusters as databases, on real servers.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod apart;
mod commands;
mod failover;
mod health;
mod in_doubt;
mod mixed;
mod outdated;
mod secure;

use std::time::Duration;

use failover_testkit::server::{RealCluster, RealClusterBuilder, RealServer};
use redis::AsyncCommands;
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};
use tests::{PATIENCE, becomes_active, brisk, real_server, set_at_last, until};
use tokio::time::{sleep, timeout};

/// A key in each of three shards, in their order.
const KEYS: [&str; 3] = ["b", "c", "a"];

/// `None` on a machine without servers.
async fn cluster_of(builder: RealClusterBuilder) -> Option<RealCluster> {
    real_server()?;
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

/// A client of these, which comes back soon, and whose primary serves.
async fn connected(databases: impl IntoIterator<Item = DatabaseConfig>) -> MultiDbClient {
    let config = brisk(MultiDbConfig::new(databases));
    tests::connected(config.redial_spread(Duration::from_millis(100))).await
}
