//! What a circuit breaker is told beforehand.

use std::error::Error;
use std::fmt;

use tokio::time::Duration;

/// How a circuit opens and closes again.
///
/// ```
/// use std::time::Duration;
/// use tower_failover::CircuitSettings;
///
/// let patient = CircuitSettings::default()
///     .grace_period(Duration::from_secs(30))
///     .down_after(Duration::from_secs(5));
/// assert!(patient.validate().is_ok());
/// assert!(patient.trial_calls(0).validate().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitSettings {
    pub(super) grace_period: Duration,
    pub(super) down_after: Duration,
    pub(super) half_open_timeout: Duration,
    pub(super) trial_calls: u32,
    pub(super) flap_window: Duration,
    pub(super) max_grace_factor: u32,
}

impl Default for CircuitSettings {
    fn default() -> Self {
        Self {
            grace_period: Duration::from_secs(60),
            down_after: Duration::ZERO,
            half_open_timeout: Duration::from_secs(10),
            trial_calls: 3,
            flap_window: Duration::from_secs(600),
            max_grace_factor: 8,
        }
    }
}

impl CircuitSettings {
    /// How long the member must have been healthy without a break before it is tried again; without health checks,
    /// how long the circuit stays open (B9). Default 60 s; zero tries it at the first healthy verdict.
    #[must_use]
    pub fn grace_period(self, grace_period: Duration) -> Self {
        Self { grace_period, ..self }
    }

    /// How long a failure must hold without a success before it opens the circuit (B8). Default zero: at once.
    /// 5–15 s are advised for members with a high availability of their own.
    #[must_use]
    pub fn down_after(self, down_after: Duration) -> Self {
        Self { down_after, ..self }
    }

    /// How long half-open may last before the circuit opens for another grace period (B10). Default 10 s, which
    /// three probes of a second and their pauses fit into. Without health checks it counts from the first trial call:
    /// a member that nobody calls can show nothing.
    #[must_use]
    pub fn half_open_timeout(self, half_open_timeout: Duration) -> Self {
        Self { half_open_timeout, ..self }
    }

    /// How many calls are tried, and must succeed, before a member without health checks is trusted again.
    /// Default 3.
    #[must_use]
    pub fn trial_calls(self, trial_calls: u32) -> Self {
        Self { trial_calls, ..self }
    }

    /// A member that opens again this soon after it became active has flapped, and its grace period doubles
    /// (B39). Default 10 min; zero switches that off.
    #[must_use]
    pub fn flap_window(self, flap_window: Duration) -> Self {
        Self { flap_window, ..self }
    }

    /// How many times the grace period flapping can make of it (B39). Default 8.
    #[must_use]
    pub fn max_grace_factor(self, max_grace_factor: u32) -> Self {
        Self { max_grace_factor, ..self }
    }

    /// Whether a circuit can work with these settings.
    ///
    /// # Errors
    /// [`InvalidCircuitSettings`] names the one that it cannot work with.
    pub fn validate(&self) -> Result<(), InvalidCircuitSettings> {
        if self.half_open_timeout.is_zero() {
            return Err(InvalidCircuitSettings::NoHalfOpenTime);
        }
        if self.trial_calls == 0 {
            return Err(InvalidCircuitSettings::NoTrialCalls);
        }
        if self.max_grace_factor == 0 {
            return Err(InvalidCircuitSettings::NoGraceFactor);
        }
        Ok(())
    }
}

/// Why a circuit cannot work with its [`CircuitSettings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidCircuitSettings {
    /// A half-open circuit would have no time to be tried.
    NoHalfOpenTime,
    /// No call could ever show that the member is back.
    NoTrialCalls,
    /// No grace period would be left.
    NoGraceFactor,
}

impl fmt::Display for InvalidCircuitSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHalfOpenTime => "half_open_timeout must be more than zero",
            Self::NoTrialCalls => "trial_calls must be at least 1",
            Self::NoGraceFactor => "max_grace_factor must be at least 1",
        })
    }
}

impl Error for InvalidCircuitSettings {}
