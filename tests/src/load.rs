//! Callers that go on until they are told to stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{AsyncCommands, RedisError};
use redis_failover::MultiDbClient;
use tokio::{task::JoinSet, time::sleep};

/// Leaves the machine room for the servers and the other tests.
const PAUSE: Duration = Duration::from_millis(2);

/// Callers that read and write through clones of one client.
#[derive(Debug)]
pub struct Load {
    ended: Arc<AtomicBool>,
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
        let callers = (0..callers).map(|caller| call(client.clone(), caller, Arc::clone(&ended))).collect();
        Self { ended, callers }
    }

    /// Stops them, and tells what they saw.
    pub async fn end(self) -> Tally {
        self.ended.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for mut tally in self.callers.join_all().await {
            all.answered += tally.answered;
            all.errors.append(&mut tally.errors);
        }
        all
    }
}

async fn call(mut client: MultiDbClient, caller: usize, ended: Arc<AtomicBool>) -> Tally {
    let mut tally = Tally::default();
    let key = format!("caller:{caller}");
    while !ended.load(Ordering::Relaxed) {
        let written = client.set::<_, _, ()>(&key, tally.answered).await;
        let read = client.get::<_, Option<u64>>(&key).await;
        for error in [written.err(), read.err()] {
            match error {
                None => tally.answered += 1,
                Some(error) => tally.errors.push(error),
            }
        }
        sleep(PAUSE).await;
    }
    tally
}
