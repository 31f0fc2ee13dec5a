//! Many transactions on one counter, with switches in between: no update is lost, none is counted twice.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use failover_testkit::server::AnyServer;
use redis::AsyncCommands;
use redis_failover::{Backoff, Error, MultiDbClient, TransactionSettings};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::{Fault, PATIENCE, becomes_active, config, durable, plain, quick, suffer};

/// Tasks that count at the same time.
pub const TASKS: usize = 32;

const COUNTER: &str = "counter";

/// What became of the transactions so far.
#[derive(Debug, Default)]
struct Ledger {
    applied: AtomicU64,
    in_doubt: AtomicU64,
    /// How many each task has ended, in whatever way.
    of_task: [AtomicU64; TASKS],
    is_over: AtomicBool,
}

/// What became of it all.
#[derive(Debug)]
pub struct Outcome {
    /// Transactions that were answered.
    pub applied: u64,
    /// Transactions that were told to be in doubt, by the switch around which they were.
    pub in_doubt: Vec<(Fault, u64)>,
    /// What both servers have counted.
    pub counted: u64,
}

impl Outcome {
    /// What the counters may say.
    #[must_use]
    pub fn right(&self) -> RangeInclusive<u64> {
        self.applied..=self.applied + self.in_doubt.iter().map(|(_, count)| count).sum::<u64>()
    }

    /// Whether nothing was lost or came twice, and no more was in doubt than can have been on its way: nothing at all
    /// when a database that lives was left.
    #[must_use]
    pub fn holds(&self) -> bool {
        let few = |&(fault, count): &(Fault, u64)| match fault {
            Fault::Kill | Fault::Stop => count <= TASKS as u64,
            Fault::Choice => count == 0,
        };
        self.right().contains(&self.counted) && self.in_doubt.iter().all(few)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { applied, in_doubt, counted } = self;
        let right = self.right();
        let doubts = |fault| -> Vec<u64> {
            in_doubt.iter().filter(|(of, _)| *of == fault).map(|(_, count)| *count).collect()
        };
        write!(
            f,
            "{applied} transactions of {TASKS} tasks applied, {counted} counted, {} to {} would be right; in doubt: \
             {:?} at kills, {:?} at stops, {:?} at choices",
            right.start(),
            right.end(),
            doubts(Fault::Kill),
            doubts(Fault::Stop),
            doubts(Fault::Choice),
        )
    }
}

/// Has so many transactions done at least, and these faults in between; `None` where there is no server to start.
pub async fn count_through(faults: &[Fault], wanted: u64) -> Option<Outcome> {
    let servers = [durable().await?, durable().await?].map(AnyServer::Real);
    let config = quick(config(&servers[0].url(), &servers[1].url()));
    let client = MultiDbClient::new(config).unwrap();
    client.connect(PATIENCE).await.unwrap();
    becomes_active(&client, "primary").await;

    let ledger = Arc::new(Ledger::default());
    let mut tasks: JoinSet<()> =
        (0..TASKS).map(|task| work(client.clone(), Arc::clone(&ledger), task, wanted)).collect();
    let mut in_doubt = Vec::new();
    for (turn, fault) in (1..).zip(faults) {
        ledger.reaches(wanted * turn / (faults.len() as u64 + 1)).await;
        let before = ledger.in_doubt();
        suffer(&[&client], &servers, *fault).await;
        ledger.turns_over().await;
        in_doubt.push((*fault, ledger.in_doubt() - before));
    }
    ledger.is_over.store(true, Ordering::SeqCst);
    let ended = async { while tasks.join_next().await.transpose().unwrap().is_some() {} };
    timeout(PATIENCE * 30, ended).await.unwrap();

    let mut counted = 0;
    for server in &servers {
        counted += plain(&server.url()).await.get::<_, Option<u64>>(COUNTER).await.unwrap().unwrap_or(0);
    }
    Some(Outcome { applied: ledger.applied.load(Ordering::SeqCst), in_doubt, counted })
}

/// Reads, adds one, and writes: an update that another one hides is lost.
async fn increment(client: &MultiDbClient) -> Result<Option<()>, Error> {
    let settings = TransactionSettings::default()
        .attempts(10_000)
        .backoff(Backoff::new(Duration::from_millis(1), Duration::from_millis(50)));
    client
        .transaction_with(settings, COUNTER, |mut connection, mut pipeline| async move {
            let value: Option<u64> = connection.get(COUNTER).await?;
            pipeline.set(COUNTER, value.unwrap_or(0) + 1).ignore();
            Ok(Some(pipeline))
        })
        .await
}

async fn work(client: MultiDbClient, ledger: Arc<Ledger>, task: usize, wanted: u64) {
    while !ledger.is_over.load(Ordering::SeqCst) || ledger.ended() < wanted {
        match increment(&client).await {
            Ok(_) => {
                ledger.applied.fetch_add(1, Ordering::SeqCst);
            }
            Err(Error::MayHaveBeenApplied(_)) => {
                ledger.in_doubt.fetch_add(1, Ordering::SeqCst);
            }
            // While nobody serves.
            Err(Error::TemporarilyUnavailable(_) | Error::DatabaseLeft | Error::NotConnected(_)) => {
                sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error:?}"),
        }
        ledger.of_task[task].fetch_add(1, Ordering::SeqCst);
    }
}

impl Ledger {
    fn in_doubt(&self) -> u64 {
        self.in_doubt.load(Ordering::SeqCst)
    }

    fn ended(&self) -> u64 {
        self.applied.load(Ordering::SeqCst) + self.in_doubt()
    }

    /// Until so many transactions have ended.
    async fn reaches(&self, count: u64) {
        self.until(|| self.ended() >= count).await;
    }

    /// Until nothing is on its way any more that was so now.
    async fn turns_over(&self) {
        let ended = || self.of_task.each_ref().map(|count| count.load(Ordering::SeqCst));
        let now = ended();
        self.until(|| ended().iter().zip(now).all(|(ended, now)| *ended > now)).await;
    }

    async fn until(&self, condition: impl Fn() -> bool) {
        let waiting = async {
            while !condition() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE * 30, waiting).await.unwrap_or_else(|_| panic!("not in time: {self:?}"));
    }
}
