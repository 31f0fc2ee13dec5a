//! Callers in a closed loop, for a short time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::contestant::Connection;

/// All of them are there: a missing one would cost less to answer.
pub(crate) const KEYS: u64 = 1000;
/// 16 bytes.
pub(crate) const VALUE: &str = "sixteen bytes ok";
/// Commands in a pipeline.
const PIPELINE: u64 = 100;

pub(crate) fn key(number: u64) -> String {
    format!("key:{:04}", number % KEYS)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Get,
    Pipeline,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) callers: usize,
    pub(crate) work: Work,
}

impl Load {
    pub(crate) fn name(self) -> String {
        match self.work {
            Work::Get => format!("GET 16 B by {} callers", self.callers),
            Work::Pipeline => format!("pipelines of {PIPELINE} by {} callers", self.callers),
        }
    }
}

/// What a slice came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    commands: u64,
    took: Duration,
    spent: Duration,
}

impl Slice {
    /// Commands a second.
    pub(crate) fn speed(&self) -> f64 {
        self.commands as f64 / self.took.as_secs_f64()
    }

    /// Nanoseconds of this thread's processor's time a command.
    pub(crate) fn cost(&self) -> f64 {
        self.spent.as_nanos() as f64 / self.commands as f64
    }
}

/// Callers on these connections, one on each, call for so long.
pub(crate) async fn run<C: Connection>(
    connections: Vec<Box<C>>,
    load: Load,
    length: Duration,
) -> (Slice, Vec<Box<C>>) {
    let over = Arc::new(AtomicBool::new(false));
    let (began, spent_before) = (Instant::now(), spent());
    let mut callers = JoinSet::new();
    for (caller, mut connection) in connections.into_iter().enumerate() {
        let over = Arc::clone(&over);
        callers.spawn(async move {
            let mut commands = 0;
            while !over.load(Ordering::Relaxed) {
                commands += work(&mut *connection, load.work, caller as u64 * 31 + commands).await;
            }
            (commands, connection)
        });
    }
    sleep(length).await;
    over.store(true, Ordering::Relaxed);
    let (commands, connections): (Vec<u64>, Vec<Box<C>>) = callers.join_all().await.into_iter().unzip();
    let slice =
        Slice { commands: commands.into_iter().sum(), took: began.elapsed(), spent: spent() - spent_before };
    (slice, connections)
}

/// So many commands, by all callers together.
pub(crate) async fn calls<C: Connection>(connections: Vec<Box<C>>, load: Load, calls: u64) -> Vec<Box<C>> {
    let made = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for mut connection in connections {
        let made = Arc::clone(&made);
        callers.spawn(async move {
            loop {
                let number = made.fetch_add(1, Ordering::Relaxed);
                if number >= calls {
                    return connection;
                }
                work(&mut *connection, load.work, number).await;
            }
        });
    }
    callers.join_all().await
}

/// One call; how many commands it was.
async fn work<C: Connection>(connection: &mut C, work: Work, number: u64) -> u64 {
    match work {
        Work::Get => {
            assert_eq!(connection.get(key(number)).await, VALUE);
            1
        }
        Work::Pipeline => {
            let values =
                connection.get_together((0..PIPELINE).map(|place| key(number + place)).collect()).await;
            assert_eq!(values.len() as u64, PIPELINE);
            PIPELINE
        }
    }
}

/// The processor's time that this thread has spent.
fn spent() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(spent).expect("a time that is not negative")
}
