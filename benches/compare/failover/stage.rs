//! Two servers, a client of both, and a fault.

use std::time::Duration;

use failover_testkit::proxy::FaultProxy;
use failover_testkit::server::RealServer;
use futures_util::StreamExt;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use redis_failover::{DatabaseConfig, Event, EventStream, MultiDbClient, MultiDbConfig};
use tokio::time::{sleep, timeout};

/// Under which each server knows its name.
pub(crate) const NAME: &str = "name";
/// What is counted up.
pub(super) const COUNTER: &str = "counter";
/// The secondary's counter begins here, the primary's at nothing.
pub(super) const COUNTED_FROM: u64 = 1 << 32;
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Kill,
    Stop,
    BlackHole,
}

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kill => "SIGKILL",
            Self::Stop => "SIGSTOP",
            Self::BlackHole => "black hole",
        }
    }
}

pub(crate) struct Stage {
    pub(super) primary: RealServer,
    secondary: RealServer,
    /// Stands before the primary.
    proxy: FaultProxy,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let primary = RealServer::start().await.expect("a redis-server or valkey-server");
        let secondary = RealServer::start().await.expect("a secondary");
        let proxy = FaultProxy::start(primary.addr()).await.expect("a proxy");
        let stage = Self { primary, secondary, proxy };
        let () = plain(&stage.primary).await.set(NAME, "primary").await.expect("a name");
        let mut secondary = stage.secondary().await;
        let () = secondary.set(NAME, "secondary").await.expect("a name");
        let () = secondary.set(COUNTER, COUNTED_FROM).await.expect("a counter");
        stage
    }

    /// The primary's and the secondary's. Only a black hole needs the proxy between.
    pub(super) fn urls(&self, fault: Fault) -> [String; 2] {
        let primary = if fault == Fault::BlackHole { self.proxy.url() } else { self.primary.url() };
        [primary, self.secondary.url()]
    }

    pub(crate) fn break_primary(&self, fault: Fault) {
        match fault {
            Fault::Kill => self.primary.kill().expect("a server that runs"),
            Fault::Stop => self.primary.stop().expect("a server that runs"),
            Fault::BlackHole => self.proxy.control().black_hole(),
        }
    }

    pub(crate) async fn client(
        &self,
        fault: Fault,
        apply: impl FnOnce(MultiDbConfig) -> MultiDbConfig,
    ) -> MultiDbClient {
        let [primary, secondary] = self.urls(fault);
        let database = |url: &str, name| DatabaseConfig::from_url(url).expect("the server's URL").name(name);
        let databases = [database(&primary, "primary"), database(&secondary, "secondary").weight(0.5)];
        let client = MultiDbClient::new(apply(MultiDbConfig::new(databases))).expect("a valid configuration");
        client.connect(PATIENCE).await.expect("a client that is connected");
        client
    }

    /// A connection of redis-rs to the secondary.
    pub(crate) async fn secondary(&self) -> MultiplexedConnection {
        plain(&self.secondary).await
    }

    /// How many increments the secondary has made.
    pub(super) async fn counted(&self) -> u64 {
        let count: u64 = self.secondary().await.get(COUNTER).await.expect("the counter");
        count - COUNTED_FROM
    }
}

async fn plain(server: &RealServer) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).expect("the server's URL");
    client.get_multiplexed_async_connection().await.expect("a connection")
}

/// Past the first round of checks, and at a random moment of everything.
pub(crate) async fn some_moment() {
    sleep(Duration::from_millis(1500).mul_f64(1.0 + fastrand::f64())).await;
}

pub(super) async fn becomes_active(events: &mut EventStream, name: &str) {
    let moved = async {
        while let Some(event) = events.next().await {
            if matches!(event, Event::ActiveChanged { to, .. } if &*to == name) {
                return;
            }
        }
    };
    timeout(PATIENCE, moved).await.expect("the client to move");
}
