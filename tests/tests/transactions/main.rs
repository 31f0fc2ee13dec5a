//! Transactions, blocking commands and refused ones, on real servers, with switches in between.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod blocking;
mod counting;
mod pipelines;
mod refused;
mod watching;

use failover_testkit::server::RealServer;
use redis_failover::MultiDbClient;
use tests::{brisk, config, connected, real_server};

/// Two servers that lose nothing when they are killed; `None` on a machine without any.
async fn durable_pair() -> Option<(RealServer, RealServer)> {
    real_server()?;
    let start = || RealServer::builder().args(["--appendonly", "yes", "--appendfsync", "always"]).start();
    Some((start().await.unwrap(), start().await.unwrap()))
}

async fn pair() -> Option<(RealServer, RealServer, MultiDbClient)> {
    let (primary, secondary) = durable_pair().await?;
    let client = connected(brisk(config(&primary.url(), &secondary.url()))).await;
    Some((primary, secondary, client))
}
