//! A stack of one's own as a redis-rs connection: what `MultiDbClient` is made of, put together by hand.
//!
//! `cargo run --example compose_layers` needs no server: it starts two of its own, real ones where there are any.

use std::sync::Arc;
use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis::{AsyncCommands, IntoConnectionInfo};
use redis_failover::connection::{Connection, ConnectionError, Endpoint, Link, LinkSettings, TcpConnect};
use redis_failover::cursor::CursorTag;
use redis_failover::database::CommandTimeout;
use redis_failover::health::PingCheck;
use redis_failover::reply::{Classified, RedisOutcome, Reply};
use redis_failover::retry::CommandPolicy;
use redis_failover::{Command, RetrySafety, StackConnection};
use tokio::time::{sleep, timeout};
use tower::{BoxError, Service, ServiceBuilder};
use tower_failover::balance::fixed;
use tower_failover::health::HealthWatch;
use tower_failover::{
    Availability, Chance, Check, Circuit, CircuitBreakerLayer, CircuitError, CircuitSettings, DeadlineError,
    DeadlineLayer, Events, FailoverConfig, FailoverHandle, FailureDetectorLayer, HealthPlan, Member,
    RetryLayer, Suspicion, Sweeper, Weight, WeightedFailoverBalance,
};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let servers = [AnyServer::start().await?, AnyServer::start().await?];
    println!("two databases: {}", servers[0].describe());

    // One stack per database, and the balance over them.
    let sweeper = Sweeper::spawn();
    let primary = database("primary", &servers[0].url(), 1.0, &sweeper)?;
    let secondary = database("secondary", &servers[1].url(), 0.5, &sweeper)?;
    let members = fixed([primary.member.clone(), secondary.member.clone()]);
    let balance = WeightedFailoverBalance::new(members, FailoverConfig::default())?;
    let handle = balance.handle();

    // Above the balance, retries; and above those a limit that is tower's own.
    let stack = ServiceBuilder::new()
        .concurrency_limit(64)
        .layer(RetryLayer::new(CommandPolicy::new(RetrySafety::Idempotent)).route(balance.route()))
        .service(balance);

    // It is a redis-rs connection: commands, pipelines and scripts work unchanged.
    let mut connection = StackConnection::new(stack, 0);
    connection.set::<_, _, ()>("visits", 41).await?;
    let visits: i64 = connection.incr("visits", 1).await?;
    println!("{}: {visits} visits", active(&handle));

    // The switch happens by itself. An INCR that was in flight would fail, for it may have been applied; so wait for it.
    servers[0].kill()?;
    println!("the primary is killed");
    timeout(Duration::from_secs(10), becomes_active("secondary", &handle)).await?;

    // These are two databases and no replicas of one another: the secondary counts from the beginning.
    let (visits, visitors): (i64, i64) =
        redis::pipe().atomic().incr("visits", 1).incr("visitors", 1).query_async(&mut connection).await?;
    println!("{}: {visits} visits, {visitors} visitors", active(&handle));
    Ok(())
}

/// A member of the balance, and what ends when this is dropped: its health checks and its connection.
struct Database<S> {
    member: Member<S>,
    _health: HealthWatch,
    _link: Link,
}

/// What calls to one database fail with: each layer that can fail adds its own to the connection's.
type DatabaseError = CircuitError<DeadlineError<ConnectionError>>;

/// One database's stack: breaker, detector, deadline, connection.
fn database(
    name: &'static str,
    url: &str,
    weight: f64,
    sweeper: &Sweeper,
) -> Result<
    Database<
        impl for<'a> Service<Command<'a>, Response = Reply, Error = DatabaseError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
        + use<>,
    >,
    BoxError,
> {
    let availability = Availability::new(name, Events::default());
    let endpoint = Endpoint::new(
        url.into_connection_info()?,
        Arc::new(TcpConnect::default()),
        Duration::from_secs(5), // For name, connection and handshake.
    );

    // Health checks have a connection of their own, and find out without traffic.
    let checks = HealthPlan::new([Check::new("ping", PingCheck::new(endpoint.clone()))]);
    let health = checks.watch(&availability)?;

    // The connection dials and redials by itself; what a reply says of the database is found out once, where it arrives.
    let settings = LinkSettings::new(CursorTag::of(name));
    let (connection, link) = Connection::open(endpoint, settings, availability.clone(), Chance::default());

    let circuit = Circuit::new(availability.clone(), CircuitSettings::default())?;
    let detector = FailureDetectorLayer::new(availability.clone())
        .classify(RedisOutcome)
        .clock(sweeper.clock())
        .suspect_on_failure(false); // Connection and deadline do so themselves.
    // What it refuses for long, it cannot serve: which of that is served again, the replies tell.
    let watched = detector.watched_kinds();
    let deadline = DeadlineLayer::new(Duration::from_millis(500))
        .sweeper(sweeper, &availability, Suspicion::default())
        .timeout_of(CommandTimeout);
    let stack = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(circuit))
        .layer(detector)
        .layer(deadline)
        .layer_fn(|connection| Classified::new(connection).watching(watched.clone()))
        .service(connection);
    let member = Member::new(stack, availability).weight(Weight::new(weight)?);
    Ok(Database { member, _health: health, _link: link })
}

fn active(handle: &FailoverHandle) -> String {
    handle.snapshot().active.map_or("nobody".to_owned(), |active| active.to_string())
}

async fn becomes_active(name: &str, handle: &FailoverHandle) {
    while active(handle) != name {
        sleep(Duration::from_millis(1)).await;
    }
}
