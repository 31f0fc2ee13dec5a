//! Pipelines, with switches in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis::AsyncCommands;
use redis_failover::{Error, MultiDbClient};
use tests::Fault::{Choice, Kill, Stop};
use tests::{config, connected, durable, plain, quick, suffer};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::pair;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b47_pipelines_atomic_or_not_run_on_the_database_active_at_execution() {
    let Some((primary, secondary, mut client)) = pair().await else { return };
    for (server, name) in [(&primary, "primary"), (&secondary, "secondary")] {
        client.handle().unwrap().set_active(name, None).await.unwrap();
        tests::becomes_active(&client, name).await;
        let (one, two): (i64, i64) =
            redis::pipe().incr("plain", 1).incr("plain", 1).query_async(&mut client).await.unwrap();
        assert_eq!((one, two), (1, 2), "{name}");
        let atomic: (i64,) = redis::pipe()
            .atomic()
            .set("atomic", 7)
            .ignore()
            .incr("atomic", 1)
            .query_async(&mut client)
            .await
            .unwrap();
        assert_eq!(atomic, (8,), "{name}");
        let mut there = plain(&server.url()).await;
        assert_eq!(there.get::<_, i64>("atomic").await.unwrap(), 8, "{name}");
    }
}

/// So much that a server does not read it at once, and does something else meanwhile.
const PADDING: usize = 100_000;

/// Raises two counters together, and tells how often that was answered, and how often it is in doubt.
async fn raises_both(mut client: MultiDbClient, ended: Arc<AtomicBool>) -> (u64, u64) {
    let (mut applied, mut in_doubt) = (0, 0);
    let mut pipeline = redis::pipe();
    pipeline.atomic().incr("left", 1).set("padding", vec![b'-'; PADDING]).ignore().incr("right", 1);
    while !ended.load(Ordering::Relaxed) {
        match pipeline.query_async::<(u64, u64)>(&mut client).await {
            Ok((left, right)) => {
                assert_eq!(left, right);
                applied += 1;
            }
            Err(error) => {
                in_doubt += u64::from(matches!(Error::of(&error), Some(Error::MayHaveBeenApplied(_))));
            }
        }
    }
    (applied, in_doubt)
}

/// Looks at both counters, on connections of its own, and tells how often it saw them.
async fn looks_at_both(mut client: MultiDbClient, ended: Arc<AtomicBool>) -> u64 {
    let mut looks = 0;
    while !ended.load(Ordering::Relaxed) {
        if let Ok((left, right)) = client.mget::<_, (Option<u64>, Option<u64>)>(&["left", "right"]).await {
            assert_eq!(left, right, "one command of a pipeline before the other");
            looks += 1;
        }
    }
    looks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b47_an_atomic_pipeline_is_applied_as_a_whole_and_on_one_database() {
    let Some(primary) = durable().await else { return };
    let servers = [primary, durable().await.unwrap()].map(AnyServer::Real);
    let config = quick(config(&servers[0].url(), &servers[1].url()));
    let (client, onlooker) = (connected(config.clone()).await, connected(config).await);
    let ended = Arc::new(AtomicBool::new(false));
    let looking = tokio::spawn(looks_at_both(onlooker, Arc::clone(&ended)));
    let callers: JoinSet<_> = (0..4).map(|_| raises_both(client.clone(), Arc::clone(&ended))).collect();
    for fault in [Choice, Kill, Choice, Stop] {
        sleep(Duration::from_millis(200)).await;
        suffer(&[&client], &servers, fault).await;
    }
    ended.store(true, Ordering::Relaxed);
    let ended = callers.join_all().await;
    assert!(looking.await.unwrap() > 0);
    let applied: u64 = ended.iter().map(|(applied, _)| applied).sum();
    let in_doubt: u64 = ended.iter().map(|(_, in_doubt)| in_doubt).sum();

    let mut sum = 0;
    for server in &servers {
        let mut server = plain(&server.url()).await;
        let (left, right): (u64, u64) = server.mget(&["left", "right"]).await.unwrap();
        assert_eq!(left, right, "one command of a pipeline without the other");
        assert!(left > 0, "nothing was done on {server:?}");
        sum += left;
    }
    assert!((applied..=applied + in_doubt).contains(&sum), "{applied} and {in_doubt}, but {sum}");
}
