//! What runs once a client was started.

use std::sync::Mutex;

use tokio::runtime::Handle;
use tower_failover::balance::{ActiveRoute, fixed};
use tower_failover::retry::RetryCounters;
use tower_failover::{Chance, FailoverHandle, RetryLayer, Sweeper, WeightedFailoverBalance};
use tower_layer::Layer;

use super::listen::Listeners;
use crate::adapter::StackConnection;
use crate::config::{ConfigError, DatabaseConfig, MultiDbConfig};
use crate::cursor::CursorTag;
use crate::database::{self, Tasks};
use crate::error::Error;
#[cfg(feature = "metrics")]
use crate::metrics::{Operations, Reporting};
use crate::pubsub::Subscribers;
use crate::retry::CommandPolicy;

pub(super) struct Running {
    pub(super) stack: StackConnection,
    pub(super) handle: FailoverHandle,
    pub(super) route: ActiveRoute,
    pub(super) counters: RetryCounters,
    pub(super) chance: Chance,
    pub(super) subscribers: Subscribers,
    pub(super) tasks: Mutex<Vec<Tasks>>,
    #[cfg(feature = "metrics")]
    pub(super) operations: Option<Operations>,
    #[cfg(feature = "metrics")]
    pub(super) reporting: Mutex<Option<Reporting>>,
}

pub(super) fn start(config: &MultiDbConfig, listeners: &Listeners) -> Result<Running, Error> {
    let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
    // Before anything happens that they are to hear.
    listeners.start(&runtime, config.event_source());
    let names: Vec<_> = config.databases.iter().map(DatabaseConfig::name_or_address).collect();
    let tags = CursorTag::assign(&names)
        .map_err(|error| ConfigError::Option { option: "databases", reason: error.to_string() })?;
    #[cfg(feature = "metrics")]
    let seen = config.event_source().subscribe();
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
    #[cfg(feature = "metrics")]
    let (operations, reporting) = match &config.metrics {
        Some(metrics) => {
            let reporting = Reporting::start(metrics, seen, handle.clone(), counters.clone());
            (Some(Operations::new(metrics, route.clone())), Some(reporting))
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
        tasks: Mutex::new(tasks),
        #[cfg(feature = "metrics")]
        operations,
        #[cfg(feature = "metrics")]
        reporting: Mutex::new(reporting),
    })
}
