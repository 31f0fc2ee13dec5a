//! What the callers of each workload do, again and again.

mod counted;
mod listening;
mod queue;
mod reading;

use std::sync::Arc;

use redis::RedisError;
use redis_failover::{Error, MultiDbClient};

use super::Journal;
use super::journal::Answer;
pub(super) use listening::{Heard, Listener};
pub(super) use reading::{KEPT, kept, read_key};

/// What an application does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// GETs of keys that say where they are.
    Reads,
    /// SETs, each of a key of its own.
    Writes,
    /// INCRs, each of a key of its own.
    Increments,
    /// Pipelines with a SET, an INCR and a GET.
    Pipelines,
    /// WATCH, GET, and INCR in MULTI and EXEC.
    Transactions,
    /// Numbered messages, from one publisher to one subscriber.
    Messages,
    /// One caller that fills a queue, and two that wait at its other end with BLMOVE.
    Blocking,
    /// SCANs through all keys.
    Scans,
}

impl Workload {
    /// All, in the order of the table's columns.
    pub const ALL: [Self; 8] = [
        Self::Reads,
        Self::Writes,
        Self::Increments,
        Self::Pipelines,
        Self::Transactions,
        Self::Messages,
        Self::Blocking,
        Self::Scans,
    ];

    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Increments => "increments",
            Self::Pipelines => "pipelines",
            Self::Transactions => "transactions",
            Self::Messages => "messages",
            Self::Blocking => "blocking",
            Self::Scans => "scans",
        }
    }

    /// How many callers it has.
    #[must_use]
    pub const fn callers(self) -> usize {
        match self {
            Self::Messages => 1,
            Self::Scans => 2,
            _ => 3,
        }
    }

    /// The key that counts how often a call was applied, for the workloads that have one for each call.
    #[must_use]
    pub fn key(self, number: u64) -> String {
        format!("{}:{{{number}}}", self.name())
    }
}

/// One caller.
#[derive(Debug)]
pub(super) struct Caller {
    workload: Workload,
    place: usize,
    client: MultiDbClient,
    journal: Arc<Journal>,
    scan: reading::Scan,
}

impl Caller {
    /// The caller of a workload at this place among its callers.
    #[must_use]
    pub(super) fn new(
        workload: Workload,
        place: usize,
        client: MultiDbClient,
        journal: Arc<Journal>,
    ) -> Self {
        Self { workload, place, client, journal, scan: reading::Scan::default() }
    }

    /// Does one call.
    ///
    /// # Errors
    /// That of the call.
    pub(super) async fn call(&mut self, number: u64) -> Result<Answer, Error> {
        match self.workload {
            Workload::Reads => reading::read(&mut self.client, &self.journal, number).await,
            Workload::Scans => self.scan.next_page(&mut self.client, &self.journal).await,
            Workload::Writes => counted::write(&mut self.client, number).await,
            Workload::Increments => counted::increment(&mut self.client, number).await,
            Workload::Pipelines => counted::pipeline(&mut self.client, number).await,
            Workload::Transactions => counted::transaction(&self.client, number).await,
            Workload::Messages => listening::publish(&mut self.client, number).await,
            Workload::Blocking if self.place == queue::PRODUCER => {
                queue::push(&mut self.client, number).await
            }
            Workload::Blocking => queue::pull(&mut self.client).await,
        }
    }
}

/// The client's own error, where redis-rs's traits could only hand over theirs.
fn told(error: RedisError) -> Error {
    Error::of(&error).cloned().unwrap_or_else(|| Error::Redis(Arc::new(error)))
}

pub(super) use queue::{DONE, QUEUE};
