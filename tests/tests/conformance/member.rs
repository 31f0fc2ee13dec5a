//! One member: the layers before a scripted service, and the loop of its scripted checks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tower::ServiceBuilder;
use tower_failover::availability::Verdict;
use tower_failover::classify::Kinds;
use tower_failover::deadline::DeadlineError;
use tower_failover::failure_detector::{Detectors, Observation, WatchedKinds};
use tower_failover::health::{HealthWatch, HealthyAll, HealthyAny, HealthyMajority};
use tower_failover::{
    Availability, Backoff, Chance, Check, Circuit, CircuitBreaker, CircuitBreakerLayer, CircuitSettings,
    Classify, Deadline, DeadlineLayer, Events, FailureDetector, FailureDetectorLayer, HealthPlan,
    HealthSettings, Member, Outcome, Suspicion, Sweeper, Thresholds, Weight,
};

use crate::scripted::{Kind, Reply, Scripted, ScriptedCheck, Trouble};
use crate::story::{CircuitSpec, DetectorSpec, HealthSpec, MemberSpec, Settings, SuspicionSpec};
use crate::time::Limit;

pub(crate) type Stack = CircuitBreaker<FailureDetector<Deadline<Scripted>, ByTrouble>>;

/// What the story holds of a member.
pub(crate) struct Part {
    pub(crate) service: Scripted,
    pub(crate) checks: Vec<ScriptedCheck>,
    pub(crate) availability: Availability,
    pub(crate) detectors: Detectors,
    /// The application's own detector trips at the next call that ends.
    pub(crate) trips: Arc<AtomicBool>,
    _watched: WatchedKinds,
    _watch: HealthWatch,
}

pub(crate) fn text<E: std::fmt::Display>(error: E) -> String {
    error.to_string()
}

/// Builds a member; says which setting is refused, if one is.
pub(crate) fn build(
    spec: &MemberSpec,
    settings: &Settings,
    sweeper: &Sweeper,
    events: &Events,
) -> Result<(Part, Member<Stack>), String> {
    let availability = Availability::new(spec.name.as_str(), events.clone());
    let circuit = circuit(&spec.circuit, circuit(&settings.circuit, CircuitSettings::default()));
    let circuit = Circuit::new(availability.clone(), circuit).map_err(text)?;
    let trips = Arc::new(AtomicBool::new(false));
    let tripping = Arc::clone(&trips);
    let detector = detector(&[&settings.detector, &spec.detector], &availability, sweeper)?
        .watch(move |_: &Observation| tripping.swap(false, Ordering::Relaxed));
    let suspicion = suspicion(&settings.suspicion);
    let timeout = settings.response_timeout.map_or(std::time::Duration::from_millis(500), Limit::or_never);
    let service = Scripted::new(&spec.name);
    let stack = ServiceBuilder::new()
        .layer(CircuitBreakerLayer::new(circuit))
        .layer(detector.clone())
        .layer(DeadlineLayer::new(timeout).sweeper(sweeper, &availability, suspicion))
        .service(service.clone());

    let usual = health(&spec.health, health(&settings.health, usual_health())?)?;
    let mut checks = Vec::new();
    let mut asked = Vec::new();
    for check in &spec.checks {
        let takes = check.takes.map(|time| time.0);
        let scripted = ScriptedCheck::new(&check.name, check.says.clone().list(), takes)?;
        let service = scripted.clone();
        let mut real = Check::new(check.name.as_str(), tower::service_fn(move |probe| service.ask(probe)));
        if let Some(own) = &check.health {
            real = real.settings(health(own, usual.clone())?);
        }
        asked.push(if check.beside { real.without_suspicion() } else { real });
        checks.push(scripted);
    }
    let plan = HealthPlan::new(asked).settings(usual).suspicion(suspicion).chance(Chance::seeded(0));
    let watch = plan.watch(&availability).map_err(text)?;
    let weight = Weight::new(spec.weight.unwrap_or(1.0)).map_err(text)?;
    let member = Member::new(stack, availability.clone()).weight(weight);
    let (detectors, watched) = (detector.detectors(), detector.watched_kinds());
    let part = Part { service, checks, availability, detectors, trips, _watched: watched, _watch: watch };
    Ok((part, member))
}

impl Part {
    pub(crate) fn check(&self, name: Option<&str>) -> Result<&ScriptedCheck, String> {
        let found = self.checks.iter().find(|check| name.is_none_or(|name| check.name() == name));
        found.ok_or_else(|| format!("{} has no such check", self.availability.name()))
    }
}

fn circuit(spec: &CircuitSpec, mut settings: CircuitSettings) -> CircuitSettings {
    if let Some(time) = spec.grace_period {
        settings = settings.grace_period(time.0);
    }
    if let Some(time) = spec.down_after {
        settings = settings.down_after(time.0);
    }
    if let Some(time) = spec.half_open_timeout {
        settings = settings.half_open_timeout(time.0);
    }
    if let Some(calls) = spec.trial_calls {
        settings = settings.trial_calls(calls);
    }
    if let Some(time) = spec.flap_window {
        settings = settings.flap_window(time.0);
    }
    if let Some(factor) = spec.max_grace_factor {
        settings = settings.max_grace_factor(factor);
    }
    settings
}

/// The later of the specifications counts.
fn detector(
    specs: &[&DetectorSpec],
    availability: &Availability,
    sweeper: &Sweeper,
) -> Result<FailureDetectorLayer<ByTrouble>, String> {
    let mut layer =
        FailureDetectorLayer::new(availability.clone()).classify(ByTrouble).clock(sweeper.clock());
    let (mut failures, mut rate, mut window) = (1000, 0.1, std::time::Duration::from_secs(2));
    for spec in specs {
        failures = spec.min_num_failures.unwrap_or(failures);
        rate = spec.failure_rate_threshold.unwrap_or(rate);
        window = spec.failures_detection_window.map_or(window, |time| time.0);
        if let Some(time) = spec.abandoned_after {
            layer = layer.abandoned_after(time.0);
        }
        if let Some(time) = spec.unserviceable_after {
            layer = layer.unserviceable_after(time.0);
        }
        if let Some(time) = spec.probation {
            layer = layer.probation(time.0);
        }
    }
    Ok(layer.thresholds(Thresholds::new(failures, rate, window).map_err(text)?))
}

fn suspicion(spec: &SuspicionSpec) -> Suspicion {
    let usual = Suspicion::default();
    Suspicion {
        after: match spec.after {
            Some(limit) => limit.0.unwrap_or(Suspicion::off().after),
            None => usual.after,
        },
        timeout: spec.timeout.map_or(usual.timeout, |time| time.0),
        spacing: spec.spacing.map_or(usual.spacing, |time| time.0),
    }
}

/// No jitter, and no repeat before the interval is over: a story has no chance in it.
fn usual_health() -> HealthSettings {
    HealthSettings { interval_jitter: 0.0, backoff: retry_base(Limit(None)), ..HealthSettings::default() }
}

fn retry_base(base: Limit) -> Backoff {
    Backoff::new(base.or_never(), base.or_never())
}

fn health(spec: &HealthSpec, mut settings: HealthSettings) -> Result<HealthSettings, String> {
    settings.interval = spec.interval.map_or(settings.interval, |time| time.0);
    settings.probes = spec.probes.unwrap_or(settings.probes);
    settings.delay = spec.delay.map_or(settings.delay, |time| time.0);
    settings.probe_timeout = spec.probe_timeout.map_or(settings.probe_timeout, |time| time.0);
    match spec.policy.as_deref() {
        Some("all") => settings.policy = Arc::new(HealthyAll),
        Some("majority") => settings.policy = Arc::new(HealthyMajority),
        Some("any") => settings.policy = Arc::new(HealthyAny),
        Some(other) => return Err(format!("`{other}` is no policy")),
        None => {}
    }
    if let Some(base) = spec.retry_base {
        settings.backoff = retry_base(base);
    }
    Ok(settings)
}

/// What a scripted service's answer says about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByTrouble;

impl Classify<Reply, DeadlineError<Trouble>> for ByTrouble {
    fn classify(&self, result: Result<&Reply, &DeadlineError<Trouble>>) -> Outcome {
        match result {
            Ok(_) | Err(DeadlineError::Inner(Trouble::ErrorReply)) => Outcome::Success,
            Err(DeadlineError::Inner(Trouble::Lost)) => Outcome::Lost,
            Err(DeadlineError::Inner(Trouble::BadCall)) => Outcome::Neutral,
            Err(_) => Outcome::Failure,
        }
    }

    fn kinds(&self, result: Result<&Reply, &DeadlineError<Trouble>>) -> Kinds {
        match result {
            Ok(Reply { kind, .. }) | Err(DeadlineError::Inner(Trouble::Refused(kind))) => {
                Kinds::number(match kind {
                    Kind::Read => 0,
                    Kind::Write => 1,
                })
            }
            Err(_) => Kinds::NONE,
        }
    }
}

/// A verdict's name, and back.
pub(crate) const VERDICTS: [(&str, Verdict); 4] = [
    ("healthy", Verdict::Healthy),
    ("unhealthy", Verdict::Unhealthy),
    ("not_preferred", Verdict::NotPreferred),
    ("unknown", Verdict::Unknown),
];
