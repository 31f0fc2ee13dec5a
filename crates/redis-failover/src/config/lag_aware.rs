//! Which databases the lag-aware check asks after, and where.

use tower_failover::Check;

use super::{ConfigError, DatabaseConfig, MultiDbConfig};
use crate::connection::Address;
use crate::health::{LagAware, LagAwareError};

impl DatabaseConfig {
    /// Where Redis Enterprise's REST API tells of this database: the cluster's name (`https://cluster.example.com`), or
    /// a reverse proxy's URL. For [`MultiDbConfig::lag_aware`].
    #[must_use]
    pub fn health_check_url(mut self, url: impl Into<String>) -> Self {
        self.health_check_url = Some(url.into());
        self
    }

    /// Whether the REST API can be asked after this database; reads no files.
    fn check_lag_aware(&self, lag_aware: &LagAware) -> Result<(), ConfigError> {
        self.with_health_check_url(|url, address| lag_aware.validate_for(url, address)).map(drop)
    }

    /// The check that asks the REST API after this database, where there is one.
    pub(crate) fn lag_aware_check(&self, all: &MultiDbConfig) -> Result<Option<Check>, ConfigError> {
        let Some(lag_aware) = &all.lag_aware else { return Ok(None) };
        self.with_health_check_url(|url, address| lag_aware.check(url, address))
    }

    /// A service of one's own need not be a database of a cluster.
    fn with_health_check_url<T>(
        &self,
        then: impl FnOnce(&str, Option<Address>) -> Result<T, LagAwareError>,
    ) -> Result<Option<T>, ConfigError> {
        let refused = |option, reason| {
            let database = self.name_or_address();
            ConfigError::DatabaseOption { database, option, reason }
        };
        match (&self.health_check_url, self.address()) {
            (Some(url), address) => {
                then(url, address).map(Some).map_err(|error| refused(error.option, error.reason))
            }
            (None, None) => Ok(None),
            (None, Some(_)) => {
                Err(refused("health_check_url", "it is missing; the lag-aware check asks there".into()))
            }
        }
    }
}

impl MultiDbConfig {
    /// Asks Redis Enterprise's REST API how far each database is behind, beside the other checks. Every database
    /// with health checks needs a [`health_check_url`](DatabaseConfig::health_check_url) then.
    #[must_use]
    pub fn lag_aware(mut self, lag_aware: LagAware) -> Self {
        self.lag_aware = Some(lag_aware);
        self
    }

    pub(super) fn check_lag_aware(&self) -> Result<(), ConfigError> {
        let Some(lag_aware) = &self.lag_aware else { return Ok(()) };
        lag_aware
            .validate()
            .map_err(|error| ConfigError::Option { option: error.option, reason: error.reason })?;
        let is_checked =
            |database: &&DatabaseConfig| !database.options(&self.options).health_checks().is_empty();
        self.databases.iter().filter(is_checked).try_for_each(|database| database.check_lag_aware(lag_aware))
    }
}
