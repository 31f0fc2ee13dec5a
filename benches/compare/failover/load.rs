//! Callers who call every 5 ms, one call after the other: half of them reads, three in ten writes, two increments.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use redis::{AsyncCommands, RedisError};
use redis_failover::{Error, MultiDbClient};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use super::calls::{Call, End, LIMIT};
use super::stage::{COUNTED_FROM, COUNTER, NAME};

const PACE: Duration = Duration::from_millis(5);
/// How long callers may be without the secondary.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long they go on after it has answered.
const AFTER: Duration = Duration::from_millis(500);

/// Callers that run.
pub(super) struct Load {
    callers: JoinSet<Vec<Made>>,
    shared: Arc<Shared>,
}

/// What became of all calls.
pub(super) struct Told {
    pub(super) calls: Vec<Call>,
    /// How many increments the secondary is known to have made.
    pub(super) counted: u64,
    /// How many more it may have made.
    pub(super) in_doubt: u64,
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    counted: AtomicU64,
    moved: Notify,
}

type Made = (Instant, Duration, End);

impl Load {
    pub(super) fn start(client: &MultiDbClient, callers: u32) -> Self {
        let shared = Arc::new(Shared::default());
        let mut running = JoinSet::new();
        for number in 0..callers {
            let first = Instant::now() + PACE * number / callers;
            running.spawn(call(client.clone(), Arc::clone(&shared), number, first));
        }
        Self { callers: running, shared }
    }

    /// Goes on until the secondary has answered, and a little longer.
    pub(super) async fn after_fault(self, broken: Instant) -> Told {
        timeout(PATIENCE, self.shared.moved.notified()).await.expect("the secondary to answer");
        sleep(AFTER).await;
        self.stop(broken).await
    }

    pub(super) async fn stop(self, broken: Instant) -> Told {
        self.shared.over.store(true, Ordering::Relaxed);
        let made = self.callers.join_all().await.into_iter().flatten();
        let since = |at: Instant| match at.checked_duration_since(broken) {
            Some(later) => later.as_secs_f64(),
            None => -(broken - at).as_secs_f64(),
        };
        let calls: Vec<Call> = made
            .map(|(began, took, end)| Call { began: since(began), took: took.as_secs_f64(), end })
            .collect();
        let in_doubt = calls.iter().filter(|call| call.end == End::InDoubt).count() as u64;
        Told { calls, counted: self.shared.counted.load(Ordering::Relaxed), in_doubt }
    }
}

async fn call(mut client: MultiDbClient, shared: Arc<Shared>, number: u32, first: Instant) -> Vec<Made> {
    let mut pace = interval_at(first, PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut made, mut turn) = (Vec::new(), number);
    while !shared.over.load(Ordering::Relaxed) {
        pace.tick().await;
        let began = Instant::now();
        let limit = Duration::from_secs_f64(LIMIT * 2.0);
        // Far above the limit for calls, so that the answer is seen, if late.
        let end = timeout(limit, one(&mut client, &shared, turn)).await.unwrap_or(End::Failed);
        made.push((began, began.elapsed(), end));
        if end == End::BySecondary {
            // One permit is kept for who waits later.
            shared.moved.notify_one();
        }
        turn += 1;
    }
    made
}

/// A read says who answered, and so does a counter.
async fn one(client: &mut MultiDbClient, shared: &Shared, turn: u32) -> End {
    let by = |is_secondary| if is_secondary { End::BySecondary } else { End::Answered };
    let failed = |_: RedisError| End::Failed;
    match turn % 10 {
        0..5 => {
            let name = client.get(NAME).await.map(|name: String| by(name == "secondary"));
            name.unwrap_or_else(failed)
        }
        5..8 => client.set("text", turn).await.map(|()| End::Answered).unwrap_or_else(failed),
        _ => match client.incr::<_, _, u64>(COUNTER, 1).await {
            Ok(count) if count > COUNTED_FROM => {
                shared.counted.fetch_add(1, Ordering::Relaxed);
                End::BySecondary
            }
            Ok(_) => End::Answered,
            Err(error) if may_have_been_applied(&error) => End::InDoubt,
            Err(_) => End::Failed,
        },
    }
}

fn may_have_been_applied(error: &RedisError) -> bool {
    matches!(Error::of(error), Some(Error::MayHaveBeenApplied(_)))
}
