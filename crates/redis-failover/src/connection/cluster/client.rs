//! redis-rs's cluster client, from its dial to its end.

use std::{io, sync::Arc, time::Duration};

use redis::{
    ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError, RedisResult, cluster::ClusterClient,
    cluster_async::ClusterConnection,
};
use tokio::{sync::watch, time::timeout};
use tower_failover::{Availability, Chance};

use super::{
    Cluster, ClusterLeaf,
    node::{Node, Nodes},
};
use crate::connection::{
    Address, LinkSettings,
    demand::Demand,
    endpoint::Established,
    link::{Dial, Keeper, Link, Live, Status},
};

/// Redirections are followed this often, after waits of so many milliseconds. Single commands that a node refuses
/// because it or the cluster cannot serve are repeated as often; what fails otherwise is not repeated here.
const REDIRECTIONS: u32 = 3;
const WAITS: (u64, u64) = (10, 50);

/// Keeps a cluster's client as a [`Link`] keeps its connection.
pub(crate) struct ClusterLink;

impl ClusterLink {
    /// As [`Connection::open`](crate::connection::Connection::open), of a cluster. An answer that takes twice
    /// `response_timeout` is not waited for by anybody.
    pub(crate) fn open(
        cluster: Cluster,
        settings: LinkSettings,
        response_timeout: Duration,
        availability: Availability,
        chance: Chance,
    ) -> (ClusterLeaf, Link) {
        let (sender, status) = watch::channel(Status::Connecting);
        let demand = Arc::new(Demand::default());
        let leaf = ClusterLeaf::new(cluster.clone(), status, Arc::clone(&demand), settings.cursor_tag);
        let keeper = Keeper {
            endpoint: ClusterDial { cluster, availability: availability.clone(), response_timeout },
            settings,
            changes: availability.changes(),
            availability,
            chance,
            demand,
            status: sender,
        };
        (leaf, Link::start(keeper))
    }
}

struct ClusterDial {
    cluster: Cluster,
    availability: Availability,
    response_timeout: Duration,
}

/// A client, and what its connections are made by.
struct ClusterDialled {
    connection: ClusterConnection<Node>,
    nodes: Nodes,
}

/// It has no spare connection: redis-rs's client dials the nodes by itself, and takes none that was made before.
impl Dial for ClusterDial {
    type Dialled = ClusterDialled;

    async fn dial(&self, limit: Option<Duration>) -> RedisResult<ClusterDialled> {
        let connect_timeout = self.cluster.connect_timeout();
        let limit = limit.map_or(connect_timeout, |limit| limit.min(connect_timeout));
        timeout(limit, self.dial_within(limit)).await.unwrap_or_else(|_| Err(too_slow(limit)))
    }

    /// Each node's connection says so for itself.
    fn establish(&self, _: &ClusterDialled) -> Option<Established> {
        None
    }
}

impl ClusterDial {
    async fn dial_within(&self, limit: Duration) -> RedisResult<ClusterDialled> {
        // Asked anew, since seeds may lead elsewhere by now, and slots to others (B59).
        let (topology, first) = self.cluster.ask(limit).await?;
        let answer = self.response_timeout.saturating_mul(2);
        // There are two rounds of dials: the first node, and then all.
        let nodes = Nodes::new(self.cluster.clone(), self.availability.clone(), limit / 3, answer);
        let client = ClusterClient::builder([info_of(&first)?])
            .username(nodes.number())
            .retries(REDIRECTIONS)
            .min_retry_wait(WAITS.0)
            .max_retry_wait(WAITS.1)
            .connection_timeout(limit)
            .response_timeout(answer)
            .overall_response_timeout(Some(answer.saturating_mul(1 + REDIRECTIONS)))
            .build()?;
        // Not documented, but the only way to a connection of another type than redis-rs's own.
        let connection = client.get_async_generic_connection::<Node>().await?;
        if nodes.is_empty() {
            let announced = topology.nodes().into_iter().map(Address::to_string).collect::<Vec<_>>();
            let announced = announced.join(", ");
            let message = format!("{first} answers, but no node can be reached where it says: {announced}");
            return Err(io::Error::new(io::ErrorKind::ConnectionRefused, message).into());
        }
        Ok(ClusterDialled { connection, nodes })
    }
}

impl Live for ClusterDialled {
    type Connection = ClusterConnection<Node>;

    fn connection(&self) -> ClusterConnection<Node> {
        self.connection.clone()
    }

    async fn ended(&mut self) {
        self.nodes.all_lost().await;
    }
}

/// TLS is spoken by the node's endpoint.
fn info_of(address: &Address) -> RedisResult<ConnectionInfo> {
    match address {
        Address::Tcp { host, port } => ConnectionAddr::Tcp(host.clone(), *port).into_connection_info(),
        Address::Unix(_) => {
            Err(io::Error::new(io::ErrorKind::Unsupported, "a cluster has no unix socket").into())
        }
    }
}

fn too_slow(limit: Duration) -> RedisError {
    let message = format!("connecting to the cluster took longer than {limit:?}");
    io::Error::new(io::ErrorKind::TimedOut, message).into()
}
