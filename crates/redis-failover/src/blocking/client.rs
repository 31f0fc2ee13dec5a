//! The blocking client.

use std::sync::Arc;
use std::time::Duration;

use redis::Value;
use tower_failover::Event;
use tower_failover::balance::Snapshot;
use tower_failover::event::Listener;
use tower_failover::retry::RetryCounters;

use super::background::{Background, may_wait};
use super::{EventIter, FailoverHandle, PubSub, park};
use crate::client::{self, DatabaseSnapshot};
use crate::command::{CallOptions, Command};
use crate::config::{ConfigError, MultiDbConfig};
use crate::error::Error;
use crate::pubsub::PubSubSettings;

/// Several Redis databases as one connection, for code without `async`; see [its module](crate::blocking).
///
/// It is a redis-rs connection: `redis::Commands`, pipelines, scripts and scan iterators work unchanged. A call waits
/// for its reply, and for no longer than `response_timeout` and the retries allow, or
/// [`CallOptions::deadline`]. All that is said of [commands that block](crate::MultiDbClient#blocking-commands) holds
/// here too.
///
/// ```no_run
/// use redis::Commands;
/// use redis_failover::blocking::MultiDbClient;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = MultiDbClient::from_urls(["redis://db-primary:6379", "redis://db-secondary:6379"])?;
/// client.set::<_, _, ()>("key", "value")?;
/// let value: String = client.get("key")?;
/// # Ok(()) }
/// ```
///
/// # Clone
/// Clones share databases, health checks, the choice, and the thread behind them. A clone is cheap; use one for each
/// thread.
///
/// # Panics
/// A panic of a service of one's own, or of a closure given to a call, goes to the thread that called, and harms nobody
/// else.
#[derive(Debug, Clone)]
pub struct MultiDbClient {
    // Before the background: what ends with the last clone ends while that still runs.
    pub(super) client: client::MultiDbClient,
    pub(super) background: Arc<Background>,
}

impl MultiDbClient {
    /// A client of these databases. Does no I/O and starts no thread: [`connect`](Self::connect), or the first command,
    /// begins it (B4).
    ///
    /// # Errors
    /// [`ConfigError`] with the first thing that cannot be used.
    pub fn new(mut config: MultiDbConfig) -> Result<Self, ConfigError> {
        let background = Arc::new(Background::new());
        let listeners = std::mem::take(&mut config.listeners).into_iter();
        config.listeners = listeners.map(|listener| background.listener(listener)).collect();
        Ok(Self { client: client::MultiDbClient::new(config)?, background })
    }

    /// A client of the databases with these URLs, in the order of preference, with all defaults; see
    /// [`MultiDbConfig::from_urls`].
    ///
    /// # Errors
    /// [`ConfigError`] with the first thing that cannot be used.
    pub fn from_urls<U: AsRef<str>>(urls: impl IntoIterator<Item = U>) -> Result<Self, ConfigError> {
        Self::new(MultiDbConfig::from_urls(urls)?)
    }

    /// Starts health checks and connections, and waits until the configured
    /// [`InitialHealthCheckPolicy`](crate::InitialHealthCheckPolicy) is met and, for at most one round of checks, until
    /// each database was judged.
    ///
    /// # Errors
    /// As the [async client's](crate::MultiDbClient::connect); [`Error::NoThread`] if the system gives no thread, and
    /// [`Error::WouldDeadlock`].
    pub fn connect(&self, limit: Duration) -> Result<(), Error> {
        self.background.run(self.client.connect(limit))
    }

    /// A handle whose calls carry these options: another retry safety, a deadline.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        Self { client: self.client.with(options), background: Arc::clone(&self.background) }
    }

    /// The state now; `None` before the first command or [`connect`](Self::connect).
    #[must_use]
    pub fn snapshot(&self) -> Option<Snapshot> {
        self.client.snapshot()
    }

    /// All databases as they are now, in the order in which they joined; none before the first command or
    /// [`connect`](Self::connect).
    #[must_use]
    pub fn databases(&self) -> Vec<DatabaseSnapshot> {
        self.client.databases()
    }

    /// The handle by which people look and steer; `None` before the first command or [`connect`](Self::connect).
    #[must_use]
    pub fn handle(&self) -> Option<FailoverHandle> {
        Some(FailoverHandle::new(self.client.handle()?))
    }

    /// The events from now on. The iterator ends with the client.
    #[must_use]
    pub fn events(&self) -> EventIter {
        EventIter::new(self.client.events(), self.client.ended())
    }

    /// Calls this with each event from now on, on a thread that is there for that, until the client ends. It may block,
    /// and may call the client; see [`MultiDbConfig::listener`].
    pub fn add_listener(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        self.client.listen(self.background.listener(Listener::new(listener)));
    }

    /// As [`add_listener`](Self::add_listener), with code that returns a future, on the thread behind the client: it
    /// must not block, so it cannot call this client.
    pub fn add_async_listener<F, Fut>(&self, listener: F)
    where
        F: Fn(Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.client.listen(self.background.listener(Listener::asynchronous(listener)));
    }

    /// What was repeated, ended and left in doubt so far; `None` before the first command.
    #[must_use]
    pub fn counters(&self) -> Option<RetryCounters> {
        self.client.counters()
    }

    /// Runs a command, a pipeline, or whatever else a [`Command`] is.
    ///
    /// # Errors
    /// [`Error`]; a server's error reply is a [`Value::ServerError`] inside `Ok`, as redis-rs has it.
    pub fn call(&mut self, command: Command<'_>) -> Result<Value, Error> {
        self.background.run(self.client.call(command))
    }

    /// Runs a command on the nodes that `routing` says; see
    /// [`MultiDbClient::route_command`](crate::MultiDbClient::route_command).
    ///
    /// # Errors
    /// [`Error::NoCluster`] while the active database is no cluster, and those of every call, inside redis-rs's error.
    #[cfg(feature = "cluster")]
    pub fn route_command(
        &mut self,
        command: redis::Cmd,
        routing: redis::cluster_routing::RoutingInfo,
    ) -> redis::RedisResult<Value> {
        Ok(self.call(Command::from(command).route(routing))?)
    }

    /// A subscriber of its own to the active database, which it follows; see [`pubsub`](crate::pubsub).
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::Config`], [`Error::NoThread`] and [`Error::WouldDeadlock`]. It does not wait for a
    /// connection.
    pub fn pubsub(&self) -> Result<PubSub, Error> {
        self.pubsub_with(PubSubSettings::default())
    }

    /// As [`pubsub`](Self::pubsub), with other than the default settings.
    ///
    /// # Errors
    /// As [`pubsub`](Self::pubsub).
    pub fn pubsub_with(&self, settings: PubSubSettings) -> Result<PubSub, Error> {
        let pubsub = self.background.run(self.client.pubsub_with(settings))?;
        Ok(PubSub::new(pubsub, Arc::clone(&self.background)))
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Admits no further call, lets those in flight finish for up to `limit`, then ends every task and connection, and
    /// the thread behind them as soon as no call runs any more and listeners have heard of it. Subscribers end, and so
    /// do iterators of events. What is left until the last clone and subscriber are dropped are a few descriptors of a
    /// runtime without a thread.
    pub fn close(&self, limit: Duration) {
        self.client.stop_admitting();
        // Calls that do not finish in time are ended with their connections. On the thread behind the client none can.
        let limit = if may_wait().is_ok() { limit } else { Duration::ZERO };
        let _ = park::block_on_for(Some(limit), self.client.finished());
        self.client.end();
        self.background.close();
    }
}
