//! Many transactions on one counter, with switches in between: no update is lost, none is counted twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::AsyncCommands;
use redis_failover::{Backoff, Error, MultiDbClient, TransactionSettings};
use tests::{PATIENCE, becomes_active};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{directly, pair};

const TASKS: u64 = 32;

/// What became of the transactions so far.
#[derive(Debug, Default)]
struct Ledger {
    applied: AtomicU64,
    in_doubt: AtomicU64,
    refused: AtomicU64,
}

impl Ledger {
    fn in_doubt(&self) -> u64 {
        self.in_doubt.load(Ordering::SeqCst)
    }

    fn ended(&self) -> u64 {
        self.applied.load(Ordering::SeqCst) + self.in_doubt()
    }
}

/// Reads, adds one, and writes: an update that another one hides is lost.
async fn increment(client: &MultiDbClient) -> Result<Option<()>, Error> {
    let settings = TransactionSettings::default()
        .attempts(10_000)
        .backoff(Backoff::new(Duration::from_millis(1), Duration::from_millis(50)));
    client
        .transaction_with(settings, "counter", |mut connection, mut pipeline| async move {
            let value: Option<u64> = connection.get("counter").await?;
            pipeline.set("counter", value.unwrap_or(0) + 1).ignore();
            Ok(Some(pipeline))
        })
        .await
}

async fn work(client: MultiDbClient, ledger: Arc<Ledger>, wanted: u64) {
    while ledger.ended() < wanted {
        match increment(&client).await {
            Ok(_) => ledger.applied.fetch_add(1, Ordering::SeqCst),
            Err(Error::MayHaveBeenApplied(_)) => ledger.in_doubt.fetch_add(1, Ordering::SeqCst),
            // While nobody serves.
            Err(Error::TemporarilyUnavailable(_) | Error::DatabaseLeft | Error::NotConnected(_)) => {
                sleep(Duration::from_millis(20)).await;
                ledger.refused.fetch_add(1, Ordering::SeqCst)
            }
            Err(error) => panic!("{error:?}"),
        };
    }
}

/// Until so many transactions have ended.
async fn reaches(ledger: &Ledger, count: u64) {
    let reached = async {
        while ledger.ended() < count {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE * 30, reached).await.unwrap();
}

async fn no_update_is_lost(wanted: u64) {
    let Some((primary, secondary, client)) = pair().await else { return };
    let ledger = Arc::new(Ledger::default());
    let mut tasks: JoinSet<()> =
        (0..TASKS).map(|_| work(client.clone(), Arc::clone(&ledger), wanted)).collect();
    let handle = client.handle().unwrap();

    reaches(&ledger, wanted / 5).await;
    handle.set_active("secondary", None).await.unwrap();
    becomes_active(&client, "secondary").await;
    reaches(&ledger, wanted * 2 / 5).await;
    handle.set_active("primary", None).await.unwrap();
    becomes_active(&client, "primary").await;
    handle.release_choice().await.unwrap();
    reaches(&ledger, wanted * 3 / 5).await;
    assert_eq!(ledger.in_doubt(), 0, "no doubt comes of a choice");

    primary.kill().unwrap();
    becomes_active(&client, "secondary").await;
    reaches(&ledger, wanted * 4 / 5).await;
    primary.restart().await.unwrap();
    becomes_active(&client, "primary").await;
    primary.stop().unwrap();
    becomes_active(&client, "secondary").await;
    timeout(PATIENCE * 30, async { while tasks.join_next().await.transpose().unwrap().is_some() {} })
        .await
        .unwrap();
    primary.resume().unwrap();

    let mut sum = 0;
    for server in [&primary, &secondary] {
        sum += directly(server).await.get::<_, Option<u64>>("counter").await.unwrap().unwrap_or(0);
    }
    let applied = ledger.applied.load(Ordering::SeqCst);
    eprintln!("{ledger:?}, the counters' sum is {sum}");
    assert!((applied..=applied + ledger.in_doubt()).contains(&sum), "{ledger:?}, the counters' sum is {sum}");
    assert!(ledger.in_doubt() <= TASKS * 2, "{ledger:?}, after two failures");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b48_no_update_of_many_transactions_is_lost_or_comes_twice() {
    no_update_is_lost(500).await;
}

/// `cargo nextest run -p tests --run-ignored only b48_no_update_of_ten_thousand`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn b48_no_update_of_ten_thousand_transactions_is_lost_or_comes_twice() {
    no_update_is_lost(10_000).await;
}
