use redis::RedisResult;
#[cfg(feature = "cluster")]
use redis::{RedisError, ServerError, ServerErrorKind};

#[cfg(feature = "cluster")]
use super::Cluster;
use super::{BoxedStream, Endpoint};

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

#[cfg_attr(
    not(feature = "cluster"),
    expect(unused_variables, clippy::unused_async, reason = "clusters have slots")
)]
impl Place {
    pub(crate) async fn endpoint(&self, slot: Option<u16>) -> RedisResult<Endpoint> {
        match self {
            Self::One(endpoint) => Ok(endpoint.clone()),
            #[cfg(feature = "cluster")]
            Self::Nodes(cluster) => cluster.owner(slot).await,
        }
    }

    /// For subscribers: a node of the cluster is as good as another, unless a slot says which.
    pub(crate) async fn dial_stream(&self, slot: Option<u16>) -> RedisResult<BoxedStream> {
        match self {
            Self::One(endpoint) => endpoint.dial_stream().await,
            #[cfg(feature = "cluster")]
            Self::Nodes(cluster) => {
                let endpoint = match slot {
                    Some(_) => cluster.owner(slot).await?,
                    None => cluster.any().await?,
                };
                endpoint.dial_stream().await
            }
        }
    }

    /// Where another node is to be asked, the one that a redirection names.
    #[cfg(feature = "cluster")]
    pub(crate) fn redirected(&self, to: &ServerError) -> Option<Redirected> {
        let Self::Nodes(cluster) = self else { return None };
        let asking = match to.kind() {
            Some(ServerErrorKind::Moved) => false,
            Some(ServerErrorKind::Ask) => true,
            _ => return None,
        };
        cluster.forget();
        let error = RedisError::from(to.clone());
        let (host, port) = error.redirect_node()?.0.rsplit_once(':')?;
        let node = super::Address::tcp(host, port.parse().ok()?);
        Some(Redirected { endpoint: cluster.endpoint(&node), asking })
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn is_cluster(&self) -> bool {
        matches!(self, Self::Nodes(_))
    }

    /// Who has which slots is to be asked anew.
    #[cfg(feature = "cluster")]
    pub(crate) fn forget(&self) {
        if let Self::Nodes(cluster) = self {
            cluster.forget();
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

/// Where to go on.
#[cfg(feature = "cluster")]
pub(crate) struct Redirected {
    pub(crate) endpoint: Endpoint,
    /// The node must be told that it is asked before the slot is its own.
    pub(crate) asking: bool,
}
