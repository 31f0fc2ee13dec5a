//! Everything that an application does, through an outage of the network.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use redis::AsyncCommands;
use redis_failover::{MultiDbClient, PubSubItem};
use tests::{becomes_active, until};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Stage, brisk};

const KINDS: [&str; 5] = ["commands", "pipelines", "transactions", "messages", "sharded messages"];

/// How often each kind of work has succeeded.
#[derive(Debug, Default)]
struct Work {
    done: [AtomicU64; KINDS.len()],
    is_over: AtomicBool,
}

impl Work {
    fn did(&self, kind: usize, succeeded: bool) {
        self.done[kind].fetch_add(u64::from(succeeded), Ordering::SeqCst);
    }

    fn so_far(&self) -> [u64; KINDS.len()] {
        self.done.each_ref().map(|done| done.load(Ordering::SeqCst))
    }

    /// Every kind of work has succeeded twice since.
    async fn goes_on(&self) {
        let so_far = self.so_far();
        until("all kinds of work", async || {
            self.so_far().iter().zip(so_far).all(|(now, before)| *now >= before + 2)
        })
        .await;
    }
}

async fn commands(mut client: MultiDbClient, work: Arc<Work>) {
    while !work.is_over.load(Ordering::SeqCst) {
        let written = client.set::<_, _, ()>("command", 1).await.is_ok();
        let read = client.get::<_, Option<u64>>("command").await.is_ok();
        work.did(0, written && read);
        sleep(Duration::from_millis(5)).await;
    }
}

async fn pipelines(mut client: MultiDbClient, work: Arc<Work>) {
    while !work.is_over.load(Ordering::SeqCst) {
        let mut pipeline = redis::pipe();
        pipeline.set("a", 1).ignore().get("a");
        work.did(1, pipeline.query_async::<(u64,)>(&mut client).await.is_ok());
        sleep(Duration::from_millis(5)).await;
    }
}

async fn transactions(client: MultiDbClient, work: Arc<Work>) {
    while !work.is_over.load(Ordering::SeqCst) {
        let done: Result<Option<()>, _> = client
            .transaction("counter", |mut connection, mut pipeline| async move {
                let value: Option<u64> = connection.get("counter").await?;
                pipeline.set("counter", value.unwrap_or(0) + 1).ignore();
                Ok(Some(pipeline))
            })
            .await;
        work.did(2, done.is_ok());
        sleep(Duration::from_millis(5)).await;
    }
}

async fn messages(client: MultiDbClient, work: Arc<Work>, sharded: bool) {
    let mut pubsub = client.pubsub().await.unwrap();
    let (word, kind) = if sharded { ("SPUBLISH", 4) } else { ("PUBLISH", 3) };
    if sharded {
        pubsub.ssubscribe("channel").await.unwrap();
    } else {
        pubsub.subscribe("channel").await.unwrap();
    }
    let publishing = async {
        let mut client = client.clone();
        loop {
            let _ = redis::cmd(word).arg("channel").arg("hello").exec_async(&mut client).await;
            sleep(Duration::from_millis(5)).await;
        }
    };
    let reading = async {
        while !work.is_over.load(Ordering::SeqCst) {
            let item = pubsub.next().await;
            work.did(kind, matches!(item, Some(PubSubItem::Message(_))));
        }
    };
    tokio::select! {
        () = reading => {}
        () = publishing => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_all_kinds_of_work_go_on_elsewhere_and_return() {
    let stage = Stage::set(|config| brisk(config).min_num_failures(2)).await;
    let work = Arc::new(Work::default());
    let mut tasks = JoinSet::new();
    tasks.spawn(commands(stage.client.clone(), Arc::clone(&work)));
    tasks.spawn(pipelines(stage.client.clone(), Arc::clone(&work)));
    tasks.spawn(transactions(stage.client.clone(), Arc::clone(&work)));
    tasks.spawn(messages(stage.client.clone(), Arc::clone(&work), false));
    tasks.spawn(messages(stage.client.clone(), Arc::clone(&work), true));
    work.goes_on().await;

    stage.network.control().black_hole();
    becomes_active(&stage.client, "secondary").await;
    work.goes_on().await;
    sleep(Duration::from_secs(1)).await;
    stage.network.control().heal().unwrap();
    becomes_active(&stage.client, "primary").await;
    work.goes_on().await;
    work.is_over.store(true, Ordering::SeqCst);
    tasks.join_all().await;
    assert_eq!(tests::switches(&stage.client).len(), 2, "{:?}", tests::switches(&stage.client));
}
