//! What a call with a deadline fails with.

use std::error::Error;
use std::fmt;

use tokio::time::Duration;

/// The error of a [`Deadline`](super::Deadline): its own, or the inner service's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadlineError<E> {
    /// Nothing was answered in time. Whether the request took effect is not known.
    Elapsed {
        /// The limit that is over.
        after: Duration,
    },
    /// The inner service failed.
    Inner(E),
}

impl<E: fmt::Display> fmt::Display for DeadlineError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elapsed { after } => write!(f, "no answer within {after:?}"),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for DeadlineError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Elapsed { .. } => None,
            Self::Inner(error) => error.source(),
        }
    }
}
