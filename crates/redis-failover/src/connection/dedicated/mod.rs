//! Connections that one call has to itself, for a while: blocking commands and transactions.
//!
//! They are dialled when they are needed, up to a maximum, and a few are kept for the next calls. To get none says
//! nothing about the database (B36): only what happens on one that was made does.

mod lease;
mod pool;
#[cfg(feature = "cluster")]
mod redirected;

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use redis::{RedisError, Value};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use tower_failover::balance::ActiveRoute;
use tower_failover::{Availability, Route, Suspicion};

use super::{ConnectionError, Dialled, Endpoint, Place};
use crate::{
    command::{Blocking, Command, send},
    cursor::CursorTag,
};

pub(crate) use lease::Lease;
use pool::Pool;

/// How a database's dedicated connections are kept.
#[derive(Clone, Debug)]
pub(crate) struct DedicatedSettings {
    pub(crate) maximum: u32,
    /// How long a call waits for another one's connection.
    pub(crate) wait: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) suspicion: Suspicion,
    pub(crate) cursor_tag: CursorTag,
}

/// How many connections are kept for later calls, and for how long.
const KEPT: usize = 8;
const KEPT_FOR: Duration = Duration::from_secs(60);

/// A connection that was silent for this long is asked before it is used: a router may have forgotten it.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// One database's dedicated connections.
///
/// # Clone
/// Clones are handles to the same ones.
#[derive(Clone)]
pub(crate) struct Dedicated(Arc<Shared>);

struct Shared {
    place: Place,
    availability: Availability,
    settings: DedicatedSettings,
    permits: Arc<Semaphore>,
    pool: std::sync::Mutex<Pool>,
    /// Rung when there is something to keep, and when there is a route.
    rung: Notify,
    route: OnceLock<ActiveRoute>,
}

/// Only nodes of clusters say that another one is to be asked.
#[cfg(not(feature = "cluster"))]
impl Dedicated {
    async fn redirected(
        &self,
        _: &Command<'_>,
        reply: Value,
        _: &super::Address,
    ) -> Result<Value, ConnectionError> {
        std::future::ready(Ok(reply)).await
    }
}

fn left() -> RedisError {
    (redis::ErrorKind::Client, "the database is no longer the active one").into()
}

/// Keeps idle connections for as long as they are of use. Dropping it closes all, idle or not, for good.
pub(crate) struct DedicatedKeeper {
    task: JoinHandle<()>,
    dedicated: Dedicated,
}

impl Drop for DedicatedKeeper {
    fn drop(&mut self) {
        self.task.abort();
        self.dedicated.0.permits.close();
        drop(self.dedicated.pool().close());
    }
}

impl Dedicated {
    /// # Panics
    /// Outside a tokio runtime.
    pub(crate) fn open(
        place: impl Into<Place>,
        settings: DedicatedSettings,
        availability: Availability,
    ) -> (Self, DedicatedKeeper) {
        let maximum = usize::try_from(settings.maximum).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let dedicated = Self(Arc::new(Shared {
            place: place.into(),
            availability,
            permits: Arc::new(Semaphore::new(maximum)),
            settings,
            pool: std::sync::Mutex::default(),
            rung: Notify::new(),
            route: OnceLock::new(),
        }));
        let task = tokio::spawn(dedicated.clone().keep());
        (dedicated.clone(), DedicatedKeeper { task, dedicated })
    }

    /// From now on the database is the active one if this route says so.
    pub(crate) fn follow(&self, route: ActiveRoute) {
        // It has one client, which has one route.
        let _ = self.0.route.set(route);
        self.0.rung.notify_one();
    }

    pub(crate) fn is_active(&self) -> bool {
        let Some(route) = self.0.route.get() else { return true };
        route.active().1.as_ref() == Some(self.0.availability.name())
    }

    /// Completes when the database is not the active one.
    pub(crate) async fn left(&self) {
        let Some(route) = self.0.route.get() else { return std::future::pending().await };
        loop {
            let changed = route.changed();
            if !self.is_active() {
                return;
            }
            changed.await;
        }
    }

    /// Whether somebody uses a connection now.
    pub(crate) fn is_leased(&self) -> bool {
        self.counts().0 > 0
    }

    /// How many connections are in use, and how many are kept for later calls.
    pub(crate) fn counts(&self) -> (usize, usize) {
        self.pool().counts()
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0.place
    }

    pub(crate) fn settings(&self) -> &DedicatedSettings {
        &self.0.settings
    }

    pub(crate) fn availability(&self) -> &Availability {
        &self.0.availability
    }

    /// A connection for the caller alone, until the lease is dropped, which closes it, or given back. In a cluster, to
    /// the node that has the slot.
    ///
    /// Only for as long as the database is the active one: what is not sent yet is better sent elsewhere.
    pub(crate) async fn lease(&self, slot: Option<u16>) -> Result<Lease, ConnectionError> {
        let leasing = async {
            let endpoint = self.0.place.endpoint(slot).await.map_err(|error| self.none(error))?;
            self.lease_at(endpoint).await
        };
        tokio::select! {
            biased;
            leased = leasing => leased,
            () = self.left() => Err(ConnectionError::NoDedicated(Arc::new(left()))),
        }
    }

    async fn lease_at(&self, endpoint: Endpoint) -> Result<Lease, ConnectionError> {
        let DedicatedSettings { maximum, wait, .. } = self.0.settings;
        let permit = timeout(wait, Arc::clone(&self.0.permits).acquire_owned())
            .await
            .map_err(|_| ConnectionError::DedicatedInUse { maximum })?
            .map_err(|_| ConnectionError::Closed)?;
        let kept = self.pool().take(endpoint.address());
        if let Some((dialled, since)) = kept
            && (since.elapsed() < TRUSTED_FOR || self.answers(&dialled).await)
        {
            return Lease::new(self.clone(), endpoint, dialled, permit);
        }
        let dialled = endpoint.dial(None).await.map_err(|error| {
            // Another node may have taken its place.
            self.0.place.distrust();
            self.none(error)
        })?;
        Lease::new(self.clone(), endpoint, dialled, permit)
    }

    /// Whether a connection still leads to a server.
    async fn answers(&self, dialled: &Dialled) -> bool {
        let ping = redis::cmd("PING");
        let pong = send(dialled.connection.clone(), Command::from(&ping));
        timeout(self.0.settings.response_timeout, pong).await.is_ok_and(|pong| pong.is_ok())
    }

    fn none(&self, error: RedisError) -> ConnectionError {
        // Whether the database is the reason, its health checks find out.
        self.0.availability.suspect();
        ConnectionError::NoDedicated(Arc::new(error))
    }

    /// Runs a blocking command on a connection of its own (B49).
    ///
    /// Its limit is its own timeout argument and the response timeout. One without an end goes on until its database
    /// is no longer the active one. A connection on which a command did not end is closed.
    pub(crate) async fn run(&self, command: Command<'_>) -> Result<Value, ConnectionError> {
        let lease = self.lease(self.0.place.slot(&command)).await?;
        let asked = self.0.place.has_slots().then(|| lease.address().clone());
        let reply = self.run_on(lease, &command).await?;
        match asked {
            Some(asked) => self.redirected(&command, reply, &asked).await,
            None => Ok(reply),
        }
    }

    async fn run_on(&self, lease: Lease, command: &Command<'_>) -> Result<Value, ConnectionError> {
        let reply = match command.blocking() {
            Some(Blocking::Forever) => tokio::select! {
                reply = lease.run(command) => reply,
                () = self.left() => Err(ConnectionError::DatabaseLeft),
            },
            _ => lease.run(command).await,
        };
        if reply.is_ok() {
            lease.give_back();
        }
        reply
    }

    /// Never ends by itself.
    async fn keep(self) {
        loop {
            let changed = self.0.route.get().map(Route::changed);
            let changed = async {
                match changed {
                    Some(changed) => changed.await,
                    None => std::future::pending().await,
                }
            };
            let ended = if self.is_active() { self.pool().expired(KEPT_FOR) } else { self.pool().clear() };
            drop(ended);
            let oldest = self.pool().oldest();
            let expired = async {
                match oldest {
                    Some(since) => sleep_until(since + KEPT_FOR).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = changed => {}
                () = expired => {}
                () = self.0.rung.notified() => {}
            }
        }
    }

    /// A connection has carried nothing since then, and those that were idle all the while may have been forgotten with
    /// it: by a router, or while the machine slept.
    fn distrust(&self, since: Instant) {
        let forgotten = self.pool().expired(since.elapsed());
        drop(forgotten);
    }

    /// What a lease gives back.
    fn put_back(&self, endpoint: &Endpoint, dialled: Dialled) {
        let too_many = if self.is_active() && !dialled.is_over() {
            self.pool().keep(endpoint.address(), dialled, Instant::now(), KEPT)
        } else {
            Some(dialled)
        };
        drop(too_many);
        self.0.rung.notify_one();
    }

    fn pool(&self) -> std::sync::MutexGuard<'_, Pool> {
        // Only whole values are written under it.
        self.0.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
