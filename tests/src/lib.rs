//! Stories across the crates, on real servers. They live in `tests/tests`; here is what they share.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod clients;
mod durable;
mod faults;
mod held;
pub mod herd;
mod impostor;
mod load;
pub mod matrix;
pub mod messages;
mod phase;
mod settings;
pub mod simulation;
pub mod soak;
mod stoppable;
pub mod transactions;
pub mod tree;

use std::time::Duration;

use failover_testkit::server::AnyServer;
use futures_util::StreamExt;
use redis::{AsyncCommands, AsyncConnectionConfig, aio::MultiplexedConnection};
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};
use tokio::time::{sleep, timeout};
use tower_failover::balance::Snapshot;

pub use clients::{clients_of, cut_probes};
pub use durable::{durable, durable_builder, real_server};
pub use faults::{Fault, NAMES, SEVEN, TWENTY, suffer};
pub use held::{Held, connections, memory};
pub use impostor::{Afterwards, Impostor};
pub use load::{Load, Tally};
pub use settings::{brisk, quick};
pub use stoppable::StoppableClient;

/// Far more than anything here takes; a machine may be slow.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Two servers, and a client's configuration for them with all defaults.
pub async fn pair() -> (AnyServer, AnyServer, MultiDbConfig) {
    let primary = AnyServer::start().await.unwrap();
    let secondary = AnyServer::start().await.unwrap();
    let config = config(&primary.url(), &secondary.url());
    (primary, secondary, config)
}

/// A `primary` that is preferred to a `secondary`, all else as it is by default.
pub fn config(primary: &str, secondary: &str) -> MultiDbConfig {
    MultiDbConfig::new([
        DatabaseConfig::from_url(primary).unwrap().name("primary").weight(1.0),
        DatabaseConfig::from_url(secondary).unwrap().name("secondary").weight(0.5),
    ])
}

/// A connection to one server, past every client, however slow the machine is.
pub async fn plain(url: &str) -> MultiplexedConnection {
    let patient = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    let client = redis::Client::open(url).unwrap();
    client.get_multiplexed_async_connection_with_config(&patient).await.unwrap()
}

/// Waits until a condition holds.
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

/// The name of the database that serves now.
pub fn active(client: &MultiDbClient) -> Option<String> {
    Some(client.snapshot()?.active?.to_string())
}

/// Waits until this database serves.
pub async fn becomes_active(client: &MultiDbClient, name: &str) {
    let mut events = client.events();
    let waiting = async {
        while active(client).as_deref() != Some(name) {
            events.next().await;
        }
    };
    timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("{name} did not become active: {:?}", client.snapshot()));
}

/// A client whose primary serves.
pub async fn connected(config: MultiDbConfig) -> MultiDbClient {
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    client
}

/// Writes, and tries again until it succeeds.
pub async fn set_at_last(client: &mut MultiDbClient, key: &str, value: i64) {
    let mut last = None;
    let setting = async {
        while let Err(error) = client.set::<_, _, ()>(key, value).await {
            last = Some(error);
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, setting).await.unwrap_or_else(|_| panic!("{key} could not be set: {last:?}"));
}

/// Waits until the snapshot shows this.
pub async fn eventually(client: &MultiDbClient, what: &str, shown: impl Fn(&Snapshot) -> bool) {
    let waiting = async {
        while !client.snapshot().as_ref().is_some_and(&shown) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}: {:?}", client.snapshot()));
}

/// The switches since the start, without the first choice.
pub fn switches(client: &MultiDbClient) -> Vec<String> {
    let switches = client.snapshot().map(|snapshot| snapshot.switches).unwrap_or_default();
    switches.iter().filter(|switch| switch.from.is_some()).map(|switch| format!("{switch:?}")).collect()
}
