//! A double of Redis Enterprise's REST API, as far as it tells how a database is.

mod builder;
mod database;
mod request;
mod serve;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::task::JoinHandle;

pub use builder::RestApiBuilder;
pub use database::RestDatabase;

use super::Identity;

/// A REST API of a Redis Enterprise cluster on a loopback port, over TLS; ended on drop.
///
/// It answers `GET /v1/bdbs` and `GET /v1/bdbs/{uid}/availability`, the latter with
/// `extend_check=lag&availability_lag_tolerance_ms=N` or without.
#[derive(Debug)]
pub struct RestApi {
    addr: SocketAddr,
    prefix: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

/// What it answers instead of the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// This status, without a body.
    Status(u16),
    /// 200 with this body.
    Body(Vec<u8>),
    /// 200 with a body that does not end.
    Endless,
    /// These bytes in place of an HTTP answer; then it hangs up.
    Raw(Vec<u8>),
    /// Nothing, for ever.
    Nothing,
}

#[derive(Debug, Default)]
pub(super) struct State {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) databases: BTreeMap<u64, RestDatabase>,
    pub(super) answer_to: BTreeMap<String, Answer>,
    pub(super) requests: Vec<String>,
}

impl State {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RestApi {
    /// An API that shows this certificate, to be configured before its start.
    #[must_use]
    pub fn builder(identity: &Identity) -> RestApiBuilder {
        RestApiBuilder::new(identity)
    }

    /// Its URL, as for `health_check_url`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}{}", self.addr, self.prefix)
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Adds a database, or puts it in the place of the one with its uid.
    pub fn put(&self, database: RestDatabase) {
        self.state.lock().databases.insert(database.uid, database);
    }

    /// Removes a database.
    pub fn remove(&self, uid: u64) {
        self.state.lock().databases.remove(&uid);
    }

    /// Answers requests whose path ends like this with that, until [`tell_the_truth`](Self::tell_the_truth).
    pub fn answer(&self, path_end: &str, answer: Answer) {
        self.state.lock().answer_to.insert(path_end.to_owned(), answer);
    }

    /// Answers as the databases are, again.
    pub fn tell_the_truth(&self) {
        self.state.lock().answer_to.clear();
    }

    /// The paths, with their queries, that were asked for so far and since this was last called.
    #[must_use]
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().requests)
    }
}

impl Drop for RestApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}
