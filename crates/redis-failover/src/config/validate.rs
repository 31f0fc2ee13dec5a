//! Which configurations can be used.

use std::collections::HashSet;

use tower_failover::Weight;

use super::times::{length, timeout};
use super::{ConfigError, MultiDbConfig};
use crate::cursor::{CursorTag, TooManyDatabases};

impl MultiDbConfig {
    /// Checks everything; [`MultiDbClient::new`](crate::MultiDbClient::new) does so too.
    ///
    /// # Errors
    /// The first thing that cannot be used, with its database and option.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.databases.is_empty() {
            return Err(ConfigError::NoDatabases);
        }
        let invalid = |option, reason| ConfigError::Option { option, reason };
        self.options.check().map_err(|(option, reason)| invalid(option, reason))?;
        self.check_databases()?;
        self.check_retry()?;
        #[cfg(feature = "lag-aware")]
        self.check_lag_aware()?;
        if let Some(limit) = self.failover.wait_for_member {
            timeout(limit).map_err(|reason| invalid("wait_for_database", reason.into()))?;
        }
        timeout(self.failover.failover_delay).map_err(|reason| invalid("failover_delay", reason.into()))?;
        self.failover().validate().map_err(|error| invalid(error.option, error.reason.into()))
    }

    fn check_databases(&self) -> Result<(), ConfigError> {
        if self.databases.len() > CursorTag::COUNT {
            return Err(ConfigError::too_many(TooManyDatabases { count: self.databases.len() }));
        }
        let mut names = HashSet::new();
        let mut locations = HashSet::new();
        for database in &self.databases {
            let name = database.name_or_address();
            database.check(&self.options)?;
            // Before the names, since an address is a name too.
            if database.location().is_some_and(|location| !locations.insert(location)) {
                return Err(ConfigError::DuplicateAddress { database: name });
            }
            if !names.insert(name.clone()) {
                return Err(ConfigError::DuplicateName { database: name });
            }
        }
        Ok(())
    }

    fn check_retry(&self) -> Result<(), ConfigError> {
        let invalid = |option, reason: &str| ConfigError::Option { option, reason: reason.into() };
        let retry = &self.command_retry;
        length(retry.backoff.limit(u32::MAX)).map_err(|reason| invalid("command_retry", reason))?;
        if !(0.0..=1.0).contains(&retry.budget_share) {
            return Err(invalid("retry_budget", "its share is not from 0 to 1"));
        }
        Ok(())
    }
}

pub(crate) fn weight(database: &str, weight: f64) -> Result<Weight, ConfigError> {
    Weight::new(weight).map_err(|_| ConfigError::Weight { database: database.into(), weight })
}
