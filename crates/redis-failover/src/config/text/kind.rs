//! Which kind of database it is: a server, a cluster, or one that is managed by Sentinel.

use redis::RedisConnectionInfo;

use super::client::{Sentinel, Url};
use super::error::{Fault, Problem, SettingError};
use super::keyed::with;
use super::scalar::List;
use super::tree::Node;
use super::words::CountedNodes;
use crate::config::{ConfigError, DatabaseConfig};

/// The database that is found in this one of three ways.
pub(super) fn of_kind(
    url: Option<Url>,
    nodes: Option<List<Url>>,
    sentinel: Option<Sentinel>,
    node: &Node,
) -> Result<DatabaseConfig, Fault> {
    let too = |key: &str, other: &str| {
        let reason = format!("there is {other} too; a database is found in one way");
        Err(SettingError::contradiction(node, key, reason))
    };
    match (url, nodes, sentinel) {
        (Some(Url(url)), None, None) => {
            DatabaseConfig::from_url(&url).map_err(|error| refused(error, "url", node))
        }
        (None, Some(nodes), None) => of_cluster(nodes, node),
        (None, None, Some(sentinel)) => of_sentinel(sentinel, node),
        (None, None, None) => {
            let reason = "it has no url; give one, as redis://host:port/number; or nodes, or sentinel";
            Err(SettingError::new(&node.place, Problem::Missing(reason.into())).under("url"))
        }
        (Some(_), Some(_), _) => too("nodes", "url"),
        (Some(_), _, Some(_)) => too("sentinel", "url"),
        (None, Some(_), Some(_)) => too("sentinel", "nodes"),
    }
}

/// An error of a URL, or of a list of them, under this key.
fn refused(error: ConfigError, key: &str, node: &Node) -> Fault {
    SettingError::refused(&node.inner(key).place, error).under(key)
}

fn of_sentinel(said: Sentinel, node: &Node) -> Result<DatabaseConfig, Fault> {
    let table = node.inner("sentinel");
    let (Some(service), Some(List(sentinels))) = (said.service, said.sentinels) else {
        let reason = "give service, the name of the primary, and sentinels, a list of their urls";
        return Err(SettingError::new(&table.place, Problem::Missing(reason.into())).under("sentinel"));
    };
    let urls = sentinels.iter().map(|url| &url.0);
    let database = DatabaseConfig::sentinel(service, urls)
        .map_err(|error| refused(error, "sentinels", table).under("sentinel"))?;
    let settings = RedisConnectionInfo::default();
    let settings = with(settings, said.number, |settings, number| settings.set_db(number.into()));
    Ok(database.redis_settings(with(settings, said.protocol, RedisConnectionInfo::set_protocol)))
}

#[cfg(feature = "cluster")]
fn of_cluster(nodes: List<Url>, node: &Node) -> Result<DatabaseConfig, Fault> {
    let urls = nodes.0.iter().map(|url| &url.0);
    DatabaseConfig::cluster(urls).map_err(|error| refused(error, "nodes", node))
}

#[cfg(feature = "cluster")]
pub(super) fn with_counted_nodes(
    database: DatabaseConfig,
    nodes: CountedNodes,
    _: &Node,
) -> Result<DatabaseConfig, Fault> {
    use crate::connection::ClusterHealth;
    Ok(database.cluster_health(match nodes {
        CountedNodes::All => ClusterHealth::AllNodes,
        CountedNodes::Primaries => ClusterHealth::AllPrimaries,
    }))
}

#[cfg(not(feature = "cluster"))]
fn of_cluster(_: List<Url>, node: &Node) -> Result<DatabaseConfig, Fault> {
    Err(without_clusters(node, "nodes"))
}

#[cfg(not(feature = "cluster"))]
pub(super) fn with_counted_nodes(
    _: DatabaseConfig,
    _: CountedNodes,
    node: &Node,
) -> Result<DatabaseConfig, Fault> {
    Err(without_clusters(node, "cluster_health"))
}

#[cfg(not(feature = "cluster"))]
fn without_clusters(node: &Node, key: &str) -> Fault {
    let reason = "this build knows no clusters; switch on the feature `cluster` of redis-failover";
    SettingError::value(node.place_of(key), reason).under(key)
}
