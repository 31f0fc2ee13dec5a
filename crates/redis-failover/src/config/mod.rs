//! Configuration: which databases there are, and when one is left for another.

mod database;
mod error;
#[cfg(feature = "lag-aware")]
mod lag_aware;
mod tls;

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use tower_failover::retry::RetrySettings;
use tower_failover::{
    Backoff, Chance, Events, FailoverConfig, HealthSettings, Suspicion, Thresholds, Weight,
};

pub use database::DatabaseConfig;
pub use error::ConfigError;

use crate::command::RetrySafety;
#[cfg(feature = "lag-aware")]
use crate::health::LagAware;

/// How many databases must be healthy for [`MultiDbClient::connect`](crate::MultiDbClient::connect) to succeed (B41).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InitialHealthCheckPolicy {
    /// One: an application must be able to start while a region is down. The default.
    #[default]
    OneAvailable,
    /// More than half.
    MajorityAvailable,
    /// All, as redis-py has it.
    AllAvailable,
}

/// Configuration of a [`MultiDbClient`](crate::MultiDbClient). The names and defaults are redis-py's, except where a
/// comment says so; all durations are [`Duration`]s and rates are fractions.
///
/// ```
/// use std::time::Duration;
/// use redis_failover::{DatabaseConfig, MultiDbConfig};
///
/// let config = MultiDbConfig::new([
///     DatabaseConfig::from_url("redis://db-primary:6379/0")?.weight(1.0),
///     DatabaseConfig::from_url("redis://db-secondary:6379/0")?.weight(0.5),
/// ])
/// .auto_fallback_interval(Some(Duration::from_secs(30)));
/// config.validate()?;
/// # Ok::<(), redis_failover::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct MultiDbConfig {
    pub(crate) databases: Vec<DatabaseConfig>,
    pub(crate) health: HealthSettings,
    pub(crate) min_num_failures: u64,
    pub(crate) failure_rate_threshold: f64,
    pub(crate) failures_detection_window: Duration,
    pub(crate) suspicion: Suspicion,
    pub(crate) command_retry: RetrySettings,
    pub(crate) retry_safety: RetrySafety,
    pub(crate) response_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) grace_period: Duration,
    pub(crate) redial_spread: Duration,
    pub(crate) initial_policy: InitialHealthCheckPolicy,
    pub(crate) failover: FailoverConfig,
    #[cfg(feature = "lag-aware")]
    pub(crate) lag_aware: Option<LagAware>,
}

impl MultiDbConfig {
    /// These databases, with all defaults.
    #[must_use]
    pub fn new(databases: impl IntoIterator<Item = DatabaseConfig>) -> Self {
        Self {
            databases: databases.into_iter().collect(),
            health: HealthSettings::default(),
            min_num_failures: 1000,
            failure_rate_threshold: 0.1,
            failures_detection_window: Duration::from_secs(2),
            suspicion: Suspicion::default(),
            command_retry: RetrySettings::default(),
            retry_safety: RetrySafety::default(),
            response_timeout: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(5),
            grace_period: Duration::from_secs(60),
            redial_spread: Duration::from_secs(2),
            initial_policy: InitialHealthCheckPolicy::default(),
            failover: FailoverConfig::default(),
            #[cfg(feature = "lag-aware")]
            lag_aware: None,
        }
    }

    /// From the end of one round of health checks to the next (5 s).
    #[must_use]
    pub fn health_check_interval(mut self, interval: Duration) -> Self {
        self.health.interval = interval;
        self.failover.all_at_once_window = interval;
        self
    }

    /// Probes in a round (3).
    #[must_use]
    pub fn health_check_probes(mut self, probes: u32) -> Self {
        self.health.probes = probes;
        self
    }

    /// Between two probes of a round (500 ms).
    #[must_use]
    pub fn health_check_delay(mut self, delay: Duration) -> Self {
        self.health.delay = delay;
        self
    }

    /// How long one probe may take (1 s). redis-py's `health_check_timeout` bounds the whole check instead, so that
    /// one hung probe defeats two of its policies.
    #[must_use]
    pub fn health_check_probe_timeout(mut self, timeout: Duration) -> Self {
        self.health.probe_timeout = timeout;
        self
    }

    /// How many failures trip a database, if the rate is passed too (1000); 0 switches this condition off.
    #[must_use]
    pub fn min_num_failures(mut self, failures: u64) -> Self {
        self.min_num_failures = failures;
        self
    }

    /// Which share of calls must fail (0.1); 0 switches this condition off.
    #[must_use]
    pub fn failure_rate_threshold(mut self, rate: f64) -> Self {
        self.failure_rate_threshold = rate;
        self
    }

    /// Within which time failures count (2 s).
    #[must_use]
    pub fn failures_detection_window(mut self, window: Duration) -> Self {
        self.failures_detection_window = window;
        self
    }

    /// When a silent database is asked, and how long it has to answer (B17).
    #[must_use]
    pub fn suspicion(mut self, suspicion: Suspicion) -> Self {
        self.suspicion = suspicion;
        self
    }

    /// How failed commands are repeated (3 retries, 10 ms doubling to 1 s, full jitter).
    #[must_use]
    pub fn command_retry(mut self, retries: u32, backoff: Backoff) -> Self {
        self.command_retry.retries = retries;
        self.command_retry.backoff = backoff;
        self
    }

    /// Which commands are repeated when it is not known whether they were applied (B33).
    #[must_use]
    pub fn retry_safety(mut self, safety: RetrySafety) -> Self {
        self.retry_safety = safety;
        self
    }

    /// How long one attempt may take (500 ms).
    #[must_use]
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// How long DNS, connecting and the handshake may take together (5 s).
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a database must have been healthy without a break before it may be chosen again (60 s), where the
    /// database has none of its own.
    #[must_use]
    pub fn grace_period(mut self, grace_period: Duration) -> Self {
        self.grace_period = grace_period;
        self
    }

    /// By how much the redials of standbys are spread after a failure (2 s; B36).
    #[must_use]
    pub fn redial_spread(mut self, spread: Duration) -> Self {
        self.redial_spread = spread;
        self
    }

    /// How often a heavier database is looked for (120 s); `None` disables the fallback.
    #[must_use]
    pub fn auto_fallback_interval(mut self, interval: Option<Duration>) -> Self {
        self.failover.auto_fallback_interval = interval;
        self
    }

    /// How many times [`failover_delay`](Self::failover_delay) an outage lasts before it counts as permanent (10).
    #[must_use]
    pub fn failover_attempts(mut self, attempts: u32) -> Self {
        self.failover.failover_attempts = attempts;
        self
    }

    /// See [`failover_attempts`](Self::failover_attempts) (12 s).
    #[must_use]
    pub fn failover_delay(mut self, delay: Duration) -> Self {
        self.failover.failover_delay = delay;
        self
    }

    /// How long commands wait when no database is available; `None`, the default, fails them at once (B29).
    #[must_use]
    pub fn wait_for_database(mut self, limit: Option<Duration>) -> Self {
        self.failover.wait_for_member = limit;
        self
    }

    /// How many databases must be healthy at the start.
    #[must_use]
    pub fn initial_health_check_policy(mut self, policy: InitialHealthCheckPolicy) -> Self {
        self.initial_policy = policy;
        self
    }

    /// Where the events go; a subscription made before the client is built sees those of the start.
    #[must_use]
    pub fn events(mut self, events: Events) -> Self {
        self.failover.events = events;
        self
    }

    /// Where jitter comes from; a seeded one makes a run repeatable.
    #[must_use]
    pub fn chance(mut self, chance: Chance) -> Self {
        self.failover.chance = chance;
        self
    }

    /// Checks everything; [`MultiDbClient::new`](crate::MultiDbClient::new) does so too.
    ///
    /// # Errors
    /// The first thing that cannot be used, with its database and option.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.databases.is_empty() {
            return Err(ConfigError::NoDatabases);
        }
        let mut names = HashSet::new();
        let mut addresses = HashSet::new();
        for database in &self.databases {
            let name = database.name_or_address();
            database.check()?;
            if !names.insert(name.clone()) {
                return Err(ConfigError::DuplicateName { database: name });
            }
            if !addresses.insert(database.location()) {
                return Err(ConfigError::DuplicateAddress { database: name });
            }
        }
        let health = &self.health;
        let wait_for_database = self.failover.wait_for_member.map(|limit| ("wait_for_database", limit));
        let timeouts = [
            ("response_timeout", self.response_timeout),
            ("connect_timeout", self.connect_timeout),
            ("health_check_interval", health.interval),
            ("health_check_probe_timeout", health.probe_timeout),
        ];
        let lengths = [
            ("failures_detection_window", self.failures_detection_window),
            ("grace_period", self.grace_period),
            ("redial_spread", self.redial_spread),
            ("health_check_delay", health.delay),
        ];
        let of_timeouts =
            timeouts.into_iter().chain(wait_for_database).map(|(option, limit)| (option, timeout(limit)));
        let of_lengths = lengths.into_iter().map(|(option, limit)| (option, length(limit)));
        for (option, checked) in of_timeouts.chain(of_lengths) {
            checked.map_err(|reason| ConfigError::Option { option, reason: reason.into() })?;
        }
        health.validate(&"ping".into()).map_err(|error| ConfigError::Option {
            option: "health_check_probes",
            reason: error.to_string(),
        })?;
        self.thresholds()?;
        #[cfg(feature = "lag-aware")]
        self.check_lag_aware()?;
        self.failover
            .validate()
            .map_err(|error| ConfigError::Option { option: error.option, reason: error.reason.into() })
    }

    pub(crate) fn thresholds(&self) -> Result<Thresholds, ConfigError> {
        Thresholds::new(self.min_num_failures, self.failure_rate_threshold, self.failures_detection_window)
            .map_err(|error| ConfigError::Option { option: "failure_detector", reason: error.to_string() })
    }
}

/// Nothing here is meant to wait for longer, and sums of such durations cannot overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A time that may be zero, or else why it cannot be used.
fn length(length: Duration) -> Result<(), &'static str> {
    if length > LONGEST { Err("it is more than a year") } else { Ok(()) }
}

/// A time in which something must be possible, or else why it cannot be used.
fn timeout(limit: Duration) -> Result<(), &'static str> {
    if limit.is_zero() { Err("it is zero") } else { length(limit) }
}

pub(crate) fn weight(database: &str, weight: f64) -> Result<Weight, ConfigError> {
    Weight::new(weight).map_err(|_| ConfigError::Weight { database: database.into(), weight })
}

impl fmt::Debug for MultiDbConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiDbConfig")
            .field("databases", &self.databases)
            .field("health", &self.health)
            .field("min_num_failures", &self.min_num_failures)
            .field("failure_rate_threshold", &self.failure_rate_threshold)
            .field("failures_detection_window", &self.failures_detection_window)
            .field("suspicion", &self.suspicion)
            .field("command_retry", &self.command_retry)
            .field("retry_safety", &self.retry_safety)
            .field("failover", &self.failover)
            .finish_non_exhaustive()
    }
}
