//! What the driver sees of a member: that it may serve, not why.

use tokio::time::Instant;

use super::machine::{CircuitState, CircuitStatus};
use super::signal::{Evidence, OpenReason, Verdict};

/// How gladly a member is chosen. Ordered: the greater, the gladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preference {
    /// It may live, but nobody could find out: only if nothing better is there.
    Unknown,
    /// It lives, but its data is behind: it is left as soon as a better one is there.
    Behind,
    /// It lives, but another is better (a lagging replica).
    NotPreferred,
    /// Nothing speaks against it.
    Healthy,
}

/// One member's availability at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// The last verdict of its checks.
    pub verdict: Verdict,
    /// What led to that verdict.
    pub evidence: Option<Evidence>,
    /// Whether health checks run for it.
    pub checked: bool,
    /// Whether a circuit breaker stands before it.
    pub guarded: bool,
    /// Whether it is under suspicion, with a probe on the way.
    pub suspected: bool,
    /// Its circuit.
    pub circuit: CircuitStatus,
    /// Since when it is not available; `None` while it is. Being tried again in vain does not begin it anew.
    pub unavailable_since: Option<Instant>,
}

impl View {
    /// Whether the member may go on serving: its circuit is closed, or half-open where no health check runs.
    ///
    /// An unhealthy verdict opens the circuit, if need be after `down_after`; so only a member without a circuit is
    /// judged by its verdict here.
    #[must_use]
    pub fn is_available(&self) -> bool {
        match self.circuit.state {
            CircuitState::Closed => self.guarded || !self.is_failed(),
            CircuitState::HalfOpen => !self.checked,
            CircuitState::Open => false,
        }
    }

    /// How gladly it is chosen anew; `None` if it must not be.
    #[must_use]
    pub fn preference(&self) -> Option<Preference> {
        if self.is_available() { self.preference_by_verdict() } else { None }
    }

    /// How gladly it is taken when nothing is available (B7): as if its circuit were closed.
    pub(crate) fn last_resort(&self) -> Option<Preference> {
        if self.is_last_resort() { self.preference_by_verdict() } else { None }
    }

    fn preference_by_verdict(&self) -> Option<Preference> {
        match self.verdict {
            Verdict::NotPreferred => Some(Preference::NotPreferred),
            Verdict::Unknown if self.checked => Some(Preference::Unknown),
            Verdict::Healthy | Verdict::Unknown => Some(Preference::Healthy),
            Verdict::Unhealthy if self.is_failed() => None,
            Verdict::Unhealthy => Some(Preference::Behind),
        }
    }

    /// Whether its checks say that it cannot serve. One that is only behind can.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.verdict.is_failure(self.evidence.as_ref())
    }

    /// Whether it may be taken when nothing is available: judged, not found dead, and kept away by grace, lag or a
    /// check that could not find out alone (B7, B27).
    #[must_use]
    pub fn is_last_resort(&self) -> bool {
        let judged = self.verdict != Verdict::Unknown || self.evidence.is_some();
        judged && !self.is_failed() && !self.circuit.forced
    }

    /// Whether it stopped answering without closing its connections, so that what is in flight there hangs (B35).
    #[must_use]
    pub fn is_hung(&self) -> bool {
        self.verdict == Verdict::Unhealthy && self.evidence == Some(Evidence::TimedOut)
    }

    /// Whether it refuses us as we are configured. With an [`Unhealthy`](Verdict::Unhealthy) verdict nothing can be
    /// asked of it; with an [`Unknown`](Verdict::Unknown) one what was connected before goes on (B14).
    #[must_use]
    pub fn is_misconfigured(&self) -> bool {
        matches!(self.evidence, Some(Evidence::Misconfigured(_)))
    }

    /// Whether people should hear of it as long as it lasts (B51); that the active member is unavailable, they do.
    pub(crate) fn is_trouble(&self, active: bool) -> bool {
        self.is_misconfigured() || !(active || self.is_available())
    }

    /// Why it is not available, as its circuit or its checks say.
    #[must_use]
    pub fn why(&self) -> Option<OpenReason> {
        match self.circuit.reason {
            None if self.verdict == Verdict::Unhealthy => Some(OpenReason::HealthCheck),
            reason => reason,
        }
    }

    /// When this view changes without any new signal but a [`Tick`](super::Signal::Tick).
    #[must_use]
    pub fn next_change_at(&self) -> Option<Instant> {
        self.circuit.next_change_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(verdict: Verdict, evidence: Option<Evidence>) -> View {
        let circuit = CircuitStatus::closed(Instant::now());
        View {
            verdict,
            evidence,
            checked: true,
            guarded: true,
            suspected: false,
            circuit,
            unavailable_since: None,
        }
    }

    #[test]
    fn b27_one_that_is_behind_may_be_chosen_before_one_that_nobody_could_ask_after() {
        let behind = view(Verdict::Unhealthy, Some(Evidence::Lagging("by 9 s".into())));
        let unknown = view(Verdict::Unknown, Some(Evidence::Undetermined("the API is down".into())));
        let not_preferred = view(Verdict::NotPreferred, None);
        assert!(unknown.preference() < behind.preference());
        assert!(behind.preference() < not_preferred.preference());
        assert!(View { guarded: false, ..behind }.is_available());
        assert_eq!(view(Verdict::Unhealthy, Some(Evidence::TimedOut)).preference(), None);
    }

    #[test]
    fn b27_neither_lag_nor_a_check_that_finds_nothing_out_makes_an_outage() {
        let resort = |verdict, evidence| view(verdict, evidence).is_last_resort();
        assert!(resort(Verdict::Healthy, None));
        assert!(resort(Verdict::NotPreferred, Some(Evidence::Answered("lags".into()))));
        assert!(resort(Verdict::Unhealthy, Some(Evidence::Lagging("by 9 s".into()))));
        assert!(resort(Verdict::Unknown, Some(Evidence::Undetermined("the API is down".into()))));
        assert!(!resort(Verdict::Unknown, None), "it was never judged");
        assert!(!resort(Verdict::Unhealthy, Some(Evidence::TimedOut)));
        assert!(!resort(Verdict::Unhealthy, None));
    }

    #[test]
    fn b35_only_one_that_was_found_silent_hangs() {
        let timed_out = Some(Evidence::TimedOut);
        assert!(view(Verdict::Unhealthy, timed_out.clone()).is_hung());
        assert!(!view(Verdict::Unknown, timed_out).is_hung());
        assert!(!view(Verdict::Unhealthy, Some(Evidence::Unreachable("refused".into()))).is_hung());
    }

    #[test]
    fn b51_people_hear_of_a_standby_that_cannot_serve_and_of_whoever_is_misconfigured() {
        let well = view(Verdict::Healthy, None);
        assert!(!well.is_misconfigured() && !well.is_trouble(false) && !well.is_trouble(true));
        let refuses = view(Verdict::Unknown, Some(Evidence::Misconfigured("WRONGPASS".into())));
        assert!(refuses.is_misconfigured() && refuses.is_trouble(true) && refuses.is_trouble(false));
        let dead = View { guarded: false, ..view(Verdict::Unhealthy, Some(Evidence::TimedOut)) };
        assert!(dead.is_trouble(false) && !dead.is_trouble(true), "that the active one is, they hear anyway");
    }

    #[test]
    fn b52_a_member_without_a_circuit_is_unavailable_by_its_checks() {
        let why = |verdict| view(verdict, None).why();
        assert_eq!(why(Verdict::Unhealthy), Some(OpenReason::HealthCheck));
        assert_eq!(why(Verdict::Healthy), None);
        let mut tripped = view(Verdict::Unhealthy, None);
        tripped.circuit.reason = Some(OpenReason::FailureDetector);
        assert_eq!(tripped.why(), Some(OpenReason::FailureDetector));
    }
}
