//! Settings of the balance.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use tokio::time::Duration;

use super::select::{HighestWeight, Strategy};
use crate::chance::Chance;
use crate::event::Events;

/// Nothing here is meant to wait for longer, and sums of such durations cannot overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Settings of a [`WeightedFailoverBalance`](super::WeightedFailoverBalance). The defaults are the seed's.
#[derive(Clone)]
#[non_exhaustive]
pub struct FailoverConfig {
    /// How often a heavier member is looked for (120 s); `None` disables the fallback (B37).
    pub auto_fallback_interval: Option<Duration>,
    /// Share by which each fallback interval varies, so that a fleet does not return in step (0.2).
    pub fallback_jitter: f64,
    /// How many times `failover_delay` an outage lasts before it counts as permanent (10; B28).
    pub failover_attempts: u32,
    /// See `failover_attempts` (12 s).
    pub failover_delay: Duration,
    /// How long a call waits for a member when none is available; `None` fails it at once (B29).
    pub wait_for_member: Option<Duration>,
    /// Members that go within this time of one another went together, and it is probably our fault (5 s, the
    /// interval of the health checks; B58).
    pub all_at_once_window: Duration,
    /// How long the first verdict on a heavier member is waited for at the start, before a lighter one is taken
    /// (4 s, the longest round of checks; B41).
    pub wait_for_first_verdict: Duration,
    /// How long the return of a heavier member is waited for after all went at once, before a lighter one is taken
    /// (1.25 s; B58). It is asked when this begins, and a healthy one answers three probes half a second apart in just
    /// over a second.
    pub wait_for_return: Duration,
    /// Who is chosen (B5).
    pub strategy: Arc<dyn Strategy>,
    /// Where the events go.
    pub events: Events,
    /// Where the jitter comes from.
    pub chance: Chance,
}

impl Default for FailoverConfig {
    fn default() -> Self {
        Self {
            auto_fallback_interval: Some(Duration::from_secs(120)),
            fallback_jitter: 0.2,
            failover_attempts: 10,
            failover_delay: Duration::from_secs(12),
            wait_for_member: None,
            all_at_once_window: Duration::from_secs(5),
            wait_for_first_verdict: Duration::from_secs(4),
            wait_for_return: Duration::from_millis(1250),
            strategy: Arc::new(HighestWeight),
            events: Events::default(),
            chance: Chance::default(),
        }
    }
}

impl FailoverConfig {
    /// Checks that every interval is one.
    ///
    /// # Errors
    /// [`InvalidFailoverConfig`] with the name of the first option that is not usable.
    pub fn validate(&self) -> Result<(), InvalidFailoverConfig> {
        let invalid = |option, reason| Err(InvalidFailoverConfig { option, reason });
        if self.auto_fallback_interval.is_some_and(|interval| interval.is_zero()) {
            return invalid("auto_fallback_interval", "is zero; use none to disable the fallback");
        }
        let lengths = [
            ("auto_fallback_interval", self.auto_fallback_interval.unwrap_or_default()),
            ("failover_delay", self.failover_delay),
            ("all_at_once_window", self.all_at_once_window),
            ("wait_for_first_verdict", self.wait_for_first_verdict),
            ("wait_for_return", self.wait_for_return),
        ];
        if let Some((option, _)) = lengths.into_iter().find(|(_, length)| *length > LONGEST) {
            return invalid(option, "is more than a year");
        }
        if !(0.0..1.0).contains(&self.fallback_jitter) {
            return invalid("fallback_jitter", "is not a share between 0 and 1");
        }
        if self.failover_attempts == 0 {
            return invalid("failover_attempts", "is zero; one is the least");
        }
        if self.wait_for_member.is_some_and(|limit| limit.is_zero()) {
            return invalid("wait_for_member", "is zero; use none to fail at once");
        }
        Ok(())
    }
}

impl fmt::Debug for FailoverConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailoverConfig")
            .field("auto_fallback_interval", &self.auto_fallback_interval)
            .field("fallback_jitter", &self.fallback_jitter)
            .field("failover_attempts", &self.failover_attempts)
            .field("failover_delay", &self.failover_delay)
            .field("wait_for_member", &self.wait_for_member)
            .field("all_at_once_window", &self.all_at_once_window)
            .field("wait_for_first_verdict", &self.wait_for_first_verdict)
            .field("wait_for_return", &self.wait_for_return)
            .finish_non_exhaustive()
    }
}

/// An option of [`FailoverConfig`] that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidFailoverConfig {
    /// The option's name.
    pub option: &'static str,
    /// What is wrong with it, and what to do.
    pub reason: &'static str,
}

impl fmt::Display for InvalidFailoverConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.option, self.reason)
    }
}

impl std::error::Error for InvalidFailoverConfig {}
