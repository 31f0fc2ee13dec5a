//! What a probe's connection says, and what it takes for an answer (B18).

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::{sync::Arc, time::Duration};

use failover_testkit::embedded::EmbeddedRedis;
use redis::IntoConnectionInfo;
use redis_failover::{
    connection::{Address, BoxedStream, Connect, Endpoint, TcpConnect},
    health::PingCheck,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use tower_failover::{Health, Probe, availability::Evidence, health::ProbeCause};
use tower_service::Service;

const LONG: Duration = Duration::from_secs(10);

/// What one PING finds out.
async fn probe(url: &str, connect: impl Connect) -> Health {
    let endpoint = Endpoint::new(url.into_connection_info().unwrap(), Arc::new(connect), LONG);
    let asked = PingCheck::new(endpoint).call(Probe { cause: ProbeCause::Scheduled, timeout: LONG });
    timeout(LONG, asked).await.unwrap().unwrap()
}

#[tokio::test]
async fn b18_another_simple_reply_does_not_pass() {
    let says_ok = |_: Address| async {
        let (client, mut server) = tokio::io::duplex(1024);
        tokio::spawn(async move {
            let mut question = [0; 1024];
            // Two commands of a handshake, and a PING; nobody reads the rest.
            while server.read(&mut question).await.is_ok_and(|read| read > 0) {
                if server.write_all(b"+OK\r\n+OK\r\n+OK\r\n").await.is_err() {
                    break;
                }
            }
        });
        Ok(Box::new(client) as BoxedStream)
    };
    let answer = probe("redis://london", says_ok).await;
    assert!(matches!(answer, Health::Unhealthy(Evidence::Answered(_))), "{answer:?}");
}

#[tokio::test]
async fn b18_a_probes_connection_says_what_a_commands_would() {
    let server = EmbeddedRedis::builder().password("right").start().await.unwrap();
    let third = format!("{}3", server.url());
    assert_eq!(probe(&third, TcpConnect::default()).await, Health::Healthy);
    assert_eq!(server.control().commands("auth"), 1);
    assert_eq!(server.control().commands("select"), 1);
    assert_eq!(server.control().commands("ping"), 1);
}
