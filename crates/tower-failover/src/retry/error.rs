//! What a call fails with when nothing is left to try.

use std::error::Error;
use std::fmt;

use tokio::time::Duration;

/// The error of a [`Retry`](super::Retry).
///
/// `may_have_been_applied` is true if *any* attempt of the call ended without its fate being known, even if the last
/// one was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryError<E> {
    /// The last attempt failed, and no other followed.
    #[non_exhaustive]
    Failed {
        /// What it failed with.
        error: E,
        /// Whether the request may have taken effect.
        may_have_been_applied: bool,
    },
    /// The call's deadline, which covers all attempts, is over.
    #[non_exhaustive]
    DeadlineElapsed {
        /// The deadline.
        limit: Duration,
        /// Whether the request may have taken effect.
        may_have_been_applied: bool,
    },
    /// The last attempt ended with an answer that is not final, and it or one before it may have been applied. That
    /// answer alone would say that nothing was.
    InDoubt,
}

impl<E> RetryError<E> {
    /// Whether the request may have taken effect (B33).
    #[must_use]
    pub fn may_have_been_applied(&self) -> bool {
        match self {
            Self::Failed { may_have_been_applied, .. }
            | Self::DeadlineElapsed { may_have_been_applied, .. } => *may_have_been_applied,
            Self::InDoubt => true,
        }
    }
}

impl<E> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { .. } => f.write_str("the call failed")?,
            Self::InDoubt => f.write_str("the call was refused at last")?,
            Self::DeadlineElapsed { limit, .. } => write!(f, "the call was not answered within {limit:?}")?,
        }
        if self.may_have_been_applied() { f.write_str(" and may have been applied") } else { Ok(()) }
    }
}

impl<E: Error + 'static> Error for RetryError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::DeadlineElapsed { .. } | Self::InDoubt => None,
        }
    }
}
