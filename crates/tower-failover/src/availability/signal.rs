//! What is said to a member's cell: by detector, health checks, driver and hand.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::gate::Epoch;

/// What the health checks, or a suspicion, last said of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Verdict {
    /// Nothing is known yet, or the check could not find out.
    #[default]
    Unknown,
    /// All checks passed.
    Healthy,
    /// Alive, but not to be chosen while another can be (a lagging replica).
    NotPreferred,
    /// The checks failed.
    Unhealthy,
}

impl Verdict {
    /// Its name in snapshots and metrics.
    ///
    /// ```
    /// assert_eq!(tower_failover::Verdict::NotPreferred.as_str(), "not_preferred");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::NotPreferred => "not_preferred",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// Whether the member cannot serve, and is not only behind.
    pub(super) fn is_failure(self, evidence: Option<&Evidence>) -> bool {
        self == Self::Unhealthy && !matches!(evidence, Some(Evidence::Lagging(_)))
    }
}

/// Why a member is held to be unhealthy, or could not be judged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// Nothing listens there, or the transport was cut: what is in flight will not be answered.
    Unreachable(Arc<str>),
    /// Nothing was answered in time.
    TimedOut,
    /// It answered, and the answer says that it cannot serve.
    Answered(Arc<str>),
    /// It lives, but its data is too far behind to be preferred to a member that keeps up (B27). It is left for a
    /// better one alone, and its circuit stays as it is.
    Lagging(Arc<str>),
    /// The check itself could not find out; says nothing of the member.
    Undetermined(Arc<str>),
    /// It refuses us as we are configured (a wrong password, an untrusted certificate). The text holds no secret.
    Misconfigured(Arc<str>),
    /// A user's check panicked.
    Panicked,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(detail) => write!(f, "unreachable: {detail}"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::Answered(detail) => write!(f, "answered: {detail}"),
            Self::Lagging(detail) => write!(f, "behind: {detail}"),
            Self::Undetermined(detail) => write!(f, "could not be determined: {detail}"),
            Self::Misconfigured(detail) => write!(f, "misconfigured: {detail}"),
            Self::Panicked => f.write_str("the health check panicked"),
        }
    }
}

/// Why a circuit opened, and so why a member was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpenReason {
    /// A scheduled round of health checks failed.
    HealthCheck,
    /// A probe that a suspicion asked for failed (B17).
    Suspicion,
    /// The failure detector tripped (B13).
    FailureDetector,
    /// It answers, but cannot serve (B59).
    Unserviceable,
    /// Forced open by hand.
    Forced,
    /// Forced open as a drill (B61).
    Drill,
}

impl OpenReason {
    /// Its name in snapshots.
    ///
    /// ```
    /// use tower_failover::availability::OpenReason;
    ///
    /// assert_eq!(OpenReason::FailureDetector.as_str(), "failure_detector");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HealthCheck => "health_check",
            Self::Suspicion => "suspicion",
            Self::FailureDetector => "failure_detector",
            Self::Unserviceable => "unserviceable",
            Self::Forced => "forced",
            Self::Drill => "drill",
        }
    }
}

/// A verdict with what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What the checks say.
    pub verdict: Verdict,
    /// Why, if the member is unhealthy or could not be judged.
    pub evidence: Option<Evidence>,
    /// Whether a suspicion asked, and not the schedule.
    pub on_suspicion: bool,
}

impl Finding {
    /// A passed round of checks.
    #[must_use]
    pub fn healthy() -> Self {
        Self { verdict: Verdict::Healthy, evidence: None, on_suspicion: false }
    }

    /// A failed round of checks.
    #[must_use]
    pub fn unhealthy(evidence: Evidence) -> Self {
        Self { verdict: Verdict::Unhealthy, evidence: Some(evidence), on_suspicion: false }
    }

    /// Whether it says that the member cannot serve: unhealthy, and not only behind.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.verdict.is_failure(self.evidence.as_ref())
    }
}

/// Something that happened, as said to a member's [`Availability`](super::Availability).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// The detector's thresholds were passed by calls of this epoch.
    Trip {
        /// The epoch the calls were admitted in.
        epoch: Epoch,
        /// Which detector.
        reason: OpenReason,
    },
    /// A call ended while the gate [wants outcomes](super::Gate::wants_outcomes).
    Outcome {
        /// The epoch the call was admitted in.
        epoch: Epoch,
        /// Whether the member answered; a neutral end is not reported.
        success: bool,
    },
    /// A trial slot came back, whatever became of its call.
    TrialEnded {
        /// The epoch the trial was admitted in.
        epoch: Epoch,
    },
    /// A round of health checks ended.
    Verdict(Finding),
    /// One probe failed, in a round that may still pass: health is not unbroken any more (B9).
    ProbeFailed,
    /// Open and stay open until released, or until the given time (B11, B61).
    Force {
        /// When it is released by itself; `None` for never.
        until: Option<Instant>,
        /// Whether it is a drill.
        drill: bool,
    },
    /// No longer forced open: the rules decide again.
    Release,
    /// Close with a fresh window (B7, B38).
    Close,
    /// The member became the active one: the flap window begins (B39).
    Activated,
    /// This outage took all members at once and is probably ours: no grace for it (B58).
    WaiveGrace,
    /// [`View::next_change_at`](super::View::next_change_at) has come.
    Tick,
}
