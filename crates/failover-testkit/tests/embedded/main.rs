//! The embedded server, spoken to by the `redis` crate and by hand.
#![allow(clippy::unwrap_used, reason = "a helper that fails must fail its test")]

mod administration;
mod data;
mod faults;
mod messages;
mod transactions;
mod wire;

use std::time::Duration;

use failover_testkit::embedded::EmbeddedRedis;
use redis::aio::MultiplexedConnection;

/// Longest wait for what must happen.
const DEADLINE: Duration = Duration::from_secs(10);

/// The URLs of a server, for RESP2 and for RESP3.
fn urls(server: &EmbeddedRedis) -> [String; 2] {
    [format!("{}?protocol=resp2", server.url()), format!("{}?protocol=resp3", server.url())]
}

async fn connect(url: &str) -> MultiplexedConnection {
    try_connect(url).await.unwrap()
}

async fn try_connect(url: &str) -> redis::RedisResult<MultiplexedConnection> {
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(DEADLINE))
        .set_response_timeout(Some(DEADLINE));
    redis::Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
