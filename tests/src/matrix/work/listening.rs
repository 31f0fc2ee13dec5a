//! Numbered messages, and who listens to them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis_failover::{Error, MultiDbClient};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::told;
use crate::NAMES;
use crate::matrix::journal::Answer;
use crate::messages::{self, CHANNEL, Read};

pub(super) async fn publish(client: &mut MultiDbClient, number: u64) -> Result<Answer, Error> {
    let name = messages::send(client, number).await.map_err(told)?;
    Ok(Answer { tells_of: Some(number), from: NAMES.iter().position(|there| *there == name) })
}

/// A message may be sent more than once, and still come.
const QUIET: Duration = Duration::from_secs(2);

/// A number that was read, and when.
pub(crate) type Heard = (Instant, u64);

/// A subscriber that notes what it reads.
#[derive(Debug)]
pub(crate) struct Listener {
    ended: Arc<AtomicBool>,
    reading: JoinHandle<Vec<Read>>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Listener {
    /// Subscribes.
    ///
    /// # Errors
    /// If there is no database to subscribe at.
    pub(crate) async fn start(client: &MultiDbClient) -> Result<Self, Error> {
        let mut pubsub = client.pubsub().await?;
        pubsub.subscribe(CHANNEL).await?;
        let (ended, heard) = (Arc::default(), Arc::<Mutex<Vec<Heard>>>::default());
        let noted = Arc::clone(&heard);
        let note = move |read: &Read| {
            if let Read::Number(number) = read {
                noted.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), *number));
            }
        };
        let reading = messages::read_noting(pubsub, Arc::clone(&ended), QUIET, note);
        Ok(Self { ended, reading, heard })
    }

    /// Whether anything was read since.
    #[must_use]
    pub(crate) fn has_heard_since(&self, since: Instant) -> bool {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).last().is_some_and(|(at, _)| *at >= since)
    }

    /// Reads on until nothing comes, and hands over what was read.
    pub(crate) async fn end(self) -> (Vec<Read>, Vec<Heard>) {
        self.ended.store(true, Ordering::SeqCst);
        let items = self.reading.await.unwrap();
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        (items, heard)
    }
}
