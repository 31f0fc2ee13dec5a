//! The one error of the client, and its way through redis-rs's.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use tower_failover::availability::Evidence;
use tower_failover::balance::{ManageError, OutageStatus};
use tower_failover::deadline::DeadlineError;
use tower_failover::retry::RetryError;
use tower_failover::{CircuitError, FailoverError, Name};

use crate::command::Refused;
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
    /// The command would change the connection that everybody uses. Nothing was sent (B50).
    ConnectionState {
        /// Its name.
        command: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// The database was left for another one while the command could have waited there for ever (B49).
    DatabaseLeft,
    /// As many calls have a connection to themselves as may; nothing was sent (B49).
    DedicatedConnectionsInUse {
        /// The option `dedicated_connections`.
        maximum: u32,
    },
    /// The database is a service of one's own, which has no connections that one call could have to itself (B48).
    NoDedicatedConnections {
        /// Its name.
        database: Name,
    },
    /// What is to run as one has keys in different slots of a cluster; nothing was sent (B48).
    #[cfg(feature = "cluster")]
    CrossSlot {
        /// What was to be run.
        command: &'static str,
    },
    /// A transaction on a cluster watches no key that could say on which node it is to run (B48).
    #[cfg(feature = "cluster")]
    NoKeyToWatch,
    /// The call says to which nodes of a cluster it goes, and the active database is none; nothing was sent (B55).
    #[cfg(feature = "cluster")]
    NoCluster,
    /// The watched keys were changed by others during each attempt; nothing was applied (B48).
    TransactionConflict {
        /// How many there were.
        attempts: u32,
    },
    /// The connection was kept for longer than the attempt at a transaction that it was made for (B48).
    TransactionEnded,
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
    /// The system gives the blocking client no thread, or nothing that its runtime needs.
    #[cfg(feature = "blocking")]
    NoThread(Arc<io::Error>),
    /// A blocking call on the thread that is to read its reply, as by a health check: it would never end.
    #[cfg(feature = "blocking")]
    WouldDeadlock,
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
    /// A database was to be added only if it is healthy, and it is not (B40).
    Unhealthy {
        /// Its name.
        database: Name,
        /// What its checks said; `None` if they said nothing within a round.
        evidence: Option<Evidence>,
    },
    /// An order was not carried out (B38, B40).
    Manage(ManageError),
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

    /// The name of its variant, for the labels of metrics.
    #[cfg(feature = "metrics")]
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::TemporarilyUnavailable(_) => "TemporarilyUnavailable",
            Self::NoValidDatabase(_) => "NoValidDatabase",
            Self::MayHaveBeenApplied(_) => "MayHaveBeenApplied",
            Self::ConnectionState { .. } => "ConnectionState",
            Self::DatabaseLeft => "DatabaseLeft",
            Self::DedicatedConnectionsInUse { .. } => "DedicatedConnectionsInUse",
            Self::NoDedicatedConnections { .. } => "NoDedicatedConnections",
            #[cfg(feature = "cluster")]
            Self::CrossSlot { .. } => "CrossSlot",
            #[cfg(feature = "cluster")]
            Self::NoKeyToWatch => "NoKeyToWatch",
            #[cfg(feature = "cluster")]
            Self::NoCluster => "NoCluster",
            Self::TransactionConflict { .. } => "TransactionConflict",
            Self::TransactionEnded => "TransactionEnded",
            Self::ScanInterrupted => "ScanInterrupted",
            Self::CircuitOpen => "CircuitOpen",
            Self::NotConnected(_) => "NotConnected",
            Self::TimedOut(_) => "TimedOut",
            Self::Closed => "Closed",
            Self::NoRuntime => "NoRuntime",
            #[cfg(feature = "blocking")]
            Self::NoThread(_) => "NoThread",
            #[cfg(feature = "blocking")]
            Self::WouldDeadlock => "WouldDeadlock",
            Self::Config(_) => "Config",
            Self::Misconfigured { .. } => "Misconfigured",
            Self::Start(_) => "Start",
            Self::Unhealthy { .. } => "Unhealthy",
            Self::Manage(_) => "Manage",
            Self::Redis(_) => "Redis",
        }
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
            RetryError::InDoubt => return Self::MayHaveBeenApplied(None),
            _ => Self::Closed,
        };
        if may_have_been_applied { Self::MayHaveBeenApplied(Some(Arc::new(error))) } else { error }
    }
}

impl From<ConnectionError> for Error {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::NotConnected(error) | ConnectionError::NoDedicated(error) => {
                Self::NotConnected(error)
            }
            ConnectionError::DedicatedInUse { maximum } => Self::DedicatedConnectionsInUse { maximum },
            ConnectionError::DatabaseLeft => Self::DatabaseLeft,
            ConnectionError::ScanInterrupted => Self::ScanInterrupted,
            #[cfg(feature = "cluster")]
            ConnectionError::CrossSlot { command } => Self::CrossSlot { command },
            #[cfg(feature = "cluster")]
            ConnectionError::NoCluster => Self::NoCluster,
            #[cfg(feature = "cluster")]
            ConnectionError::PartlyApplied(error) => Self::Redis(error),
            ConnectionError::Redis(error) => Self::Redis(Arc::new(error)),
            _ => Self::Closed,
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::ConnectionState { command: refused.command, instead: refused.instead }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<ManageError> for Error {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::DriverGone => Self::Closed,
            error => Self::Manage(error),
        }
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
            Error::Config(_)
            | Error::Misconfigured { .. }
            | Error::ConnectionState { .. }
            | Error::Manage(_) => io::ErrorKind::InvalidInput,
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
            Self::ConnectionState { command, instead } => write!(
                f,
                "{command} would change the connection that all callers share, so it was not sent; {instead}"
            ),
            Self::DatabaseLeft => f.write_str("the database is no longer the active one; call again"),
            Self::DedicatedConnectionsInUse { maximum } => write!(
                f,
                "all {maximum} dedicated connections of the database are in use, so nothing was sent; raise \
                 dedicated_connections, or block less"
            ),
            Self::NoDedicatedConnections { database } => write!(
                f,
                "database {database} is a service of one's own, which has no connection for a transaction alone; \
                 configure it by its url"
            ),
            #[cfg(feature = "cluster")]
            Self::CrossSlot { command } => write!(
                f,
                "the keys of {command} lie in different slots of the cluster, so no node can run it as one, and nothing \
                 was sent; give them a common hash tag, as in {{user:7}}:name, or send commands of their own"
            ),
            #[cfg(feature = "cluster")]
            Self::NoKeyToWatch => f.write_str(
                "a transaction on a cluster runs on the node of its keys; give one at least to be watched",
            ),
            #[cfg(feature = "cluster")]
            Self::NoCluster => f.write_str(
                "the active database is no cluster, whose nodes could be named; nothing was sent; send the command \
                 without a route",
            ),
            Self::TransactionConflict { attempts } => write!(
                f,
                "others changed the watched keys during each of {attempts} attempts; nothing was applied; try again \
                 later, or allow more attempts"
            ),
            Self::TransactionEnded => f.write_str(
                "the connection belongs to an attempt that has ended; use it in the closure of the transaction only",
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
            #[cfg(feature = "blocking")]
            Self::NoThread(_) => f.write_str(
                "the thread behind the client could not be started; look at the limits of threads and descriptors",
            ),
            #[cfg(feature = "blocking")]
            Self::WouldDeadlock => f.write_str(
                "a blocking call on the thread behind the client would never end; call on another thread, or use the \
                 async client",
            ),
            Self::Config(error) => error.fmt(f),
            Self::Misconfigured { database, detail } => write!(
                f,
                "database {database} refuses how it is configured: {detail}; correct its url, credentials or \
                 certificates, or allow it with tolerate_misconfigured"
            ),
            Self::Start(policy) => write!(f, "the initial health check policy {policy} was not met in time"),
            Self::Unhealthy { database, evidence } => {
                write!(f, "database {database} was not added, because it is not healthy")?;
                if let Some(evidence) = evidence {
                    write!(f, " ({evidence})")?;
                }
                f.write_str("; add it with skip_initial_health_check to have it join all the same")
            }
            Self::Manage(error) => error.fmt(f),
            Self::Redis(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::MayHaveBeenApplied(Some(error)) => Some(&**error),
            Self::NotConnected(error) => Some(&**error),
            #[cfg(feature = "blocking")]
            Self::NoThread(error) => Some(&**error),
            Self::Redis(error) => std::error::Error::source(&**error),
            _ => None,
        }
    }
}
