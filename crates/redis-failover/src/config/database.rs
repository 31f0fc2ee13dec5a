//! Configuration of one database.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::ConnectionInfo;
use tower_failover::CircuitSettings;

use super::tls::{WITHOUT_TLS, is_tls};
use super::{ConfigError, MultiDbConfig, length, timeout, weight};
#[cfg(feature = "tls-no-provider")]
use crate::connection::Tls;
use crate::connection::{Address, Connect, TcpConnect, connection_info};

/// One database: where it is, and what it weighs.
///
/// ```
/// use redis_failover::DatabaseConfig;
///
/// let config = DatabaseConfig::from_url("redis://:secret@db-primary:6379/0")?.name("eu-west").weight(1.0);
/// assert!(!format!("{config:?}").contains("secret"));
/// # Ok::<(), redis_failover::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct DatabaseConfig {
    name: Option<String>,
    pub(crate) info: ConnectionInfo,
    pub(crate) weight: f64,
    grace_period: Option<Duration>,
    down_after: Duration,
    response_timeout: Option<Duration>,
    pub(crate) health_checks: bool,
    pub(super) connect: Arc<dyn Connect>,
    #[cfg(feature = "tls-no-provider")]
    pub(super) tls: Option<Tls>,
    #[cfg(feature = "lag-aware")]
    pub(super) health_check_url: Option<String>,
}

impl DatabaseConfig {
    /// A database by its URL: `redis://[user:password@]host[:port][/db]` or `unix:///path`.
    ///
    /// `rediss://…` is dialled with TLS (feature `tls`), as `DatabaseConfig::tls` says; `#insecure` at its end trusts
    /// whoever answers.
    ///
    /// # Errors
    /// [`ConfigError::Url`] if it cannot be read. The error does not repeat the URL, which may hold a password.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        let refused = |reason: String| ConfigError::Url {
            scheme: scheme(url).unwrap_or("without a scheme ").into(),
            reason,
        };
        let info = connection_info(url).map_err(|error| refused(error.to_string()))?;
        if is_tls(&info) && cfg!(not(feature = "tls-no-provider")) {
            return Err(refused(WITHOUT_TLS.into()));
        }
        Ok(Self::new(info))
    }

    /// A database by redis-rs's own description.
    #[must_use]
    pub fn new(info: ConnectionInfo) -> Self {
        Self {
            name: None,
            info,
            weight: 1.0,
            grace_period: None,
            down_after: Duration::ZERO,
            response_timeout: None,
            health_checks: true,
            connect: Arc::new(TcpConnect::default()),
            #[cfg(feature = "tls-no-provider")]
            tls: None,
            #[cfg(feature = "lag-aware")]
            health_check_url: None,
        }
    }

    /// Its name in events, snapshots, logs and errors; its address by default.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Its priority (1.0): the heaviest available database serves.
    #[must_use]
    pub fn weight(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }

    /// A grace period of its own; see [`MultiDbConfig::grace_period`].
    #[must_use]
    pub fn grace_period(mut self, grace_period: Duration) -> Self {
        self.grace_period = Some(grace_period);
        self
    }

    /// How long a failure must hold without a success before it takes effect (0; 5–15 s for databases with a high
    /// availability of their own; B8).
    #[must_use]
    pub fn down_after(mut self, down_after: Duration) -> Self {
        self.down_after = down_after;
        self
    }

    /// A response timeout of its own; see [`MultiDbConfig::response_timeout`].
    #[must_use]
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = Some(timeout);
        self
    }

    /// Switches health checks off, or on again.
    #[must_use]
    pub fn health_checks(mut self, on: bool) -> Self {
        self.health_checks = on;
        self
    }

    /// Dials through `connect`: commands, health checks and whatever else. If the URL asks for TLS, it is spoken over
    /// the streams of this connector.
    #[must_use]
    pub fn connector(mut self, connect: impl Connect) -> Self {
        self.connect = Arc::new(connect);
        self
    }

    pub(crate) fn name_or_address(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.location())
    }

    /// Address and database number.
    pub(super) fn location(&self) -> String {
        let address = Address::from(&self.info);
        match self.info.redis_settings().db() {
            0 => address.to_string(),
            number => format!("{address}/{number}"),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let database = self.name_or_address();
        weight(&database, self.weight)?;
        let invalid = |option, reason: &str| ConfigError::DatabaseOption {
            database: database.clone(),
            option,
            reason: reason.into(),
        };
        let times = [
            ("response_timeout", self.response_timeout.map_or(Ok(()), timeout)),
            ("grace_period", length(self.grace_period.unwrap_or_default())),
            ("down_after", length(self.down_after)),
        ];
        for (option, checked) in times {
            checked.map_err(|reason| invalid(option, reason))?;
        }
        self.check_tls().map_err(|(option, reason)| invalid(option, &reason))
    }

    pub(crate) fn circuit(&self, all: &MultiDbConfig) -> CircuitSettings {
        CircuitSettings::default()
            .grace_period(self.grace_period.unwrap_or(all.grace_period))
            .down_after(self.down_after)
    }

    pub(crate) fn timeout(&self, all: &MultiDbConfig) -> Duration {
        self.response_timeout.unwrap_or(all.response_timeout)
    }
}

/// What stands before `://`, if it can be a scheme: something else may be, or hold, a password.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once("://")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.bytes().all(fits).then_some(scheme)
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig")
            .field("name", &self.name_or_address())
            .field("address", &Address::from(&self.info))
            .field("weight", &self.weight)
            .field("grace_period", &self.grace_period)
            .field("down_after", &self.down_after)
            .field("response_timeout", &self.response_timeout)
            .field("health_checks", &self.health_checks)
            .finish_non_exhaustive()
    }
}
