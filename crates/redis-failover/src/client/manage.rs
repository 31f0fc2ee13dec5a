//! Managing a client while it runs.

use std::sync::Arc;
use std::time::Duration;

use tower_failover::failure_detector::Detector;
use tower_failover::{Circuit, FailoverHandle, Name};

use super::MultiDbClient;
use super::in_flight::InFlight;
use super::membership::Whose;
use crate::config::{DatabaseConfig, MakeDetector};
use crate::error::Error;
use crate::health::HealthCheck;

/// How [`MultiDbClient::add_database_with`] adds a database.
///
/// ```
/// use redis_failover::AddDatabaseOptions;
///
/// let only_if_healthy = AddDatabaseOptions::new().skip_initial_health_check(false);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddDatabaseOptions {
    skip_initial_health_check: bool,
}

impl Default for AddDatabaseOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl AddDatabaseOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self { skip_initial_health_check: true }
    }

    /// Whether the database joins without being asked first (yes, as redis-py has it). If not, one round of its checks
    /// must pass before anybody hears of it.
    #[must_use]
    pub fn skip_initial_health_check(mut self, skip: bool) -> Self {
        self.skip_initial_health_check = skip;
        self
    }
}

/// # Management
/// All of these but [`circuit`](Self::circuit) start the client if nothing has yet. Databases, checks and detectors change one after the other, whoever
/// asks. The [`MultiDbConfig`](crate::MultiDbConfig) that the client was made from stays as it was. What else can be
/// done by hand, and for a time, is done by the [`handle`](Self::handle).
impl MultiDbClient {
    /// Adds a database (B40). It joins at once, with everything that is said for all databases: options, checks and
    /// detectors, those added since the start included. When this returns, its first verdict is there, or the time of
    /// one round has passed without any; if it may serve and is heavier than the active one, it does.
    ///
    /// ```no_run
    /// # async fn run(client: redis_failover::MultiDbClient) -> Result<(), redis_failover::Error> {
    /// use redis_failover::DatabaseConfig;
    ///
    /// client.add_database(DatabaseConfig::from_url("redis://db-third:6379/0")?.name("ap-south").weight(0.2)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] for one that cannot be used, or whose name or address another one has; nothing of it stays.
    /// [`Error::Closed`] and [`Error::NoRuntime`].
    ///
    /// # Cancellation
    /// Dropping the future leaves it added or not added, and nothing between.
    pub async fn add_database(&self, database: DatabaseConfig) -> Result<(), Error> {
        self.add_database_with(AddDatabaseOptions::default(), database).await
    }

    /// As [`add_database`](Self::add_database), with other than the default options.
    ///
    /// # Errors
    /// As [`add_database`](Self::add_database), and [`Error::Unhealthy`] for a database that must be healthy to join
    /// and is not: nothing of it stays, and no event told of it.
    pub async fn add_database_with(
        &self,
        options: AddDatabaseOptions,
        database: DatabaseConfig,
    ) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        let ended = self.ended();
        self.running().await?.add(database, !options.skip_initial_health_check, ended).await
    }

    /// Removes a database (B40). If it is the active one, another one takes over first; if none can, commands fail until
    /// one can. Subscribers are told of the gap. Calls in flight there may finish for 5 s, or for their response timeout
    /// if that is longer; then, and before this returns, all of its connections and tasks end. A command that was ended
    /// may be repeated on another database by the usual rules.
    ///
    /// # Errors
    /// [`Error::Manage`] with [`LastMember`](tower_failover::balance::ManageError::LastMember) for the last one, and
    /// with [`UnknownMember`](tower_failover::balance::ManageError::UnknownMember); [`Error::Closed`] and
    /// [`Error::NoRuntime`].
    ///
    /// # Cancellation
    /// It goes on by itself when the future is dropped.
    pub async fn remove_database(&self, name: &str) -> Result<(), Error> {
        let call = InFlight::enter(&self.shared)?;
        self.running().await?;
        drop(call);
        let (shared, name) = (Arc::clone(&self.shared), Name::from(name));
        let removal = tokio::spawn(async move {
            let call = InFlight::enter(&shared)?;
            let running = shared.running.get().ok_or(Error::Closed)?;
            let removed = running.remove(&name).await?;
            let mut ended = shared.ended.subscribe();
            drop(call);
            // What is left to be done does not hold the client.
            drop(shared);
            if let Some(database) = removed {
                tokio::select! {
                    biased;
                    // An error, too, says that the client is gone.
                    _ = ended.wait_for(|ended| *ended) => {}
                    () = database.leave() => {}
                }
            }
            Ok(())
        });
        // It ends before its time with its runtime alone.
        removal.await.unwrap_or(Err(Error::Closed))
    }

    /// Changes a database's weight (B40). If that makes another one the heaviest that is available, it serves when this
    /// returns.
    ///
    /// # Errors
    /// [`Error::Config`] for a number that is no weight; [`Error::Manage`] for an unknown database; [`Error::Closed`]
    /// and [`Error::NoRuntime`].
    pub async fn update_database_weight(&self, name: &str, weight: f64) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        self.running().await?.set_weight(name, weight).await
    }

    /// Adds a health check for all databases, as [`add_health_check`](crate::MultiDbConfig::add_health_check) does
    /// before the start: those that join later have it, those with a list of their own have not (B21). The databases
    /// are asked anew by all of their checks; until they have answered, the former verdicts hold.
    ///
    /// # Errors
    /// [`Error::Config`] if a check has this name, or its settings cannot be used; [`Error::Closed`] and
    /// [`Error::NoRuntime`].
    pub async fn add_health_check(&self, check: HealthCheck) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        self.running().await?.add_health_check(check, Whose::All).await
    }

    /// Adds a health check for one database (B21), also for one whose checks were switched off.
    ///
    /// # Errors
    /// As [`add_health_check`](Self::add_health_check), and [`Error::Manage`] for an unknown database.
    pub async fn add_health_check_to(&self, name: &str, check: HealthCheck) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        self.running().await?.add_health_check(check, Whose::One(name)).await
    }

    /// Adds a failure detector of one's own for all databases, those that join later included (B16). `make` is called
    /// once for each, so that each has a detector to itself; if it panics, that database does without, and an event
    /// says so.
    ///
    /// ```no_run
    /// # async fn run(client: redis_failover::MultiDbClient) -> Result<(), redis_failover::Error> {
    /// use std::time::Duration;
    /// use tower_failover::failure_detector::Observation;
    ///
    /// client.add_failure_detector(|| |call: &Observation| call.took > Duration::from_secs(2)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Closed`] and [`Error::NoRuntime`].
    pub async fn add_failure_detector<D: Detector + 'static>(
        &self,
        make: impl Fn() -> D + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        self.running().await?.add_failure_detector(MakeDetector::new(make), Whose::All).await
    }

    /// Adds a failure detector of one's own for one database (B16).
    ///
    /// # Errors
    /// As [`add_failure_detector`](Self::add_failure_detector), and [`Error::Manage`] for an unknown database.
    pub async fn add_failure_detector_to<D: Detector + 'static>(
        &self,
        name: &str,
        make: impl Fn() -> D + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        self.running().await?.add_failure_detector(MakeDetector::new(make), Whose::One(name)).await
    }

    /// The circuit of a database, to watch it and to switch it by hand; `None` if there is no such database, while
    /// nothing has started the client, and once it is closed. It starts nothing.
    #[must_use]
    pub fn circuit(&self, name: &str) -> Option<Circuit> {
        self.shared.running.get()?.databases.find(name, |database| database.circuit().clone())
    }

    /// Makes a database the active one if a round of its checks passes now, and keeps it a standing preference until
    /// [`release_active_database`](Self::release_active_database): see [`FailoverHandle::set_active`], which can also
    /// do it for a time (B38).
    ///
    /// # Errors
    /// [`Error::Manage`] for an unknown database, and for an unhealthy one with what its checks said; [`Error::Closed`]
    /// and [`Error::NoRuntime`].
    pub async fn set_active_database(&self, name: &str) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        Ok(self.steered().await?.set_active(name, None).await?)
    }

    /// As [`set_active_database`](Self::set_active_database), without asking the database.
    ///
    /// # Errors
    /// [`Error::Manage`] for an unknown database; [`Error::Closed`] and [`Error::NoRuntime`].
    pub async fn force_active_database(&self, name: &str) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        Ok(self.steered().await?.force_active(name, None).await?)
    }

    /// Ends a choice by hand: see [`FailoverHandle::release_choice`].
    ///
    /// # Errors
    /// [`Error::Closed`] and [`Error::NoRuntime`].
    pub async fn release_active_database(&self) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        Ok(self.steered().await?.release_choice().await?)
    }

    /// Never chooses a database until [`undrain_database`](Self::undrain_database), or for `limit`; its calls in flight
    /// finish (B38).
    ///
    /// # Errors
    /// [`Error::Manage`] for an unknown database; [`Error::Closed`] and [`Error::NoRuntime`].
    pub async fn drain_database(&self, name: &str, limit: Option<Duration>) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        Ok(self.steered().await?.drain(name, limit).await?)
    }

    /// Ends a drain.
    ///
    /// # Errors
    /// As [`drain_database`](Self::drain_database).
    pub async fn undrain_database(&self, name: &str) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        Ok(self.steered().await?.undrain(name).await?)
    }

    /// A drill: opens a database's circuit by force for `limit`; all else behaves as in earnest (B61).
    ///
    /// # Errors
    /// [`Error::Manage`] for an unknown database; [`Error::Closed`] and [`Error::NoRuntime`].
    pub async fn trip_database(&self, name: &str, limit: Duration) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        Ok(self.steered().await?.trip(name, limit).await?)
    }

    /// Ends a drill before its time: the rules decide again.
    ///
    /// # Errors
    /// As [`trip_database`](Self::trip_database).
    pub async fn release_database(&self, name: &str) -> Result<(), Error> {
        let _call = InFlight::enter(&self.shared)?;
        Ok(self.steered().await?.release(name).await?)
    }

    async fn steered(&self) -> Result<&FailoverHandle, Error> {
        Ok(&self.running().await?.handle)
    }
}
