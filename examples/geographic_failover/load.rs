//! The callers: each sends one command every 5 ms through its clone of the client.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redis::{AsyncCommands, RedisResult};
use redis_failover::{Error, MultiDbClient};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::databases::Region;
use crate::keys::Keys;
use crate::ledger::{COUNTERS, Ledger};

const PACE: Duration = Duration::from_millis(5);

/// A call that takes longer is an error, whatever comes of it.
const LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
enum Kind {
    Get,
    Set,
    Incr,
}

/// Half reads, three writes in ten, two increments in ten.
const MIX: [Kind; 10] = {
    use Kind::{Get, Incr, Set};
    [Get, Set, Get, Incr, Get, Set, Get, Incr, Get, Set]
};

/// One call as its caller saw it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// When it ended.
    pub(crate) at: Instant,
    pub(crate) latency: Duration,
    pub(crate) outcome: Outcome,
}

impl Call {
    /// The database that answered, if the answer says so.
    pub(crate) fn served_by(&self) -> Option<Region> {
        match self.outcome {
            Outcome::Success(region) => region,
            _ => None,
        }
    }

    pub(crate) fn error(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Error(error) => Some(error),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// It succeeded; a GET says where.
    Success(Option<Region>),
    /// An INCR that may have been applied, and says so.
    Ambiguous,
    Error(String),
}

/// All calls, in the order of their ends, and the books on the increments.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) calls: Vec<Call>,
    pub(crate) ledger: Ledger,
}

/// The running callers.
pub(crate) struct Load {
    callers: JoinSet<Calls>,
    live: Arc<Live>,
}

/// What can be seen while the callers run.
#[derive(Debug)]
pub(crate) struct Live {
    stopped: AtomicBool,
    completed: AtomicU64,
    errors: AtomicU64,
    ambiguous: AtomicU64,
    /// Where the last GET was answered.
    served_by: watch::Sender<Option<Region>>,
}

impl Live {
    /// Calls so far, failed ones included.
    pub(crate) fn completed(&self) -> u64 {
        self.completed.load(Ordering::Relaxed)
    }

    pub(crate) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    pub(crate) fn ambiguous(&self) -> u64 {
        self.ambiguous.load(Ordering::Relaxed)
    }
}

impl Load {
    pub(crate) fn start(client: &MultiDbClient, callers: usize, keys: &Keys) -> Self {
        let live = Arc::new(Live {
            stopped: AtomicBool::new(false),
            completed: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            ambiguous: AtomicU64::new(0),
            served_by: watch::Sender::new(None),
        });
        let mut running = JoinSet::new();
        for number in 0..callers {
            let caller = Caller {
                client: client.clone(),
                keys: keys.clone(),
                live: Arc::clone(&live),
                number,
                first_wait: PACE.mul_f64(number as f64 / callers as f64),
            };
            running.spawn(caller.run());
        }
        Self { callers: running, live }
    }

    pub(crate) fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live)
    }

    /// Waits until callers are served by this database; whether they were within `limit`.
    pub(crate) async fn is_served_by(&self, region: Region, limit: Duration) -> bool {
        let mut served_by = self.live.served_by.subscribe();
        matches!(timeout(limit, served_by.wait_for(|by| *by == Some(region))).await, Ok(Ok(_)))
    }

    pub(crate) async fn stop(self) -> Calls {
        self.live.stopped.store(true, Ordering::Relaxed);
        let mut all = Calls { calls: Vec::new(), ledger: Ledger::new() };
        for one in self.callers.join_all().await {
            all.calls.extend(one.calls);
            all.ledger.add(&one.ledger);
        }
        all.calls.sort_by_key(|call| call.at);
        all
    }
}

struct Caller {
    client: MultiDbClient,
    keys: Keys,
    live: Arc<Live>,
    number: usize,
    /// How long it waits before its first call.
    first_wait: Duration,
}

impl Caller {
    async fn run(mut self) -> Calls {
        let mut calls = Calls { calls: Vec::new(), ledger: Ledger::new() };
        // One after the other, so that the moment of the fault does not decide how soon the next call comes.
        let mut pace = interval_at(Instant::now() + self.first_wait, PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut turn = self.number;
        while !self.live.stopped.load(Ordering::Relaxed) {
            pace.tick().await;
            let began = Instant::now();
            let outcome = self.call(turn, &mut calls.ledger).await;
            let at = Instant::now();
            self.tell(&outcome);
            calls.calls.push(Call { at, latency: at - began, outcome });
            turn += 1;
        }
        calls
    }

    async fn call(&mut self, turn: usize, ledger: &mut Ledger) -> Outcome {
        match MIX[turn % MIX.len()] {
            Kind::Get => {
                let call = self.client.get::<_, Option<String>>(self.keys.region());
                match within_limit(call).await {
                    Ok(name) => Outcome::Success(name.as_deref().and_then(Region::of_name)),
                    Err(failure) => Outcome::Error(failure.to_string()),
                }
            }
            Kind::Set => {
                let call = self.client.set::<_, _, ()>(self.keys.text(self.number), turn);
                match within_limit(call).await {
                    Ok(()) => Outcome::Success(None),
                    Err(failure) => Outcome::Error(failure.to_string()),
                }
            }
            Kind::Incr => {
                let counter = turn % COUNTERS;
                let call = self.client.incr::<_, _, i64>(self.keys.counter(counter), 1);
                match within_limit(call).await {
                    Ok(_) => {
                        ledger.acknowledge(counter);
                        Outcome::Success(None)
                    }
                    Err(failure) if failure.may_have_been_applied() => {
                        ledger.doubt(counter);
                        match failure {
                            Failure::TooLate => Outcome::Error(failure.to_string()),
                            Failure::Redis(_) => Outcome::Ambiguous,
                        }
                    }
                    Err(failure) => Outcome::Error(failure.to_string()),
                }
            }
        }
    }

    fn tell(&self, outcome: &Outcome) {
        self.live.completed.fetch_add(1, Ordering::Relaxed);
        match outcome {
            Outcome::Success(None) => {}
            Outcome::Success(region) => {
                self.live.served_by.send_if_modified(|by| std::mem::replace(by, *region) != *region);
            }
            Outcome::Ambiguous => {
                self.live.ambiguous.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Error(_) => {
                self.live.errors.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

enum Failure {
    TooLate,
    Redis(redis::RedisError),
}

impl Failure {
    /// The client says of each failed call whether it may have been applied; so may one that is given up here.
    fn may_have_been_applied(&self) -> bool {
        match self {
            Self::TooLate => true,
            Self::Redis(error) => matches!(Error::of(error), Some(Error::MayHaveBeenApplied(_))),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLate => write!(f, "no answer within {LIMIT:?}"),
            Self::Redis(error) => error.fmt(f),
        }
    }
}

async fn within_limit<T>(call: impl Future<Output = RedisResult<T>>) -> Result<T, Failure> {
    timeout(LIMIT, call).await.map_err(|_| Failure::TooLate)?.map_err(Failure::Redis)
}
