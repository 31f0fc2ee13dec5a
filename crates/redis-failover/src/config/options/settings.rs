//! What the options come to: the settings of each part of a database's stack.

use std::sync::Arc;
use std::time::Duration;

use tower_failover::failure_detector::{Detectors, InvalidThresholds};
use tower_failover::{Availability, CircuitSettings, HealthSettings, Suspicion, Thresholds};

use super::Options;
use crate::connection::{DedicatedSettings, LinkSettings};
use crate::cursor::CursorTag;
use crate::health::HealthCheck;

impl Options {
    pub(crate) fn health_checks(&self) -> Vec<HealthCheck> {
        self.checks_over(vec![HealthCheck::ping()])
    }

    pub(super) fn checks_over(&self, inherited: Vec<HealthCheck>) -> Vec<HealthCheck> {
        let mut checks = self.health_checks.clone().unwrap_or(inherited);
        checks.extend_from_slice(&self.added_health_checks);
        checks
    }

    pub(crate) fn health(&self) -> HealthSettings {
        let usual = HealthSettings::default();
        HealthSettings {
            interval: self.health_check_interval.unwrap_or(usual.interval),
            interval_jitter: self.health_check_jitter.unwrap_or(usual.interval_jitter),
            probes: self.health_check_probes.unwrap_or(usual.probes),
            delay: self.health_check_delay.unwrap_or(usual.delay),
            probe_timeout: self.health_check_probe_timeout.unwrap_or(usual.probe_timeout),
            policy: self.health_check_policy.clone().unwrap_or(usual.policy),
            backoff: self.redial_backoff.unwrap_or(usual.backoff),
        }
    }

    /// The longest time that a round of a check takes.
    pub(crate) fn longest_round(&self) -> Duration {
        let usual = self.health();
        let checks = self.health_checks();
        checks
            .iter()
            .map(|check| check.own_settings().unwrap_or(&usual).longest_round())
            .max()
            .unwrap_or_default()
    }

    pub(crate) fn thresholds(&self) -> Result<Thresholds, InvalidThresholds> {
        Thresholds::new(
            self.min_num_failures.unwrap_or(1000),
            self.failure_rate_threshold.unwrap_or(0.1),
            self.failures_detection_window.unwrap_or(Duration::from_secs(2)),
        )
    }

    /// Adds to a database's detectors what was configured for it.
    pub(crate) fn add_detectors(&self, detectors: &Detectors, availability: &Availability) {
        self.failure_detectors.iter().for_each(|add| add.to(detectors, availability));
    }

    pub(crate) fn suspicion(&self) -> Suspicion {
        self.suspicion.unwrap_or_default()
    }

    pub(crate) fn circuit(&self) -> CircuitSettings {
        fn with<T>(
            settings: CircuitSettings,
            value: Option<T>,
            set: fn(CircuitSettings, T) -> CircuitSettings,
        ) -> CircuitSettings {
            match value {
                Some(value) => set(settings, value),
                None => settings,
            }
        }
        let settings = with(CircuitSettings::default(), self.grace_period, CircuitSettings::grace_period);
        let settings = with(settings, self.down_after, CircuitSettings::down_after);
        let settings = with(settings, self.half_open_timeout, CircuitSettings::half_open_timeout);
        let settings = with(settings, self.trial_calls, CircuitSettings::trial_calls);
        let settings = with(settings, self.flap_window, CircuitSettings::flap_window);
        with(settings, self.max_grace_factor, CircuitSettings::max_grace_factor)
    }

    /// A database with a high availability of its own has at least the time that it was given for it.
    pub(crate) fn unserviceable_after(&self) -> Duration {
        let after = self.unserviceable_after.unwrap_or(Duration::from_secs(10));
        after.max(self.down_after.unwrap_or_default())
    }

    /// A cluster is given more time, for it may be replacing a primary (B59).
    #[cfg(feature = "cluster")]
    pub(in crate::config) fn of_cluster(mut self) -> Self {
        self.unserviceable_after.get_or_insert(Duration::from_secs(20));
        self
    }

    pub(crate) fn grace_period(&self) -> Duration {
        self.grace_period.unwrap_or(Duration::from_secs(60))
    }

    pub(crate) fn response_timeout(&self) -> Duration {
        self.response_timeout.unwrap_or(Duration::from_millis(500))
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        self.connect_timeout.unwrap_or(Duration::from_secs(5))
    }

    pub(crate) fn dedicated(&self, cursor_tag: CursorTag) -> DedicatedSettings {
        DedicatedSettings {
            maximum: self.dedicated_connections.unwrap_or(128),
            wait: self.connect_timeout(),
            response_timeout: self.response_timeout(),
            suspicion: self.suspicion(),
            cursor_tag,
        }
    }

    pub(crate) fn client_name(&self) -> Option<&Arc<str>> {
        self.client_name.as_ref()
    }

    pub(crate) fn link(&self, cursor_tag: CursorTag) -> LinkSettings {
        let usual = LinkSettings::new(cursor_tag);
        LinkSettings {
            redial_spread: self.redial_spread.unwrap_or(usual.redial_spread),
            standby: self.standby.unwrap_or(usual.standby),
            backoff: self.redial_backoff.unwrap_or(usual.backoff),
            retirement: self.response_timeout(),
            ..usual
        }
    }
}
