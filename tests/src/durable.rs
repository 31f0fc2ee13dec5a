//! Servers that forget nothing, and settings under which a database is soon back.

use std::time::Duration;

use failover_testkit::server::RealServer;
use redis_failover::MultiDbConfig;

/// A server that has written down whatever it has answered, and so knows it again when it was killed; `None`, and a word
/// of it, where there is no server to start.
pub async fn durable() -> Option<RealServer> {
    let Some(binary) = RealServer::find() else {
        println!("skipped: $REDIS_SERVER_BIN is not set, and no server is on PATH");
        return None;
    };
    // What is given to the kernel outlives the process.
    let writes_down = ["--appendonly", "yes", "--appendfsync", "no"];
    Some(RealServer::builder().binary(binary).args(writes_down).start().await.unwrap())
}

/// Quick to see that a database is back, and at home in either; everything else is as it is by default.
#[must_use]
pub fn quick(config: MultiDbConfig) -> MultiDbConfig {
    config
        .health_check_interval(Duration::from_millis(200))
        .health_check_delay(Duration::from_millis(20))
        .grace_period(Duration::from_millis(50))
        .redial_spread(Duration::from_millis(20))
        .auto_fallback_interval(None)
}
