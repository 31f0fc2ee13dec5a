//! A cluster of real servers.

use std::{io, time::Duration};

use tokio::task::JoinSet;

use super::{RealServer, ServerTls, launch::Role, until};

/// How many slots a cluster has.
const SLOTS: usize = 16_384;

/// Real servers that make up one cluster, on loopback ports of their own. Each of its [`nodes`](Self::nodes) can be
/// broken as any [`RealServer`] can; all end on drop.
///
/// The slots are shared out evenly and in order: of three shards, `b` is in the first (slot 3300), `c` in the second
/// (7365), `a` in the third (15495).
///
/// ```
/// use failover_testkit::server::{RealCluster, RealServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// if RealServer::find_or_skip().is_none() {
///     return Ok(());
/// }
/// let cluster = RealCluster::start().await?;
/// println!("{:?}", cluster.urls());
/// cluster.kill()?;
/// cluster.restart().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RealCluster {
    nodes: Vec<RealServer>,
    shards: usize,
}

/// Builds a [`RealCluster`]; made by [`RealCluster::builder`].
///
/// The defaults are three shards without replicas, and a node timeout of one second.
#[derive(Debug, Clone)]
#[must_use]
pub struct RealClusterBuilder {
    shards: usize,
    replicas: usize,
    node_timeout: Duration,
    password: Option<String>,
    tls: Option<ServerTls>,
}

impl RealClusterBuilder {
    /// How many primaries share the slots; three at least, if one is to be replaced by its replica.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = shards.max(1);
        self
    }

    /// How many replicas each primary has.
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas;
        self
    }

    /// After how long a silent node counts as lost among the others.
    pub fn node_timeout(mut self, timeout: Duration) -> Self {
        self.node_timeout = timeout;
        self
    }

    /// The password of the default user, on all nodes.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Speaks TLS on a second port of each node, and among the nodes, for which it has to say
    /// [whom they trust](ServerTls::among_peers).
    pub fn tls(mut self, tls: impl Into<ServerTls>) -> Self {
        self.tls = Some(tls.into());
        self
    }

    /// Starts the nodes, makes them known to each other, and waits until all slots are served. Takes about 2 s.
    ///
    /// # Errors
    ///
    /// As [`RealServerBuilder::start`](super::RealServerBuilder::start), and if they do not come together within 30 s.
    pub async fn start(self) -> io::Result<RealCluster> {
        let count = self.shards * (1 + self.replicas);
        let mut starting = JoinSet::new();
        for place in 0..count {
            let node = self.node();
            starting.spawn(async move { Ok::<_, io::Error>((place, node.start().await?)) });
        }
        let mut nodes: Vec<_> = starting.join_all().await.into_iter().collect::<io::Result<_>>()?;
        nodes.sort_by_key(|(place, _)| *place);
        let nodes = nodes.into_iter().map(|(_, node)| node).collect();
        let cluster = RealCluster { nodes, shards: self.shards };
        cluster.join().await?;
        Ok(cluster)
    }

    fn node(&self) -> super::RealServerBuilder {
        let timeout = self.node_timeout.as_millis().to_string();
        let mut node =
            RealServer::builder().role(Role::ClusterNode).args(["--cluster-node-timeout", &timeout]);
        if let Some(password) = &self.password {
            node = node.password(password).args(["--masterauth", password]);
        }
        if let Some(tls) = &self.tls {
            node = node.tls(tls.clone()).args(["--tls-cluster", "yes", "--tls-replication", "yes"]);
        }
        node
    }
}

impl RealCluster {
    /// A cluster to be configured before its start.
    pub fn builder() -> RealClusterBuilder {
        RealClusterBuilder {
            shards: 3,
            replicas: 0,
            node_timeout: Duration::from_secs(1),
            password: None,
            tls: None,
        }
    }

    /// Starts three shards without replicas.
    ///
    /// # Errors
    ///
    /// As [`RealClusterBuilder::start`].
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// All nodes: first those that began as primaries, in the order of their slots, then their replicas in the same
    /// order.
    #[must_use]
    pub fn nodes(&self) -> &[RealServer] {
        &self.nodes
    }

    /// The URLs of all nodes.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RealServer::url).collect()
    }

    /// Kills every node that runs.
    ///
    /// # Errors
    ///
    /// If a signal cannot be sent.
    pub fn kill(&self) -> io::Result<()> {
        self.nodes.iter().filter(|node| node.is_running()).try_for_each(RealServer::kill)
    }

    /// Stops every node that runs.
    ///
    /// # Errors
    ///
    /// If a signal cannot be sent.
    pub fn stop(&self) -> io::Result<()> {
        self.nodes.iter().filter(|node| node.is_running()).try_for_each(RealServer::stop)
    }

    /// Resumes every node that was stopped.
    ///
    /// # Errors
    ///
    /// If a signal cannot be sent.
    pub fn resume(&self) -> io::Result<()> {
        self.nodes.iter().filter(|node| node.is_running()).try_for_each(RealServer::resume)
    }

    /// Starts all nodes again that do not run, and waits until all slots are served. The data is gone; who has which
    /// slots is not.
    ///
    /// # Errors
    ///
    /// As [`RealClusterBuilder::start`].
    pub async fn restart(&self) -> io::Result<()> {
        for node in self.nodes.iter().filter(|node| !node.is_running()) {
            node.restart().await?;
        }
        self.until_serving().await
    }

    /// Waits until all nodes that run say that the cluster serves all its slots.
    ///
    /// # Errors
    ///
    /// If that is not so within 30 s.
    pub async fn until_serving(&self) -> io::Result<()> {
        for node in self.nodes.iter().filter(|node| node.is_running()) {
            until("the cluster serves all its slots", || async {
                Some(node.say("CLUSTER INFO").await.ok()?.contains("cluster_state:ok"))
            })
            .await?;
        }
        Ok(())
    }

    async fn join(&self) -> io::Result<()> {
        let (primaries, replicas) = self.nodes.split_at(self.shards);
        for (place, primary) in primaries.iter().enumerate() {
            let (first, after) = (place * SLOTS / self.shards, (place + 1) * SLOTS / self.shards);
            primary.order(format!("CLUSTER ADDSLOTSRANGE {first} {}", after - 1)).await?;
        }
        for (place, node) in self.nodes.iter().enumerate() {
            node.order(format!("CLUSTER SET-CONFIG-EPOCH {}", place + 1)).await?;
        }
        for node in &self.nodes[1..] {
            // In a cluster that speaks TLS, that port is its port.
            let port = node.tls_addr().unwrap_or(node.addr()).port();
            self.nodes[0].order(format!("CLUSTER MEET 127.0.0.1 {port} {}", node.launch.bus_port())).await?;
        }
        for (place, replica) in replicas.iter().enumerate() {
            let primary = primaries[place % self.shards].say("CLUSTER MYID").await?;
            let id = primary.lines().find(|line| line.len() == 40).unwrap_or_default();
            until("a replica knows its primary", || async {
                Some(replica.order(format!("CLUSTER REPLICATE {id}")).await.is_ok())
            })
            .await?;
        }
        for node in &self.nodes {
            let known = format!("cluster_known_nodes:{}\r\n", self.nodes.len());
            until("the nodes know each other", || async {
                let said = node.say("CLUSTER INFO").await.ok()?;
                Some(said.contains(&known) && said.contains("cluster_state:ok"))
            })
            .await?;
        }
        for replica in replicas {
            until("the replicas follow", || async {
                Some(replica.say("INFO replication").await.ok()?.contains("master_link_status:up"))
            })
            .await?;
        }
        Ok(())
    }
}

impl RealServer {
    /// As [`say`](Self::say), of one command that must not be refused.
    async fn order(&self, line: String) -> io::Result<()> {
        let answer = self.say(line.clone()).await?;
        if answer.lines().any(|line| line.starts_with('-')) {
            return Err(io::Error::other(format!("{line}: {}", answer.trim())));
        }
        Ok(())
    }
}
