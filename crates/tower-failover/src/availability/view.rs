//! What the driver sees of a member: that it may serve, not why.

use tokio::time::Instant;

use super::machine::{CircuitState, CircuitStatus};
use super::signal::{Evidence, OpenReason, Verdict};

/// How gladly a member is chosen. Ordered: the greater, the gladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preference {
    /// It may live, but nobody could find out: only if nothing better is there.
    Unknown,
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
}

impl View {
    /// Whether the member may go on serving: its circuit is closed, or half-open where no health check runs.
    ///
    /// An unhealthy verdict opens the circuit, if need be after `down_after`; so only a member without a circuit is
    /// judged by its verdict here.
    #[must_use]
    pub fn is_available(&self) -> bool {
        match self.circuit.state {
            CircuitState::Closed => self.guarded || self.verdict != Verdict::Unhealthy,
            CircuitState::HalfOpen => !self.checked,
            CircuitState::Open => false,
        }
    }

    /// How gladly it is chosen anew; `None` if it must not be.
    #[must_use]
    pub fn preference(&self) -> Option<Preference> {
        if !self.is_available() {
            return None;
        }
        match self.verdict {
            Verdict::NotPreferred => Some(Preference::NotPreferred),
            Verdict::Unknown if self.checked => Some(Preference::Unknown),
            Verdict::Healthy | Verdict::Unknown => Some(Preference::Healthy),
            Verdict::Unhealthy => None,
        }
    }

    /// Whether it may be taken when nothing is available: alive, and kept away by grace alone (B7).
    #[must_use]
    pub fn is_last_resort(&self) -> bool {
        self.verdict == Verdict::Healthy && !self.circuit.forced
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
