//! The one error of the client, and its way through redis-rs's.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use tower_failover::balance::OutageStatus;
use tower_failover::deadline::DeadlineError;
use tower_failover::retry::RetryError;
use tower_failover::{CircuitError, FailoverError, Name};

use crate::config::ConfigError;
use crate::connection::ConnectionError;

/// What a composed stack of this crate fails with, before it is flattened.
pub type StackError = RetryError<FailoverError<CircuitError<DeadlineError<ConnectionError>>>>;

/// Why a call failed.
///
/// redis-rs's traits can only return a [`RedisError`]; there this error travels inside, and [`Error::of`] finds it:
///
/// ```
/// use redis_failover::Error;
///
/// let error: redis::RedisError = Error::Closed.into();
/// assert!(matches!(Error::of(&error), Some(Error::Closed)));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// No database is available; worth trying again after `retry_after` (B28).
    TemporarilyUnavailable(OutageStatus),
    /// None has been for `failover_attempts` × `failover_delay`.
    NoValidDatabase(OutageStatus),
    /// The call failed and may have been applied: its database was lost, or did not answer in time. Never told of a
    /// call that changes nothing (B33).
    MayHaveBeenApplied(Option<Arc<Error>>),
    /// A scan's cursor belongs to another database than the active one: begin the scan anew (B60).
    ScanInterrupted,
    /// The database's circuit is open.
    CircuitOpen,
    /// There is no connection to the database, so nothing was sent.
    NotConnected(Arc<RedisError>),
    /// The database did not answer in time.
    TimedOut(Duration),
    /// The client was closed, or the tokio runtime that it was started on has ended.
    Closed,
    /// The client cannot be started outside a tokio runtime, on which its tasks are to run.
    NoRuntime,
    /// The configuration cannot be used.
    Config(ConfigError),
    /// A database refuses us as we are configured (B41).
    Misconfigured {
        /// Its name.
        database: Name,
        /// What is refused, without secrets.
        detail: Arc<str>,
    },
    /// The initial policy was not met in time.
    Start(&'static str),
    /// redis-rs's own error.
    Redis(Arc<RedisError>),
}

impl Error {
    /// The error inside a [`RedisError`] that a client of this crate returned.
    #[must_use]
    pub fn of(error: &RedisError) -> Option<&Self> {
        // redis-rs gives its inner error as the `Arc` that holds it.
        let source =
            std::error::Error::source(error)?.downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>()?;
        source.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref()
    }
}

impl From<StackError> for Error {
    fn from(error: StackError) -> Self {
        let may_have_been_applied = error.may_have_been_applied();
        let error = match error {
            RetryError::Failed { error, .. } => match error {
                FailoverError::TemporarilyUnavailable(outage) => Self::TemporarilyUnavailable(*outage),
                FailoverError::NoValidMember(outage) => Self::NoValidDatabase(*outage),
                FailoverError::Inner(CircuitError::Inner(DeadlineError::Inner(error))) => error.into(),
                FailoverError::Inner(CircuitError::Inner(DeadlineError::Elapsed { after })) => {
                    Self::TimedOut(after)
                }
                FailoverError::Inner(_) => Self::CircuitOpen,
                _ => Self::Closed,
            },
            RetryError::DeadlineElapsed { limit, .. } => Self::TimedOut(limit),
            _ => Self::Closed,
        };
        if may_have_been_applied { Self::MayHaveBeenApplied(Some(Arc::new(error))) } else { error }
    }
}

impl From<ConnectionError> for Error {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::NotConnected(error) => Self::NotConnected(error),
            ConnectionError::ScanInterrupted => Self::ScanInterrupted,
            ConnectionError::Redis(error) => Self::Redis(Arc::new(error)),
            _ => Self::Closed,
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<Error> for RedisError {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Redis(inner) => match Arc::try_unwrap(Arc::clone(inner)) {
                Ok(error) => return error,
                Err(shared) => return (*shared).clone(),
            },
            Error::TimedOut(_) => io::ErrorKind::TimedOut,
            Error::NotConnected(_) => io::ErrorKind::NotConnected,
            Error::Config(_) | Error::Misconfigured { .. } => io::ErrorKind::InvalidInput,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TemporarilyUnavailable(outage) => write!(
                f,
                "no database has been available for {:?}; try again in {:?}",
                outage.lasted, outage.retry_after
            ),
            Self::NoValidDatabase(outage) => write!(
                f,
                "no database has been available for {:?}; check their circuits and health checks",
                outage.lasted
            ),
            Self::MayHaveBeenApplied(_) => f.write_str(
                "the database was lost, or did not answer in time, after the command was sent: it may have been applied",
            ),
            Self::ScanInterrupted => {
                f.write_str("the cursor belongs to another database than the active one; begin the scan anew")
            }
            Self::CircuitOpen => f.write_str("the database's circuit is open; nothing was sent"),
            Self::NotConnected(_) => f.write_str("there is no connection to the database; nothing was sent"),
            Self::TimedOut(limit) => write!(f, "no answer within {limit:?}"),
            Self::Closed => {
                f.write_str("the client is closed, or the tokio runtime that it was started on has ended")
            }
            Self::NoRuntime => {
                f.write_str("there is no tokio runtime to start the client on; call it from within one")
            }
            Self::Config(error) => error.fmt(f),
            Self::Misconfigured { database, detail } => write!(
                f,
                "database {database} refuses how it is configured: {detail}; correct its url, credentials or \
                 certificates, or allow it with tolerate_misconfigured"
            ),
            Self::Start(policy) => write!(f, "the initial health check policy {policy} was not met in time"),
            Self::Redis(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::MayHaveBeenApplied(Some(error)) => Some(&**error),
            Self::NotConnected(error) => Some(&**error),
            Self::Redis(error) => std::error::Error::source(&**error),
            _ => None,
        }
    }
}
