//! Transactions, blocking commands and refused ones, on real servers, with switches in between.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod blocking;
mod counting;
mod pipelines;
mod refused;
mod watching;

use std::time::Duration;

use failover_testkit::server::RealServer;
use redis_failover::{Backoff, MultiDbClient, MultiDbConfig};
use tests::{PATIENCE, becomes_active, config};

/// Two servers that lose nothing when they are killed; `None` on a machine without any.
async fn durable_pair() -> Option<(RealServer, RealServer)> {
    let Some(_) = RealServer::find() else {
        eprintln!("skipped: there is no Redis server here");
        return None;
    };
    let start = || RealServer::builder().args(["--appendonly", "yes", "--appendfsync", "always"]).start();
    Some((start().await.unwrap(), start().await.unwrap()))
}

/// Comes back soon from whatever happens, so that a story is over soon.
fn brisk(config: MultiDbConfig) -> MultiDbConfig {
    config
        .grace_period(Duration::from_millis(200))
        .health_check_interval(Duration::from_millis(300))
        .health_check_delay(Duration::from_millis(20))
        .redial_backoff(Backoff::new(Duration::from_millis(50), Duration::from_millis(200)))
        .flap_window(Duration::ZERO)
        .auto_fallback_interval(Some(Duration::from_millis(500)))
}

async fn connected(config: MultiDbConfig) -> MultiDbClient {
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    client
}

async fn pair() -> Option<(RealServer, RealServer, MultiDbClient)> {
    let (primary, secondary) = durable_pair().await?;
    let client = connected(brisk(config(&primary.url(), &secondary.url()))).await;
    Some((primary, secondary, client))
}

/// A connection to one server, past the client.
async fn directly(server: &RealServer) -> redis::aio::MultiplexedConnection {
    redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}
