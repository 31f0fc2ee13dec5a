//! Outages by which other clients with failover are accepted, on real servers behind a network that fails. Which of theirs
//! is which of ours is said in docs/peers-acceptance.md.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod answers;
mod data;
mod load;
mod reasons;
mod workloads;

use std::time::Duration;

use failover_testkit::{proxy::FaultProxy, server::AnyServer};
use redis_failover::tower_failover::SwitchReason;
use redis_failover::{MultiDbClient, MultiDbConfig};
use tests::{PATIENCE, becomes_active, config};

/// A primary behind a network that fails, and a secondary that can always be reached.
struct Stage {
    network: FaultProxy,
    client: MultiDbClient,
    _servers: [AnyServer; 2],
}

impl Stage {
    async fn set(configure: impl FnOnce(MultiDbConfig) -> MultiDbConfig) -> Self {
        let servers = [AnyServer::start().await.unwrap(), AnyServer::start().await.unwrap()];
        let network = FaultProxy::start(servers[0].addr()).await.unwrap();
        let client = MultiDbClient::new(configure(config(&network.url(), &servers[1].url()))).unwrap();
        client.connect(PATIENCE).await.unwrap();
        becomes_active(&client, "primary").await;
        Self { network, client, _servers: servers }
    }

    /// Why it was switched, the first choice aside.
    fn reasons(&self) -> Vec<SwitchReason> {
        let switches = self.client.snapshot().unwrap().switches;
        switches.iter().filter(|switch| switch.from.is_some()).map(|switch| switch.reason).collect()
    }
}

/// Back soon after whatever happens.
fn brisk(config: MultiDbConfig) -> MultiDbConfig {
    config
        .health_check_interval(Duration::from_millis(300))
        .health_check_delay(Duration::from_millis(20))
        .grace_period(Duration::from_millis(500))
        .auto_fallback_interval(Some(Duration::from_millis(500)))
}
