//! The launcher of real servers; each story is skipped, and says so, where no binary is found.
#![allow(clippy::unwrap_used, reason = "a helper that fails must fail its test")]

use std::{io::ErrorKind, time::Duration};

use failover_testkit::server::RealServer;
use redis::AsyncCommands as _;
use tokio::time::timeout;

/// Longest wait for what must happen.
const DEADLINE: Duration = Duration::from_secs(10);

async fn start() -> Option<RealServer> {
    RealServer::find_or_skip()?;
    Some(RealServer::start().await.unwrap())
}

async fn connection(url: &str) -> redis::RedisResult<redis::aio::MultiplexedConnection> {
    let config = redis::AsyncConnectionConfig::new()
        .set_connection_timeout(Some(DEADLINE))
        .set_response_timeout(Some(DEADLINE));
    redis::Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await
}

#[tokio::test]
async fn a_killed_server_refuses_and_comes_back_on_its_port() {
    let Some(server) = start().await else { return };
    let mut before = connection(&server.url()).await.unwrap();
    let () = before.set("key", 1).await.unwrap();
    let pid = server.pid();

    server.kill().unwrap();
    assert!(!server.is_running());
    assert_eq!(server.pid(), None);
    assert_eq!(server.kill().unwrap_err().kind(), ErrorKind::NotFound);
    before.get::<_, i64>("key").await.unwrap_err();

    server.restart().await.unwrap();
    assert!(server.is_running());
    assert_ne!(server.pid(), pid);
    let mut after = connection(&server.url()).await.unwrap();
    assert_eq!(after.get::<_, Option<i64>>("key").await.unwrap(), None);
}

#[tokio::test]
async fn a_stopped_server_answers_once_it_is_resumed() {
    let Some(server) = start().await else { return };
    let mut connection = connection(&server.url()).await.unwrap();
    server.stop().unwrap();
    assert!(server.is_running());
    let mut writing = connection.clone();
    let mut write = tokio::spawn(async move { writing.set::<_, _, ()>("key", 1).await });
    timeout(Duration::from_millis(60), &mut write).await.unwrap_err();

    server.resume().unwrap();
    write.await.unwrap().unwrap();
    assert_eq!(connection.get::<_, i64>("key").await.unwrap(), 1);
}

#[tokio::test]
async fn a_stopped_server_ends_with_its_handle() {
    let Some(server) = start().await else { return };
    server.stop().unwrap();
    let (addr, directory) = (server.addr(), server.directory().to_owned());
    drop(server);
    let error = tokio::net::TcpStream::connect(addr).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_password_and_a_unix_socket_are_ready_to_use() {
    if RealServer::find_or_skip().is_none() {
        return;
    }
    let server = RealServer::builder().password("p@ss").unix_socket().start().await.unwrap();
    let mut connection = connection(&server.url()).await.unwrap();
    let () = connection.ping().await.unwrap();
    let socket = server.unix_socket().unwrap();
    tokio::net::UnixStream::connect(socket).await.unwrap();
}

#[tokio::test]
async fn a_server_that_exits_says_why() {
    if RealServer::find_or_skip().is_none() {
        return;
    }
    let error = RealServer::builder().arg("--no-such-directive").arg("1").start().await.unwrap_err();
    assert!(error.to_string().contains("no-such-directive"), "{error}");

    let missing = RealServer::builder().binary("/nowhere/redis-server").start().await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(missing.to_string().contains("/nowhere/redis-server"), "{missing}");
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_does_not_hurry_the_start() {
    let Some(server) = start().await else { return };
    assert!(server.is_running());
    println!("{} at {}", server.describe(), server.url());
}
