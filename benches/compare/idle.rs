//! What a client costs that nobody uses: ten databases, all defaults (P10).

use std::fs;
use std::time::Duration;

use failover_testkit::server::RealServer;
use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::report::{Limit, Part, Row};

const DATABASES: usize = 10;
/// A thousandth of a processor.
const SHARE: f64 = 0.001;
/// KiB a database, its connections included.
const MEMORY: f64 = 200.0;

pub(crate) fn measure(short: bool) -> Part {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let watched = Duration::from_secs(if short { 20 } else { 60 });
    let (share, memory) = runtime.block_on(async {
        let mut servers = Vec::new();
        for _ in 0..DATABASES {
            servers.push(RealServer::start().await.expect("a redis-server or valkey-server"));
        }
        let before = resident();
        let databases = servers.iter().zip(1_u32..).map(|(server, place)| {
            let database = DatabaseConfig::from_url(&server.url()).expect("the server's URL");
            database.weight(1.0 / f64::from(place))
        });
        let client = MultiDbClient::new(MultiDbConfig::new(databases)).expect("a valid configuration");
        client.connect(Duration::from_secs(10)).await.expect("a client that is connected");
        // All connections stand, and the first round is over.
        sleep(Duration::from_secs(3)).await;
        let (memory, spent_before) = (resident() - before, spent());
        sleep(watched).await;
        let share = (spent() - spent_before).as_secs_f64() / watched.as_secs_f64();
        client.close(Duration::ZERO).await;
        (share, memory / DATABASES as f64)
    });
    let case = |what: &str| format!("{DATABASES} databases, no traffic: {what}");
    let rows = vec![
        Row::once(case("thousandths of a processor"), share * 1000.0)
            .budget("P10", Limit::AtMost(SHARE * 1000.0)),
        Row::once(case("KiB a database, connections included"), memory).budget("P10", Limit::AtMost(MEMORY)),
    ];
    Part { rows, ..Part::default() }
}

/// KiB of this process that are in memory.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).expect("/proc/self/status")
}

/// The processor's time that this process has spent.
fn spent() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(spent).expect("a time that is not negative")
}
