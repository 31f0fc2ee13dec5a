//! What speaks against a member: since when, and what it was, also after it has recovered.

use tokio::time::Instant;

use super::Availability;
use super::gate::{Gate, Phase};
use super::signal::{Evidence, OpenReason, Signal};

/// The last thing that spoke against a member.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastError {
    /// Who found it.
    pub reason: OpenReason,
    /// What the checks said; `None` where calls spoke for themselves.
    pub evidence: Option<Evidence>,
    /// When.
    pub at: Instant,
}

/// What last spoke against a member, and since when something does. Pure.
#[derive(Debug, Default)]
pub(super) struct Against {
    last: Option<LastError>,
    since: Option<Instant>,
}

impl Against {
    pub(super) fn last(&self) -> Option<&LastError> {
        self.last.as_ref()
    }

    /// Something speaks against it from now on, if nothing did.
    pub(super) fn begins(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// Nothing speaks against it any more.
    pub(super) fn ends(&mut self) {
        self.since = None;
    }

    /// Hears a signal that found the circuit in `before`, and left it in `after`.
    pub(super) fn hears(&mut self, signal: &Signal, before: Gate, after: Phase, now: Instant) {
        if let Some((reason, evidence)) = told_by(signal, before) {
            self.last = Some(LastError { reason, evidence, at: now });
        }
        match signal {
            Signal::ProbeFailed => self.begins(now),
            Signal::Verdict(finding) if finding.is_failure() => self.begins(now),
            // Not heeded by the circuit, it is no trouble.
            Signal::Trip { epoch, .. } if *epoch == before.epoch && after != Phase::Admit => self.begins(now),
            Signal::Outcome { epoch, success: false }
                if *epoch == before.epoch && before.phase == Phase::Trial =>
            {
                self.begins(now);
            }
            _ => {}
        }
    }

    /// The circuit's phase may have changed. It begins anew with one that admits calls again, be it on trial, unless
    /// its checks say that it cannot serve.
    pub(super) fn sees(&mut self, before: Phase, after: Phase, is_failed: bool) {
        if before != after && matches!(after, Phase::Admit | Phase::Trial) && !is_failed {
            self.ends();
        }
    }
}

/// Who says something against a member whose circuit is so, and what.
fn told_by(signal: &Signal, circuit: Gate) -> Option<(OpenReason, Option<Evidence>)> {
    match signal {
        Signal::Verdict(finding) => {
            let evidence = finding.evidence.clone()?;
            let reason = if finding.on_suspicion { OpenReason::Suspicion } else { OpenReason::HealthCheck };
            Some((reason, Some(evidence)))
        }
        Signal::Trip { epoch, reason } if *epoch == circuit.epoch => Some((*reason, None)),
        Signal::Outcome { epoch, success: false }
            if *epoch == circuit.epoch && circuit.phase == Phase::Trial =>
        {
            Some((OpenReason::FailureDetector, None))
        }
        _ => None,
    }
}

impl Availability {
    /// What last spoke against the member; `None` if nothing ever did.
    #[must_use]
    pub fn last_error(&self) -> Option<LastError> {
        self.lock().against.last().cloned()
    }

    /// Since when something speaks against the member: a suspicion, a failed probe, a trip of its detector, a failed
    /// trial. `None` as soon as its circuit admits calls again and its checks do not fail.
    pub(crate) fn troubled_since(&self) -> Option<Instant> {
        self.lock().against.since
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Duration, advance};

    use super::*;
    use crate::availability::{Finding, ProbeSide, Suspicion};
    use crate::circuit_breaker::{Circuit, CircuitSettings};
    use crate::event::Events;

    const GRACE: Duration = Duration::from_secs(60);

    fn guarded(settings: CircuitSettings) -> Availability {
        let availability = Availability::new("eu-west", Events::default());
        Circuit::new(availability.clone(), settings.grace_period(GRACE)).unwrap();
        availability
    }

    fn trip(availability: &Availability) {
        let epoch = availability.gate().epoch;
        availability.signal(Signal::Trip { epoch, reason: OpenReason::FailureDetector });
    }

    fn call_ends(availability: &Availability, success: bool) {
        let epoch = availability.gate().epoch;
        availability.signal(Signal::Outcome { epoch, success });
    }

    /// For how long something has spoken against it.
    fn troubled_for(availability: &Availability) -> Option<Duration> {
        availability.troubled_since().map(|since| since.elapsed())
    }

    async fn pass(availability: &Availability, time: Duration) {
        advance(time).await;
        availability.signal(Signal::Tick);
    }

    #[tokio::test(start_paused = true)]
    async fn b52_trouble_begins_with_its_first_sign_and_ends_with_a_verdict() {
        let availability = guarded(CircuitSettings::default().down_after(GRACE));
        availability.signal(Signal::ProbeFailed);
        pass(&availability, Duration::from_secs(1)).await;
        availability.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
        assert_eq!(troubled_for(&availability), Some(Duration::from_secs(1)));
        pass(&availability, Duration::from_secs(1)).await;
        assert_eq!(troubled_for(&availability), Some(Duration::from_secs(2)));
        availability.signal(Signal::Verdict(Finding::healthy()));
        assert_eq!(troubled_for(&availability), None);
    }

    #[tokio::test(start_paused = true)]
    async fn b52_trouble_ends_when_trial_calls_close_the_circuit_of_a_member_without_checks() {
        let availability = guarded(CircuitSettings::default().trial_calls(2));
        trip(&availability);
        pass(&availability, GRACE).await;
        assert_eq!(availability.gate().phase, Phase::Trial);
        call_ends(&availability, true);
        call_ends(&availability, true);
        assert_eq!((availability.gate().phase, troubled_for(&availability)), (Phase::Admit, None));
        pass(&availability, 60 * GRACE).await;
        trip(&availability);
        assert_eq!(troubled_for(&availability), Some(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn b52_a_trial_that_fails_is_trouble_of_its_own() {
        let availability = guarded(CircuitSettings::default());
        trip(&availability);
        pass(&availability, GRACE).await;
        assert_eq!((availability.gate().phase, troubled_for(&availability)), (Phase::Trial, None));
        pass(&availability, GRACE).await;
        call_ends(&availability, false);
        assert_eq!(
            (availability.gate().phase, troubled_for(&availability)),
            (Phase::Refuse, Some(Duration::ZERO))
        );
        assert_eq!(availability.last_error().map(|error| error.at), Some(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn b52_a_circuit_that_is_closed_by_hand_ends_no_trouble_that_the_checks_find() {
        let availability = guarded(CircuitSettings::default());
        availability.signal(Signal::Verdict(Finding::unhealthy(Evidence::TimedOut)));
        pass(&availability, Duration::from_secs(1)).await;
        availability.signal(Signal::Close);
        assert_eq!(
            (availability.gate().phase, troubled_for(&availability)),
            (Phase::Admit, Some(Duration::from_secs(1)))
        );
        availability.signal(Signal::Verdict(Finding::healthy()));
        assert_eq!(troubled_for(&availability), None);
    }

    #[tokio::test(start_paused = true)]
    async fn b52_a_trip_of_an_older_epoch_is_no_trouble() {
        let availability = guarded(CircuitSettings::default());
        let (epoch, reason) = (availability.gate().epoch, OpenReason::FailureDetector);
        availability.signal(Signal::Close);
        availability.signal(Signal::Trip { epoch, reason });
        assert_eq!((availability.last_error(), troubled_for(&availability)), (None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn b52_what_the_circuit_does_not_heed_is_no_trouble() {
        let unguarded = Availability::new("eu-west", Events::default());
        trip(&unguarded);
        assert_eq!(troubled_for(&unguarded), None, "there is no circuit");

        let availability = guarded(CircuitSettings::default());
        call_ends(&availability, false);
        assert_eq!((availability.last_error(), troubled_for(&availability)), (None, None), "closed");

        availability.signal(Signal::Force { until: None, drill: true });
        availability.signal(Signal::Verdict(Finding::healthy()));
        assert_eq!((availability.last_error(), troubled_for(&availability)), (None, None), "a drill");
    }

    #[tokio::test(start_paused = true)]
    async fn b52_what_an_older_epoch_says_is_no_trouble_of_a_trial() {
        let availability = guarded(CircuitSettings::default());
        let (epoch, reason) = (availability.gate().epoch, OpenReason::FailureDetector);
        availability.signal(Signal::Force { until: None, drill: true });
        availability.signal(Signal::Release);
        pass(&availability, GRACE).await;
        assert_eq!((availability.gate().phase, troubled_for(&availability)), (Phase::Trial, None));
        availability.signal(Signal::Trip { epoch, reason });
        availability.signal(Signal::Outcome { epoch, success: false });
        assert_eq!((availability.last_error(), troubled_for(&availability)), (None, None));
    }

    /// A suspicion is raised and comes to nothing.
    fn suspicion_passes(probes: &ProbeSide) {
        probes.availability().suspect();
        probes.suspicion_settled(None);
    }

    #[tokio::test(start_paused = true)]
    async fn b52_a_passed_suspicion_ends_no_trouble_that_the_circuit_heeds() {
        let availability = guarded(CircuitSettings::default().down_after(GRACE));
        let probes = availability.attach_probes(Suspicion::default());
        suspicion_passes(&probes);
        assert_eq!(troubled_for(&availability), None);

        trip(&availability);
        pass(&availability, GRACE / 2).await;
        suspicion_passes(&probes);
        assert_eq!(
            (availability.gate().phase, troubled_for(&availability)),
            (Phase::Watch, Some(GRACE / 2)),
            "the detector's word still stands"
        );
        pass(&availability, GRACE / 2).await;
        suspicion_passes(&probes);
        assert_eq!((availability.gate().phase, troubled_for(&availability)), (Phase::Refuse, Some(GRACE)));
    }

    #[tokio::test(start_paused = true)]
    async fn b52_a_suspicion_goes_with_the_checks_that_would_have_settled_it() {
        let availability = guarded(CircuitSettings::default());
        let probes = availability.attach_probes(Suspicion::default());
        availability.suspect();
        assert!(troubled_for(&availability).is_some());
        drop(probes);
        assert_eq!(troubled_for(&availability), None);
    }
}
