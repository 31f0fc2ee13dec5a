//! Everything that a client can be used for, all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use redis::{AsyncCommands, RedisResult};
use redis_failover::{Error, MultiDbClient, PubSubItem};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::PATIENCE;
use crate::phase::{Phase, is_to_work};

/// Workers of each kind.
const OF_EACH: usize = 2;
/// Leaves the machine room for the servers and the other tests.
const PAUSE: Duration = Duration::from_millis(5);
const CHANNEL: &str = "news";

/// Workers on clones of one client, and a subscriber.
#[derive(Debug)]
pub(super) struct Workload {
    phase: watch::Sender<Phase>,
    tally: Arc<Tally>,
    workers: JoinSet<()>,
}

/// What became of the work.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Answered, by the place of their kind in [`KINDS`].
    pub(super) answered: [AtomicU64; KINDS.len()],
    /// Failed, as some do when their database is lost.
    pub(super) errors: AtomicU64,
    /// Neither answered nor refused in all patience.
    pub(super) hung: AtomicU64,
    /// Heard by the subscriber.
    pub(super) messages: AtomicU64,
    /// Workers that are at work now.
    busy: AtomicU64,
}

/// One piece of work.
pub(super) type Work = fn(MultiDbClient, usize) -> BoxFuture<'static, RedisResult<()>>;

/// What is done, by name.
pub(super) const KINDS: [(&str, Work); 6] = [
    ("reads and writes", |client, worker| Box::pin(read_and_write(client, worker))),
    ("increments", |client, worker| Box::pin(count(client, worker))),
    ("pipelines", |client, worker| Box::pin(pipeline(client, worker))),
    ("transactions", |client, worker| Box::pin(transaction(client, worker))),
    ("blocking commands", |client, worker| Box::pin(pop(client, worker))),
    ("messages", |client, _| Box::pin(publish(client))),
];

impl Workload {
    pub(super) async fn start(client: &MultiDbClient) -> Self {
        let (phase, _) = watch::channel(Phase::Work);
        let tally = Arc::<Tally>::default();
        let mut workers = JoinSet::new();
        for worker in 0..OF_EACH {
            for kind in 0..KINDS.len() {
                let client = client.clone();
                workers.spawn(go_on(kind, client, worker, Arc::clone(&tally), phase.subscribe()));
            }
        }
        let mut pubsub = client.pubsub().await.unwrap();
        pubsub.subscribe(CHANNEL).await.unwrap();
        let (heard, mut ended) = (Arc::clone(&tally), phase.subscribe());
        workers.spawn(async move {
            let listening = async {
                while let Some(item) = pubsub.next().await {
                    let is_message = matches!(item, PubSubItem::Message(_));
                    heard.messages.fetch_add(u64::from(is_message), Ordering::Relaxed);
                }
            };
            tokio::select! {
                () = listening => {}
                _ = ended.wait_for(|phase| *phase == Phase::End) => {}
            }
        });
        Self { phase, tally, workers }
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Lets everybody end what they do and begin nothing.
    pub(super) async fn rest(&self) {
        self.phase.send_replace(Phase::Rest);
        crate::until("all workers rest", async || self.tally.busy.load(Ordering::SeqCst) == 0).await;
    }

    pub(super) fn go_on(&self) {
        self.phase.send_replace(Phase::Work);
    }

    /// Ends everybody, and tells what became of all work.
    pub(super) async fn end(mut self) -> Arc<Tally> {
        self.phase.send_replace(Phase::End);
        while self.workers.join_next().await.transpose().unwrap().is_some() {}
        self.tally
    }
}

async fn go_on(
    kind: usize,
    client: MultiDbClient,
    worker: usize,
    tally: Arc<Tally>,
    mut phase: watch::Receiver<Phase>,
) {
    let (_, work) = KINDS[kind];
    while is_to_work(&mut phase).await {
        tally.busy.fetch_add(1, Ordering::SeqCst);
        let counter = match timeout(PATIENCE, work(client.clone(), worker)).await {
            Ok(Ok(())) => &tally.answered[kind],
            Ok(Err(_)) => &tally.errors,
            Err(_) => &tally.hung,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        tally.busy.fetch_sub(1, Ordering::SeqCst);
        sleep(PAUSE).await;
    }
}

async fn read_and_write(mut client: MultiDbClient, worker: usize) -> RedisResult<()> {
    let key = format!("value:{worker}");
    client.set::<_, _, ()>(&key, "x".repeat(1000)).await?;
    client.get::<_, Option<String>>(&key).await.map(drop)
}

async fn count(mut client: MultiDbClient, worker: usize) -> RedisResult<()> {
    client.incr::<_, _, u64>(format!("count:{worker}"), 1).await.map(drop)
}

async fn pipeline(mut client: MultiDbClient, worker: usize) -> RedisResult<()> {
    let mut pipeline = redis::pipe();
    for part in 0..10 {
        pipeline.set(format!("part:{worker}:{part}"), part).ignore();
    }
    pipeline.query_async(&mut client).await
}

async fn transaction(client: MultiDbClient, worker: usize) -> RedisResult<()> {
    let key = format!("watched:{worker}");
    let done: Result<Option<()>, Error> = client
        .transaction(key.clone(), |mut connection, mut pipeline| {
            let key = key.clone();
            async move {
                let value: Option<u64> = connection.get(&key).await?;
                pipeline.set(&key, value.unwrap_or(0) + 1).ignore();
                Ok(Some(pipeline))
            }
        })
        .await;
    Ok(done.map(drop)?)
}

async fn pop(mut client: MultiDbClient, worker: usize) -> RedisResult<()> {
    // Nobody ever puts anything there.
    client.blpop::<_, Option<(String, String)>>(format!("list:{worker}"), 0.2).await.map(drop)
}

async fn publish(mut client: MultiDbClient) -> RedisResult<()> {
    client.publish::<_, _, u64>(CHANNEL, "hello").await.map(drop)
}
