#[cfg(feature = "cluster")]
use redis::{RedisError, ServerError, ServerErrorKind};
use redis::{RedisResult, Value};

use super::{BoxedStream, ConnectionError, Endpoint};
#[cfg(feature = "cluster")]
use super::{Cluster, is_redirected};
use crate::{command::Command, error::Error};
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

    pub(crate) fn slot_to_watch(&self, _: &Command<'_>) -> Result<Option<u16>, Error> {
        Ok(None)
    }

    pub(crate) fn check_slot(&self, _: Option<u16>, _: &Command<'_>) -> Result<(), ConnectionError> {
        Ok(())
    }

    pub(crate) fn redirected(&self, _: &Value) -> Option<Redirected> {
        None
    }

    pub(crate) fn was_redirected(&self, _: Result<&Value, &ConnectionError>) -> bool {
        false
    }
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
        let endpoint = match self {
            Self::One(endpoint) => return endpoint.dial_stream().await,
            Self::Nodes(cluster) if slot.is_some() => cluster.owner(slot).await?,
            Self::Nodes(cluster) => cluster.any().await?,
        };
        endpoint.dial_stream().await
    }

    /// The slot that says which node runs a call. Keys of several slots the server refuses itself.
    pub(crate) fn slot(&self, command: &Command<'_>) -> Option<u16> {
        match self {
            Self::One(_) => None,
            Self::Nodes(_) => command.commands().find_map(slot_of),
        }
    }

    /// The slot that all watched keys have to be of.
    pub(crate) fn slot_to_watch(&self, watch: &Command<'_>) -> Result<Option<u16>, Error> {
        match (self, watch.slots()) {
            (Self::One(_), _) => Ok(None),
            (_, Slots::One(slot)) => Ok(Some(slot)),
            (_, Slots::None) => Err(Error::NoKeyToWatch),
            (_, Slots::Several) => Err(Error::CrossSlot { command: "WATCH" }),
        }
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

    /// Where another node is to be asked, the one that a redirection names.
    pub(crate) fn redirected(&self, reply: &Value) -> Option<Redirected> {
        let (Self::Nodes(cluster), Value::ServerError(to)) = (self, reply) else { return None };
        let asking = match to.kind() {
            Some(ServerErrorKind::Moved) => false,
            Some(ServerErrorKind::Ask) => true,
            _ => return None,
        };
        cluster.forget();
        Some(Redirected { endpoint: cluster.endpoint(&named(to)?), asking })
    }

    /// Whether nothing was executed because the slot is another node's, or on its way there.
    pub(crate) fn was_redirected(&self, reply: Result<&Value, &ConnectionError>) -> bool {
        let Self::Nodes(cluster) = self else { return false };
        let was_redirected = is_redirected(reply);
        if was_redirected {
            cluster.forget();
        }
        was_redirected
    }

    /// Who has which slots is to be asked anew.
    pub(crate) fn forget(&self) {
        if let Self::Nodes(cluster) = self {
            cluster.forget();
        }
    }
}

/// The node that a redirection names.
#[cfg(feature = "cluster")]
fn named(redirection: &ServerError) -> Option<Address> {
    let error = RedisError::from(redirection.clone());
    let (host, port) = error.redirect_node()?.0.rsplit_once(':')?;
    Some(Address::tcp(host, port.parse().ok()?))
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
