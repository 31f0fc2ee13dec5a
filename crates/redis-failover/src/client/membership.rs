//! How a running client changes: databases join and leave, checks and detectors are added.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tower_failover::balance::ManageError;
use tower_failover::failure_detector::Detectors;
use tower_failover::{Availability, Finding, Name, Route, Signal, Verdict};

use super::initial::is_judged;
use super::running::Running;
use crate::config::{ConfigError, DatabaseConfig, MakeDetector, MultiDbConfig, weight};
use crate::cursor::{CursorTag, CursorTags};
use crate::database::OpenDatabase;
use crate::error::Error;
use crate::health::HealthCheck;

/// What the client would be started with if it were started now.
pub(super) struct Plan {
    pub(super) config: MultiDbConfig,
    tags: CursorTags,
}

/// A database that is open, and becomes a member when `join` is called.
pub(super) struct Joining {
    pub(super) database: OpenDatabase,
    pub(super) join: Box<dyn FnOnce() + Send>,
}

/// For which databases something is added.
#[derive(Clone, Copy)]
pub(super) enum Whose<'a> {
    All,
    One(&'a str),
}

impl Plan {
    pub(super) fn new(config: MultiDbConfig) -> Result<Self, ConfigError> {
        let databases = config.databases.iter();
        let databases = databases.map(|database| (database.name_or_address(), database.location()));
        let tags = CursorTags::new(databases.collect()).map_err(ConfigError::too_many)?;
        Ok(Self { config, tags })
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&DatabaseConfig, CursorTag)> {
        let databases = self.config.databases.iter();
        databases.filter_map(|database| Some((database, self.tags.of(&database.name_or_address())?)))
    }
}

impl Running {
    pub(super) fn plan(&self) -> MutexGuard<'_, Plan> {
        // Only whole values are written under it.
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a database. With `demands_health` it is asked first, and nothing of it stays if it is not healthy.
    pub(super) async fn add(
        &self,
        database: DatabaseConfig,
        demands_health: bool,
        mut ended: watch::Receiver<bool>,
    ) -> Result<(), Error> {
        let name = Name::from(database.name_or_address());
        let found = if demands_health { self.ask(&database, &mut ended).await? } else { Verdict::Unknown };
        // What is foreign in it is dropped when others have their turn, also where something fails.
        let joining;
        let turn = self.turn.lock().await;
        let config = self.with(&database)?;
        let tag = self.plan().tags.join(&name, database.location());
        let tag = tag.map_err(ConfigError::too_many)?;
        joining = (self.open)(&database, &config, tag).inspect_err(|_| self.plan().tags.leave(&name))?;
        if found == Verdict::Healthy {
            // It need not be asked once more before it may take over.
            joining.database.availability().signal(Signal::Verdict(Finding::healthy()));
        }
        if let Some(dedicated) = &joining.database.dedicated {
            dedicated.follow(self.route.clone());
        }
        let (detectors, availability) = detection(&joining.database);
        let source = joining.database.source.clone();
        if !self.databases.add(joining.database) {
            return Err(Error::Closed);
        }
        source.into_iter().for_each(|source| self.subscribers.add(source));
        let (longest_round, options) = (config.longest_round(), database.options(&config.options));
        let former = self.replace(config);
        (joining.join)();
        drop(turn);
        // What is foreign is called, and dropped, when others have their turn: it may manage the client.
        options.add_detectors(&detectors, &availability);
        drop(former);
        match self.handle.joined(&name).await {
            // It may have left again.
            Ok(()) | Err(ManageError::UnknownMember(_)) => {}
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            biased;
            // An error, too, says that the client is gone.
            _ = ended.wait_for(|ended| *ended) => Err(Error::Closed),
            () = self.until_judged(&name, longest_round) => Ok(()),
        }
    }

    /// Asks a database how it is that nobody else hears of yet.
    async fn ask(
        &self,
        database: &DatabaseConfig,
        ended: &mut watch::Receiver<bool>,
    ) -> Result<Verdict, Error> {
        let config = self.with(database)?.unheard();
        let name = database.name_or_address();
        let asked = (self.open)(database, &config, CursorTag::of(&name))?.database;
        let judged = timeout(config.longest_round(), judged(asked.availability()));
        tokio::select! {
            biased;
            _ = ended.wait_for(|ended| *ended) => return Err(Error::Closed),
            // Who says nothing is not healthy.
            _ = judged => {}
        }
        let view = asked.availability().view();
        match view.verdict {
            Verdict::Healthy | Verdict::NotPreferred => Ok(view.verdict),
            verdict if !view.checked => Ok(verdict),
            _ => Err(Error::Unhealthy { database: name.into(), evidence: view.evidence }),
        }
    }

    /// Whoever joined serves now if it may, or has had its time.
    async fn until_judged(&self, name: &str, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let changed = self.route.changed();
            let snapshot = self.handle.snapshot();
            // It may have left again.
            let is_over = snapshot.member(name).is_none_or(|member| is_judged(&member.view));
            if is_over || timeout_at(deadline, changed).await.is_err() {
                return;
            }
        }
    }

    /// Removes a database; nothing is sent there any more. What is left of it ends when it is dropped.
    pub(super) async fn remove(&self, name: &str) -> Result<Option<OpenDatabase>, Error> {
        let turn = self.turn.lock().await;
        self.handle.remove(name).await?;
        let mut config = self.plan().config.clone();
        config.databases.retain(|database| database.name_or_address() != name);
        let former = self.replace(config);
        self.plan().tags.leave(name);
        let database = self.databases.remove(name);
        self.subscribers.remove(&name.into());
        drop(turn);
        drop(former);
        Ok(database)
    }

    pub(super) async fn set_weight(&self, name: &str, number: f64) -> Result<(), Error> {
        let turn = self.turn.lock().await;
        let weight = weight(name, number)?;
        self.handle.set_weight(name, weight).await?;
        let config = self.changed(|config| of(config, name).map(|database| database.weight = number))?;
        let former = self.replace(config);
        drop(turn);
        drop(former);
        Ok(())
    }

    pub(super) async fn add_health_check(&self, check: HealthCheck, whose: Whose<'_>) -> Result<(), Error> {
        let name = Name::clone(check.name());
        // What is foreign in these is dropped when others have their turn, also where something fails.
        let _added = check.clone();
        let config;
        let mut renewed = Vec::new();
        let turn = self.turn.lock().await;
        config = self.changed(|config| {
            let options = match whose {
                Whose::All => &mut config.options,
                Whose::One(name) => &mut of(config, name)?.options,
            };
            options.added_health_checks.push(check);
            Ok(())
        })?;
        for database in &config.databases {
            let (database, options) = (database.name_or_address(), database.options(&config.options));
            // Who has a list of its own has not this check.
            let has_it = options.health_checks().iter().any(|check| *check.name() == name);
            let is_meant = matches!(whose, Whose::All) || matches!(whose, Whose::One(one) if one == database);
            let parts = |open: &mut OpenDatabase| (open.health().clone(), open.availability().clone());
            if has_it
                && is_meant
                && let Some((health, availability)) = self.databases.find(&database, parts)
            {
                let watch = health.watch(&options, &availability).map_err(|error| {
                    let reason = error.to_string();
                    ConfigError::DatabaseOption {
                        database: database.clone(),
                        option: "health_checks",
                        reason,
                    }
                })?;
                renewed.push((database, watch));
            }
        }
        let former_config = self.replace(config);
        let mut former_checks = Vec::new();
        for (database, watch) in renewed {
            let former = self.databases.find(&database, |open| open.check_by(watch));
            former_checks.push(former);
        }
        drop(turn);
        drop((former_config, former_checks));
        Ok(())
    }

    pub(super) async fn add_failure_detector(
        &self,
        detector: MakeDetector,
        whose: Whose<'_>,
    ) -> Result<(), Error> {
        let turn = self.turn.lock().await;
        let config = self.changed(|config| {
            let options = match whose {
                Whose::All => &mut config.options,
                Whose::One(name) => &mut of(config, name)?.options,
            };
            options.failure_detectors.push(detector.clone());
            Ok(())
        })?;
        let former = self.replace(config);
        // Those that join later have it from the configuration.
        let watched = self.databases.each(detection);
        drop(turn);
        drop(former);
        for (detectors, availability) in watched {
            if matches!(whose, Whose::All)
                || matches!(whose, Whose::One(one) if **availability.name() == *one)
            {
                detector.to(&detectors, &availability);
            }
        }
        Ok(())
    }

    /// The number of the active database, or else of the first.
    pub(super) fn number(&self) -> i64 {
        let active = self.route.active().1;
        let plan = self.plan();
        let databases = &plan.config.databases;
        let is_active = |database: &&DatabaseConfig| active.as_deref() == Some(&database.name_or_address());
        databases.iter().find(is_active).or(databases.first()).map_or(0, DatabaseConfig::number)
    }

    /// The longest time in which every database is judged.
    pub(super) fn longest_round(&self) -> Duration {
        self.plan().config.longest_round()
    }

    /// The configuration with this database, if it can be used then.
    fn with(&self, database: &DatabaseConfig) -> Result<MultiDbConfig, Error> {
        self.changed(|config| {
            config.databases.push(database.clone());
            Ok(())
        })
    }

    /// The configuration with this change, if it can be used then.
    fn changed(
        &self,
        change: impl FnOnce(&mut MultiDbConfig) -> Result<(), Error>,
    ) -> Result<MultiDbConfig, Error> {
        let mut config = self.plan().config.clone();
        change(&mut config)?;
        Ok(config.validate().map(|()| config)?)
    }

    /// Gives the former one: it may hold the last of something foreign, and is to be dropped outside every lock.
    #[must_use]
    fn replace(&self, config: MultiDbConfig) -> MultiDbConfig {
        std::mem::replace(&mut self.plan().config, config)
    }
}

/// The database of this name.
fn of<'a>(config: &'a mut MultiDbConfig, name: &str) -> Result<&'a mut DatabaseConfig, Error> {
    let mut databases = config.databases.iter_mut();
    let found = databases.find(|database| database.name_or_address() == name);
    found.ok_or_else(|| ManageError::UnknownMember(name.into()).into())
}

/// What a failure detector watches a database by.
fn detection(database: &OpenDatabase) -> (Detectors, Availability) {
    (database.detectors().clone(), database.availability().clone())
}

/// Completes with the first verdict.
async fn judged(availability: &Availability) {
    let mut changes = availability.changes();
    while !is_judged(&availability.view()) {
        changes.next().await;
    }
}
