//! What last spoke against a member, also after it has recovered.

use tokio::time::Instant;

use super::Availability;
use super::gate::Epoch;
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

impl LastError {
    /// What this signal says against a member whose circuit is in this epoch.
    pub(super) fn told_by(signal: &Signal, current: Epoch, now: Instant) -> Option<Self> {
        let (reason, evidence) = match signal {
            Signal::Verdict(finding) => {
                let evidence = Some(finding.evidence.clone()?);
                let reason =
                    if finding.on_suspicion { OpenReason::Suspicion } else { OpenReason::HealthCheck };
                (reason, evidence)
            }
            Signal::Trip { epoch, reason } if *epoch == current => (*reason, None),
            _ => return None,
        };
        Some(Self { reason, evidence, at: now })
    }
}

impl Availability {
    /// What last spoke against the member; `None` if nothing ever did.
    #[must_use]
    pub fn last_error(&self) -> Option<LastError> {
        self.lock().last_error.clone()
    }

    /// When the next round of one of its checks is due; past, while one runs. `None` before the first has ended, and
    /// without checks.
    #[must_use]
    pub fn next_probe_at(&self) -> Option<Instant> {
        self.lock().next_probe_at
    }

    /// The probe loop says when it asks next.
    pub(crate) fn probes_next_at(&self, at: Option<Instant>) {
        self.lock().next_probe_at = at;
    }
}
