//! What is asked of a member, and the handle of the loop that asks.

use tokio::task::AbortHandle;

use super::check::Check;
use super::observer::{Observer, ProbeReport};
use super::pace::Pace;
use super::probe_loop::ProbeLoop;
use super::round::Examiner;
use super::runner::Runner;
use super::settings::{HealthSettings, HealthSettingsError};
use crate::availability::{Availability, Suspicion};
use crate::chance::Chance;

/// The checks of one member, and how they are run.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use futures_util::StreamExt;
/// use tower::service_fn;
/// use tower_failover::{Availability, Check, Event, Events, Health, HealthPlan, Probe, Verdict};
///
/// let well = service_fn(|_: Probe| async { Ok::<_, std::io::Error>(Health::Healthy) });
/// let plan = HealthPlan::new([Check::new("well", well)]);
///
/// # tokio::time::pause();
/// let events = Events::default();
/// let mut told = events.subscribe();
/// let availability = Availability::new("eu-west", events);
/// let _watch = plan.watch(&availability)?;
/// assert!(matches!(told.next().await, Some(Event::VerdictChanged { to: Verdict::Healthy, .. })));
/// # Ok(()) }
/// ```
///
/// # Clone
/// Clones ask the same checks, draw from the same chance, and keep the same pace.
#[derive(Debug, Clone, Default)]
pub struct HealthPlan {
    checks: Vec<Check>,
    settings: HealthSettings,
    suspicion: Suspicion,
    chance: Chance,
    pace: Pace,
    observer: Observer,
}

impl HealthPlan {
    /// These checks run together, and all must pass (B21). Without any, the member is not checked.
    #[must_use]
    pub fn new(checks: impl IntoIterator<Item = Check>) -> Self {
        Self { checks: checks.into_iter().collect(), ..Self::default() }
    }

    /// The settings of all checks that carry none of their own.
    #[must_use]
    pub fn settings(mut self, settings: HealthSettings) -> Self {
        self.settings = settings;
        self
    }

    /// What happens when the member is suspected (B17).
    #[must_use]
    pub fn suspicion(mut self, suspicion: Suspicion) -> Self {
        self.suspicion = suspicion;
        self
    }

    /// Where jitter comes from.
    #[must_use]
    pub fn chance(mut self, chance: Chance) -> Self {
        self.chance = chance;
        self
    }

    /// With whom rounds begin together.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Tells this of every probe when it has ended, for measurements. It must not block: the checks wait for it.
    #[must_use]
    pub fn observer(mut self, observe: impl Fn(&ProbeReport<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Observer::new(observe);
        self
    }

    /// Checks every number.
    ///
    /// # Errors
    /// The first setting that makes no sense, with the name of its check.
    pub fn validate(&self) -> Result<(), HealthSettingsError> {
        self.checks.iter().try_for_each(|check| self.settings_of(check).validate(check.name()))?;
        let hasty = self.suspicion.timeout.is_zero() && !self.suspicion.is_off();
        match self.checks.iter().find(|check| check.tells_life()) {
            Some(check) if hasty => {
                Err(HealthSettingsError::Zero { check: check.name().clone(), setting: "suspicion_timeout" })
            }
            _ => Ok(()),
        }
    }

    /// Spawns the loop that watches this member, until the returned handle is dropped. Its first round begins now.
    ///
    /// # Errors
    /// As [`validate`](Self::validate); nothing is spawned then.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn watch(&self, availability: &Availability) -> Result<HealthWatch, HealthSettingsError> {
        self.validate()?;
        let runners: Vec<_> = self
            .checks
            .iter()
            .map(|check| {
                let examiner = Examiner {
                    check: check.clone(),
                    availability: availability.clone(),
                    observer: self.observer.clone(),
                };
                let settings = self.settings_of(check).clone();
                Runner::new(examiner, settings, self.chance.clone(), self.pace.clone())
            })
            .collect();
        if runners.is_empty() {
            return Ok(HealthWatch(None));
        }
        let is_asked = self.checks.iter().any(Check::tells_life);
        let suspicion = if is_asked { self.suspicion } else { Suspicion::off() };
        let probe_loop = ProbeLoop::new(availability.attach_probes(suspicion), runners, suspicion);
        Ok(HealthWatch(Some(tokio::spawn(probe_loop.run()).abort_handle())))
    }

    fn settings_of<'a>(&'a self, check: &'a Check) -> &'a HealthSettings {
        check.own_settings().unwrap_or(&self.settings)
    }
}

/// The loop that watches one member; dropping it ends the loop, with any probe that is on its way.
#[derive(Debug)]
#[must_use = "dropping it ends the loop"]
pub struct HealthWatch(Option<AbortHandle>);

impl Drop for HealthWatch {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
