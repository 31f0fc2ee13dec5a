//! Configuration: which databases there are, and when one is left for another.

mod circuit;
#[cfg(feature = "cluster")]
mod cluster;
mod database;
mod error;
#[cfg(feature = "lag-aware")]
mod lag_aware;
mod listeners;
#[cfg(feature = "metrics")]
mod metrics;
mod options;
mod sentinel;
#[cfg(feature = "config")]
mod text;
mod times;
mod tls;
mod validate;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_failover::balance::Strategy;
use tower_failover::event::Listener;
use tower_failover::retry::RetrySettings;
use tower_failover::{Backoff, Chance, Events, FailoverConfig};

pub use database::DatabaseConfig;
pub(crate) use database::Target;
use database::infos_of;
pub use error::ConfigError;
pub(crate) use options::{MakeDetector, Options};
#[cfg(feature = "config")]
pub use text::{Place, Problem, ReadError, SettingError};
pub(crate) use validate::weight;

use crate::command::RetrySafety;
#[cfg(feature = "lag-aware")]
use crate::health::LagAware;
#[cfg(feature = "metrics")]
use crate::metrics::Metrics;

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
///
/// # Clone
/// Clients of clones tell their events in one place: whoever listens to one hears all. For several clients, build a
/// configuration for each, or give each its own [`events`](Self::events).
#[derive(Clone)]
pub struct MultiDbConfig {
    pub(crate) databases: Vec<DatabaseConfig>,
    pub(crate) options: Options,
    pub(crate) command_retry: RetrySettings,
    pub(crate) retry_safety: RetrySafety,
    pub(crate) initial_policy: InitialHealthCheckPolicy,
    pub(crate) tolerate_misconfigured: bool,
    pub(crate) listeners: Vec<Listener>,
    failover: FailoverConfig,
    #[cfg(feature = "lag-aware")]
    pub(crate) lag_aware: Option<LagAware>,
    #[cfg(feature = "metrics")]
    pub(crate) metrics: Option<Metrics>,
}

impl MultiDbConfig {
    /// These databases, with all defaults.
    #[must_use]
    pub fn new(databases: impl IntoIterator<Item = DatabaseConfig>) -> Self {
        Self {
            databases: databases.into_iter().collect(),
            options: Options::default(),
            command_retry: RetrySettings::default(),
            retry_safety: RetrySafety::default(),
            initial_policy: InitialHealthCheckPolicy::default(),
            tolerate_misconfigured: false,
            listeners: Vec::new(),
            failover: FailoverConfig::default(),
            #[cfg(feature = "lag-aware")]
            lag_aware: None,
            #[cfg(feature = "metrics")]
            metrics: None,
        }
    }

    /// Databases by their URLs, in the order of preference: the first weighs 1.0, each other one half of the one
    /// before it.
    ///
    /// ```
    /// use redis_failover::MultiDbConfig;
    ///
    /// let config = MultiDbConfig::from_urls(["redis://db-primary:6379/0", "redis://db-secondary:6379/0"])?;
    /// config.validate()?;
    /// # Ok::<(), redis_failover::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError::Url`] for the first that cannot be read, with its place in the list.
    pub fn from_urls<U: AsRef<str>>(urls: impl IntoIterator<Item = U>) -> Result<Self, ConfigError> {
        Ok(Self::new(by_preference(infos_of(urls)?.into_iter().map(DatabaseConfig::new))))
    }

    /// How failed commands are repeated (3 retries, 10 ms doubling to 1 s, full jitter).
    ///
    /// Nothing below repeats, but for clusters: redirections are followed, and a single command that a node refuses
    /// without applying it (`LOADING`, `CLUSTERDOWN`, `MASTERDOWN`, `TRYAGAIN`, `READONLY`) is sent again up to three
    /// times, within 150 ms.
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

    /// How many repeats one database has to bear (B34): this share of recent calls (0.2), and this many a second
    /// however few calls there are (10). Repeats on another database are free.
    #[must_use]
    pub fn retry_budget(mut self, share: f64, floor: u32) -> Self {
        self.command_retry.budget_share = share;
        self.command_retry.budget_floor = floor;
        self
    }

    /// How often a heavier database is looked for (120 s); `None` disables the fallback.
    #[must_use]
    pub fn auto_fallback_interval(mut self, interval: Option<Duration>) -> Self {
        self.failover.auto_fallback_interval = interval;
        self
    }

    /// By which share of itself that interval varies, both ways, so that a fleet does not return in step (0.2; B37).
    #[must_use]
    pub fn fallback_jitter(mut self, share: f64) -> Self {
        self.failover.fallback_jitter = share;
        self
    }

    /// Who is chosen whenever a choice is made: the [`HighestWeight`](tower_failover::balance::HighestWeight), or a
    /// strategy of one's own (B5).
    ///
    /// ```
    /// use redis_failover::MultiDbConfig;
    /// use tower_failover::balance::{Candidate, Strategy};
    ///
    /// /// The first of the configuration that may serve, whatever it weighs.
    /// struct InOrder;
    ///
    /// impl Strategy for InOrder {
    ///     fn choose(&self, _: &[Candidate]) -> usize {
    ///         0
    ///     }
    /// }
    ///
    /// let config = MultiDbConfig::from_urls(["redis://eu", "redis://us"])?.failover_strategy(InOrder);
    /// # Ok::<(), redis_failover::ConfigError>(())
    /// ```
    #[must_use]
    pub fn failover_strategy(mut self, strategy: impl Strategy + 'static) -> Self {
        self.failover.strategy = Arc::new(strategy);
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

    /// Whether [`MultiDbClient::connect`](crate::MultiDbClient::connect) succeeds although a database refuses us as we
    /// are configured (no): a wrong password does not go away by itself, a region that is down does (B41).
    #[must_use]
    pub fn tolerate_misconfigured(mut self, tolerate: bool) -> Self {
        self.tolerate_misconfigured = tolerate;
        self
    }

    /// Where the events go; a subscription made before the client is built sees those of the start. For code that is
    /// to be called with them there is [`listener`](Self::listener).
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

    /// For a database that is to be asked how it is before anybody else hears of it.
    pub(crate) fn unheard(mut self) -> Self {
        self.failover.events = Events::default();
        #[cfg(feature = "metrics")]
        {
            self.metrics = None;
        }
        self
    }

    pub(crate) fn event_source(&self) -> &Events {
        &self.failover.events
    }

    /// What the balance is told, with what follows from the health checks.
    pub(crate) fn failover(&self) -> FailoverConfig {
        let mut failover = self.failover.clone();
        failover.all_at_once_window = self.options.health().interval;
        // One round each, though a return is not waited for as long as hung probes take (B41, B58).
        let round = self.longest_round();
        failover.wait_for_first_verdict = round;
        failover.wait_for_return = failover.wait_for_return.min(round);
        failover
    }

    /// The longest time in which every database is judged.
    pub(crate) fn longest_round(&self) -> Duration {
        let rounds = self.databases.iter().map(|database| database.options(&self.options).longest_round());
        #[cfg(feature = "lag-aware")]
        let rounds = rounds.chain(self.lag_aware.as_ref().map(LagAware::longest_round));
        rounds.max().unwrap_or_default()
    }
}

/// Databases in the order of preference: each weighs half of the one before it.
fn by_preference(
    databases: impl IntoIterator<Item = DatabaseConfig>,
) -> impl Iterator<Item = DatabaseConfig> {
    let weights = std::iter::successors(Some(1.0), |weight| Some(weight / 2.0));
    databases.into_iter().zip(weights).map(|(database, weight)| database.weight(weight))
}

impl fmt::Debug for MultiDbConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiDbConfig")
            .field("databases", &self.databases)
            .field("options", &self.options)
            .field("command_retry", &self.command_retry)
            .field("retry_safety", &self.retry_safety)
            .field("failover", &self.failover)
            .finish_non_exhaustive()
    }
}
