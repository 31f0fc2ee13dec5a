//! What may be said for all databases or for one.

mod check;
mod detectors;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_failover::failure_detector::Detector;
use tower_failover::health::Policy;
use tower_failover::{Backoff, Kinds, Suspicion};

#[cfg(feature = "config")]
use super::text::{
    Fault,
    keyed::{FromNode, Key, Keyed},
    tree::Node,
};
use super::{DatabaseConfig, MultiDbConfig};
use crate::connection::Standby;
use crate::health::HealthCheck;
pub(crate) use detectors::MakeDetector;

/// Each option of the list becomes a field, and a method of both configurations. Where a database has its own value
/// that holds, else the one for all, else the default.
macro_rules! options {
    ($($(#[doc = $doc:literal])+ $option:ident: $kind:ty,)+) => {
        #[derive(Clone, Default)]
        pub(crate) struct Options {
            $($option: Option<$kind>,)+
            health_check_policy: Option<Arc<dyn Policy>>,
            pub(super) health_checks: Option<Vec<HealthCheck>>,
            pub(crate) added_health_checks: Vec<HealthCheck>,
            pub(crate) failure_detectors: Vec<MakeDetector>,
            client_name: Option<Arc<str>>,
        }

        /// Options of all databases that have none of their own.
        impl MultiDbConfig {
            $(
                $(#[doc = $doc])+
                #[must_use]
                pub fn $option(mut self, $option: $kind) -> Self {
                    self.options.$option = Some($option);
                    self
                }
            )+
        }

        /// Options of this database, in place of those of the same name in [`MultiDbConfig`].
        impl DatabaseConfig {
            $(
                $(#[doc = $doc])+
                #[must_use]
                pub fn $option(mut self, $option: $kind) -> Self {
                    self.options.$option = Some($option);
                    self
                }
            )+
        }

        impl Options {
            /// These, and those of `all` where these are silent.
            pub(crate) fn or(&self, all: &Self) -> Self {
                Self {
                    $($option: self.$option.or(all.$option),)+
                    health_check_policy: self.health_check_policy.as_ref().or(all.health_check_policy.as_ref()).cloned(),
                    health_checks: Some(self.checks_over(all.health_checks())),
                    added_health_checks: Vec::new(),
                    failure_detectors: all.failure_detectors.iter().chain(&self.failure_detectors).cloned().collect(),
                    client_name: self.client_name.as_ref().or(all.client_name.as_ref()).cloned(),
                }
            }
        }

        /// The same names as keys in text; health checks, which stand for themselves there, are read with them.
        #[cfg(feature = "config")]
        impl Keyed for Options {
            fn keys() -> Vec<Key> {
                vec![
                    $(Key { name: stringify!($option), shape: <$kind>::shape() },)+
                    Key { name: "health_check_policy", shape: <Arc<dyn Policy>>::shape() },
                    Key { name: "client_name", shape: <Arc<str>>::shape() },
                ]
            }

            fn say(&mut self, key: &str, node: &Node) -> Result<bool, Fault> {
                $(if key == stringify!($option) {
                    self.$option = Some(<$kind>::read(node)?);
                    return Ok(true);
                })+
                match key {
                    "health_check_policy" => self.health_check_policy = Some(<Arc<dyn Policy>>::read(node)?),
                    "client_name" => self.client_name = Some(<Arc<str>>::read(node)?),
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }

        impl fmt::Debug for Options {
            /// What was said, and nothing of what was not.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = f.debug_struct("Options");
                $(if let Some($option) = &self.$option {
                    shown.field(stringify!($option), $option);
                })+
                if let Some(policy) = &self.health_check_policy {
                    shown.field("health_check_policy", policy);
                }
                if let Some(checks) = &self.health_checks {
                    shown.field("health_checks", checks);
                }
                if !self.added_health_checks.is_empty() {
                    shown.field("added_health_checks", &self.added_health_checks);
                }
                if !self.failure_detectors.is_empty() {
                    shown.field("failure_detectors", &self.failure_detectors.len());
                }
                if let Some(name) = &self.client_name {
                    shown.field("client_name", name);
                }
                shown.finish()
            }
        }
    };
}

options! {
    /// From the end of one round of health checks to the next (5 s).
    health_check_interval: Duration,
    /// By which share of itself the interval varies, both ways, so that a fleet does not ask in step (0.1).
    health_check_jitter: f64,
    /// Probes in a round (3).
    health_check_probes: u32,
    /// Between two probes of a round (500 ms).
    health_check_delay: Duration,
    /// How long one probe may take (1 s). redis-py's `health_check_timeout` bounds the whole check instead, so that
    /// one hung probe defeats two of its policies.
    health_check_probe_timeout: Duration,
    /// How many failures trip a database, if the rate is passed too (1000); 0 switches this condition off.
    min_num_failures: u64,
    /// Which share of calls must fail (0.1); 0 switches this condition off.
    failure_rate_threshold: f64,
    /// Within which time failures count (2 s; at least 10 ms).
    failures_detection_window: Duration,
    /// Which kinds of failures count for the thresholds (all): see [`failures`](crate::classify::failures). Others do
    /// not, and neither do calls that are given up (B14); they are told, and raise a suspicion, all the same.
    failure_kinds: Kinds,
    /// How long a database may answer that it cannot serve (READONLY, LOADING, …), with no command of the same kind
    /// served in between, before it is left however few commands there are (10 s; zero leaves it at the first such
    /// answer; 20 s for a cluster; B59). [`down_after`](Self::down_after) holds too, if it is longer.
    unserviceable_after: Duration,
    /// When a silent database is asked (`suspect_after`, 100 ms), and how long it then has to answer
    /// (`suspicion_timeout`, 1 s; B17).
    suspicion: Suspicion,
    /// How long a database must have been healthy without a break before it may be chosen again; without health
    /// checks, how long its circuit stays open (60 s; B9).
    grace_period: Duration,
    /// How long a failure must hold without a success before it takes effect (0; 5–15 s for databases with a high
    /// availability of their own; B8).
    down_after: Duration,
    /// How long a half-open circuit may be tried before it opens again (10 s; B10).
    half_open_timeout: Duration,
    /// How many calls are tried, and must succeed, before a database without health checks is trusted again (3; B9).
    trial_calls: u32,
    /// A database that is lost again this soon after it became active has flapped, and its grace period doubles
    /// (10 min; zero switches that off; B39).
    flap_window: Duration,
    /// How many times the grace period flapping can make of it (8; B39).
    max_grace_factor: u32,
    /// How long one attempt may take (500 ms; B34).
    response_timeout: Duration,
    /// How long DNS, connecting and the handshake may take together (5 s; B36).
    connect_timeout: Duration,
    /// By how much the redials of standbys are spread after a failure (2 s; B36).
    redial_spread: Duration,
    /// The waits between failed dials, and between the rounds of a health check that fails (100 ms doubling to 5 s,
    /// full jitter; B36).
    redial_backoff: Backoff,
    /// Whether a database is connected to before a command needs it (warm, so that a switch dials nothing; B36).
    standby: Standby,
    /// How many connections to a database may be made for blocking commands and transactions, beside the one that all
    /// other commands share (128; B48, B49).
    dedicated_connections: u32,
}

macro_rules! own_values {
    ($config:ty) => {
        impl $config {
            /// How many of a round's probes must pass: [`HealthyAll`](tower_failover::health::HealthyAll), the
            /// default, [`HealthyMajority`](tower_failover::health::HealthyMajority),
            /// [`HealthyAny`](tower_failover::health::HealthyAny), or a policy of one's own (B20).
            #[must_use]
            pub fn health_check_policy(mut self, policy: impl Policy + 'static) -> Self {
                self.options.health_check_policy = Some(Arc::new(policy));
                self
            }

            /// These health checks and no others; all must pass (a PING; B21). An empty list switches them off.
            #[must_use]
            pub fn health_checks(mut self, checks: impl IntoIterator<Item = HealthCheck>) -> Self {
                self.options.health_checks = Some(checks.into_iter().collect());
                self
            }

            /// A health check beside the others (B21).
            #[must_use]
            pub fn add_health_check(mut self, check: HealthCheck) -> Self {
                self.options.added_health_checks.push(check);
                self
            }

            /// A failure detector of one's own beside the one that counts (B16). `make` is called once for each
            /// database, so that each has a detector to itself.
            ///
            /// ```
            /// use std::time::Duration;
            /// use redis_failover::MultiDbConfig;
            /// use tower_failover::failure_detector::Observation;
            ///
            /// let config = MultiDbConfig::from_urls(["redis://eu", "redis://us"])?
            ///     .add_failure_detector(|| |call: &Observation| call.took > Duration::from_secs(2));
            /// # Ok::<(), redis_failover::ConfigError>(())
            /// ```
            #[must_use]
            pub fn add_failure_detector<D: Detector + 'static>(
                mut self,
                make: impl Fn() -> D + Send + Sync + 'static,
            ) -> Self {
                self.options.failure_detectors.push(MakeDetector::new(make));
                self
            }

            /// The name that connections give themselves with `CLIENT SETNAME` (none). Printable ASCII without
            /// spaces, as Redis demands.
            #[must_use]
            pub fn client_name(mut self, name: impl Into<String>) -> Self {
                self.options.client_name = Some(name.into().into());
                self
            }
        }
    };
}

own_values!(MultiDbConfig);
own_values!(DatabaseConfig);
