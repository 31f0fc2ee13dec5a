use std::{io::ErrorKind, time::Duration};

use failover_testkit::{
    embedded::{Condition, Data, EmbeddedRedis},
    server::AnyServer,
};
use redis::AsyncCommands as _;
use tokio::{
    io::AsyncReadExt as _,
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::{DEADLINE, connect, try_connect, until};

#[tokio::test]
async fn conditions_answer_in_the_words_of_redis() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut redis = connect(&server.url()).await;
    // The condition, and the error codes of a write, a read and PING.
    let cases = [
        (Condition::Loading, [Some("LOADING"), Some("LOADING"), Some("LOADING")]),
        (Condition::ReadOnly, [Some("READONLY"), None, None]),
        (Condition::MisconfWrites, [Some("MISCONF"), None, Some("MISCONF")]),
        (Condition::MasterDown, [Some("MASTERDOWN"), Some("MASTERDOWN"), Some("MASTERDOWN")]),
        (Condition::OutOfMemory, [Some("OOM"), None, None]),
        (Condition::NoReplicas, [Some("NOREPLICAS"), None, None]),
        (Condition::Busy, [Some("BUSY"), Some("BUSY"), Some("BUSY")]),
        (Condition::Error("CLUSTERDOWN The cluster is down".into()), [Some("CLUSTERDOWN"); 3]),
        (Condition::Normal, [None, None, None]),
    ];
    for (condition, expected) in cases {
        server.control().answer(condition.clone());
        let found = [
            redis.set::<_, _, ()>("k", 1).await.err(),
            redis.get::<_, Option<i64>>("k").await.err(),
            redis.ping::<()>().await.err(),
        ];
        let codes = found.each_ref().map(|error| error.as_ref().and_then(redis::RedisError::code));
        assert_eq!(codes, expected, "{condition:?}");
    }
    server.control().answer(Condition::ReadOnly);
    let info: redis::InfoDict = redis::cmd("INFO").query_async(&mut redis).await.unwrap();
    assert_eq!(info.get::<String>("role").as_deref(), Some("slave"));

    server.control().answer(Condition::MaxClients);
    try_connect(&server.url()).await.unwrap_err();
}

#[tokio::test]
async fn a_frozen_server_accepts_and_answers_later() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut redis = connect(&server.url()).await;
    server.control().freeze();
    TcpStream::connect(server.addr()).await.unwrap();
    let mut write = tokio::spawn(async move { redis.incr::<_, _, i64>("n", 1).await });
    assert!(timeout(Duration::from_millis(60), &mut write).await.is_err());
    assert_eq!(server.control().commands("incrby"), 0);
    server.control().thaw();
    assert_eq!(timeout(DEADLINE, write).await.unwrap().unwrap().unwrap(), 1);
}

#[tokio::test]
async fn a_killed_server_resets_refuses_and_comes_back() {
    let server = EmbeddedRedis::start().await.unwrap();
    let mut redis = connect(&server.url()).await;
    let () = redis.set("k", 1).await.unwrap();
    let mut raw = TcpStream::connect(server.addr()).await.unwrap();
    until("both are connected", || server.control().connections_open() == 2).await;

    server.control().kill();
    let refused = TcpStream::connect(server.addr()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let reset = timeout(DEADLINE, raw.read(&mut [0])).await.unwrap().unwrap_err();
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
    redis.get::<_, i64>("k").await.unwrap_err();
    until("all are gone", || server.control().connections_open() == 0).await;

    server.control().restart(Data::Kept).unwrap();
    assert_eq!(connect(&server.url()).await.get::<_, i64>("k").await.unwrap(), 1);
    server.control().restart(Data::Emptied).unwrap();
    assert_eq!(connect(&server.url()).await.get::<_, Option<i64>>("k").await.unwrap(), None);
}

#[tokio::test]
async fn no_connection_outlives_a_restart() {
    let server = EmbeddedRedis::start().await.unwrap();
    for _ in 0..20 {
        let mut raw = TcpStream::connect(server.addr()).await.unwrap();
        server.control().restart(Data::Kept).unwrap();
        assert!(!matches!(timeout(DEADLINE, raw.read(&mut [0])).await.unwrap(), Ok(1..)));
    }
}

#[tokio::test]
async fn debug_sleep_stalls_the_whole_server() {
    let server = EmbeddedRedis::start().await.unwrap();
    let (mut sleeping, mut other) = (connect(&server.url()).await, connect(&server.url()).await);
    let start = Instant::now();
    let sleep = tokio::spawn(async move {
        redis::cmd("DEBUG").arg("SLEEP").arg(0.08).exec_async(&mut sleeping).await.unwrap();
    });
    until("the sleep has begun", || server.control().commands("debug") == 1).await;
    other.ping::<()>().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(80));
    sleep.await.unwrap();
}

#[tokio::test]
async fn the_same_story_runs_on_any_server() {
    let embedded = AnyServer::Embedded(EmbeddedRedis::start().await.unwrap());
    for server in [AnyServer::start().await.unwrap(), embedded] {
        println!("running on {}", server.describe());
        let mut redis = connect(&server.url()).await;
        let () = redis.set("k", 1).await.unwrap();
        server.freeze().unwrap();
        server.thaw().unwrap();
        assert_eq!(redis.get::<_, i64>("k").await.unwrap(), 1);
        server.kill().unwrap();
        assert!(!server.is_running());
        server.freeze().unwrap_err();
        redis.get::<_, i64>("k").await.unwrap_err();
        server.restart().await.unwrap();
        let gone: Option<i64> = connect(&server.url()).await.get("k").await.unwrap();
        assert_eq!(gone, None);
    }
}
