//! Who is compared, and how each connects: all with NODELAY.

use std::time::Duration;

use fred::interfaces::{ClientLike, KeysInterface};
use futures_util::future::BoxFuture;
use redis::aio::{ConnectionLike, ConnectionManager};
use redis::io::tcp::TcpSettings;
use redis::{AsyncCommands, AsyncConnectionConfig, Client, IntoConnectionInfo};
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};

use super::slice::{self, Load, Slice};

/// How many calls a connection of ours takes in at a time: `PIPELINE_BUFFER` of `redis-failover`'s `connection/endpoint.rs`,
/// which is nobody's business elsewhere.
const OUR_BUFFER: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// redis-rs as it is, with its inner timeout of 500 ms.
    Plain,
    PlainWithoutTimeout,
    /// The same, which takes in as many calls at a time as ours: so much of what ours does better is due to that alone.
    PlainWithOurBuffer,
    Manager,
    Fred,
    Ours,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Plain,
        Self::PlainWithoutTimeout,
        Self::PlainWithOurBuffer,
        Self::Manager,
        Self::Fred,
        Self::Ours,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "redis-rs",
            Self::PlainWithoutTimeout => "redis-rs without timeout",
            Self::PlainWithOurBuffer => "redis-rs without timeout, our buffer",
            Self::Manager => "ConnectionManager",
            Self::Fred => "fred",
            Self::Ours => "MultiDbClient",
        }
    }
}

/// What callers do, whatever library they use.
pub(crate) trait Connection: Clone + Send + Sync + 'static {
    fn get(&mut self, key: String) -> impl Future<Output = String> + Send;
    fn get_together(&mut self, keys: Vec<String>) -> impl Future<Output = Vec<String>> + Send;
}

#[derive(Clone)]
struct OfRedisRs<C>(C);

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Connection for OfRedisRs<C> {
    async fn get(&mut self, key: String) -> String {
        self.0.get(key).await.expect("an answer")
    }

    async fn get_together(&mut self, keys: Vec<String>) -> Vec<String> {
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline.get(key);
        }
        pipeline.query_async(&mut self.0).await.expect("answers")
    }
}

impl Connection for fred::clients::Client {
    async fn get(&mut self, key: String) -> String {
        KeysInterface::get(self, key).await.expect("an answer")
    }

    async fn get_together(&mut self, keys: Vec<String>) -> Vec<String> {
        let pipeline = self.pipeline();
        for key in keys {
            let () = pipeline.get(key).await.expect("a queued command");
        }
        pipeline.all().await.expect("answers")
    }
}

/// A connection of some kind, and as many clones of it as there are callers: these keep theirs, as callers do.
pub(crate) struct Contestant(Box<dyn Callers>);

trait Callers {
    fn slice(&mut self, load: Load, length: Duration) -> BoxFuture<'_, Slice>;
    fn calls(&mut self, load: Load, calls: u64) -> BoxFuture<'_, ()>;
}

/// The clones, while nobody calls. A task that hands back something large would move it whenever it is polled.
struct Clones<C>(Vec<Box<C>>);

impl<C: Connection> Clones<C> {
    fn new(connection: C) -> Box<Self> {
        Box::new(Self(vec![Box::new(connection)]))
    }

    fn hire(&mut self, callers: usize) -> Vec<Box<C>> {
        let missing = callers.saturating_sub(self.0.len());
        self.0.extend(vec![self.0[0].clone(); missing]);
        self.0.drain(..).collect()
    }
}

impl<C: Connection> Callers for Clones<C> {
    fn slice(&mut self, load: Load, length: Duration) -> BoxFuture<'_, Slice> {
        let callers = self.hire(load.callers);
        Box::pin(async move {
            let (slice, callers) = slice::run(callers, load, length).await;
            self.0 = callers;
            slice
        })
    }

    fn calls(&mut self, load: Load, calls: u64) -> BoxFuture<'_, ()> {
        let callers = self.hire(load.callers);
        Box::pin(async move { self.0 = slice::calls(callers, load, calls).await })
    }
}

impl Contestant {
    /// To the first of these URLs; the second one is for a standby.
    pub(crate) async fn open(kind: Kind, [url, standby]: [&str; 2]) -> Self {
        let client = || {
            let info = url.into_connection_info().expect("the server's URL");
            let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
            Client::open(info).expect("a client of redis-rs")
        };
        let plain = async |config: AsyncConnectionConfig| {
            let connection = client().get_multiplexed_async_connection_with_config(&config).await;
            OfRedisRs(connection.expect("a connection"))
        };
        Self(match kind {
            Kind::Plain => Clones::new(plain(AsyncConnectionConfig::new()).await),
            Kind::PlainWithoutTimeout => {
                Clones::new(plain(AsyncConnectionConfig::new().set_response_timeout(None)).await)
            }
            Kind::PlainWithOurBuffer => {
                let config = AsyncConnectionConfig::new().set_response_timeout(None);
                Clones::new(plain(config.set_pipeline_buffer_size(OUR_BUFFER)).await)
            }
            Kind::Manager => {
                Clones::new(OfRedisRs(ConnectionManager::new(client()).await.expect("a manager")))
            }
            Kind::Fred => Clones::new(open_fred(url).await),
            Kind::Ours => {
                let database = |url: &str| DatabaseConfig::from_url(url).expect("the server's URL");
                let config = MultiDbConfig::new([database(url), database(standby).weight(0.5)]);
                let client = MultiDbClient::new(config).expect("a valid configuration");
                client.connect(Duration::from_secs(10)).await.expect("a client that is connected");
                Clones::new(OfRedisRs(client))
            }
        })
    }

    pub(crate) async fn slice(&mut self, load: Load, length: Duration) -> Slice {
        self.0.slice(load, length).await
    }

    pub(crate) async fn calls(&mut self, load: Load, calls: u64) {
        self.0.calls(load, calls).await;
    }
}

async fn open_fred(url: &str) -> fred::clients::Client {
    let config = fred::types::config::Config::from_url(url).expect("the server's URL");
    let mut builder = fred::types::Builder::from_config(config);
    builder.with_connection_config(|config| config.tcp.nodelay = Some(true));
    let client = builder.build().expect("a client of fred");
    client.init().await.expect("a connection");
    client
}
