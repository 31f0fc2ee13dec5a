//! What runs once a client was started.

use std::sync::Mutex;
#[cfg(feature = "metrics")]
use std::sync::PoisonError;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tower_failover::balance::{ActiveRoute, changing};
use tower_failover::health::Pace;
use tower_failover::retry::RetryCounters;
use tower_failover::{Chance, FailoverHandle, Retry, RetryLayer, Sweeper, WeightedFailoverBalance};
use tower_layer::Layer;

use super::listen::Listeners;
use super::membership::{Joining, Plan};
use crate::config::{ConfigError, DatabaseConfig, MultiDbConfig};
use crate::cursor::CursorTag;
use crate::database::{self, DatabaseStack, Databases};
use crate::error::Error;
#[cfg(feature = "metrics")]
use crate::metrics::{Operations, Reporting};
use crate::pubsub::Subscribers;
use crate::retry::CommandPolicy;

/// What a call passes through.
pub(super) type Stack = Retry<CommandPolicy, WeightedFailoverBalance<DatabaseStack>, ActiveRoute>;

pub(super) struct Running {
    pub(super) stack: Stack,
    pub(super) handle: FailoverHandle,
    pub(super) route: ActiveRoute,
    pub(super) counters: RetryCounters,
    pub(super) chance: Chance,
    pub(super) subscribers: Subscribers,
    pub(super) databases: Databases,
    /// Opens a database, with all of its tasks.
    pub(super) open: Box<Open>,
    pub(super) plan: Mutex<Plan>,
    /// Held while databases, checks or detectors change: one change at a time. Of the user's code only what makes a
    /// circuit, and what clones a check, runs meanwhile: neither may wait for another change.
    pub(super) turn: tokio::sync::Mutex<()>,
    #[cfg(feature = "metrics")]
    pub(super) operations: Option<Box<Operations>>,
    #[cfg(feature = "metrics")]
    pub(super) reporting: Mutex<Option<Reporting>>,
}

type Open = dyn Fn(&DatabaseConfig, &MultiDbConfig, CursorTag) -> Result<Joining, ConfigError> + Send + Sync;

#[cfg(feature = "metrics")]
impl Running {
    pub(super) fn end_reporting(&self) {
        let reporting = self.reporting.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(reporting);
    }
}

/// Starts what the client needs. Its tasks end with the last clone, and when `ended` says so.
pub(super) fn start(
    config: &MultiDbConfig,
    listeners: &Listeners,
    ended: &watch::Sender<bool>,
) -> Result<Running, Error> {
    let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
    // Before anything happens that they are to hear.
    listeners.start(&runtime, config.event_source());
    let plan = Plan::new(config.clone())?;
    #[cfg(feature = "metrics")]
    let seen = config.event_source().subscribe();
    let (sweeper, sweeps) = Sweeper::new();
    spawn_until(ended, sweeps);
    let (members, discover) = changing();
    let pace = Pace::default();
    let open = move |database: &DatabaseConfig, all: &MultiDbConfig, tag| {
        let (member, database) = database::open(database, all, tag, &sweeper, &pace)?;
        let members = members.clone();
        Ok(Joining { database, join: Box::new(move || members.insert(member)) })
    };
    let databases = Databases::new();
    for (database, tag) in plan.members() {
        let joining = open(database, config, tag)?;
        let opened = &joining.database;
        database.options(&config.options).add_detectors(opened.detectors(), opened.availability());
        if databases.add(joining.database) {
            (joining.join)();
        }
    }
    let failover = config.failover();
    let (chance, events) = (failover.chance.clone(), failover.events.clone());
    let (balance, driver) = WeightedFailoverBalance::pair(discover, failover)
        .map_err(|error| ConfigError::Option { option: error.option, reason: error.reason.into() })?;
    spawn_until(ended, driver);
    let (handle, route) = (balance.handle(), balance.route());
    let layer = RetryLayer::new(CommandPolicy::new(config.retry_safety))
        .route(route.clone())
        .settings(config.command_retry)
        .chance(chance.clone())
        .events(events);
    let counters = layer.counters();
    let sources = databases.each(|database| database.source.clone());
    for dedicated in databases.each(|database| database.dedicated.clone()).into_iter().flatten() {
        dedicated.follow(route.clone());
    }
    let subscribers = Subscribers::new(sources.into_iter().flatten(), route.clone(), chance.clone());
    let stack = layer.layer(balance);
    #[cfg(feature = "metrics")]
    let (operations, reporting) = match &config.metrics {
        Some(metrics) => {
            let reporting = Reporting::start(metrics, seen, handle.clone(), counters.clone());
            (Some(Box::new(Operations::new(metrics, route.clone()))), Some(reporting))
        }
        None => (None, None),
    };
    Ok(Running {
        stack,
        handle,
        route,
        counters,
        chance,
        subscribers,
        databases,
        open: Box::new(open),
        plan: Mutex::new(plan),
        turn: tokio::sync::Mutex::new(()),
        #[cfg(feature = "metrics")]
        operations,
        #[cfg(feature = "metrics")]
        reporting: Mutex::new(reporting),
    })
}

/// Spawns a task that ends, at the latest, with the client: a clone that is kept after `close` keeps no task.
fn spawn_until(ended: &watch::Sender<bool>, task: impl Future<Output = ()> + Send + 'static) {
    let mut ended = ended.subscribe();
    tokio::spawn(async move {
        tokio::select! {
            biased;
            // An error, too, says that the client is gone.
            _ = ended.wait_for(|ended| *ended) => {}
            () = task => {}
        }
    });
}
