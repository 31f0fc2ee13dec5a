//! Databases that are clusters.

use std::fmt;

use redis::{ConnectionAddr, ConnectionInfo, RedisConnectionInfo};
use tower_failover::availability::ConnectionCount;

use super::database::infos_of;
use super::{ConfigError, DatabaseConfig, Options, Target};
use crate::connection::{Address, Cluster, ClusterHealth};

/// Some of a cluster's nodes, which know the others.
#[derive(Clone)]
pub(crate) struct ClusterTarget {
    seeds: Vec<ConnectionInfo>,
}

impl DatabaseConfig {
    /// A database that is a cluster; the URLs are those of some of its nodes, which know the others.
    ///
    /// Every node is dialled as these are: with the same user and password, over TLS or not. Commands go to the nodes
    /// of their keys, and so do blocking commands, transactions and sharded channels on connections of their own. A
    /// pipeline with keys in several slots is sent in parts, unless it is atomic: then its keys must have a common hash
    /// tag. `SCAN` goes from one primary to the next.
    ///
    /// It counts as healthy while all its nodes are; [`cluster_health`](Self::cluster_health) says otherwise. Give it
    /// the time that it takes to replace a primary by [`down_after`](Self::down_after), 5–15 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use redis_failover::{ClusterHealth, DatabaseConfig};
    ///
    /// let config = DatabaseConfig::cluster(["redis://:secret@eu-1:6379", "redis://:secret@eu-2:6379"])?
    ///     .name("eu-west")
    ///     .cluster_health(ClusterHealth::AllPrimaries)
    ///     .down_after(Duration::from_secs(10));
    /// # Ok::<(), redis_failover::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError::Url`] for the first URL that cannot be read, with its place in the list.
    pub fn cluster<U: AsRef<str>>(nodes: impl IntoIterator<Item = U>) -> Result<Self, ConfigError> {
        Ok(Self::of(None, Target::Cluster(ClusterTarget { seeds: infos_of(nodes)? })))
    }

    /// Which nodes of a cluster must pass its health checks (all; B22). Of no other database.
    #[must_use]
    pub fn cluster_health(mut self, health: ClusterHealth) -> Self {
        self.cluster_health = Some(health);
        self
    }

    pub(crate) fn counted_nodes(&self) -> ClusterHealth {
        self.cluster_health.unwrap_or_default()
    }

    /// How the nodes are found and dialled.
    pub(crate) fn nodes_of(
        &self,
        target: &ClusterTarget,
        options: &Options,
        connections: &ConnectionCount,
    ) -> Result<Cluster, ConfigError> {
        let Some(first) = target.seeds.first() else {
            let (option, reason) = no_seeds();
            return Err(ConfigError::DatabaseOption { database: self.name_or_address(), option, reason });
        };
        let template = self.dressed(self.endpoint(first, options)?, options).connections(connections.clone());
        let seeds = target.seeds.iter().map(Address::from).collect();
        Ok(Cluster::new(template, seeds, options.connect_timeout()))
    }
}

impl ClusterTarget {
    pub(super) fn seeds(&self) -> &[ConnectionInfo] {
        &self.seeds
    }

    pub(super) fn settings(&self) -> RedisConnectionInfo {
        self.seeds.first().map(|seed| seed.redis_settings().clone()).unwrap_or_default()
    }

    /// The same in whatever order the nodes stand.
    pub(super) fn location(&self) -> String {
        let addresses = self.seeds.iter().map(|seed| Address::from(seed).canonical().to_string());
        addresses.min().unwrap_or_default()
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let Some(first) = self.seeds.first() else { return Err(no_seeds()) };
        let refused = |seed: &ConnectionInfo, reason: &str| {
            Err(("nodes", format!("node {} {reason}", Address::from(seed))))
        };
        for seed in &self.seeds {
            let (settings, firsts) = (seed.redis_settings(), first.redis_settings());
            if matches!(seed.addr(), ConnectionAddr::Unix(_)) {
                return refused(seed, "is a unix socket; nodes name each other by host and port");
            }
            if (settings.username(), settings.password()) != (firsts.username(), firsts.password()) {
                return refused(seed, "has another user or password than the first; all nodes have the same");
            }
            if (settings.db(), settings.protocol()) != (firsts.db(), firsts.protocol()) {
                return refused(seed, "has another database number or protocol than the first");
            }
            if tls(seed) != tls(first) {
                return refused(seed, "is reached over TLS and the first is not, or not as that one is");
            }
        }
        Ok(())
    }
}

/// Whether it is spoken, and whether anybody is trusted.
fn tls(info: &ConnectionInfo) -> Option<bool> {
    match info.addr() {
        ConnectionAddr::TcpTls { insecure, .. } => Some(*insecure),
        _ => None,
    }
}

fn no_seeds() -> (&'static str, String) {
    ("nodes", "there are none; give the url of one at least".into())
}

impl fmt::Debug for ClusterTarget {
    /// Nothing of who connects.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.seeds.iter().map(Address::from)).finish()
    }
}
