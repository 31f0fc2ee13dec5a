//! What runs once a client was started.

use std::sync::Mutex;

use tokio::runtime::Handle;
use tower_failover::balance::{ActiveRoute, changing};
use tower_failover::retry::RetryCounters;
use tower_failover::{Chance, FailoverHandle, RetryLayer, Sweeper, WeightedFailoverBalance};
use tower_layer::Layer;

use super::membership::{Joining, Plan};
use crate::adapter::StackConnection;
use crate::config::{ConfigError, DatabaseConfig, MultiDbConfig};
use crate::cursor::CursorTag;
use crate::database::{self, Databases};
use crate::error::Error;
use crate::pubsub::Subscribers;
use crate::retry::CommandPolicy;

pub(super) struct Running {
    pub(super) stack: StackConnection,
    pub(super) handle: FailoverHandle,
    pub(super) route: ActiveRoute,
    pub(super) counters: RetryCounters,
    pub(super) chance: Chance,
    pub(super) subscribers: Subscribers,
    pub(super) databases: Databases,
    /// Opens a database, with all of its tasks.
    pub(super) open: Box<Open>,
    pub(super) plan: Mutex<Plan>,
    /// Held while databases, checks or detectors change: one change at a time.
    pub(super) turn: tokio::sync::Mutex<()>,
}

type Open = dyn Fn(&DatabaseConfig, &MultiDbConfig, CursorTag) -> Result<Joining, ConfigError> + Send + Sync;

pub(super) fn start(config: &MultiDbConfig) -> Result<Running, Error> {
    Handle::try_current().map_err(|_| Error::NoRuntime)?;
    let plan = Plan::new(config.clone())?;
    let sweeper = Sweeper::spawn();
    let (members, discover) = changing();
    let open = move |database: &DatabaseConfig, all: &MultiDbConfig, tag| {
        let (member, database) = database::open(database, all, tag, &sweeper)?;
        let members = members.clone();
        Ok(Joining { database, join: Box::new(move || members.insert(member)) })
    };
    let databases = Databases::new();
    for (database, tag) in plan.members() {
        let joining = open(database, config, tag)?;
        if databases.add(joining.database) {
            (joining.join)();
        }
    }
    let failover = config.failover();
    let (chance, events) = (failover.chance.clone(), failover.events.clone());
    let balance = WeightedFailoverBalance::new(discover, failover)
        .map_err(|error| ConfigError::Option { option: error.option, reason: error.reason.into() })?;
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
    let number = config.databases.first().map_or(0, DatabaseConfig::number);
    let stack = StackConnection::new(layer.layer(balance), number);
    let (open, plan, turn) = (Box::new(open), Mutex::new(plan), tokio::sync::Mutex::new(()));
    Ok(Running { stack, handle, route, counters, chance, subscribers, databases, open, plan, turn })
}
