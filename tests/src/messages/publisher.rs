//! The publisher.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::RedisResult;
use redis_failover::MultiDbClient;
use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use super::{CHANNEL, Ledger, NAME, PUBLISHED};

/// Messages in each millisecond, as long as the machine keeps up.
const AT_ONCE: u64 = 3;

/// Publishes the numbers from 1 on, one after the other, until it is told to stop.
#[derive(Debug)]
pub struct Publisher {
    ended: Arc<AtomicBool>,
    publishing: JoinHandle<Ledger>,
}

impl Publisher {
    /// Starts to publish through this client.
    #[must_use]
    pub fn start(client: &MultiDbClient) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let publishing = tokio::spawn(publish(client.clone(), Arc::clone(&ended)));
        Self { ended, publishing }
    }

    /// Stops, and hands over the ledger.
    pub async fn end(self) -> Ledger {
        self.ended.store(true, Ordering::Relaxed);
        self.publishing.await.unwrap()
    }
}

/// Publishes a number, and has the server list it; tells the server's name.
///
/// # Errors
/// That of the client; the number may have been published nevertheless.
pub async fn send(client: &mut MultiDbClient, number: u64) -> RedisResult<String> {
    let mut transaction = redis::pipe();
    transaction.atomic().get(NAME).publish(CHANNEL, number).ignore().rpush(PUBLISHED, number).ignore();
    let (server,) = transaction.query_async(client).await?;
    Ok(server)
}

async fn publish(mut client: MultiDbClient, ended: Arc<AtomicBool>) -> Ledger {
    let mut ledger = Ledger::default();
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut number = 0;
    while !ended.load(Ordering::Relaxed) {
        for _ in 0..AT_ONCE {
            number += 1;
            match send(&mut client, number).await {
                Ok(server) => {
                    ledger.taken.insert(number, server);
                }
                Err(_) => ledger.unanswered += 1,
            }
        }
        ticks.tick().await;
    }
    ledger
}
