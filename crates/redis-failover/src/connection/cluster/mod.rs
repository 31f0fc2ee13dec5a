//! Databases that are clusters.
//!
//! Which node a command goes to, redirections and the gathering of answers are redis-rs's cluster client's affair.
//! Everything else is as for any database: its connections to the nodes are dialled by our own [`Endpoint`]s.
//!
//! - `topology`: who has which slots
//! - `node`: one node's connection, as redis-rs's client wants it
//! - `redirection`: what a node says where another one is to be asked
//! - `carried`: what a connection tells the leaf past redis-rs's client, which would repeat commands
//! - `client`: redis-rs's client, from its dial to its end
//! - `leaf`: the leaf of the database's stack
//! - `run`, `scan`: one call on that client
//! - `spread`: calls that it sends to several nodes

mod carried;
mod client;
mod leaf;
mod node;
mod redirection;
mod run;
mod scan;
mod spread;
mod topology;

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{RedisError, RedisResult};
use tokio::time::timeout;

use super::{Address, Endpoint, staggered::first_to_succeed};
use crate::classify::more_telling;
use scan::{Marked, Marks};

pub(crate) use client::ClusterLink;
pub(crate) use leaf::ClusterLeaf;
pub(crate) use redirection::{has_moved, is_redirected, is_redirection, named};
pub(crate) use topology::Topology;

/// Which nodes of a cluster must pass its health checks (B22).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClusterHealth {
    /// All, replicas included, but for those that the cluster itself has given up: nobody is sent there. The default.
    #[default]
    AllNodes,
    /// The primaries: a replica that is lost is no reason to leave.
    AllPrimaries,
}

/// One cluster, for all who dial its nodes.
///
/// # Clone
///
/// Clones know the same.
#[derive(Clone)]
pub(crate) struct Cluster(Arc<Inner>);

struct Inner {
    /// Dials as all nodes are dialled, but for the address.
    template: Endpoint,
    seeds: Vec<Address>,
    connect_timeout: Duration,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// So that all who dial one node do so at one pace while it refuses them.
    endpoints: HashMap<Address, Endpoint>,
    topology: Option<Arc<Topology>>,
    /// The topology turned out to be wrong: all that it is good for is whom to ask.
    is_outdated: bool,
    /// On the cursors of scans.
    marks: Marks,
}

/// A node that is silent for this share of the time is not waited for before the next one is asked.
const SHARE: u32 = 8;

impl Cluster {
    /// The cluster that these lead to; nodes are dialled as `template` is.
    pub(crate) fn new(template: Endpoint, seeds: Vec<Address>, connect_timeout: Duration) -> Self {
        Self(Arc::new(Inner { template, seeds, connect_timeout, known: Mutex::default() }))
    }

    pub(crate) fn endpoint(&self, node: &Address) -> Endpoint {
        let endpoints = &mut self.known().endpoints;
        endpoints.entry(node.clone()).or_insert_with(|| self.0.template.at(node.clone())).clone()
    }

    /// What is known of who has which slots, be it from a while ago; asked for if it is known to be wrong.
    pub(crate) async fn topology(&self) -> RedisResult<Arc<Topology>> {
        match self.last_topology() {
            Some(topology) if !self.known().is_outdated => Ok(topology),
            _ => Ok(self.ask(self.0.connect_timeout).await?.0),
        }
    }

    /// As it was told last, be it outdated.
    pub(crate) fn last_topology(&self) -> Option<Arc<Topology>> {
        self.known().topology.clone()
    }

    /// A node has just told.
    pub(crate) fn learn(&self, topology: Topology) -> Arc<Topology> {
        let topology = Arc::new(topology);
        let mut known = self.known();
        known.topology = Some(Arc::clone(&topology));
        known.is_outdated = false;
        let nodes = topology.nodes();
        known.endpoints.retain(|address, _| nodes.contains(address) || self.0.seeds.contains(address));
        topology
    }

    /// Who has which slots turned out to be wrong, and is asked anew by whoever needs it next. Those that were there may
    /// still know.
    pub(crate) fn distrust(&self) {
        self.known().is_outdated = true;
    }

    /// The marks of the primaries on the cursors of scans (B60).
    fn marks(&self, topology: &Topology) -> Marked {
        self.known().marks.of(topology)
    }

    /// Who may know of the others: those that were there last, and then the seeds.
    pub(crate) fn candidates(&self) -> Vec<Address> {
        let topology = self.last_topology().unwrap_or_default();
        let mut candidates: Vec<_> = topology.nodes().into_iter().cloned().collect();
        for seed in &self.0.seeds {
            if !candidates.contains(seed) {
                candidates.push(seed.clone());
            }
        }
        candidates
    }

    /// Asks one node after the other who has which slots, and tells who knew. The seeds come first: their names may lead
    /// to another cluster by now (B59).
    pub(super) async fn ask(&self, limit: Duration) -> RedisResult<(Arc<Topology>, Address)> {
        let mut candidates = self.candidates();
        candidates.sort_by_key(|node| !self.0.seeds.contains(node));
        let mut last = None;
        let asking = async {
            let attempts = candidates.into_iter().map(|node| self.ask_one(node));
            let failed = |error| last = Some(more_telling(last.take(), error));
            first_to_succeed(attempts, limit / SHARE, failed).await.ok_or_else(|| last.unwrap_or_else(nobody))
        };
        let (topology, node) = timeout(limit, asking).await.unwrap_or_else(|_| Err(too_slow(limit)))?;
        Ok((self.learn(topology), node))
    }

    async fn ask_one(&self, node: Address) -> RedisResult<(Topology, Address)> {
        let mut dialled = self.endpoint(&node).dial(None).await?;
        let answer = dialled.connection.send_packed_command(&slots()).await?.extract_error()?;
        match Topology::read(&answer, &node) {
            Some(topology) if !topology.is_empty() => Ok((topology, node)),
            _ => {
                let message = format!("{node} knows no node of its cluster that has slots");
                Err(io::Error::new(io::ErrorKind::ConnectionRefused, message).into())
            }
        }
    }

    /// The endpoint of the node that has this slot, or of any primary.
    pub(crate) async fn owner(&self, slot: Option<u16>) -> RedisResult<Endpoint> {
        let topology = self.topology().await?;
        let owner = match slot {
            Some(slot) => topology.primary(slot),
            None => topology.primaries().into_iter().next(),
        };
        match owner {
            Some(owner) => Ok(self.endpoint(owner)),
            None => {
                self.distrust();
                let message = "no node of the cluster has the slot";
                Err(io::Error::new(io::ErrorKind::ConnectionRefused, message).into())
            }
        }
    }

    /// The endpoint of a node that is there.
    pub(crate) async fn any(&self) -> RedisResult<Endpoint> {
        let (_, node) = self.ask(self.0.connect_timeout).await?;
        Ok(self.endpoint(&node))
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        self.0.connect_timeout
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        // Only whole values are written under it.
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks who has which slots.
pub(crate) fn slots() -> redis::Cmd {
    redis::cmd("CLUSTER").arg("SLOTS").take()
}

fn nobody() -> RedisError {
    io::Error::new(io::ErrorKind::ConnectionRefused, "no node of the cluster is known").into()
}

fn too_slow(limit: Duration) -> RedisError {
    let message = format!("no node of the cluster said within {limit:?} who has which slots");
    io::Error::new(io::ErrorKind::TimedOut, message).into()
}
