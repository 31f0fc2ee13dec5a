//! The client: several databases, used as if they were one.

mod connection;
mod in_flight;
mod initial;
mod listen;
mod manage;
mod membership;
mod running;
mod snapshot;
mod subscribe;
mod transact;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

use redis::Value;
use tokio::sync::{Notify, OnceCell, watch};
use tokio::time::{Instant, timeout};
use tower_failover::balance::Snapshot;
use tower_failover::in_place::{CallBorrowed, PollInPlace};
use tower_failover::retry::RetryCounters;
use tower_failover::{CallInPlace, EventStream, Events, FailoverHandle, Route};
use tower_service::Service;

use crate::command::{CallOptions, Command};
use crate::config::{ConfigError, InitialHealthCheckPolicy, MultiDbConfig};
use crate::error::Error;
#[cfg(feature = "metrics")]
use crate::metrics::Operations;
use crate::reply::Reply;
use in_flight::InFlight;
use initial::{all_judged, is_met, misconfigured};
use listen::Listeners;
use running::{Running, Stack, start};

pub use manage::AddDatabaseOptions;
pub use snapshot::DatabaseSnapshot;

/// Several Redis databases as one connection.
///
/// It is a redis-rs connection: `AsyncCommands`, pipelines and scripts work unchanged.
///
/// ```no_run
/// use redis::AsyncCommands;
/// use redis_failover::{DatabaseConfig, MultiDbClient, MultiDbConfig};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = MultiDbClient::new(MultiDbConfig::new([
///     DatabaseConfig::from_url("redis://db-primary:6379/0")?.weight(1.0),
///     DatabaseConfig::from_url("redis://db-secondary:6379/0")?.weight(0.5),
/// ]))?;
/// client.set::<_, _, ()>("key", "value").await?;
/// let value: String = client.get("key").await?;
/// # Ok(()) }
/// ```
///
/// # Blocking commands
/// `BLPOP`, `XREAD BLOCK`, `WAIT` and their kin run on connections of their own, at most
/// [`dedicated_connections`](MultiDbConfig::dedicated_connections) to a database: they hold nobody up, and end by their
/// own timeout argument, or a response timeout after it. One without an end (0) ends when its database is no longer the
/// active one: a read goes on at the new one, a pop is [`Error::MayHaveBeenApplied`]. One with an end is left to finish
/// where it was sent.
///
/// Dropping such a call closes its connection, so that nothing is popped later for nobody; what the server popped before
/// it noticed is lost. `WAIT` speaks of the writes of its own connection: send it in one pipeline with them.
///
/// # Clone
/// Clones share databases, health checks and the choice. A clone is cheap; use one for each task.
///
/// # Cancellation
/// Dropping a call's future is safe. A command that was sent may still be executed.
///
/// Dropping the last clone ends all tasks and connections, without waiting; [`close`](Self::close) waits.
#[derive(Clone)]
pub struct MultiDbClient {
    shared: Arc<Shared>,
    stack: Option<Stack>,
    // What is rarely there is on the heap: a call touches all of a clone's lines of memory.
    #[cfg(feature = "metrics")]
    operations: Option<Box<Operations>>,
    options: Option<Arc<CallOptions>>,
}

struct Shared {
    config: MultiDbConfig,
    running: OnceCell<Running>,
    listeners: Listeners,
    closed: AtomicBool,
    in_flight: AtomicUsize,
    idle: Notify,
    /// Whether every task is to end.
    ended: watch::Sender<bool>,
}

impl Shared {
    /// Ends every task and connection of all databases.
    fn end(&self) {
        self.ended.send_replace(true);
        if let Some(running) = self.running.get() {
            running.databases.close();
            #[cfg(feature = "metrics")]
            running.end_reporting();
            running.subscribers.close();
        }
        // The last, so that they hear of the end.
        self.listeners.end();
    }
}

impl MultiDbClient {
    /// A client of these databases. Does no I/O: [`connect`](Self::connect), or the first command, begins it (B4).
    ///
    /// # Errors
    /// [`ConfigError`] with the first thing that cannot be used.
    pub fn new(mut config: MultiDbConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let shared = Shared {
            // Held nowhere else, so that one that holds the client lets it go when both have ended.
            listeners: Listeners::new(std::mem::take(&mut config.listeners)),
            config,
            running: OnceCell::new(),
            closed: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            idle: Notify::new(),
            ended: watch::Sender::new(false),
        };
        Ok(Self {
            shared: Arc::new(shared),
            stack: None,
            #[cfg(feature = "metrics")]
            operations: None,
            options: None,
        })
    }

    /// A client of the databases with these URLs, in the order of preference, with all defaults; see
    /// [`MultiDbConfig::from_urls`].
    ///
    /// ```
    /// use redis_failover::MultiDbClient;
    ///
    /// let client = MultiDbClient::from_urls(["redis://db-primary:6379", "redis://db-secondary:6379"])?;
    /// # Ok::<(), redis_failover::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`] with the first thing that cannot be used.
    pub fn from_urls<U: AsRef<str>>(urls: impl IntoIterator<Item = U>) -> Result<Self, ConfigError> {
        Self::new(MultiDbConfig::from_urls(urls)?)
    }

    /// Starts health checks and connections, and waits until the configured [`InitialHealthCheckPolicy`] is met and,
    /// for at most one round of checks, until each database was judged.
    ///
    /// # Errors
    /// [`Error::Closed`] after [`close`](Self::close), [`Error::NoRuntime`] outside a tokio runtime;
    /// [`Error::Misconfigured`] if a database refuses us as we are configured, unless
    /// [`tolerate_misconfigured`](MultiDbConfig::tolerate_misconfigured) says otherwise; [`Error::Start`] if the policy
    /// is not met within `limit`. The client goes on trying in either case, and commands may work: drop it to give up.
    pub async fn connect(&self, limit: Duration) -> Result<(), Error> {
        let starting = InFlight::enter(&self.shared)?;
        let running = self.running().await?;
        drop(starting);
        let config = &self.shared.config;
        let judged = self.until(running, all_judged);
        // Who says nothing within a round is not reached, and that is the policy's business.
        let begun = Instant::now();
        if let Ok(judged) = timeout(limit.min(running.longest_round()), judged).await {
            judged?;
        }
        let met = self.until(running, |snapshot| is_met(config.initial_policy, snapshot));
        let name = match config.initial_policy {
            InitialHealthCheckPolicy::OneAvailable => "one_available",
            InitialHealthCheckPolicy::MajorityAvailable => "majority_available",
            InitialHealthCheckPolicy::AllAvailable => "all_available",
        };
        timeout(limit.saturating_sub(begun.elapsed()), met).await.map_err(|_| Error::Start(name))?
    }

    /// Waits until this is so, or a database that must not be is found to be misconfigured.
    async fn until(&self, running: &Running, is_so: impl Fn(&Snapshot) -> bool) -> Result<(), Error> {
        loop {
            let changed = running.route.changed();
            let snapshot = running.handle.snapshot();
            if let Some(error) =
                misconfigured(&snapshot).filter(|_| !self.shared.config.tolerate_misconfigured)
            {
                return Err(error);
            }
            if is_so(&snapshot) {
                return Ok(());
            }
            changed.await;
        }
    }

    /// A handle whose calls carry these options: another retry safety, a deadline.
    #[must_use]
    pub fn with(&self, options: CallOptions) -> Self {
        let options = (options != CallOptions::new()).then(|| Arc::new(options));
        Self { options, ..self.clone() }
    }

    /// The state now; `None` before the first command or [`connect`](Self::connect). With connections:
    /// [`databases`](Self::databases).
    #[must_use]
    pub fn snapshot(&self) -> Option<Snapshot> {
        Some(self.shared.running.get()?.handle.snapshot())
    }

    /// The handle by which people look and steer; `None` before the first command or [`connect`](Self::connect).
    #[must_use]
    pub fn handle(&self) -> Option<FailoverHandle> {
        Some(self.shared.running.get()?.handle.clone())
    }

    /// The events from now on.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.event_source().subscribe()
    }

    /// What was repeated, ended and left in doubt so far; `None` before the first command.
    #[must_use]
    pub fn counters(&self) -> Option<RetryCounters> {
        Some(self.shared.running.get()?.counters.clone())
    }

    /// Runs a command, a pipeline, or whatever else a [`Command`] is.
    ///
    /// # Errors
    /// [`Error`]; a server's error reply is a [`Value::ServerError`] inside `Ok`, as redis-rs has it.
    pub fn call(&mut self, command: Command<'_>) -> impl Future<Output = Result<Value, Error>> {
        self.run(command)
    }

    /// As [`call`](Self::call), with the kind of error that the caller wants.
    // Not an `async fn`: its future would have room for the command twice.
    fn run<E: From<Error>>(&mut self, mut command: Command<'_>) -> impl Future<Output = Result<Value, E>> {
        if let Some(options) = &self.options {
            command = command.with(**options);
        }
        async move {
            let _call = InFlight::enter(&self.shared)?;
            if self.stack.is_none() {
                // On the heap: it is rare, and large.
                let running = Box::pin(self.running()).await?;
                let stack = running.stack.clone();
                #[cfg(feature = "metrics")]
                {
                    self.operations = running.operations.clone();
                }
                self.stack = Some(stack);
            }
            let Some(stack) = &mut self.stack else { return Err(Error::Closed.into()) };
            #[cfg(feature = "metrics")]
            if let Some(operations) = &mut self.operations {
                operations.begins(&command);
            }
            let result = 'call: {
                if let Err(refused) = command.admit() {
                    break 'call Err(refused.into());
                }
                let mut is_usual = stack.admit_in_place(&command);
                if !is_usual {
                    if let Err(error) = poll_fn(|context| stack.poll_ready(context)).await {
                        break 'call Err(error.into());
                    }
                    is_usual = stack.admit_in_place(&command);
                }
                if is_usual {
                    let (mut layers, connection) = stack.begin_in_place(&command);
                    let mut call = pin!(Some(connection.call_borrowed(&command)));
                    poll_fn(|context| {
                        // Not kept from look to look: what is there before the call has ended says nothing.
                        let mut reply = Reply::default();
                        match ready!(layers.poll_in_place(call.as_mut(), &mut reply, context)) {
                            Ok(()) => Poll::Ready(Ok(reply.value)),
                            Err(error) => Poll::Ready(Err(Error::from(error))),
                        }
                    })
                    .await
                } else {
                    let answered = Box::pin(stack.call(command)).await;
                    answered.map(|answered| answered.value).map_err(Error::from)
                }
            };
            #[cfg(feature = "metrics")]
            if let Some(operations) = &mut self.operations {
                operations.ended(result.as_ref());
            }
            Ok(result?)
        }
    }

    /// Runs a command on the nodes that `routing` says, as redis-rs's cluster connection does; see
    /// [`Command::route`]. The reply of several nodes is a map from address to reply, or what the response policy makes
    /// of them.
    ///
    /// ```no_run
    /// use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
    ///
    /// # async fn run(mut client: redis_failover::MultiDbClient) -> redis::RedisResult<()> {
    /// let everywhere = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    /// let sizes = client.route_command(redis::cmd("DBSIZE"), everywhere).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoCluster`] while the active database is no cluster, and those of every call, inside redis-rs's error.
    #[cfg(feature = "cluster")]
    pub async fn route_command(
        &mut self,
        command: redis::Cmd,
        routing: redis::cluster_routing::RoutingInfo,
    ) -> redis::RedisResult<Value> {
        Ok(self.call(Command::from(command).route(routing)).await?)
    }

    /// Admits no further call, lets those in flight finish for up to `limit`, then ends every task and connection.
    pub async fn close(&self, limit: Duration) {
        self.stop_admitting();
        // Calls that do not finish in time are ended with their connections.
        let _ = timeout(limit, self.finished()).await;
        self.end();
    }

    pub(crate) fn stop_admitting(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
    }

    /// Until no call is in flight.
    pub(crate) async fn finished(&self) {
        loop {
            let idle = self.shared.idle.notified();
            if self.shared.in_flight.load(Ordering::SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }

    pub(crate) fn end(&self) {
        self.shared.end();
    }

    /// Tells when every task ends.
    pub(crate) fn ended(&self) -> watch::Receiver<bool> {
        self.shared.ended.subscribe()
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::SeqCst)
    }

    pub(crate) fn options(&self) -> CallOptions {
        self.options.as_deref().copied().unwrap_or_default()
    }

    fn event_source(&self) -> &Events {
        self.shared.config.event_source()
    }

    async fn running(&self) -> Result<&Running, Error> {
        let Shared { config, listeners, ended, .. } = &*self.shared;
        let start = || std::future::ready(start(config, listeners, ended));
        self.shared.running.get_or_try_init(start).await
    }
}

impl fmt::Debug for MultiDbClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiDbClient").field("config", &self.shared.config).finish_non_exhaustive()
    }
}
