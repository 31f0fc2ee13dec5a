use std::{fmt, sync::Arc, time::Duration};

use tower_failover::{Check, HealthSettings};

use super::{LagAwareCheck, LagAwareError, base_url, matching};
use crate::connection::{Address, Tls};

/// Nothing here is meant to take longer.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Settings of the lag-aware check. Names and defaults are redis-py's, except where a comment says so.
///
/// ```
/// use std::time::Duration;
/// use redis_failover::{Tls, health::LagAware};
///
/// let lag_aware = LagAware::new()
///     .lag_aware_tolerance(Duration::from_millis(100))
///     .auth_basic("monitor@example.com", "secret")
///     .tls(Tls::new().ca_file("/etc/redis/cluster-ca.pem"));
/// assert!(!format!("{lag_aware:?}").contains("secret"));
/// ```
#[derive(Clone)]
pub struct LagAware {
    pub(super) rest_api_port: u16,
    pub(super) lag_aware_tolerance: Duration,
    pub(super) timeout: Duration,
    pub(super) interval: Duration,
    pub(super) fallback_only: bool,
    pub(super) auth_basic: Option<(Arc<str>, Arc<str>)>,
    pub(super) tls: Tls,
}

impl Default for LagAware {
    fn default() -> Self {
        Self::new()
    }
}

impl LagAware {
    /// All defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rest_api_port: 9443,
            lag_aware_tolerance: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            interval: Duration::from_secs(30),
            fallback_only: false,
            auth_basic: None,
            tls: Tls::new(),
        }
    }

    /// The API's port (9443), where the URL names none.
    #[must_use]
    pub fn rest_api_port(mut self, port: u16) -> Self {
        self.rest_api_port = port;
        self
    }

    /// How far behind a database may be (5 s). In steps of a millisecond.
    #[must_use]
    pub fn lag_aware_tolerance(mut self, tolerance: Duration) -> Self {
        self.lag_aware_tolerance = tolerance;
        self
    }

    /// How long the API may take to answer (2 s; redis-py's is 30 s, but its check is given up after 3 s).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// From the end of one look to the next (30 s ± 10 %), in place of the other checks' interval: so a fleet does
    /// not drown the API. For the same reason a look is one probe.
    #[must_use]
    pub fn health_check_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Whether a database that is behind is only not chosen, but not left either (no): the vendor's advice, for lag
    /// passes and a failover costs more.
    ///
    /// Otherwise it is unhealthy, as redis-py has it, and left if another one is better. It is never left for none.
    #[must_use]
    pub fn fallback_only(mut self, fallback_only: bool) -> Self {
        self.fallback_only = fallback_only;
        self
    }

    /// User and password for the API.
    #[must_use]
    pub fn auth_basic(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.auth_basic = Some((user.into().into(), password.into().into()));
        self
    }

    /// Whom to trust and what to show. Verified against the system's certificate authorities by default.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Checks everything but what is in files.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn validate(&self) -> Result<(), LagAwareError> {
        let times = [
            ("timeout", self.timeout),
            ("health_check_interval", self.interval),
            ("lag_aware_tolerance", self.lag_aware_tolerance),
        ];
        for (option, time) in times {
            if time < Duration::from_millis(1) {
                return Err(LagAwareError::new(option, "it is less than a millisecond"));
            }
            if time > LONGEST {
                return Err(LagAwareError::new(option, "it is more than a day"));
            }
        }
        if self.rest_api_port == 0 {
            return Err(LagAwareError::new("rest_api_port", "it is zero"));
        }
        if self.auth_basic.as_ref().is_some_and(|(user, _)| user.contains(':')) {
            return Err(LagAwareError::new("auth_basic", "the user's name must not contain a colon"));
        }
        if self.tls.has_server_name() {
            let reason = "the api is asked for by the host in health_check_url; write its name there";
            return Err(LagAwareError::new("server_name", reason));
        }
        Ok(self.tls.check()?)
    }

    /// The same, with what concerns one database.
    pub(crate) fn validate_for(
        &self,
        health_check_url: &str,
        addresses: impl IntoIterator<Item = Address>,
    ) -> Result<(), LagAwareError> {
        self.validate()?;
        matching::seeds(addresses)?;
        base_url::read(health_check_url, self.rest_api_port).map(drop)
    }

    /// A look is one request or three, all within this.
    pub(crate) fn longest_round(&self) -> Duration {
        self.timeout
    }

    /// The check of the database with these addresses (one, or all seeds of a cluster), by the API at
    /// `health_check_url`. For a [`HealthPlan`](tower_failover::HealthPlan) of one's own.
    ///
    /// # Errors
    ///
    /// The first setting that cannot be used.
    pub fn check(
        &self,
        health_check_url: &str,
        addresses: impl IntoIterator<Item = Address>,
    ) -> Result<Check, LagAwareError> {
        let check = LagAwareCheck::new(self, health_check_url, addresses)?;
        let settings = HealthSettings {
            interval: self.interval,
            probes: 1,
            delay: Duration::ZERO,
            // The check answers before that.
            probe_timeout: self.timeout.saturating_mul(2),
            ..HealthSettings::default()
        };
        Ok(Check::new("lag-aware", check).settings(settings).without_suspicion())
    }
}

impl fmt::Debug for LagAware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LagAware")
            .field("rest_api_port", &self.rest_api_port)
            .field("lag_aware_tolerance", &self.lag_aware_tolerance)
            .field("timeout", &self.timeout)
            .field("health_check_interval", &self.interval)
            .field("fallback_only", &self.fallback_only)
            .field("auth_basic", &self.auth_basic.as_ref().map(|(user, _)| user))
            .field("tls", &self.tls)
            .finish()
    }
}
