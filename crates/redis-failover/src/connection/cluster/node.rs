//! One node's connection, as redis-rs's cluster client wants it.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Cmd, IntoConnectionInfo, Pipeline, RedisError, RedisFuture, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster_async::Connect,
};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{sleep, timeout},
};
use tower_failover::Availability;

use super::{Cluster, carried::Carried, redirection::is_redirection, run::is_sent_again};
use crate::connection::Address;

/// What all connections of one redis-rs client are made by, and counted by. Dropping it closes them, and none is made
/// any more.
pub(super) struct Nodes(Arc<Shared>);

pub(super) struct Shared {
    /// By which redis-rs's client leads to it.
    number: u64,
    cluster: Cluster,
    availability: Availability,
    /// How long a dial may take: redis-rs's client does nothing else meanwhile.
    dial: Duration,
    /// How long an answer may take that nobody else waits for.
    answer: Duration,
    /// `None` once closed.
    live: Mutex<Option<HashMap<u64, AbortHandle>>>,
    count: watch::Sender<usize>,
}

/// redis-rs's client, when it cannot find out who has which slots, tries again and again without a pause.
const PACE: Duration = Duration::from_millis(5);

/// redis-rs's trait has no place for a connector, so that there is one for the whole process: a client gives its number
/// in place of the user's name, and is found here.
static CLIENTS: Mutex<BTreeMap<u64, Weak<Shared>>> = Mutex::new(BTreeMap::new());
static NUMBERS: AtomicU64 = AtomicU64::new(0);

impl Nodes {
    pub(super) fn new(
        cluster: Cluster,
        availability: Availability,
        dial: Duration,
        answer: Duration,
    ) -> Self {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let (live, count) = (Mutex::new(Some(HashMap::new())), watch::Sender::new(0));
        let shared = Arc::new(Shared { number, cluster, availability, dial, answer, live, count });
        clients().insert(number, Arc::downgrade(&shared));
        Self(shared)
    }

    /// What stands in place of the user's name.
    pub(super) fn number(&self) -> String {
        self.0.number.to_string()
    }

    pub(super) fn is_empty(&self) -> bool {
        *self.0.count.borrow() == 0
    }

    /// Completes when no node is connected.
    pub(super) async fn all_lost(&self) {
        // It closes with `self`.
        let _ = self.0.count.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        clients().remove(&self.0.number);
        let live = self.0.live().take();
        for closer in live.into_iter().flatten().map(|(_, closer)| closer) {
            closer.abort();
        }
    }
}

fn clients() -> MutexGuard<'static, BTreeMap<u64, Weak<Shared>>> {
    CLIENTS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, Option<HashMap<u64, AbortHandle>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was still wanted.
    fn forget(&self, connection: u64) -> bool {
        self.live().as_mut().is_some_and(|live| live.remove(&connection).is_some())
    }

    async fn connect(self: Arc<Self>, address: Address) -> RedisResult<Node> {
        let endpoint = self.cluster.endpoint(&address);
        let mut dialled = match endpoint.dial(Some(self.dial)).await {
            Ok(dialled) => dialled,
            Err(error) => {
                sleep(PACE).await;
                return Err(Carried::not_sent(error));
            }
        };
        let (connection, closer) = (dialled.connection.clone(), dialled.closer());
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        match self.live().as_mut() {
            Some(live) => live.insert(number, closer.clone()),
            None => return Err(Carried::not_sent(closed())),
        };
        self.count.send_modify(|count| *count += 1);
        let node = Node(Arc::new(Open {
            connection: connection.clone(),
            closer,
            number,
            client: Arc::clone(&self),
        }));
        tokio::spawn(async move {
            let established = endpoint.establish(connection);
            dialled.ended().await;
            drop(established);
            let was_lost = self.forget(number);
            self.count.send_modify(|count| *count -= 1);
            if was_lost {
                self.availability.suspect();
            }
        });
        Ok(node)
    }
}

/// A connection to one node. The last clone closes it.
#[derive(Clone)]
pub(crate) struct Node(Arc<Open>);

struct Open {
    connection: MultiplexedConnection,
    closer: AbortHandle,
    number: u64,
    client: Arc<Shared>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.client.forget(self.number);
        self.closer.abort();
    }
}

impl Node {
    fn connection(&self) -> RedisResult<MultiplexedConnection> {
        if self.0.closer.is_finished() {
            let lost = io::Error::new(io::ErrorKind::NotConnected, "the connection to the node was lost");
            return Err(Carried::not_sent(lost.into()));
        }
        Ok(self.0.connection.clone())
    }

    async fn within<T>(&self, answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        let limit = self.0.client.answer;
        timeout(limit, answer).await.unwrap_or_else(|_| Err(silent(limit))).map_err(Carried::failed)
    }
}

impl ConnectionLike for Node {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut connection = self.connection()?;
            let reply = self.within(connection.send_packed_command(command)).await?;
            // Where several nodes get a part, redis-rs's client would take a refusal among the replies for a success. An
            // error within a reply is a part of what was served.
            match reply {
                Value::ServerError(error) => Err(error.into()),
                reply => Ok(reply),
            }
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let mut connection = self.connection()?;
            let replies = self.within(connection.send_packed_commands(pipeline, offset, count)).await?;
            // A pipeline of which nothing was served is sent to where it is redirected. Whatever else redis-rs's client
            // would repeat is the business of those above.
            if replies.iter().all(is_redirection) || !replies.iter().any(is_sent_again) {
                Ok(replies)
            } else {
                Err(Carried::partly_served(replies))
            }
        })
    }

    fn get_db(&self) -> i64 {
        0
    }
}

impl Connect for Node {
    fn connect_with_config<'a, T>(info: T, _: AsyncConnectionConfig) -> RedisFuture<'a, Self>
    where
        T: IntoConnectionInfo + Send + 'a,
    {
        Box::pin(async move {
            let info = info.into_connection_info()?;
            let number = info.redis_settings().username().and_then(|number| number.parse().ok());
            let client = number.and_then(|number: u64| clients().get(&number)?.upgrade());
            let Some(client) = client else { return Err(Carried::not_sent(closed())) };
            client.connect(Address::from(&info)).await
        })
    }
}

fn closed() -> RedisError {
    io::Error::new(io::ErrorKind::NotConnected, "the connection to the cluster was closed").into()
}

fn silent(limit: Duration) -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, format!("a node did not answer within {limit:?}")).into()
}
