//! Callers that go on until they are told to stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{AsyncCommands, RedisError};
use redis_failover::MultiDbClient;
use tokio::{task::JoinSet, time::sleep};

use crate::until;

/// Leaves the machine room for the servers and the other tests.
const PAUSE: Duration = Duration::from_millis(2);

/// Callers that read and write through clones of one client.
#[derive(Debug)]
pub struct Load {
    ended: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    callers: JoinSet<Tally>,
}

/// What became of the calls.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many were answered.
    pub answered: u64,
    /// The errors of the others.
    pub errors: Vec<RedisError>,
}

impl Load {
    /// Starts this many callers.
    #[must_use]
    pub fn start(client: &MultiDbClient, callers: usize) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicU64::new(0));
        let call = |caller| call(client.clone(), caller, Arc::clone(&answered), Arc::clone(&ended));
        let callers = (0..callers).map(call).collect();
        Self { ended, answered, callers }
    }

    /// Waits until calls that begin from now on were answered.
    pub async fn goes_on(&self) {
        // Each caller has one call under way at most, which began before.
        let enough = self.answered.load(Ordering::SeqCst) + self.callers.len() as u64 + 1;
        until("answers to new calls", async || self.answered.load(Ordering::SeqCst) >= enough).await;
    }

    /// Stops them, and tells what they saw.
    ///
    /// # Panics
    ///
    /// If not one call was answered: then nothing was shown.
    pub async fn end(self) -> Tally {
        self.ended.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for mut tally in self.callers.join_all().await {
            all.answered += tally.answered;
            all.errors.append(&mut tally.errors);
        }
        assert!(all.answered > 0, "no call was answered: {:?}", all.errors);
        all
    }
}

async fn call(
    mut client: MultiDbClient,
    caller: usize,
    answered: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
) -> Tally {
    let mut tally = Tally::default();
    let key = format!("caller:{caller}");
    while !ended.load(Ordering::Relaxed) {
        let written = client.set::<_, _, ()>(&key, tally.answered).await;
        let read = client.get::<_, Option<u64>>(&key).await;
        for error in [written.err(), read.err()] {
            match error {
                None => {
                    tally.answered += 1;
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                Some(error) => tally.errors.push(error),
            }
        }
        sleep(PAUSE).await;
    }
    tally
}
