//! What may be said for all databases or for one.

mod check;
mod detectors;
mod list;
mod settings;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower_failover::failure_detector::Detector;
use tower_failover::health::Policy;
use tower_failover::{Backoff, Kinds, Suspicion};

use super::{DatabaseConfig, MultiDbConfig};
use crate::connection::Standby;
use crate::health::HealthCheck;
pub(crate) use detectors::MakeDetector;
pub(super) use list::each_option;

/// Each option of the list becomes a field, and a method of both configurations. Where a database has its own value
/// that holds, else the one for all, else the default.
macro_rules! options {
    ($($(#[doc = $doc:literal])+ $option:ident: $kind:ty,)+) => {
        #[derive(Clone, Default)]
        pub(crate) struct Options {
            $(pub(super) $option: Option<$kind>,)+
            pub(super) health_check_policy: Option<Arc<dyn Policy>>,
            pub(super) health_checks: Option<Vec<HealthCheck>>,
            pub(crate) added_health_checks: Vec<HealthCheck>,
            pub(crate) failure_detectors: Vec<MakeDetector>,
            pub(super) client_name: Option<Arc<str>>,
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

each_option!(options);

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
