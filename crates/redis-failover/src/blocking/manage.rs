//! Managing a client while it runs.

use std::time::Duration;

use tower_failover::Circuit;
use tower_failover::failure_detector::Detector;

use super::MultiDbClient;
use crate::client::AddDatabaseOptions;
use crate::config::DatabaseConfig;
use crate::error::Error;
use crate::health::HealthCheck;

/// # Management
/// As the [async client's](crate::MultiDbClient#management), each call waiting until it is done. Beside the errors
/// named there it answers [`Error::NoThread`] and [`Error::WouldDeadlock`].
impl MultiDbClient {
    /// Adds a database, and waits for its first verdict, or for one round; see
    /// [`MultiDbClient::add_database`](crate::MultiDbClient::add_database) (B40).
    ///
    /// # Errors
    /// [`Error::Config`] for one that cannot be used, or whose name or address another one has; [`Error::Closed`].
    pub fn add_database(&self, database: DatabaseConfig) -> Result<(), Error> {
        self.background.run(self.client.add_database(database))
    }

    /// As [`add_database`](Self::add_database), with other than the default options.
    ///
    /// # Errors
    /// As [`add_database`](Self::add_database), and [`Error::Unhealthy`] for a database that must be healthy to join
    /// and is not.
    pub fn add_database_with(
        &self,
        options: AddDatabaseOptions,
        database: DatabaseConfig,
    ) -> Result<(), Error> {
        self.background.run(self.client.add_database_with(options, database))
    }

    /// Removes a database, and waits until all of its connections and tasks have ended; see
    /// [`MultiDbClient::remove_database`](crate::MultiDbClient::remove_database) (B40).
    ///
    /// # Errors
    /// [`Error::Manage`] for the last one and for an unknown one; [`Error::Closed`].
    pub fn remove_database(&self, name: &str) -> Result<(), Error> {
        self.background.run(self.client.remove_database(name))
    }

    /// Changes a database's weight. If that makes another one the heaviest that is available, it serves when this
    /// returns (B40).
    ///
    /// # Errors
    /// [`Error::Config`] for a number that is no weight; [`Error::Manage`] for an unknown database; [`Error::Closed`].
    pub fn update_database_weight(&self, name: &str, weight: f64) -> Result<(), Error> {
        self.background.run(self.client.update_database_weight(name, weight))
    }

    /// Adds a health check for all databases; see
    /// [`MultiDbClient::add_health_check`](crate::MultiDbClient::add_health_check) (B21).
    ///
    /// # Errors
    /// [`Error::Config`] if a check has this name, or its settings cannot be used; [`Error::Closed`].
    pub fn add_health_check(&self, check: HealthCheck) -> Result<(), Error> {
        self.background.run(self.client.add_health_check(check))
    }

    /// Adds a health check for one database (B21), also for one whose checks were switched off.
    ///
    /// # Errors
    /// As [`add_health_check`](Self::add_health_check), and [`Error::Manage`] for an unknown database.
    pub fn add_health_check_to(&self, name: &str, check: HealthCheck) -> Result<(), Error> {
        self.background.run(self.client.add_health_check_to(name, check))
    }

    /// Adds a failure detector of one's own for all databases; see
    /// [`MultiDbClient::add_failure_detector`](crate::MultiDbClient::add_failure_detector) (B16).
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn add_failure_detector<D: Detector + 'static>(
        &self,
        make: impl Fn() -> D + Send + Sync + 'static,
    ) -> Result<(), Error> {
        self.background.run(self.client.add_failure_detector(make))
    }

    /// Adds a failure detector of one's own for one database (B16).
    ///
    /// # Errors
    /// [`Error::Manage`] for an unknown database; [`Error::Closed`].
    pub fn add_failure_detector_to<D: Detector + 'static>(
        &self,
        name: &str,
        make: impl Fn() -> D + Send + Sync + 'static,
    ) -> Result<(), Error> {
        self.background.run(self.client.add_failure_detector_to(name, make))
    }

    /// The circuit of a database, to watch it and to switch it by hand; `None` if there is no such database, while
    /// nothing has started the client, and once it is closed. It starts nothing.
    #[must_use]
    pub fn circuit(&self, name: &str) -> Option<Circuit> {
        self.client.circuit(name)
    }

    /// Makes a database the active one if a round of its checks passes now, and keeps it a standing preference until
    /// [`release_active_database`](Self::release_active_database) (B38).
    ///
    /// # Errors
    /// [`Error::Manage`] for an unknown database, and for an unhealthy one with what its checks said;
    /// [`Error::Closed`].
    pub fn set_active_database(&self, name: &str) -> Result<(), Error> {
        self.background.run(self.client.set_active_database(name))
    }

    /// As [`set_active_database`](Self::set_active_database), without asking the database.
    ///
    /// # Errors
    /// [`Error::Manage`] for an unknown database; [`Error::Closed`].
    pub fn force_active_database(&self, name: &str) -> Result<(), Error> {
        self.background.run(self.client.force_active_database(name))
    }

    /// Ends a choice by hand.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn release_active_database(&self) -> Result<(), Error> {
        self.background.run(self.client.release_active_database())
    }

    /// Never chooses a database until [`undrain_database`](Self::undrain_database), or for `limit`; its calls in flight
    /// finish (B38).
    ///
    /// # Errors
    /// [`Error::Manage`] for an unknown database; [`Error::Closed`].
    pub fn drain_database(&self, name: &str, limit: Option<Duration>) -> Result<(), Error> {
        self.background.run(self.client.drain_database(name, limit))
    }

    /// Ends a drain.
    ///
    /// # Errors
    /// As [`drain_database`](Self::drain_database).
    pub fn undrain_database(&self, name: &str) -> Result<(), Error> {
        self.background.run(self.client.undrain_database(name))
    }

    /// A drill: opens a database's circuit by force for `limit`; all else behaves as in earnest (B61).
    ///
    /// # Errors
    /// [`Error::Manage`] for an unknown database; [`Error::Closed`].
    pub fn trip_database(&self, name: &str, limit: Duration) -> Result<(), Error> {
        self.background.run(self.client.trip_database(name, limit))
    }

    /// Ends a drill before its time: the rules decide again.
    ///
    /// # Errors
    /// As [`trip_database`](Self::trip_database).
    pub fn release_database(&self, name: &str) -> Result<(), Error> {
        self.background.run(self.client.release_database(name))
    }
}
