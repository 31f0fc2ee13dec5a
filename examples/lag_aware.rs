//! Two databases of Redis Enterprise whose REST API tells how far each is behind: the client leaves the one that lags,
//! without taking it for dead, and returns when it has caught up.
//!
//! `cargo run --example lag_aware` plays it against a double of that API, over TLS with a client certificate and a
//! password, as a real one would be asked.

use std::time::Duration;

use failover_testkit::server::AnyServer;
use failover_testkit::tls::{Authority, RestApi, RestDatabase};
use futures_util::StreamExt;
use redis::AsyncCommands;
use redis_failover::health::LagAware;
use redis_failover::{DatabaseConfig, Event, EventStream, MultiDbClient, MultiDbConfig, Tls};
use tokio::time::timeout;

type BoxError = Box<dyn std::error::Error>;

/// A story that takes longer has gone wrong.
const LIMIT: Duration = Duration::from_secs(15);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    timeout(LIMIT, run()).await?
}

async fn run() -> Result<(), BoxError> {
    // Two databases, and the cluster's API that knows them by address and port.
    let (frankfurt, dublin) = (AnyServer::start().await?, AnyServer::start().await?);
    let authority = Authority::new();
    let api = RestApi::builder(&authority.server(["127.0.0.1"]))
        .require_clients_of(&authority)
        .auth_basic("monitor", "open-sesame")
        .start()
        .await?;
    let lags_by = |uid: u64, server: &AnyServer, milliseconds: u64| {
        api.put(RestDatabase::new(uid).address("127.0.0.1").port(server.addr().port()).lag_ms(milliseconds));
    };
    lags_by(1, &frankfurt, 0);
    lags_by(2, &dublin, 0);

    // Whom the API is trusted by, and who asks: a certificate and a password.
    let monitor = authority.client("monitor");
    let tls = Tls::new()
        .ca_data(authority.pem())
        .client_cert_data(monitor.certificate_pem())
        .client_key_data(monitor.key_pem());
    let lag_aware = LagAware::new()
        .lag_aware_tolerance(Duration::from_secs(5))
        // Every 30 s by default, so that a fleet does not drown the API; a story has less time.
        .health_check_interval(Duration::from_millis(200))
        .auth_basic("monitor", "open-sesame")
        .tls(tls);
    let database = |server: &AnyServer, name| {
        Ok::<_, BoxError>(DatabaseConfig::from_url(&server.url())?.name(name).health_check_url(api.url()))
    };
    let config = MultiDbConfig::new([
        database(&frankfurt, "frankfurt")?.weight(1.0),
        database(&dublin, "dublin")?.weight(0.5),
    ])
    .lag_aware(lag_aware)
    .auto_fallback_interval(Some(Duration::from_millis(500)));

    let mut client = MultiDbClient::new(config)?;
    client.connect(Duration::from_secs(5)).await?;
    let mut events = client.events();
    client.set::<_, _, ()>("greeting", "hello").await?;
    println!("{} serves", active(&client)?);

    println!("frankfurt falls 8 s behind; 5 s are tolerated");
    lags_by(1, &frankfurt, 8000);
    moves_to(&mut events, "dublin").await;
    let snapshot = client.snapshot().ok_or("the client has started")?;
    let left = &snapshot.member("frankfurt").ok_or("frankfurt is a database of it")?.view;
    let why = left.evidence.as_ref().map(ToString::to_string).unwrap_or_default();
    println!(
        "{} serves; frankfurt is {:?} ({why}), its circuit {:?}",
        active(&client)?,
        left.verdict,
        left.circuit.state
    );
    client.set::<_, _, ()>("greeting", "still here").await?;

    println!("frankfurt catches up");
    lags_by(1, &frankfurt, 0);
    moves_to(&mut events, "frankfurt").await;
    println!("{} serves", active(&client)?);
    client.close(Duration::from_secs(1)).await;
    Ok(())
}

fn active(client: &MultiDbClient) -> Result<String, BoxError> {
    let snapshot = client.snapshot().ok_or("the client has started")?;
    Ok(snapshot.active.ok_or("somebody serves")?.to_string())
}

async fn moves_to(events: &mut EventStream, name: &str) {
    while let Some(event) = events.next().await {
        if matches!(event, Event::ActiveChanged { to, .. } if &*to == name) {
            return;
        }
    }
}
