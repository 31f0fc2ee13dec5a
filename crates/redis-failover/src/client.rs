//! The client: several databases, used as if they were one.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Cmd, FromRedisValue, Pipeline, RedisFuture, RedisResult, ToRedisArgs, Value};
use tokio::runtime::Handle;
use tokio::sync::{Notify, OnceCell};
use tokio::time::{Instant, timeout};
use tower_failover::availability::Evidence;
use tower_failover::balance::{ActiveRoute, MemberSnapshot, Snapshot, fixed};
use tower_failover::retry::RetryCounters;
use tower_failover::{
    Chance, EventStream, Events, FailoverHandle, RetryLayer, Route, Sweeper, Verdict, WeightedFailoverBalance,
};
use tower_layer::Layer;

use crate::adapter::{StackConnection, replies};
use crate::command::{CallOptions, Command};
use crate::config::{ConfigError, DatabaseConfig, InitialHealthCheckPolicy, MultiDbConfig};
use crate::cursor::CursorTag;
use crate::database::{self, Tasks};
use crate::error::Error;
use crate::pubsub::{PubSub, PubSubSettings, Subscribers};
use crate::retry::CommandPolicy;
use crate::transaction::{self, Place, Transaction, TransactionConnection, TransactionSettings};

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
    stack: Option<StackConnection>,
    options: CallOptions,
}

struct Shared {
    config: MultiDbConfig,
    running: OnceCell<Running>,
    closed: AtomicBool,
    in_flight: AtomicUsize,
    idle: Notify,
}

struct Running {
    stack: StackConnection,
    handle: FailoverHandle,
    route: ActiveRoute,
    counters: RetryCounters,
    chance: Chance,
    subscribers: Subscribers,
    tasks: Mutex<Vec<Tasks>>,
}

impl Shared {
    /// Ends every task and connection of all databases.
    fn end(&self) {
        if let Some(running) = self.running.get() {
            let tasks = std::mem::take(&mut *running.tasks.lock().unwrap_or_else(PoisonError::into_inner));
            drop(tasks);
            running.subscribers.close();
        }
    }
}

impl MultiDbClient {
    /// A client of these databases. Does no I/O: [`connect`](Self::connect), or the first command, begins it (B4).
    ///
    /// # Errors
    /// [`ConfigError`] with the first thing that cannot be used.
    pub fn new(config: MultiDbConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let shared = Shared {
            config,
            running: OnceCell::new(),
            closed: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            idle: Notify::new(),
        };
        Ok(Self { shared: Arc::new(shared), stack: None, options: CallOptions::new() })
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
        if let Ok(judged) = timeout(limit.min(config.longest_round()), judged).await {
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
        Self { options, ..self.clone() }
    }

    /// The state now; `None` before the first command or [`connect`](Self::connect).
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
    pub async fn call(&mut self, command: Command<'_>) -> Result<Value, Error> {
        let command = match self.options == CallOptions::new() {
            true => command,
            false => command.with(self.options),
        };
        let _call = InFlight::enter(&self.shared)?;
        if self.stack.is_none() {
            self.stack = Some(self.running().await?.stack.clone());
        }
        let Some(stack) = &mut self.stack else { return Err(Error::Closed) };
        stack.call(command).await
    }

    /// A subscriber of its own to the active database, which it follows; see [`pubsub`](crate::pubsub). To a database
    /// that is a service of one's own nobody can subscribe: while one is active, subscribers stay where they are.
    ///
    /// # Errors
    /// [`Error::Closed`] and [`Error::Config`]. It does not wait for a connection.
    pub async fn pubsub(&self) -> Result<PubSub, Error> {
        self.pubsub_with(PubSubSettings::default()).await
    }

    /// As [`pubsub`](Self::pubsub), with other than the default settings.
    ///
    /// # Errors
    /// As [`pubsub`](Self::pubsub).
    pub async fn pubsub_with(&self, settings: PubSubSettings) -> Result<PubSub, Error> {
        let _call = InFlight::enter(&self.shared)?;
        Ok(self.running().await?.subscribers.subscribe(settings, Arc::clone(&self.shared) as _))
    }

    /// Runs a transaction on the active database: watches `keys`, lets `build` read on a connection of its own and
    /// return a pipeline, and executes that if nobody has changed the keys meanwhile; otherwise it begins again. See
    /// [its module](crate::transaction).
    ///
    /// `build` is given that connection and an empty atomic pipeline. With `None` it decides to stop, and `None` is the
    /// answer; its error is the transaction's, unless the database was left or lost meanwhile: then it runs again.
    ///
    /// ```no_run
    /// use redis::AsyncCommands;
    ///
    /// # async fn run(client: redis_failover::MultiDbClient) -> Result<(), redis_failover::Error> {
    /// let doubled: Option<(i64,)> = client
    ///     .transaction("counter", |mut connection, mut pipeline| async move {
    ///         let value: i64 = connection.get("counter").await?;
    ///         pipeline.set("counter", value * 2).ignore().get("counter");
    ///         Ok(Some(pipeline))
    ///     })
    ///     .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::TransactionConflict`] if the keys were changed again and again; [`Error::MayHaveBeenApplied`] if the
    /// database was lost, or did not answer in time, after the pipeline was sent; [`Error::Redis`] if the server refused
    /// the pipeline, or a reply is not what the caller wants: then it may have been executed. All others say that nothing
    /// was applied.
    ///
    /// # Cancellation
    /// Dropping the future closes the connection and ends the watch. A pipeline that was sent may still be executed.
    pub async fn transaction<K, T, F, Fut>(&self, keys: K, build: F) -> Result<Option<T>, Error>
    where
        K: ToRedisArgs,
        T: FromRedisValue,
        F: FnMut(TransactionConnection, Pipeline) -> Fut,
        Fut: Future<Output = RedisResult<Option<Pipeline>>>,
    {
        self.transaction_with(TransactionSettings::default(), keys, build).await
    }

    /// As [`transaction`](Self::transaction), with other than the default settings.
    ///
    /// # Errors
    /// As [`transaction`](Self::transaction).
    pub async fn transaction_with<K, T, F, Fut>(
        &self,
        settings: TransactionSettings,
        keys: K,
        build: F,
    ) -> Result<Option<T>, Error>
    where
        K: ToRedisArgs,
        T: FromRedisValue,
        F: FnMut(TransactionConnection, Pipeline) -> Fut,
        Fut: Future<Output = RedisResult<Option<Pipeline>>>,
    {
        let _call = InFlight::enter(&self.shared)?;
        let running = self.running().await?;
        let place = Place {
            stack: running.stack.clone(),
            route: &running.route,
            databases: &running.tasks,
            chance: &running.chance,
        };
        let transaction = Transaction {
            watch: redis::cmd("WATCH").arg(keys).take(),
            settings,
            limit: self.options.time_limit(),
            database: self.get_db(),
        };
        transaction::run(transaction, place, build).await
    }

    /// Admits no further call, lets those in flight finish for up to `limit`, then ends every task and connection.
    pub async fn close(&self, limit: Duration) {
        self.shared.closed.store(true, Ordering::SeqCst);
        let finished = async {
            loop {
                let idle = self.shared.idle.notified();
                if self.shared.in_flight.load(Ordering::SeqCst) == 0 {
                    return;
                }
                idle.await;
            }
        };
        // Calls that do not finish in time are ended with their connections.
        let _ = timeout(limit, finished).await;
        self.shared.end();
    }

    fn event_source(&self) -> &Events {
        self.shared.config.event_source()
    }

    async fn running(&self) -> Result<&Running, Error> {
        let start = || std::future::ready(start(&self.shared.config));
        self.shared.running.get_or_try_init(start).await
    }
}

fn start(config: &MultiDbConfig) -> Result<Running, Error> {
    Handle::try_current().map_err(|_| Error::NoRuntime)?;
    let names: Vec<_> = config.databases.iter().map(DatabaseConfig::name_or_address).collect();
    let tags = CursorTag::assign(&names)
        .map_err(|error| ConfigError::Option { option: "databases", reason: error.to_string() })?;
    let sweeper = Sweeper::spawn();
    let mut members = Vec::new();
    let mut tasks = Vec::new();
    for (database, tag) in config.databases.iter().zip(tags) {
        let (member, task) = database::open(database, config, tag, &sweeper)?;
        members.push(member);
        tasks.push(task);
    }
    let failover = config.failover();
    let (chance, events) = (failover.chance.clone(), failover.events.clone());
    let balance = WeightedFailoverBalance::new(fixed(members), failover)
        .map_err(|error| ConfigError::Option { option: error.option, reason: error.reason.into() })?;
    let (handle, route) = (balance.handle(), balance.route());
    let layer = RetryLayer::new(CommandPolicy::new(config.retry_safety))
        .route(route.clone())
        .settings(config.command_retry)
        .chance(chance.clone())
        .events(events);
    let counters = layer.counters();
    for dedicated in tasks.iter().filter_map(|task: &Tasks| task.dedicated.as_ref()) {
        dedicated.follow(route.clone());
    }
    let sources = tasks.iter().filter_map(|task: &Tasks| task.source.clone());
    let subscribers = Subscribers::new(sources, route.clone(), chance.clone());
    let database = config.databases.first().map_or(0, DatabaseConfig::number);
    let stack = StackConnection::new(layer.layer(balance), database);
    Ok(Running { stack, handle, route, counters, chance, subscribers, tasks: Mutex::new(tasks) })
}

/// Whether the checks of all have said anything yet. Before the first choice, there are no members.
fn all_judged(snapshot: &Snapshot) -> bool {
    let judged = |member: &MemberSnapshot| {
        let view = &member.view;
        !view.checked || view.verdict != Verdict::Unknown || view.evidence.is_some()
    };
    !snapshot.members.is_empty() && snapshot.members.iter().all(judged)
}

fn misconfigured(snapshot: &Snapshot) -> Option<Error> {
    snapshot.members.iter().find_map(|member| match &member.view.evidence {
        Some(Evidence::Misconfigured(detail)) => {
            Some(Error::Misconfigured { database: member.name.clone(), detail: Arc::clone(detail) })
        }
        _ => None,
    })
}

fn is_met(policy: InitialHealthCheckPolicy, snapshot: &Snapshot) -> bool {
    let healthy = snapshot
        .members
        .iter()
        .filter(|member| !member.view.checked || member.view.verdict == Verdict::Healthy);
    let (healthy, all) = (healthy.count(), snapshot.members.len());
    snapshot.active.is_some()
        && match policy {
            InitialHealthCheckPolicy::OneAvailable => true,
            InitialHealthCheckPolicy::MajorityAvailable => healthy * 2 > all,
            InitialHealthCheckPolicy::AllAvailable => healthy == all,
        }
}

/// Counts a call as in flight until it is dropped, however it ends.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn enter(shared: &'a Arc<Shared>) -> Result<InFlight<'a>, Error> {
        shared.in_flight.fetch_add(1, Ordering::SeqCst);
        let call = InFlight(shared);
        // Looked at after the count went up: `close` either sees this call or is seen by it.
        if shared.closed.load(Ordering::SeqCst) { Err(Error::Closed) } else { Ok(call) }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.closed.load(Ordering::SeqCst) {
            // It may have started them after `close` had looked.
            self.0.end();
            self.0.idle.notify_waiters();
        }
    }
}

impl ConnectionLike for MultiDbClient {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move { Ok(self.call(Command::from(command)).await?) })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move { replies(self.call(Command::pipeline(pipeline, offset, count)).await?) })
    }

    fn get_db(&self) -> i64 {
        self.shared.config.databases.first().map_or(0, DatabaseConfig::number)
    }
}

impl fmt::Debug for MultiDbClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiDbClient").field("config", &self.shared.config).finish_non_exhaustive()
    }
}
