//! How often, how patiently and by which policy a member is asked (B19).

use std::fmt;
use std::sync::Arc;

use tokio::time::Duration;

use super::policy::{HealthyAll, Policy};
use crate::backoff::Backoff;
use crate::event::Name;

/// Nothing here is meant to wait for longer, and sums of such durations cannot overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How a check is asked. A round is a few probes and ends with one verdict.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use tower_failover::HealthSettings;
/// use tower_failover::health::HealthyAny;
///
/// let lenient = HealthSettings { policy: Arc::new(HealthyAny), probes: 2, ..HealthSettings::default() };
/// assert_eq!(lenient.interval, Duration::from_secs(5));
/// ```
#[derive(Debug, Clone)]
pub struct HealthSettings {
    /// From the end of a round to the begin of the next (`health_check_interval`, default 5 s).
    pub interval: Duration,
    /// By which share of itself the interval varies, both ways, so that a fleet does not ask in step (default 0.1).
    pub interval_jitter: f64,
    /// How many probes a round has (`health_check_probes`, default 3).
    pub probes: u32,
    /// Between two probes of a round (`health_check_delay`, default 500 ms).
    pub delay: Duration,
    /// How long one probe may take (`health_check_probe_timeout`, default 1 s).
    pub probe_timeout: Duration,
    /// How many of the probes must pass (default [`HealthyAll`]).
    pub policy: Arc<dyn Policy>,
    /// When a failed check is asked again, if that is sooner than the interval (default 100 ms doubling to 5 s, full
    /// jitter, B36). It starts from the beginning at each failure.
    pub backoff: Backoff,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            interval_jitter: 0.1,
            probes: 3,
            delay: Duration::from_millis(500),
            probe_timeout: Duration::from_secs(1),
            policy: Arc::new(HealthyAll),
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(5)),
        }
    }
}

impl HealthSettings {
    /// How long a round takes at most: when every probe is answered in the last moment, and none decides early.
    ///
    /// ```
    /// assert_eq!(tower_failover::HealthSettings::default().longest_round().as_secs(), 4);
    /// ```
    #[must_use]
    pub fn longest_round(&self) -> Duration {
        let probes = self.probe_timeout.saturating_mul(self.probes);
        let pauses = self.delay.saturating_mul(self.probes.saturating_sub(1));
        probes.saturating_add(pauses).min(LONGEST)
    }

    /// Checks every number; `check` names the health check in the error.
    ///
    /// # Errors
    /// The first setting that makes no sense.
    pub fn validate(&self, check: &Name) -> Result<(), HealthSettingsError> {
        let check = || Name::clone(check);
        let lengths =
            [("interval", self.interval), ("delay", self.delay), ("probe_timeout", self.probe_timeout)];
        if let Some((setting, _)) = lengths.into_iter().find(|(_, length)| *length > LONGEST) {
            return Err(HealthSettingsError::TooLong { check: check(), setting });
        }
        let zeros = [
            ("interval", self.interval.is_zero()),
            ("probe_timeout", self.probe_timeout.is_zero()),
            ("probes", self.probes == 0),
        ];
        if let Some((setting, _)) = zeros.into_iter().find(|(_, is_zero)| *is_zero) {
            return Err(HealthSettingsError::Zero { check: check(), setting });
        }
        if !(0.0..=1.0).contains(&self.interval_jitter) {
            return Err(HealthSettingsError::Jitter { check: check(), value: self.interval_jitter });
        }
        Ok(())
    }
}

/// Why a health check cannot be run as it is configured.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum HealthSettingsError {
    /// A setting that must be more than zero.
    Zero {
        /// Of which check.
        check: Name,
        /// The setting's name.
        setting: &'static str,
    },
    /// A duration of more than a year.
    TooLong {
        /// Of which check.
        check: Name,
        /// The setting's name.
        setting: &'static str,
    },
    /// An interval that varies by less than nothing, or by more than itself.
    Jitter {
        /// Of which check.
        check: Name,
        /// What was given.
        value: f64,
    },
}

impl fmt::Display for HealthSettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { check, setting } => {
                write!(f, "health check `{check}`: `{setting}` must be more than zero")
            }
            Self::TooLong { check, setting } => {
                write!(f, "health check `{check}`: `{setting}` must not be more than a year")
            }
            Self::Jitter { check, value } => {
                write!(f, "health check `{check}`: `interval_jitter` must be from 0 to 1, not {value}")
            }
        }
    }
}

impl std::error::Error for HealthSettingsError {}
