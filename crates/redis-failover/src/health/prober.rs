//! How health checks ask their database.

use redis::{Cmd, Value};
use tower_failover::{Health, Probe, availability::Evidence};

use super::kept::{KeptConnection, evidence};
#[cfg(feature = "cluster")]
use super::nodes::Nodes;
#[cfg(feature = "cluster")]
use crate::connection::{Cluster, ClusterHealth};
use crate::{
    command::Command,
    connection::{ConnectionError, Endpoint, OwnService},
};

/// How a health check asks its database.
///
/// Of a cluster, every node that counts is asked, and all have to pass; the evidence names the one that did not.
///
/// A database that is dialled is asked on a connection of the check's own, kept from one probe to the next; one
/// behind a service of the user's own is asked through that. Either way, what was lost is asked for once more, and
/// only what happens then counts (B17). Neither circuit nor failure detector sees it.
///
/// # Clone
///
/// Clones share the kept connection; of two that ask at once, one dials.
///
/// # Cancellation
///
/// Dropping a question closes the connection that it was asked on.
#[derive(Clone, Debug)]
pub struct Prober(Way);

#[derive(Clone, Debug)]
enum Way {
    Endpoint(KeptConnection),
    #[cfg(feature = "cluster")]
    Nodes(Nodes),
    Service(OwnService),
}

impl Prober {
    /// Where the database is; `None` for a cluster, and behind a service of the user's own.
    #[must_use]
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match &self.0 {
            Way::Endpoint(kept) => Some(kept.endpoint()),
            _ => None,
        }
    }

    /// Asks the database, and has `judge` say what its answer means; what a missing answer means is known.
    ///
    /// A server's error reply is an answer, a [`Value::ServerError`].
    pub async fn ask(
        &self,
        probe: Probe,
        question: &Cmd,
        judge: impl Fn(&Value) -> Health + Send + Sync,
    ) -> Health {
        match &self.0 {
            Way::Endpoint(kept) => kept.ask(probe, question, judge).await,
            #[cfg(feature = "cluster")]
            Way::Nodes(nodes) => nodes.ask(probe, question, judge, false).await,
            Way::Service(service) => {
                // The first may have found a connection that an idle cut took; the service dials anew for the second.
                let answer = match service.run(Command::from(question)).await {
                    Ok(answer) => Ok(answer),
                    Err(_) => service.run(Command::from(question)).await,
                };
                match answer {
                    Ok(answer) => judge(&answer),
                    Err(error) => Health::Unhealthy(match &error {
                        ConnectionError::Redis(error) => evidence(error),
                        ConnectionError::NotConnected(error) => evidence(error),
                        _ => Evidence::Answered(error.to_string().into()),
                    }),
                }
            }
        }
    }

    /// As [`ask`](Self::ask), for questions that the replicas of a cluster need not answer as its primaries do.
    pub(super) async fn ask_primaries(
        &self,
        probe: Probe,
        question: &Cmd,
        judge: impl Fn(&Value) -> Health + Send + Sync,
    ) -> Health {
        match &self.0 {
            #[cfg(feature = "cluster")]
            Way::Nodes(nodes) => nodes.ask(probe, question, judge, true).await,
            _ => self.ask(probe, question, judge).await,
        }
    }

    /// Another one that asks the same database, on a connection of its own.
    pub(crate) fn anew(&self) -> Self {
        match &self.0 {
            Way::Endpoint(kept) => Self::from(kept.endpoint().clone()),
            #[cfg(feature = "cluster")]
            Way::Nodes(nodes) => Self(Way::Nodes(nodes.anew())),
            Way::Service(service) => Self::through(service.clone()),
        }
    }

    /// Asks the nodes of a cluster, all that count.
    #[cfg(feature = "cluster")]
    pub(crate) fn of_cluster(cluster: Cluster, counted: ClusterHealth) -> Self {
        Self(Way::Nodes(Nodes::new(cluster, counted)))
    }

    pub(crate) fn through(service: OwnService) -> Self {
        Self(Way::Service(service))
    }
}

impl From<Endpoint> for Prober {
    fn from(endpoint: Endpoint) -> Self {
        Self(Way::Endpoint(KeptConnection::new(endpoint)))
    }
}
