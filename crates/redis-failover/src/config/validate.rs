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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tower_failover::Backoff;

    use super::*;
    use crate::DatabaseConfig;
    use crate::health::HealthCheck;

    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    const MILLISECOND: Duration = Duration::from_millis(1);

    fn databases(count: usize) -> MultiDbConfig {
        let database = |number| DatabaseConfig::from_url(&format!("redis://database{number}")).unwrap();
        MultiDbConfig::new((0..count).map(database))
    }

    /// Which option cannot be used.
    fn refused(config: &MultiDbConfig) -> Option<&'static str> {
        match config.validate() {
            Err(ConfigError::Option { option, .. }) => Some(option),
            Err(other) => panic!("{other}"),
            Ok(()) => None,
        }
    }

    #[test]
    fn b60_there_are_no_more_databases_than_cursors_can_tell_apart() {
        assert_eq!(refused(&databases(CursorTag::COUNT)), None);
        for more in 1..3 {
            assert_eq!(refused(&databases(CursorTag::COUNT + more)), Some("databases"));
        }
    }

    #[test]
    fn b56_no_time_is_longer_than_a_year_and_some_must_last() {
        let grace_period = |time| refused(&databases(1).grace_period(time));
        assert_eq!((grace_period(Duration::ZERO), grace_period(YEAR)), (None, None));
        assert_eq!(grace_period(YEAR + MILLISECOND), Some("grace_period"));
        assert_eq!(grace_period(2 * YEAR), Some("grace_period"));
        let response_timeout = |time| refused(&databases(1).response_timeout(time));
        assert_eq!(response_timeout(YEAR), None);
        assert_eq!(response_timeout(Duration::ZERO), Some("response_timeout"));
        assert_eq!(
            refused(&databases(1).failures_detection_window(MILLISECOND)),
            Some("failures_detection_window")
        );
    }

    #[test]
    fn b34_a_retry_waits_for_a_year_at_most_and_its_budget_is_a_share() {
        let budget = |share| refused(&databases(1).retry_budget(share, 10));
        assert_eq!((budget(0.0), budget(1.0)), (None, None));
        assert_eq!((budget(-0.1), budget(1.1)), (Some("retry_budget"), Some("retry_budget")));
        let waits = |limit| refused(&databases(1).command_retry(3, Backoff::new(limit, limit)));
        assert_eq!((waits(YEAR), waits(2 * YEAR)), (None, Some("command_retry")));
    }

    #[test]
    fn b21_each_health_check_has_a_name_of_its_own() {
        let checks = |number| refused(&databases(1).health_checks((0..number).map(|_| HealthCheck::ping())));
        assert_eq!((checks(1), checks(2)), (None, Some("health_checks")));
    }

    #[cfg(all(feature = "cluster", feature = "tls"))]
    #[test]
    fn b55_all_nodes_of_a_cluster_are_reached_in_the_same_way() {
        let refused = |nodes: [&str; 2]| {
            let cluster = DatabaseConfig::cluster(nodes).unwrap();
            MultiDbConfig::new([cluster]).validate().is_err()
        };
        assert!(!refused(["rediss://one", "rediss://two"]));
        assert!(refused(["rediss://one", "redis://two"]));
        assert!(refused(["rediss://one", "rediss://two/#insecure"]));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn b55_a_sentinel_without_tls_may_watch_over_databases_with_it() {
        let secure =
            |database: DatabaseConfig| MultiDbConfig::new([database.tls(crate::Tls::new())]).validate();
        assert_eq!(secure(DatabaseConfig::sentinel("mymaster", ["redis://one"]).unwrap()), Ok(()));
        assert!(
            secure(DatabaseConfig::from_url("redis://one").unwrap()).is_err(),
            "its url does not ask for it"
        );
    }
}
