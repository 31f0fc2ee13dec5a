//! The clients of a row: one for each workload, all on a thread and a runtime of their own.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use redis::AsyncCommands;
use redis_failover::{MultiDbClient, MultiDbConfig};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower_failover::balance::Switch;

use super::journal::LONGEST;
use super::work::{Caller, Heard, Listener};
use super::{Journal, Workload};
use crate::messages::{NAME, Read};
use crate::phase::{Phase, is_to_work};
use crate::{NAMES, PATIENCE, active, becomes_active, until};

/// Between two calls of a caller.
const PAUSE: Duration = Duration::from_millis(5);
/// How many calls of each workload are answered before anything happens.
const WARM: usize = 20;

/// All clients of a row.
#[derive(Debug)]
pub(super) struct Clients {
    working: Vec<Working>,
    phase: watch::Sender<Phase>,
    runtime: Handle,
    thread: thread::JoinHandle<()>,
    end: oneshot::Sender<()>,
}

/// The client of a cell.
#[derive(Debug)]
pub(super) struct Working {
    /// What it does.
    pub workload: Workload,
    /// The client.
    pub client: MultiDbClient,
    /// What became of its calls.
    pub journal: Arc<Journal>,
    callers: JoinSet<()>,
    listener: Option<Listener>,
}

/// What a cell's client has done.
#[derive(Debug)]
pub(super) struct Worked {
    /// What it did.
    pub workload: Workload,
    /// What became of its calls.
    pub journal: Arc<Journal>,
    /// All its switches, the first choice aside.
    pub switches: Vec<Switch>,
    /// Who served in the end.
    pub active: Option<String>,
    /// What its subscriber read.
    pub read: Vec<Read>,
    /// When it read which number.
    pub heard: Vec<Heard>,
}

impl Clients {
    /// Starts one for each workload; all of them are at the primary, and were answered.
    pub(super) async fn start(config: &MultiDbConfig, workloads: &[Workload]) -> Self {
        let (handle, handed) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let _ = handle.send(runtime.handle().clone());
            // An error is the end as well.
            let _ = runtime.block_on(ended);
        });
        let runtime = handed.await.unwrap();
        let (phase, _) = watch::channel(Phase::Work);
        let mut clients = Self { working: Vec::new(), phase, runtime, thread, end };
        let beginning = workloads.iter().map(|workload| clients.begin(config.clone(), *workload));
        clients.working = join_all(beginning).await;
        for working in &clients.working {
            let began = Instant::now();
            until(working.workload.name(), async || {
                let heard = working.listener.as_ref().is_none_or(|one| one.has_heard_since(began));
                heard && working.journal.answered() >= WARM
            })
            .await;
        }
        clients
    }

    async fn begin(&self, config: MultiDbConfig, workload: Workload) -> Working {
        let phase = self.phase.subscribe();
        let beginning = async move {
            let client = MultiDbClient::new(config).unwrap();
            client.connect(PATIENCE).await.unwrap();
            becomes_active(&client, NAMES[0]).await;
            // The connection that all commands share is told from that of the health checks by what was last asked.
            let _: String = client.clone().get(NAME).await.unwrap();
            let journal = Arc::<Journal>::default();
            let listener = match workload {
                Workload::Messages => Some(Listener::start(&client).await.unwrap()),
                _ => None,
            };
            let callers = (0..workload.callers()).map(|place| {
                let caller = Caller::new(workload, place, client.clone(), Arc::clone(&journal));
                go_on(caller, Arc::clone(&journal), phase.clone())
            });
            Working { workload, callers: callers.collect(), client, journal, listener }
        };
        self.runtime.spawn(beginning).await.unwrap()
    }

    /// The clients, to be looked at.
    #[must_use]
    pub(super) fn working(&self) -> &[Working] {
        &self.working
    }

    /// Tells all callers what they are to do.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Blocks the only thread of all clients for this long.
    pub(super) async fn block(&self, blocked: Duration) {
        self.runtime.spawn(async move { thread::sleep(blocked) }).await.unwrap();
    }

    /// Ends all callers, and tells what they did. A call that does not end is left in its journal.
    pub(super) async fn end(self) -> Vec<Worked> {
        self.enter(Phase::End);
        let mut all = Vec::new();
        for mut working in self.working {
            let ending = async { while working.callers.join_next().await.transpose().unwrap().is_some() {} };
            if timeout(LONGEST, ending).await.is_err() {
                working.callers.abort_all();
            }
            let (read, heard) = match working.listener {
                Some(listener) => listener.end().await,
                None => Default::default(),
            };
            let switches = working.client.snapshot().map(|snapshot| snapshot.switches).unwrap_or_default();
            all.push(Worked {
                workload: working.workload,
                journal: working.journal,
                switches: switches.into_iter().filter(|switch| switch.from.is_some()).collect(),
                active: active(&working.client),
                read,
                heard,
            });
            working.client.close(Duration::ZERO).await;
        }
        let _ = self.end.send(());
        tokio::task::spawn_blocking(|| self.thread.join()).await.unwrap().unwrap();
        all
    }
}

impl Working {
    /// Whether a call that began later was answered, and, if it listens, something was heard.
    #[must_use]
    pub(super) fn was_served_since(&self, since: Instant) -> bool {
        self.journal.answered_since(since)
            && self.listener.as_ref().is_none_or(|one| one.has_heard_since(since))
    }
}

async fn go_on(mut caller: Caller, journal: Arc<Journal>, mut phase: watch::Receiver<Phase>) {
    while is_to_work(&mut phase).await {
        let number = journal.begin();
        let result = caller.call(number).await;
        journal.end(number, result);
        sleep(PAUSE).await;
    }
}
