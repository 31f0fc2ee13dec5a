//! What a client costs that nobody uses: ten databases, all defaults (P10).
//!
//! Beside it, what asks the servers as often costs without a client: connections of redis-rs, a PING where a health check
//! has one. Whatever runs seldom finds its caches cold, and most of it is the way in and out of sleep.

use std::time::Duration;

use failover_testkit::server::RealServer;
use redis::aio::MultiplexedConnection;
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::report::{Limit, Part, Row};

const DATABASES: usize = 10;
/// To each database: that of the commands, and that of the health checks.
const CONNECTIONS: usize = 2;
/// Thousandths of a processor.
const SHARE: f64 = 1.0;
/// KiB a database, beside its connections.
const MEMORY: f64 = 200.0;
/// Of the health checks: so many probes, so far apart, each interval (B19).
const PROBES: u32 = 3;
const APART: Duration = Duration::from_millis(500);
const INTERVAL: Duration = Duration::from_secs(5);

pub(crate) fn measure(short: bool) -> Part {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let rounds = if short { 4 } else { 10 };
    let running: Vec<RealServer> = (0..DATABASES)
        .map(|_| runtime.block_on(RealServer::start()).expect("a redis-server or valkey-server"))
        .collect();
    let servers: Vec<String> = running.iter().map(RealServer::url).collect();
    let (connections, base_memory) = kept(|| runtime.block_on(connect(&servers)));
    let base_share = runtime.block_on(async {
        // They end with this, so that they are no part of what comes after.
        let mut asking = JoinSet::new();
        for connection in connections.into_iter().step_by(CONNECTIONS) {
            asking.spawn(ask(connection));
        }
        let share = share(rounds).await;
        asking.shutdown().await;
        share
    });

    let (client, memory) = kept(|| start(&runtime, &servers));
    let share = runtime.block_on(share(rounds));
    runtime.block_on(client.close(Duration::ZERO));
    let case = |what: &str| format!("{DATABASES} databases, no traffic: {what}");
    let rows = vec![
        Row::once(case("thousandths of a processor, beside PINGs through redis-rs"), share)
            .beside(base_share)
            .budget("P10", Limit::AtMost(SHARE)),
        Row::once(case("KiB of heap a database beside its connections"), memory - base_memory)
            .beside(base_memory)
            .budget("P10", Limit::AtMost(MEMORY)),
    ];
    Part { rows, ..Part::default() }
}

fn start(runtime: &Runtime, servers: &[String]) -> MultiDbClient {
    let databases = servers.iter().zip(1_u32..).map(|(url, place)| {
        let database = DatabaseConfig::from_url(url).expect("the server's URL");
        database.weight(1.0 / f64::from(place))
    });
    let client = MultiDbClient::new(MultiDbConfig::new(databases)).expect("a valid configuration");
    runtime.block_on(async {
        client.connect(Duration::from_secs(10)).await.expect("a client that is connected");
        // All connections stand, and the first round is over.
        sleep(Duration::from_secs(3)).await;
    });
    client
}

async fn connect(servers: &[String]) -> Vec<MultiplexedConnection> {
    let mut connections = Vec::new();
    for url in servers {
        let client = redis::Client::open(url.as_str()).expect("the server's URL");
        for _ in 0..CONNECTIONS {
            connections.push(client.get_multiplexed_async_connection().await.expect("a connection"));
        }
    }
    connections
}

/// As often as the health checks do, beginning at a random moment.
async fn ask(mut connection: MultiplexedConnection) {
    sleep(INTERVAL.mul_f64(fastrand::f64())).await;
    loop {
        for probe in 1..=PROBES {
            let _pong: String = redis::cmd("PING").query_async(&mut connection).await.expect("an answer");
            sleep(if probe < PROBES { APART } else { INTERVAL }).await;
        }
    }
}

/// The share of a processor that this process spends during so many rounds, in thousandths.
async fn share(rounds: u32) -> f64 {
    let watched = (INTERVAL + APART * (PROBES - 1)) * rounds;
    let before = spent();
    sleep(watched).await;
    (spent() - before).as_secs_f64() / watched.as_secs_f64() * 1000.0
}

/// What this gives, and how many KiB a database stay in use for it.
fn kept<T>(make: impl FnOnce() -> T) -> (T, f64) {
    let mut made = None;
    let counted = allocation_counter::measure(|| made = Some(make()));
    let made = made.expect("what was made");
    (made, counted.bytes_current as f64 / 1024.0 / DATABASES as f64)
}

/// The processor's time that this process has spent.
fn spent() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(spent).expect("a time that is not negative")
}
