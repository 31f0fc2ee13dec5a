#[cfg(feature = "cluster")]
use redis::ServerErrorKind;
use redis::{RedisResult, Value};

use super::{BoxedStream, ConnectionError, Endpoint};
#[cfg(feature = "cluster")]
use super::{
    Cluster,
    cluster::{has_moved, is_redirected, named},
};
use crate::command::Command;
#[cfg(feature = "cluster")]
use crate::{
    command::{Slots, slot_of},
    connection::Address,
};

/// Where connections are dialled that one call, or one subscriber, has to itself.
///
/// # Clone
///
/// Clones lead to the same place.
#[derive(Clone)]
pub(crate) enum Place {
    One(Endpoint),
    /// The node of the cluster that has the slot, or any of them.
    #[cfg(feature = "cluster")]
    Nodes(Cluster),
}

/// Where to go on.
#[cfg(feature = "cluster")]
pub(crate) struct Redirected {
    pub(crate) endpoint: Endpoint,
    /// The node must be told that it is asked before the slot is its own.
    pub(crate) asking: bool,
}

/// Only clusters have slots.
#[cfg(not(feature = "cluster"))]
impl Place {
    pub(crate) async fn endpoint(&self, _: Option<u16>) -> RedisResult<Endpoint> {
        let Self::One(endpoint) = self;
        std::future::ready(Ok(endpoint.clone())).await
    }

    pub(crate) async fn dial_stream(&self, _: Option<u16>) -> RedisResult<BoxedStream> {
        let Self::One(endpoint) = self;
        endpoint.dial_stream().await
    }

    pub(crate) fn slot(&self, _: &Command<'_>) -> Option<u16> {
        None
    }

    pub(crate) fn check_slot(&self, _: Option<u16>, _: &Command<'_>) -> Result<(), ConnectionError> {
        Ok(())
    }

    pub(crate) fn has_slots(&self) -> bool {
        false
    }

    pub(crate) fn was_redirected(&self, _: Result<&Value, &ConnectionError>) -> bool {
        false
    }

    pub(crate) fn distrust(&self) {}
}

#[cfg(feature = "cluster")]
impl Place {
    pub(crate) async fn endpoint(&self, slot: Option<u16>) -> RedisResult<Endpoint> {
        match self {
            Self::One(endpoint) => Ok(endpoint.clone()),
            Self::Nodes(cluster) => cluster.owner(slot).await,
        }
    }

    /// For subscribers: a node of the cluster is as good as another, unless a slot says which.
    pub(crate) async fn dial_stream(&self, slot: Option<u16>) -> RedisResult<BoxedStream> {
        match self {
            Self::One(endpoint) => endpoint.dial_stream().await,
            Self::Nodes(cluster) if slot.is_some() => {
                let dialled = cluster.owner(slot).await?.dial_stream().await;
                // Another node may have taken its place.
                dialled.inspect_err(|_| cluster.distrust())
            }
            Self::Nodes(cluster) => cluster.any().await?.dial_stream().await,
        }
    }

    /// The slot that says which node runs a call. Keys of several slots the server refuses itself.
    pub(crate) fn slot(&self, command: &Command<'_>) -> Option<u16> {
        match self {
            Self::One(_) => None,
            Self::Nodes(_) => command.commands().find_map(slot_of),
        }
    }

    /// Whether a key says which node to dial.
    pub(crate) fn has_slots(&self) -> bool {
        matches!(self, Self::Nodes(_))
    }

    /// Whether the node of this slot has the keys of a call.
    pub(crate) fn check_slot(&self, slot: Option<u16>, call: &Command<'_>) -> Result<(), ConnectionError> {
        match (slot, call.slots()) {
            (Some(slot), Slots::One(other)) if other != slot => {}
            (Some(_), Slots::Several) => {}
            _ => return Ok(()),
        }
        Err(ConnectionError::CrossSlot { command: call.name() })
    }

    /// Where to go on, if this is how the node at `asked` says that another one is to be asked.
    pub(crate) fn redirected(&self, reply: &Value, asked: &Address) -> Option<Redirected> {
        let (Self::Nodes(cluster), Value::ServerError(to)) = (self, reply) else { return None };
        let asking = match to.kind() {
            Some(ServerErrorKind::Moved) => {
                cluster.distrust();
                false
            }
            // The slot is still the one's that says so.
            Some(ServerErrorKind::Ask) => true,
            _ => return None,
        };
        Some(Redirected { endpoint: cluster.endpoint(&named(to, asked)?), asking })
    }

    /// Whether nothing was executed because the slot is another node's, or on its way there.
    pub(crate) fn was_redirected(&self, reply: Result<&Value, &ConnectionError>) -> bool {
        let Self::Nodes(cluster) = self else { return false };
        if has_moved(reply) {
            cluster.distrust();
        }
        is_redirected(reply)
    }

    /// Who has which slots is to be asked anew.
    pub(crate) fn distrust(&self) {
        if let Self::Nodes(cluster) = self {
            cluster.distrust();
        }
    }
}

impl From<Endpoint> for Place {
    fn from(endpoint: Endpoint) -> Self {
        Self::One(endpoint)
    }
}

#[cfg(feature = "cluster")]
impl From<Cluster> for Place {
    fn from(cluster: Cluster) -> Self {
        Self::Nodes(cluster)
    }
}

#[cfg(test)]
#[cfg(feature = "cluster")]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::connection::cluster::lost;

    fn redirected(cluster: &Cluster, reply: &str) -> Option<Redirected> {
        let reply = redis::parse_redis_value(format!("-{reply}\r\n").as_bytes()).unwrap();
        Place::from(cluster.clone()).redirected(&reply, &Address::tcp("one", 7001))
    }

    #[tokio::test]
    async fn b49_a_slot_on_its_way_is_still_where_it_was_and_one_that_moved_is_not() {
        let (cluster, dials) = lost();
        let to = redirected(&cluster, "ASK 7 two:7002").unwrap();
        assert_eq!((to.endpoint.address(), to.asking), (&Address::tcp("two", 7002), true));
        cluster.topology().await.unwrap();
        assert_eq!(dials.load(Ordering::SeqCst), 0, "nobody was asked");

        let to = redirected(&cluster, "MOVED 7 :7002").unwrap();
        assert_eq!((to.endpoint.address(), to.asking), (&Address::tcp("one", 7002), false));
        cluster.topology().await.unwrap_err();
        assert_eq!(dials.load(Ordering::SeqCst), 2, "the seed was asked, and the one that was there");
        assert!(redirected(&cluster, "MOVED 7 ?:7002").is_none());
    }

    #[tokio::test]
    async fn b43_where_a_subscriber_cannot_connect_it_asks_anew_who_has_the_slot() {
        let (cluster, dials) = lost();
        let place = Place::from(cluster);
        assert!(place.dial_stream(Some(7)).await.is_err());
        assert_eq!(dials.load(Ordering::SeqCst), 1, "the one that had it");
        assert!(place.dial_stream(Some(7)).await.is_err());
        assert_eq!(dials.load(Ordering::SeqCst), 3, "and then those that may know");
    }
}
