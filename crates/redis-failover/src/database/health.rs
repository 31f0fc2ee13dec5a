//! A database's health checks, which may change while it is open.

use tower_failover::health::{HealthSettingsError, HealthWatch, Pace};
use tower_failover::{Availability, Chance, Check, HealthPlan};

use crate::config::Options;
use crate::health::Prober;
#[cfg(feature = "metrics")]
use crate::metrics::Metrics;

/// What a database's health checks are made from.
///
/// # Clone
/// Clones ask the same database.
#[derive(Clone)]
pub(crate) struct Health {
    prober: Prober,
    /// Beside the others.
    lag_aware: Option<Check>,
    chance: Chance,
    pace: Pace,
    #[cfg(feature = "metrics")]
    metrics: Option<Metrics>,
}

impl Health {
    pub(super) fn new(prober: Prober, lag_aware: Option<Check>, chance: Chance, pace: Pace) -> Self {
        Self {
            prober,
            lag_aware,
            chance,
            pace,
            #[cfg(feature = "metrics")]
            metrics: None,
        }
    }

    #[cfg(feature = "metrics")]
    pub(super) fn measured(self, metrics: Option<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// Begins the checks that these options name; `None` where they are switched off.
    pub(crate) fn watch(
        &self,
        options: &Options,
        availability: &Availability,
    ) -> Result<Option<HealthWatch>, HealthSettingsError> {
        let checks = options.health_checks();
        if checks.is_empty() {
            return Ok(None);
        }
        let checks = checks.iter().map(|check| check.of(self.prober.anew()));
        let plan = HealthPlan::new(checks.chain(self.lag_aware.clone()))
            .settings(options.health())
            .suspicion(options.suspicion())
            .chance(self.chance.clone())
            .pace(self.pace.clone());
        #[cfg(feature = "metrics")]
        let plan = match self.metrics.clone() {
            Some(metrics) => plan.observer(move |report| metrics.probed(report)),
            None => plan,
        };
        plan.watch(availability).map(Some)
    }
}
