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

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use redis::{RedisError, RedisResult};
use tokio::time::{Instant, timeout};

use super::{Address, Endpoint, staggered::first_to_succeed};
use crate::classify::more_telling;
use scan::{Marked, Marks};

pub(crate) use client::ClusterLink;
pub(crate) use leaf::ClusterLeaf;
pub(crate) use redirection::{has_moved, is_redirected, is_redirection, named};
pub(crate) use topology::Topology;

#[cfg(test)]
pub(super) use tests::lost;

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
    /// How the last question for those who need to know ended, and when. Held while one is asked.
    asked: tokio::sync::Mutex<Option<(Instant, RedisResult<()>)>>,
}

#[derive(Default)]
struct Known {
    /// So that all who dial one node do so at one pace while it refuses them.
    endpoints: HashMap<Address, Endpoint>,
    told: Option<Arc<Told>>,
    /// How often it turned out to be wrong.
    doubts: Doubts,
    /// How many of these doubts that is newer than. While that is not all, it is good for little but whom to ask.
    settled: Doubts,
    /// On the cursors of scans.
    marks: Marks,
}

/// What a node has told.
struct Told {
    topology: Arc<Topology>,
    /// The marks of its primaries on the cursors of scans (B60).
    marked: Marked,
}

/// How often who has which slots turned out to be wrong, when somebody was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Doubts(u64);

/// Those who need to know who has which slots ask no more often, however often it turns out to be wrong.
const PACE: Duration = Duration::from_secs(1);

/// A node that is silent for this share of the time is not waited for before the next one is asked.
const SHARE: u32 = 8;

impl Cluster {
    /// The cluster that these lead to; nodes are dialled as `template` is.
    pub(crate) fn new(template: Endpoint, seeds: Vec<Address>, connect_timeout: Duration) -> Self {
        Self(Arc::new(Inner {
            template,
            seeds,
            connect_timeout,
            known: Mutex::default(),
            asked: tokio::sync::Mutex::default(),
        }))
    }

    pub(crate) fn endpoint(&self, node: &Address) -> Endpoint {
        let endpoints = &mut self.known().endpoints;
        endpoints.entry(node.clone()).or_insert_with(|| self.0.template.at(node.clone())).clone()
    }

    /// What is known of who has which slots, be it from a while ago; asked for if it is known to be wrong: one question at
    /// a time, whose answer all wait for, and a while between two. Meanwhile the last answer has to do.
    pub(crate) async fn topology(&self) -> RedisResult<Arc<Topology>> {
        Ok(Arc::clone(&self.told().await?.topology))
    }

    /// As [`topology`](Self::topology), with the marks of its primaries.
    async fn told(&self) -> RedisResult<Arc<Told>> {
        if let Some(told) = self.undoubted() {
            return Ok(told);
        }
        let mut asked = self.0.asked.lock().await;
        if let Some(told) = self.undoubted() {
            return Ok(told);
        }
        let answer = match &*asked {
            Some((ended, answer)) if ended.elapsed() < PACE => answer.clone(),
            _ => {
                let answer = self.ask(self.0.connect_timeout).await.map(|_| ());
                *asked = Some((Instant::now(), answer.clone()));
                answer
            }
        };
        answer?;
        self.last_told().ok_or_else(nobody)
    }

    fn undoubted(&self) -> Option<Arc<Told>> {
        let known = self.known();
        known.told.clone().filter(|_| known.settled == known.doubts)
    }

    fn last_told(&self) -> Option<Arc<Told>> {
        self.known().told.clone()
    }

    /// As it was told last, be it outdated.
    pub(crate) fn last_topology(&self) -> Option<Arc<Topology>> {
        Some(Arc::clone(&self.last_told()?.topology))
    }

    /// To be taken before a node is asked, and handed to [`learn`](Self::learn) with what it told.
    pub(crate) fn doubts(&self) -> Doubts {
        self.known().doubts
    }

    /// A node has told, when it was asked after so many doubts: those that came later are not settled by it. Gives what
    /// is known now, which is newer if another one was asked later.
    pub(crate) fn learn(&self, topology: Topology, asked: Doubts) -> Arc<Topology> {
        let topology = Arc::new(topology);
        let mut known = self.known();
        if let Some(newer) = known.told.as_ref().filter(|_| asked < known.settled) {
            return Arc::clone(&newer.topology);
        }
        let marked = known.marks.of(&topology);
        known.told = Some(Arc::new(Told { topology: Arc::clone(&topology), marked }));
        known.settled = asked;
        let nodes = topology.nodes();
        known.endpoints.retain(|address, _| nodes.contains(address) || self.0.seeds.contains(address));
        topology
    }

    /// Who has which slots turned out to be wrong, and is asked anew by whoever needs it next. Those that were there may
    /// still know.
    pub(crate) fn distrust(&self) {
        self.known().doubts.0 += 1;
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
        let (doubts, mut candidates) = (self.doubts(), self.candidates());
        candidates.sort_by_key(|node| !self.0.seeds.contains(node));
        let mut last = None;
        let asking = async {
            let attempts = candidates.into_iter().map(|node| self.ask_one(node));
            let failed = |error| last = Some(more_telling(last.take(), error));
            first_to_succeed(attempts, limit / SHARE, failed).await.ok_or_else(|| last.unwrap_or_else(nobody))
        };
        let (topology, node) = timeout(limit, asking).await.unwrap_or_else(|_| Err(too_slow(limit)))?;
        Ok((self.learn(topology, doubts), node))
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
