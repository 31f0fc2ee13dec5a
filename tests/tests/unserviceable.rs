//! Databases that answer, but cannot serve: PING says PONG all the while.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use failover_testkit::{
    embedded::{Condition, EmbeddedRedis},
    server::AnyServer,
};
use redis::{AsyncCommands, RedisError, Value};
use redis_failover::{
    Backoff, DatabaseConfig, MultiDbClient, MultiDbConfig,
    connection::{Address, BoxedStream},
};
use tests::{PATIENCE, becomes_active, config, pair, plain, switches};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

async fn order(server: &AnyServer, words: &[&str]) {
    let mut connection = plain(&server.url()).await;
    let mut command = redis::Cmd::new();
    command.arg(words);
    let _: Value = command.query_async(&mut connection).await.unwrap();
}

/// Makes it the replica of a master that is gone: it serves what it has, and accepts no writes.
async fn demote(server: &AnyServer) {
    match server {
        AnyServer::Embedded(server) => server.control().answer(Condition::ReadOnly),
        server => order(server, &["REPLICAOF", "127.0.0.1", "1"]).await,
    }
}

async fn promote(server: &AnyServer) {
    match server {
        AnyServer::Embedded(server) => server.control().answer(Condition::Normal),
        server => order(server, &["REPLICAOF", "NO", "ONE"]).await,
    }
}

async fn start(config: MultiDbConfig) -> MultiDbClient {
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;
    client
}

/// Writes, and reads in between, until a write succeeds; the errors until then.
async fn refused_writes(client: &mut MultiDbClient) -> Vec<RedisError> {
    let mut errors = Vec::new();
    let writing = async {
        while let Err(error) = client.set::<_, _, ()>("key", "written").await {
            errors.push(error);
            let _: Option<String> = client.get("key").await.unwrap();
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, writing).await.unwrap();
    errors
}

fn codes(errors: &[RedisError]) -> Vec<&str> {
    let mut codes: Vec<_> = errors.iter().map(|error| error.code().unwrap_or("no reply")).collect();
    codes.dedup();
    codes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b59_writes_leave_a_demoted_primary_though_its_reads_succeed() {
    let (primary, _secondary, config) = pair().await;
    let mut client = start(config.unserviceable_after(Duration::from_secs(1))).await;
    demote(&primary).await;
    let demoted = Instant::now();

    let errors = refused_writes(&mut client).await;
    assert!(demoted.elapsed() >= Duration::from_millis(900), "left after {:?}", demoted.elapsed());
    assert_eq!(codes(&errors), ["READONLY"], "until then, callers see what the server says");
    let switches = switches(&client);
    assert_eq!(switches.len(), 1);
    assert!(switches[0].contains("Unavailable(Unserviceable)"), "{switches:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b59_who_only_does_transactions_leaves_a_demoted_primary_too() {
    let (primary, _secondary, config) = pair().await;
    let client = start(config.unserviceable_after(Duration::from_secs(1))).await;
    demote(&primary).await;
    let counting = client.transaction("counter", |mut connection, mut pipeline| async move {
        let value: Option<u64> = connection.get("counter").await?;
        pipeline.set("counter", value.unwrap_or(0) + 1);
        Ok(Some(pipeline))
    });
    // Nothing is applied, and so it is attempted until it is, elsewhere.
    let done: Option<()> = timeout(PATIENCE, counting).await.unwrap().unwrap();
    assert!(done.is_some());
    let switches = switches(&client);
    assert_eq!(switches.len(), 1);
    assert!(switches[0].contains("Unavailable(Unserviceable)"), "{switches:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b59_a_primary_that_is_demoted_for_a_moment_keeps_its_clients() {
    let (primary, _secondary, config) = pair().await;
    let mut client = start(config).await;
    demote(&primary).await;
    assert!(client.set::<_, _, ()>("key", 1).await.is_err());
    promote(&primary).await;
    refused_writes(&mut client).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(switches(&client), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b59_a_primary_without_its_replicas_is_left() {
    let (primary, _secondary, config) = pair().await;
    let mut client = start(config.unserviceable_after(Duration::from_millis(300))).await;
    match &primary {
        AnyServer::Embedded(server) => server.control().answer(Condition::NoReplicas),
        server => order(server, &["CONFIG", "SET", "min-replicas-to-write", "1"]).await,
    }
    assert_eq!(codes(&refused_writes(&mut client).await), ["NOREPLICAS"]);
    assert!(switches(&client)[0].contains("Unserviceable"), "{:?}", switches(&client));
}

#[tokio::test]
async fn b59_without_patience_the_first_such_answer_is_enough() {
    let primary = EmbeddedRedis::start().await.unwrap();
    let secondary = AnyServer::start().await.unwrap();
    let config = config(&primary.url(), &secondary.url()).unserviceable_after(Duration::ZERO);
    let mut client = start(config).await;
    primary.control().answer(Condition::MisconfWrites);
    assert!(
        client.set::<_, _, ()>("key", 1).await.is_err(),
        "no repeat: it is not said that nothing was done"
    );
    becomes_active(&client, "secondary").await;
    client.set::<_, _, ()>("key", 1).await.unwrap();
    assert!(switches(&client)[0].contains("Unserviceable"), "{:?}", switches(&client));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b59_a_shard_that_is_down_for_all_keys_is_left() {
    let primary = EmbeddedRedis::start().await.unwrap();
    let secondary = AnyServer::start().await.unwrap();
    // PING is no keyed command: a cluster's node answers it.
    let config = config(&primary.url(), &secondary.url())
        .unserviceable_after(Duration::from_millis(300))
        .health_checks([]);
    let mut client = start(config).await;
    primary.control().answer(Condition::Error("CLUSTERDOWN The cluster is down".into()));
    let moved = async {
        while client.get::<_, Option<String>>("key").await.is_err() {
            let _: Result<Value, _> = redis::cmd("PING").query_async(&mut client).await;
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, moved).await.unwrap();
    assert!(switches(&client)[0].contains("Unserviceable"), "{:?}", switches(&client));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b59_a_name_that_leads_to_the_new_primary_is_asked_again_before_anybody_fails() {
    let (former, secondary, _) = pair().await;
    let promoted = AnyServer::start().await.unwrap();
    let leads_to = Arc::new(AtomicU64::new(former.addr().port().into()));
    let dials = Arc::new(AtomicU64::new(0));
    let (name, count) = (Arc::clone(&leads_to), Arc::clone(&dials));
    let connector = move |_: Address| {
        let port = u16::try_from(name.load(Ordering::SeqCst)).unwrap();
        count.fetch_add(1, Ordering::SeqCst);
        // Longer than all the waits between the attempts of a call.
        let takes = Duration::from_millis(300);
        async move {
            sleep(takes).await;
            Ok(Box::new(TcpStream::connect(("127.0.0.1", port)).await?) as BoxedStream)
        }
    };
    let primary =
        DatabaseConfig::from_url("redis://primary.example").unwrap().name("primary").connector(connector);
    let secondary = DatabaseConfig::from_url(&secondary.url()).unwrap().name("secondary").weight(0.5);
    let mut client = start(MultiDbConfig::new([primary, secondary])).await;
    client.set::<_, _, ()>("key", "before").await.unwrap();

    // What Sentinel, or a managed service, does: another one takes over, and the name follows.
    leads_to.store(promoted.addr().port().into(), Ordering::SeqCst);
    demote(&former).await;
    let dialled = dials.load(Ordering::SeqCst);
    client.set::<_, _, ()>("key", "after").await.unwrap();

    assert_eq!(dials.load(Ordering::SeqCst), dialled + 1);
    assert_eq!(switches(&client), Vec::<String>::new());
    let mut there = plain(&promoted.url()).await;
    assert_eq!(there.get::<_, String>("key").await.unwrap(), "after");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b59_reads_go_on_while_a_new_connection_is_on_its_way() {
    let (former, secondary, _) = pair().await;
    let port = former.addr().port();
    let dials = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&dials);
    // The connections of the health check and of the calls, and then none.
    let connector = move |_: Address| {
        let lost = count.fetch_add(1, Ordering::SeqCst) >= 2;
        async move {
            if lost {
                std::future::pending::<()>().await;
            }
            Ok(Box::new(TcpStream::connect(("127.0.0.1", port)).await?) as BoxedStream)
        }
    };
    let primary =
        DatabaseConfig::from_url("redis://primary.example").unwrap().name("primary").connector(connector);
    let secondary = DatabaseConfig::from_url(&secondary.url()).unwrap().name("secondary").weight(0.5);
    let mut client = start(MultiDbConfig::new([primary, secondary])).await;
    client.set::<_, _, ()>("key", "before").await.unwrap();
    demote(&former).await;

    let mut writer = client.clone();
    let writing = tokio::spawn(async move { writer.set::<_, _, ()>("key", "after").await });
    timeout(PATIENCE, async {
        while dials.load(Ordering::SeqCst) < 3 {
            sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .unwrap();
    for _ in 0..10 {
        assert_eq!(client.get::<_, String>("key").await.unwrap(), "before");
    }
    assert_eq!(codes(&[writing.await.unwrap().unwrap_err()]), ["READONLY"]);
    assert_eq!(switches(&client), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b59_no_read_is_lost_when_another_connection_takes_the_place_of_its_own() {
    let (former, secondary, _) = pair().await;
    let port = former.addr().port();
    let dials = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&dials);
    let connector = move |_: Address| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { Ok(Box::new(TcpStream::connect(("127.0.0.1", port)).await?) as BoxedStream) }
    };
    let primary =
        DatabaseConfig::from_url("redis://primary.example").unwrap().name("primary").connector(connector);
    let secondary = DatabaseConfig::from_url(&secondary.url()).unwrap().name("secondary").weight(0.5);
    let config = MultiDbConfig::new([primary, secondary])
        .command_retry(0, Backoff::new(Duration::ZERO, Duration::ZERO))
        .response_timeout(Duration::from_secs(5))
        .unserviceable_after(Duration::from_secs(60));
    let mut client = start(config).await;
    demote(&former).await;

    let dialled = dials.load(Ordering::SeqCst);
    let ended = Arc::new(AtomicBool::new(false));
    let readers: JoinSet<_> = (0..50)
        .map(|_| {
            let (mut client, ended) = (client.clone(), Arc::clone(&ended));
            async move {
                while !ended.load(Ordering::Relaxed) {
                    let _: Option<String> = client.get("key").await.unwrap();
                }
            }
        })
        .collect();
    let replaced = async {
        while dials.load(Ordering::SeqCst) < dialled + 3 {
            client.set::<_, _, ()>("key", 1).await.unwrap_err();
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, replaced).await.unwrap();
    ended.store(true, Ordering::Relaxed);
    readers.join_all().await;
}
