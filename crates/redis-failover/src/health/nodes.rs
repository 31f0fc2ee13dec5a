//! How the nodes of a cluster are asked (B22).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{Stream, StreamExt, stream::FuturesUnordered};
use redis::{Cmd, Value};
use tokio::time::{Duration, Instant, timeout};
use tower_failover::{Health, Probe, availability::Evidence};

use super::kept::{KeptConnection, unfit};
use crate::connection::{Address, Cluster, ClusterHealth, Doubts, Topology, first_to_succeed, slots};

/// Asks the nodes of a cluster, each on a connection of its own, kept from one probe to the next.
///
/// Who they are is asked anew by each probe: a node that is not connected to is dialled, and one that has left is not
/// asked.
///
/// # Clone
///
/// Clones share the kept connections.
#[derive(Clone)]
pub(super) struct Nodes {
    cluster: Cluster,
    counted: ClusterHealth,
    kept: Arc<Mutex<HashMap<Address, KeptConnection>>>,
}

/// Somebody whose answer may be late is not waited for by this share of the probe's time.
const SHARE: u32 = 8;
/// As long before a probe's end a node has to have answered, so that the verdict can name it.
const MARGIN: u32 = 10;

impl Nodes {
    pub(super) fn new(cluster: Cluster, counted: ClusterHealth) -> Self {
        Self { cluster, counted, kept: Arc::default() }
    }

    /// The same nodes, on other connections.
    pub(super) fn anew(&self) -> Self {
        Self::new(self.cluster.clone(), self.counted)
    }

    /// All have to pass; the first that fails is named. Where none fails, what is worst counts. With `primaries_only`,
    /// replicas are not asked.
    pub(super) async fn ask(
        &self,
        probe: Probe,
        question: &Cmd,
        judge: impl Fn(&Value) -> Health + Send + Sync,
        primaries_only: bool,
    ) -> Health {
        let begun = Instant::now();
        let topology = match self.topology(probe).await {
            Ok(topology) => topology,
            Err(health) => return health,
        };
        let counted = match self.counted {
            ClusterHealth::AllNodes if !primaries_only => topology.nodes(),
            _ => topology.primaries(),
        };
        let limit = (probe.timeout - probe.timeout / MARGIN).saturating_sub(begun.elapsed());
        let asked = counted.into_iter().map(|node| self.ask_node(node, probe, limit, question, &judge));
        worst_of(asked.collect::<FuturesUnordered<_>>()).await
    }

    async fn ask_node<'a>(
        &self,
        node: &'a Address,
        probe: Probe,
        limit: Duration,
        question: &Cmd,
        judge: &(impl Fn(&Value) -> Health + Send + Sync),
    ) -> (&'a Address, Health) {
        let kept = self.kept(node);
        let asked = kept.ask(Probe { timeout: limit, ..probe }, question, judge);
        let health = match timeout(limit, asked).await {
            // Others have answered, so that commands which they serve say nothing of this one (B20).
            Ok(Health::Unhealthy(Evidence::TimedOut)) | Err(_) => {
                let silent = format!("{node} did not answer within {limit:?}");
                Health::Unhealthy(Evidence::Unreachable(silent.into()))
            }
            Ok(health) => health,
        };
        (node, health)
    }

    /// Who the nodes are now, as the first says that knows any.
    async fn topology(&self, probe: Probe) -> Result<Arc<Topology>, Health> {
        let (doubts, question) = (self.cluster.doubts(), slots());
        let attempts =
            self.cluster.candidates().into_iter().map(|node| self.ask_topology(node, probe, &question));
        let mut last = None;
        let failed = |health| last = Some(worse(last.take(), health));
        match first_to_succeed(attempts, probe.timeout / SHARE, failed).await {
            Some(topology) => Ok(self.learn(topology, doubts)),
            None => Err(last.unwrap_or_else(nobody)),
        }
    }

    async fn ask_topology(&self, node: Address, probe: Probe, question: &Cmd) -> Result<Topology, Health> {
        let read = Mutex::new(None);
        let judge = |answer: &Value| match Topology::read(answer, &node) {
            Some(topology) if topology.is_empty() => {
                let said = format!("{node} knows no node of its cluster that has slots");
                Health::Unhealthy(Evidence::Answered(said.into()))
            }
            Some(topology) => {
                *read.lock().unwrap_or_else(PoisonError::into_inner) = Some(topology);
                Health::Healthy
            }
            None => unfit(answer),
        };
        let health = self.kept(&node).ask(probe, question, judge).await;
        let topology = read.into_inner().unwrap_or_else(PoisonError::into_inner);
        topology.ok_or_else(|| named(&node, health))
    }

    fn learn(&self, topology: Topology, asked: Doubts) -> Arc<Topology> {
        let topology = self.cluster.learn(topology, asked);
        let nodes: BTreeSet<_> = topology.nodes();
        let gone: Vec<_> = self.map().extract_if(|node, _| !nodes.contains(node)).collect();
        drop(gone);
        topology
    }

    fn kept(&self, node: &Address) -> KeptConnection {
        let new = || KeptConnection::new(self.cluster.endpoint(node));
        self.map().entry(node.clone()).or_insert_with(new).clone()
    }

    fn map(&self) -> MutexGuard<'_, HashMap<Address, KeptConnection>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first failure, or else what is worst.
async fn worst_of(mut answers: impl Stream<Item = (&Address, Health)> + Unpin) -> Health {
    let mut worst = Health::Healthy;
    while let Some((node, health)) = answers.next().await {
        let health = named(node, health);
        match weight(&health) {
            FAILURE => return health,
            // Another one may be worse.
            weighs if weighs > weight(&worst) => worst = health,
            _ => {}
        }
    }
    worst
}

/// The weight of a failure.
const FAILURE: u8 = 5;

/// How much an answer says against the cluster.
fn weight(health: &Health) -> u8 {
    match health {
        Health::Healthy => 0,
        Health::NotPreferred(_) => 1,
        Health::Unknown(_) => 2,
        Health::Misconfigured(_) => 3,
        // To be behind is no failure, and must not hide one.
        Health::Unhealthy(Evidence::Lagging(_)) => 4,
        Health::Unhealthy(_) => FAILURE,
    }
}

/// What is set up wrongly is what somebody can do something about.
fn worse(last: Option<Health>, health: Health) -> Health {
    match last {
        Some(last @ Health::Unhealthy(Evidence::Misconfigured(_))) => last,
        _ => health,
    }
}

/// The same, with the node's address in what it says, unless that names it already.
fn named(node: &Address, health: Health) -> Health {
    let name = |said: Arc<str>| -> Arc<str> {
        if said.contains(&node.to_string()) { said } else { format!("{node}: {said}").into() }
    };
    let evident = |evidence| match evidence {
        Evidence::Unreachable(said) => Evidence::Unreachable(name(said)),
        Evidence::Answered(said) => Evidence::Answered(name(said)),
        Evidence::Lagging(said) => Evidence::Lagging(name(said)),
        Evidence::Undetermined(said) => Evidence::Undetermined(name(said)),
        Evidence::Misconfigured(said) => Evidence::Misconfigured(name(said)),
        evidence => evidence,
    };
    match health {
        Health::Healthy => Health::Healthy,
        Health::NotPreferred(said) => Health::NotPreferred(name(said)),
        Health::Unhealthy(evidence) => Health::Unhealthy(evident(evidence)),
        Health::Unknown(said) => Health::Unknown(name(said)),
        Health::Misconfigured(said) => Health::Misconfigured(name(said)),
    }
}

fn nobody() -> Health {
    Health::Unhealthy(Evidence::Unreachable("no node of the cluster is known".into()))
}

impl std::fmt::Debug for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nodes").field("counted", &self.counted).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn b22_a_node_that_is_behind_hides_none_that_is_dead() {
        let (behind, dead) = (Address::tcp("behind", 1), Address::tcp("dead", 2));
        let lagging = || (&behind, Health::Unhealthy(Evidence::Lagging("by 9 s".into())));
        let lost = || (&dead, Health::Unhealthy(Evidence::Unreachable("dead:2 refused".into())));
        let preferred = || (&dead, Health::NotPreferred("it is far".into()));
        for answers in [[lagging(), lost()], [lost(), lagging()]] {
            assert_eq!(worst_of(stream::iter(answers)).await, lost().1);
        }
        let named = Health::Unhealthy(Evidence::Lagging("behind:1: by 9 s".into()));
        for answers in [[lagging(), preferred()], [preferred(), lagging()]] {
            assert_eq!(worst_of(stream::iter(answers)).await, named, "where nobody is dead it counts");
        }
    }

    #[test]
    fn b22_whatever_a_node_says_it_is_named() {
        let node = Address::tcp("node", 1);
        type Says = fn(Arc<str>) -> Health;
        let says: [Says; 8] = [
            Health::NotPreferred,
            Health::Unknown,
            Health::Misconfigured,
            |said| Health::Unhealthy(Evidence::Unreachable(said)),
            |said| Health::Unhealthy(Evidence::Answered(said)),
            |said| Health::Unhealthy(Evidence::Lagging(said)),
            |said| Health::Unhealthy(Evidence::Undetermined(said)),
            |said| Health::Unhealthy(Evidence::Misconfigured(said)),
        ];
        for says in says {
            let once = named(&node, says("why".into()));
            assert_eq!(once, says("node:1: why".into()));
            assert_eq!(named(&node, once.clone()), once, "once is enough");
        }
    }
}
