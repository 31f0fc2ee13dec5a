//! A client that is changed while it runs, on real servers where there are any.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod checks;
mod circuits;
mod cycles;
mod joining;
mod leaving;
mod looking;
mod steering;

use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};
use tests::{PATIENCE, connections};

/// A server, and the database that it is.
async fn database(name: &str, weight: f64) -> (AnyServer, DatabaseConfig) {
    let server = AnyServer::start().await.unwrap();
    let database = at(&server, name, weight);
    (server, database)
}

fn at(server: &AnyServer, name: &str, weight: f64) -> DatabaseConfig {
    DatabaseConfig::from_url(&server.url()).unwrap().name(name).weight(weight)
}

/// Judged by one probe, and never left for a heavier one by the clock alone.
fn by_one_probe(databases: impl IntoIterator<Item = DatabaseConfig>) -> MultiDbConfig {
    MultiDbConfig::new(databases)
        .health_check_probes(1)
        .health_check_interval(Duration::from_millis(200))
        .grace_period(Duration::from_millis(100))
        .auto_fallback_interval(None)
}

async fn started(config: MultiDbConfig) -> MultiDbClient {
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    client
}

fn names(client: &MultiDbClient) -> Vec<String> {
    let members = client.snapshot().map(|snapshot| snapshot.members).unwrap_or_default();
    members.iter().map(|member| member.name.to_string()).collect()
}
