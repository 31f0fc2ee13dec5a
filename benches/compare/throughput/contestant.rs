//! Who is compared, and how each connects: all with NODELAY.

use std::time::Duration;

use futures_util::future::BoxFuture;
use redis::aio::{ConnectionLike, ConnectionManager};
use redis::io::tcp::TcpSettings;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo};
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};

use super::slice::{self, Load, Slice};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// redis-rs as it is, with its inner timeout of 500 ms.
    Plain,
    PlainWithoutTimeout,
    Manager,
    Ours,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Plain, Self::PlainWithoutTimeout, Self::Manager, Self::Ours];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "redis-rs",
            Self::PlainWithoutTimeout => "redis-rs without timeout",
            Self::Manager => "ConnectionManager",
            Self::Ours => "MultiDbClient",
        }
    }
}

/// A connection of some kind, ready to be used by many callers.
pub(crate) struct Contestant(Box<dyn Callers>);

trait Callers {
    fn slice(&self, load: Load, length: Duration) -> BoxFuture<'static, Slice>;
    fn calls(&self, load: Load, calls: u64) -> BoxFuture<'static, ()>;
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Callers for C {
    fn slice(&self, load: Load, length: Duration) -> BoxFuture<'static, Slice> {
        Box::pin(slice::run(self.clone(), load, length))
    }

    fn calls(&self, load: Load, calls: u64) -> BoxFuture<'static, ()> {
        Box::pin(slice::calls(self.clone(), load, calls))
    }
}

impl Contestant {
    /// To the first of these URLs; the second one is for a standby.
    pub(crate) async fn open(kind: Kind, [url, standby]: [&str; 2]) -> Self {
        let info = url.into_connection_info().expect("the server's URL");
        let client = Client::open(info.set_tcp_settings(TcpSettings::default().set_nodelay(true)));
        let client = client.expect("a client of redis-rs");
        let callers: Box<dyn Callers> = match kind {
            Kind::Plain => Box::new(client.get_multiplexed_async_connection().await.expect("a connection")),
            Kind::PlainWithoutTimeout => {
                let config = AsyncConnectionConfig::new().set_response_timeout(None);
                let connection = client.get_multiplexed_async_connection_with_config(&config).await;
                Box::new(connection.expect("a connection"))
            }
            Kind::Manager => Box::new(ConnectionManager::new(client).await.expect("a manager")),
            Kind::Ours => {
                let database = |url: &str| DatabaseConfig::from_url(url).expect("the server's URL");
                let config = MultiDbConfig::new([database(url), database(standby).weight(0.5)]);
                let client = MultiDbClient::new(config).expect("a valid configuration");
                client.connect(Duration::from_secs(10)).await.expect("a client that is connected");
                Box::new(client)
            }
        };
        Self(callers)
    }

    pub(crate) async fn slice(&self, load: Load, length: Duration) -> Slice {
        self.0.slice(load, length).await
    }

    pub(crate) async fn calls(&self, load: Load, calls: u64) {
        self.0.calls(load, calls).await;
    }
}
