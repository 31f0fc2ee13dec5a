//! Who reads a server's counters while a herd is at it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{InfoDict, RedisResult};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{Dials, Sample};

/// Samples a server again and again, through one connection that it keeps; after the server's restart, through another.
#[derive(Debug)]
pub(super) struct Gauge {
    seen: Arc<Mutex<Dials>>,
    task: JoinHandle<()>,
}

const OFTEN: Duration = Duration::from_millis(100);
/// It has to be there before the herd is.
const AT_ONCE: Duration = Duration::from_millis(1);

impl Gauge {
    /// Takes its place at the server; times count from `began`.
    pub(super) fn of(url: String, began: Instant) -> Self {
        let seen = Arc::<Mutex<Dials>>::default();
        let task = tokio::spawn(watch(url, began, Arc::clone(&seen)));
        Self { seen, task }
    }

    pub(super) fn seen(&self) -> Dials {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(url: String, began: Instant, seen: Arc<Mutex<Dials>>) {
    loop {
        let connected = redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await;
        let Ok(mut server) = connected else {
            sleep(AT_ONCE).await;
            continue;
        };
        while let Ok(sample) = sample(&mut server, began).await {
            seen.lock().unwrap_or_else(PoisonError::into_inner).saw(sample);
            sleep(OFTEN).await;
        }
    }
}

async fn sample(server: &mut MultiplexedConnection, began: Instant) -> RedisResult<Sample> {
    let info: InfoDict = redis::cmd("INFO").arg("everything").query_async(server).await?;
    let count = |field| info.get(field).unwrap_or_default();
    Ok(Sample {
        at: began.elapsed(),
        accepted: count("total_connections_received"),
        refused: count("rejected_connections"),
        connected: count("connected_clients"),
    })
}
