//! One round of one check, and one probe of it.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt;
use tokio::time::{Duration, Instant, sleep, timeout};

use super::check::{Check, Health, Probe, ProbeCause};
use super::observer::{Observer, ProbeReport};
use super::settings::HealthSettings;
use super::verdict::{Tally, evidence_of};
use crate::availability::{Availability, Evidence, Finding, Signal};
use crate::event::Event;

/// A failure noticed this much after the probe's deadline is due to our own stall, not to theirs (B57).
const OWN_STALL: Duration = Duration::from_millis(50);

/// How many times as late the next probe may be noticed, after one that was void. Whoever is late by less than 200 ms each
/// time, being slow and not asleep, comes to a verdict with the second probe; by less than 800 ms, with the third.
const NEXT_EXCUSE: u32 = 4;

pub(super) type Findings = Pin<Box<dyn Future<Output = Finding> + Send>>;

/// One check of one member.
#[derive(Clone)]
pub(super) struct Examiner {
    pub(super) check: Check,
    pub(super) availability: Availability,
    pub(super) observer: Observer,
}

impl Examiner {
    /// A full round: as many probes as its policy needs.
    pub(super) fn round(&self, settings: &HealthSettings, cause: ProbeCause) -> Findings {
        let HealthSettings { probes, delay, probe_timeout, .. } = *settings;
        let mut tally = Tally::new(settings.policy.clone(), probes);
        let examiner = self.clone();
        self.contained(async move {
            loop {
                let health = examiner.ask(Probe { cause, timeout: probe_timeout }).await;
                let failed = Finding::from(health.clone()).is_failure();
                if let Some(finding) = tally.take(health) {
                    return finding;
                }
                if failed {
                    examiner.availability.signal(Signal::ProbeFailed);
                }
                sleep(delay).await;
            }
        })
    }

    /// One probe, for a suspicion, after `wait`.
    pub(super) fn suspicion(&self, wait: Duration, timeout: Duration) -> Findings {
        let examiner = self.clone();
        self.contained(async move {
            // A timer of no length at all takes its tick, a millisecond or two.
            if !wait.is_zero() {
                sleep(wait).await;
            }
            examiner.ask(Probe { cause: ProbeCause::Suspicion, timeout }).await.into()
        })
    }

    /// One probe.
    async fn ask(&self, probe: Probe) -> Health {
        let (health, took) = self.answer(probe).await;
        let (member, check, cause) = (self.availability.name(), self.check.name(), probe.cause);
        let finding = &health.clone().into();
        self.observer.tell(&ProbeReport { member, check, cause, took, finding }, &self.availability);
        health
    }

    /// What is answered within the probe's timeout, and how long that took.
    async fn answer(&self, probe: Probe) -> (Health, Duration) {
        let traffic = self.availability.traffic();
        let mut excused = OWN_STALL;
        loop {
            let mark = traffic.probe_begins();
            let begun = Instant::now();
            let answer = timeout(probe.timeout, self.check.ask(probe)).await;
            let took = begun.elapsed();
            let health = match answer {
                Ok(Ok(health)) => health,
                Ok(Err(error)) => Health::Unhealthy(evidence_of(&error)),
                Err(_) if traffic.answered_since(mark) => return (self.vouched(), took),
                Err(_) => Health::Unhealthy(Evidence::TimedOut),
            };
            match health {
                Health::Unhealthy(_) if took > probe.timeout.saturating_add(excused) => {
                    excused = excused.saturating_mul(NEXT_EXCUSE);
                    tracing::debug!(member = %self.availability.name(), ?took, "a probe is void: we were stalled");
                    // Lets the I/O driver run before it is asked again.
                    tokio::task::yield_now().await;
                }
                Health::Unhealthy(_) => return (health, took),
                _ => {
                    if self.check.tells_life() {
                        // One that took longer may have asked twice, on a dead connection first: no round trip.
                        if took < probe.timeout / 2 {
                            traffic.probe_took(took);
                        }
                        if !matches!(health, Health::Unknown(_)) {
                            traffic.probe_passed(mark);
                        }
                    }
                    return (health, took);
                }
            }
        }
    }

    /// The probe timed out, but a call that was sent after it began has been answered: the member lives (B20).
    fn vouched(&self) -> Health {
        if self.check.tells_life() {
            Health::Healthy
        } else {
            Health::Unknown(format!("`{}` timed out while calls were answered", self.check.name()).into())
        }
    }

    /// A panic of the user's check or policy ends here (B24).
    fn contained(&self, work: impl Future<Output = Finding> + Send + 'static) -> Findings {
        let examiner = self.clone();
        Box::pin(AssertUnwindSafe(work).catch_unwind().map(move |result| {
            result.unwrap_or_else(|_| {
                let what =
                    format!("health check `{}` of {}", examiner.check.name(), examiner.availability.name());
                examiner.availability.events().emit(Event::Panicked { what: what.into() });
                Finding::unhealthy(Evidence::Panicked)
            })
        }))
    }
}

/// How long a check rests after a round: the interval, or less after `failures` failed rounds in a row. Pure.
pub(super) fn rest(settings: &HealthSettings, failures: u32, chance: &crate::chance::Chance) -> Duration {
    let interval = chance.around(settings.interval, settings.interval_jitter);
    match failures.checked_sub(1) {
        None => interval,
        Some(repeat) => interval.min(settings.backoff.delay(repeat, chance)),
    }
}
