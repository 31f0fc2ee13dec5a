//! How soon a client that nobody uses leaves a primary that dies: no commands, no subscriber, all defaults.
//!
//! A killed primary resets its connections; a stopped one says nothing, and is found out by the next health check.
//! Each run starts two servers of its own and breaks one at a random moment of the health check's interval.

#![expect(clippy::expect_used, reason = "a broken set-up ends the measurement")]

use std::io;
use std::time::Duration;

use failover_testkit::server::AnyServer;
use futures_util::StreamExt;
use redis_failover::{DatabaseConfig, Event, MultiDbClient, MultiDbConfig};
use tokio::time::{Instant, sleep, timeout};

const RUNS: usize = 10;
const START: Duration = Duration::from_secs(10);
/// The health checks' default interval (B19).
const INTERVAL: Duration = Duration::from_secs(5);
/// What the budget P7 allows: for a reset, and for a hang the interval, its jitter and one probe.
const RESET: Duration = Duration::from_millis(50);
const HANG: Duration = Duration::from_millis(6500);

type Fault = fn(&AnyServer) -> io::Result<()>;

#[tokio::main]
async fn main() {
    let faults: [(_, Fault, _); 2] = [("kill", AnyServer::kill, RESET), ("stop", AnyServer::freeze, HANG)];
    println!("fault to the switch of an idle client, {RUNS} runs, ms");
    for (name, fault, budget) in faults {
        let mut took = Vec::new();
        for _ in 0..RUNS {
            took.push(run(fault).await);
        }
        took.sort_unstable();
        let longest = took.last().copied().unwrap_or_default();
        let verdict = if longest <= budget { "within" } else { "OVER" };
        let millis = took.iter().map(|took| format!("{:.1}", took.as_secs_f64() * 1000.0));
        println!("{name}: {}; {verdict} {} ms", millis.collect::<Vec<_>>().join(" "), budget.as_millis());
    }
}

async fn run(fault: Fault) -> Duration {
    let primary = AnyServer::start().await.expect("a primary");
    let secondary = AnyServer::start().await.expect("a secondary");
    let database = |server: &AnyServer, name| {
        DatabaseConfig::from_url(&server.url()).expect("the server's URL").name(name)
    };
    let databases = [database(&primary, "primary"), database(&secondary, "secondary").weight(0.5)];
    let client = MultiDbClient::new(MultiDbConfig::new(databases)).expect("a valid configuration");
    client.connect(START).await.expect("a client that is connected");
    let mut events = client.events();
    // Past the first round, and somewhere in an interval.
    sleep(Duration::from_secs(2) + INTERVAL.mul_f64(fastrand::f64())).await;

    fault(&primary).expect("the fault");
    let broken = Instant::now();
    let moved = async {
        loop {
            if let Some(Event::ActiveChanged { to, .. }) = events.next().await
                && &*to == "secondary"
            {
                return broken.elapsed();
            }
        }
    };
    let took = timeout(Duration::from_secs(60), moved).await.expect("the client to move");
    client.close(Duration::ZERO).await;
    took
}
