//! What the balance answers when nobody serves.

use std::fmt;

use super::outage::OutageStatus;

/// The balance's own answer, or an inner service's error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailoverError<E> {
    /// No member is available; worth trying again after `retry_after` (B28). Boxed, because every result that passes
    /// a balance has room for it.
    TemporarilyUnavailable(Box<OutageStatus>),
    /// None has been for `failover_attempts` × `failover_delay`. Calls work again as soon as one is.
    NoValidMember(Box<OutageStatus>),
    /// The driver was dropped or panicked: nobody chooses any more.
    DriverGone,
    /// The member's answer.
    Inner(E),
}

impl<E> FailoverError<E> {
    pub(super) fn outage(status: OutageStatus) -> Self {
        let boxed = Box::new(status);
        if status.is_permanent { Self::NoValidMember(boxed) } else { Self::TemporarilyUnavailable(boxed) }
    }
}

impl<E> fmt::Display for FailoverError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TemporarilyUnavailable(outage) => write!(
                f,
                "no member has been available for {:?} (attempt {}); try again in {:?}",
                outage.lasted, outage.attempt, outage.retry_after
            ),
            Self::NoValidMember(outage) => write!(
                f,
                "no member has been available for {:?}; check the members' circuits and health checks",
                outage.lasted
            ),
            Self::DriverGone => {
                f.write_str("the balance's driver is gone; keep the future of `pair` running")
            }
            Self::Inner(_) => f.write_str("the member's call failed"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for FailoverError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Inner(error) => Some(error),
            _ => None,
        }
    }
}
